"""Something still depends on what is dropped or changed."""

import re
from collections.abc import Iterator

from faber_db.model.finding import Kind, Risk
from faber_db.model.statement import (
    ChangeType,
    Constraint,
    Drop,
    DropColumn,
    DropConstraint,
    Truncate,
)
from faber_db.rules.base import Hazard, Rule, at
from faber_db.rules.scene import Scene


def find(action: Drop, scene: Scene) -> Iterator[Hazard]:
    if action.cascade or not scene.postgresql:
        return
    for name in action.names:
        users: tuple[str, ...] = ()
        if action.kind in ("table", "view", "materialized view"):
            found = scene.table(name)
            if found is not None and found.in_front:  # what depends, depends on the other one
                continue
            users = scene.state.views_on(name)
            if action.kind == "table":
                gone = set(action.names)
                users += tuple(t for t, _ in scene.state.referencing(name) if t not in gone)
        elif action.kind == "schema":
            users = tuple(
                t.name for t in scene.state.tables.values() if t.name.startswith(f"{name}.")
            )
        elif action.kind == "role" and name in scene.state.grantees:
            users = (f"rights of {name}",)
        elif action.kind in ("type", "domain"):
            users = scene.state.type_users(name)
        elif action.kind == "function":
            users = scene.state.triggers_calling(name)
        if users:
            yield Hazard((name,), detail=f"{', '.join(users)} depends on {name}")


def find_truncate(action: Truncate, scene: Scene) -> Iterator[Hazard]:
    if action.cascade or not scene.postgresql:
        return
    given = {scene.state.key(t) for t in action.tables}
    for name in action.tables:
        users = sorted(
            {t for t, _ in scene.state.referencing(name) if scene.state.key(t) not in given}
        )
        if users:
            yield Hazard((name,), detail=f"{', '.join(users)} refers to {name}")


def find_column(action: DropColumn, scene: Scene) -> Iterator[Hazard]:
    if not action.cascade and scene.postgresql:
        yield from _views(action.table, action.column, scene)


def find_type(action: ChangeType, scene: Scene) -> Iterator[Hazard]:
    if scene.postgresql:
        yield from _views(action.table, action.column, scene)


def find_key(action: DropConstraint, scene: Scene) -> Iterator[Hazard]:
    table = scene.table(action.table)
    if action.cascade or table is None or not scene.postgresql:
        return
    for key in table.constraints:
        if key.kind not in ("primary key", "unique") or action.name not in table.names_of(key):
            continue
        users = [
            child
            for child, reference in scene.state.referencing(action.table)
            if _uses(reference, key)
        ]
        if users:
            detail = f"{', '.join(sorted(set(users)))} refers to {action.table} by {action.name}"
            yield Hazard((f"{action.table}.{action.name}",), detail=detail)


def _uses(reference: Constraint, key: Constraint) -> bool:
    """Whether a reference rests on a key; without columns it rests on the primary one."""
    if not reference.referenced_columns:
        return key.kind == "primary key"
    return set(reference.referenced_columns) == set(key.columns)


def _views(table: str, column: str, scene: Scene) -> Iterator[Hazard]:
    users = scene.state.views_on(table, column) + _generated(table, column, scene)
    if users:
        yield Hazard((f"{table}.{column}",), detail=f"{', '.join(users)} uses {table}.{column}")


def _generated(table: str, column: str, scene: Scene) -> tuple[str, ...]:
    """The generated columns that are made of a column."""
    found = scene.table(table)
    uses = re.compile(rf"(?<!\w){re.escape(column)}(?!\w)")
    columns = found.columns.values() if found is not None else ()
    return tuple(f"{table}.{c.name}" for c in columns if uses.search(c.generation))


RULE = Rule(
    code="has-dependants",
    kind=Kind.FAILS,
    risk=Risk.HIGH,
    effect="The statement fails, since something else depends on it.",
    remedy="Drop or change the dependants first, by name, in the same migration, and create them anew behind it.",
    source="PostgreSQL manual, Dependency Tracking",
    looks=(
        at(Drop, find),
        at(Truncate, find_truncate),
        at(DropColumn, find_column),
        at(DropConstraint, find_key),
        at(ChangeType, find_type),
    ),
)
