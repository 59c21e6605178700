"""A unique or primary key constraint builds its index while reads and writes wait."""

from collections.abc import Iterator

from faber_db.model.finding import Kind, Risk
from faber_db.model.statement import AddColumn, AddConstraint
from faber_db.rules import pasteable
from faber_db.rules.base import Hazard, Rule, at
from faber_db.rules.scene import Scene

_KINDS = ("unique", "primary key")


def find(action: AddConstraint, scene: Scene) -> Iterator[Hazard]:
    constraint = action.constraint
    if not scene.postgresql or constraint.kind not in _KINDS or scene.is_new(action.table):
        return
    effect = scene.effect_on(action.table)
    if effect is None or not effect.scan:
        return
    detail = f"{constraint.kind} on {action.table}"
    if constraint.using_index:
        yield Hazard(
            (action.table,),
            detail=f"{detail} from an index on columns that may hold NULL",
            effect="Every row is read for NULLs while reads and writes wait.",
            remedy="Make the columns NOT NULL first: CHECK (c IS NOT NULL) NOT VALID, VALIDATE, SET NOT NULL.",
            table=action.table,
        )
    else:
        yield Hazard((action.table,), detail=detail, table=action.table)


def find_column(action: AddColumn, scene: Scene) -> Iterator[Hazard]:
    if not scene.postgresql or scene.is_new(action.table):
        return
    for constraint in action.column.constraints:
        if constraint.kind in _KINDS:
            detail = f"{constraint.kind} on new column {action.table}.{action.column.name}"
            yield Hazard((action.table,), detail=detail, table=action.table)


RULE = Rule(
    code="add-unique",
    kind=Kind.BLOCKING,
    risk=Risk.HIGH,
    effect="An ACCESS EXCLUSIVE lock is held while the index is built.",
    remedy="CREATE UNIQUE INDEX CONCURRENTLY i ON t (c); then ALTER TABLE t ADD CONSTRAINT n UNIQUE USING INDEX i.",
    source="PostgreSQL manual, ALTER TABLE, Notes",
    looks=(
        at(AddConstraint, find),
        at(AddColumn, find_column),
    ),
    paste=pasteable.unique_by_index,
)
