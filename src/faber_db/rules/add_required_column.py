"""A NOT NULL column without a default is added to a table with rows."""

from collections.abc import Iterator

from faber_db.model.finding import Kind, Risk
from faber_db.model.statement import AddColumn
from faber_db.rules import pasteable
from faber_db.rules.base import Hazard, Rule, at
from faber_db.rules.scene import Scene


def find(action: AddColumn, scene: Scene) -> Iterator[Hazard]:
    column = action.column
    domain = scene.state.domain_definitions.get(column.type.name)
    required = not column.nullable or (domain is not None and domain.not_null)
    filled = scene.state.default_of(column) or column.identity or column.generated
    if not required or filled or scene.mysql:
        return
    keyed = any(c.kind == "primary key" for c in column.constraints)
    if not scene.is_empty(action.table) and not (scene.sqlite and keyed):
        name = f"{action.table}.{column.name}"
        yield Hazard((name,), detail=f"column {name}", table=action.table)


RULE = Rule(
    code="add-required-column",
    kind=Kind.FAILS,
    risk=Risk.HIGH,
    effect="It fails as soon as the table holds a row.",
    remedy="Add it with a constant DEFAULT, or add it nullable, backfill, then make it NOT NULL.",
    source="PostgreSQL manual, ALTER TABLE, ADD COLUMN; SQLite manual, ALTER TABLE ADD COLUMN",
    looks=(at(AddColumn, find),),
    paste=pasteable.nullable_column,
)
