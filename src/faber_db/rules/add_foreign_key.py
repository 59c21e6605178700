"""A validated foreign key scans the table while writes to both tables wait."""

from collections.abc import Iterator

from faber_db.model.finding import Kind, Risk
from faber_db.model.statement import AddColumn, AddConstraint
from faber_db.rules import pasteable
from faber_db.rules.base import Hazard, Rule, at
from faber_db.rules.scene import Scene


def find(action: AddConstraint, scene: Scene) -> Iterator[Hazard]:
    constraint = action.constraint
    lazy = constraint.not_valid or constraint.not_enforced
    if not scene.postgresql or constraint.kind != "foreign key" or lazy:
        return
    if scene.is_idle(action.table) or (
        scene.is_new(action.table) and scene.is_new(constraint.references)
    ):
        return
    detail = f"foreign key from {action.table} to {constraint.references}"
    yield Hazard((action.table, constraint.references), detail=detail, table=action.table)


def find_column(action: AddColumn, scene: Scene) -> Iterator[Hazard]:
    column = action.column
    given = column.default is not None or column.says_null  # DEFAULT NULL too has it look
    if not scene.postgresql or not given or scene.is_new(action.table):
        return
    for constraint in column.constraints:
        if constraint.kind == "foreign key":
            detail = f"foreign key of new column {column.name}, for which a default is written"
            yield Hazard((action.table, constraint.references), detail=detail, table=action.table)


RULE = Rule(
    code="add-foreign-key",
    kind=Kind.BLOCKING,
    risk=Risk.MEDIUM,
    effect="Writes to both tables wait while every row is checked.",
    remedy="ALTER TABLE t ADD CONSTRAINT c … NOT VALID; then in another transaction ALTER TABLE t VALIDATE CONSTRAINT c.",
    source="PostgreSQL manual, ALTER TABLE, Notes",
    looks=(
        at(AddConstraint, find),
        at(AddColumn, find_column),
    ),
    paste=pasteable.not_valid,
)
