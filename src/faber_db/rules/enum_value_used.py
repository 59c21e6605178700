"""An enum value is used in the transaction that adds it."""

import re
from collections.abc import Iterator

from faber_db.model.finding import Kind, Risk
from faber_db.model.statement import (
    AddColumn,
    AddConstraint,
    CreateIndex,
    CreateTable,
    CreateView,
    Delete,
    Insert,
    Merge,
    Query,
    SetDefault,
    TableAction,
    Update,
    Uses,
)
from faber_db.rules.base import Hazard, Rule, at
from faber_db.rules.scene import Scene


def find(action: Uses, scene: Scene) -> Iterator[Hazard]:
    yield from (h for h in _used(action.literals, scene) if _meets(h.objects[0], scene))


def _meets(enum: str, scene: Scene) -> bool:
    """Whether a column of the enum is in reach of the statement, or its name stands there."""
    if re.search(rf"(?<!\w){re.escape(enum)}(?!\w)", scene.statement.text):
        return True
    touched = [scene.table(name) for name in _tables(scene)]
    return not touched or any(
        table is None
        or not table.complete
        or any(c.type.name == enum for c in table.columns.values())
        for table in touched
    )


def _tables(scene: Scene) -> set[str]:
    found: set[str] = set()
    for action in scene.statement.actions:
        if isinstance(action, TableAction):
            found.add(action.table)
        if isinstance(action, CreateView | Delete | Insert | Merge | Query | Update):
            found |= set(action.reads)
    return found


def find_default(action: SetDefault, scene: Scene) -> Iterator[Hazard]:
    column = scene.state.column(action.table, action.column)
    if column is None or column.type.name in scene.state.enums:
        yield from _used(action.default.literals, scene)


def find_column(action: AddColumn, scene: Scene) -> Iterator[Hazard]:
    if action.column.default is not None and action.column.type.name in scene.state.enums:
        yield from _used(action.column.default.literals, scene)


def find_constraint(action: AddConstraint, scene: Scene) -> Iterator[Hazard]:
    if action.constraint.expression is not None:
        yield from _used(action.constraint.expression.literals, scene)


def find_index(action: CreateIndex, scene: Scene) -> Iterator[Hazard]:
    if action.expression is not None:
        yield from _used(action.expression.literals, scene)


def find_table(action: CreateTable, scene: Scene) -> Iterator[Hazard]:
    for column in action.columns:
        if column.default is not None and column.type.name in scene.state.enums:
            yield from _used(column.default.literals, scene)


def _allows_own(scene: Scene) -> bool:
    """From 17 on a value may be used where its type was made in the same transaction."""
    major = scene.context.postgresql_major
    return major is not None and major >= 17


def _used(literals: tuple[str, ...], scene: Scene) -> Iterator[Hazard]:
    if not scene.transaction.open:
        return
    for name, value in sorted(scene.transaction.added_values):
        made_here = name in scene.state.born_types and _allows_own(scene)
        if value in literals and not made_here:
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
