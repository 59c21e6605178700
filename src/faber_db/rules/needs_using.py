"""A type change that has no implicit cast and no USING."""

from collections.abc import Iterator

from faber_db.model.finding import Kind, Risk
from faber_db.model.statement import ChangeType
from faber_db.rules.base import Hazard, Rule, at
from faber_db.rules.scene import Scene
from faber_db.rules.type_changes import change_of


def find(action: ChangeType, scene: Scene) -> Iterator[Hazard]:
    column = scene.state.column(action.table, action.column)
    if column is None or not scene.postgresql:
        return
    if change_of(action, scene.state).needs_using and action.using is None:
        name = f"{action.table}.{action.column}"
        yield Hazard((name,), detail=f"{column.type.text} to {action.type.text}")


RULE = Rule(
    code="needs-using",
    kind=Kind.FAILS,
    risk=Risk.HIGH,
    effect="PostgreSQL refuses it: the column cannot be cast automatically (42804).",
    remedy="Add USING column::newtype, or better: add a new column and backfill it.",
    source="PostgreSQL manual, ALTER TABLE, SET DATA TYPE",
    looks=(at(ChangeType, find),),
)
