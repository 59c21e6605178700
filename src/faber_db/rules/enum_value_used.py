"""An enum value is used in the transaction that adds it."""

from collections.abc import Iterator

from faber_db.model.finding import Kind, Risk
from faber_db.model.statement import (
    AddColumn,
    AddConstraint,
    CreateIndex,
    CreateTable,
    SetDefault,
    Uses,
)
from faber_db.rules.base import Hazard, Rule, at
from faber_db.rules.scene import Scene


def find(action: Uses, scene: Scene) -> Iterator[Hazard]:
    yield from _used(action.literals, scene)


def find_default(action: SetDefault, scene: Scene) -> Iterator[Hazard]:
    yield from _used(action.default.literals, scene)


def find_column(action: AddColumn, scene: Scene) -> Iterator[Hazard]:
    if action.column.default is not None:
        yield from _used(action.column.default.literals, scene)


def find_constraint(action: AddConstraint, scene: Scene) -> Iterator[Hazard]:
    if action.constraint.expression is not None:
        yield from _used(action.constraint.expression.literals, scene)


def find_index(action: CreateIndex, scene: Scene) -> Iterator[Hazard]:
    if action.expression is not None:
        yield from _used(action.expression.literals, scene)


def find_table(action: CreateTable, scene: Scene) -> Iterator[Hazard]:
    for column in action.columns:
        if column.default is not None:
            yield from _used(column.default.literals, scene)


def _used(literals: tuple[str, ...], scene: Scene) -> Iterator[Hazard]:
    if not scene.transaction.open:
        return
    for name, value in sorted(scene.transaction.added_values):
        if value in literals and name not in scene.state.born_types:
            yield Hazard((name,), detail=f"value {value} of {name}")


RULE = Rule(
    code="enum-value-used",
    kind=Kind.FAILS,
    risk=Risk.HIGH,
    effect="PostgreSQL refuses it with error 55P04 and the migration fails.",
    remedy="Add the value in one migration and use it in the next.",
    source="PostgreSQL manual, ALTER TYPE, Notes",
    looks=(
        at(Uses, find),
        at(SetDefault, find_default),
        at(AddColumn, find_column),
        at(AddConstraint, find_constraint),
        at(CreateIndex, find_index),
        at(CreateTable, find_table),
    ),
)
