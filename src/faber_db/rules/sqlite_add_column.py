"""An ADD COLUMN that SQLite refuses."""

from collections.abc import Iterator

from faber_db.model.finding import Kind, Risk
from faber_db.model.statement import AddColumn
from faber_db.rules.base import Hazard, Rule, at
from faber_db.rules.scene import Scene

_TIMES = ("current_timestamp", "current_date", "current_time")


def find(action: AddColumn, scene: Scene) -> Iterator[Hazard]:
    column = action.column
    if not scene.sqlite:
        return
    kinds = {c.kind for c in column.constraints}
    reasons = []
    if "unique" in kinds or "primary key" in kinds:
        reasons.append("UNIQUE or PRIMARY KEY cannot be added")
    if column.generated == "stored":
        reasons.append("a STORED generated column cannot be added")
    if (
        column.default is not None
        and not column.default.constant
        and not scene.is_empty(action.table)
    ):
        reasons.append("the default has to be a constant where there are rows")
    on = scene.state.variables.get("foreign_keys", "") in ("on", "1", "true", "yes")
    if "foreign key" in kinds and column.default is not None and on:
        reasons.append("REFERENCES with a default is refused while foreign keys are on")
    for reason in reasons:
        yield Hazard((f"{action.table}.{column.name}",), detail=reason)


RULE = Rule(
    code="sqlite-add-column",
    kind=Kind.FAILS,
    risk=Risk.HIGH,
    effect="SQLite refuses it: as soon as there are rows, or always.",
    remedy="Rebuild the table: create the new one, copy every column, drop the old one, rename.",
    source="SQLite manual, ALTER TABLE ADD COLUMN",
    looks=(at(AddColumn, find),),
)
