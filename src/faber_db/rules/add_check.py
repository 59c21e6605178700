"""A validated check constraint reads the whole table while reads and writes wait."""

from collections.abc import Iterator

from faber_db.model.finding import Kind, Risk
from faber_db.model.statement import AddColumn, AddConstraint
from faber_db.rules import pasteable
from faber_db.rules.base import Hazard, Rule, at
from faber_db.rules.effects_postgresql import constrained_type
from faber_db.rules.scene import Scene


def find(action: AddConstraint, scene: Scene) -> Iterator[Hazard]:
    constraint = action.constraint
    effect = scene.effect_on(action.table)
    if not scene.postgresql or constraint.kind not in ("check", "not null") or effect is None:
        return
    if effect.scan and not scene.is_new(action.table):
        yield Hazard(
            (action.table,), detail=f"{constraint.kind} on {action.table}", table=action.table
        )


def find_column(action: AddColumn, scene: Scene) -> Iterator[Hazard]:
    if not scene.postgresql or scene.is_new(action.table):
        return
    column = action.column
    checked = any(c.kind == "check" and not c.not_valid for c in column.constraints)
    if checked or constrained_type(column, scene.state):
        detail = f"check of new column {action.table}.{column.name}"
        yield Hazard((action.table,), detail=detail, table=action.table)


RULE = Rule(
    code="add-check",
    kind=Kind.BLOCKING,
    risk=Risk.HIGH,
    effect="An ACCESS EXCLUSIVE lock is held while every row is checked.",
    remedy="ALTER TABLE t ADD CONSTRAINT c … NOT VALID; then in another transaction ALTER TABLE t VALIDATE CONSTRAINT c.",
    source="PostgreSQL manual, ALTER TABLE, Notes",
    looks=(
        at(AddConstraint, find),
        at(AddColumn, find_column),
    ),
    paste=pasteable.not_valid,
)
