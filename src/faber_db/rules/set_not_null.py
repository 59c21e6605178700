"""`SET NOT NULL` reads the whole table while every other session waits."""

from collections.abc import Iterator

from faber_db.model.finding import Kind, Risk
from faber_db.model.statement import SetNotNull
from faber_db.rules import pasteable
from faber_db.rules.base import Hazard, Rule, at
from faber_db.rules.scene import Scene


def find(action: SetNotNull, scene: Scene) -> Iterator[Hazard]:
    if not scene.postgresql or scene.is_new(action.table):
        return
    effect = scene.effect_on(action.table)
    column = scene.state.column(action.table, action.column)
    if column is not None and not column.nullable:
        return
    if effect is not None and effect.scan:
        name = f"{action.table}.{action.column}"
        yield Hazard((name,), detail=f"column {name} becomes NOT NULL", table=action.table)


RULE = Rule(
    code="set-not-null",
    kind=Kind.BLOCKING,
    risk=Risk.HIGH,
    effect="An ACCESS EXCLUSIVE lock is held while every row is checked.",
    remedy="ALTER TABLE t ADD CONSTRAINT c_nn CHECK (c IS NOT NULL) NOT VALID; VALIDATE CONSTRAINT c_nn in another transaction; then SET NOT NULL and DROP CONSTRAINT c_nn.",
    source="PostgreSQL manual, ALTER TABLE, Notes",
    looks=(at(SetNotNull, find),),
    paste=pasteable.set_not_null,
)
