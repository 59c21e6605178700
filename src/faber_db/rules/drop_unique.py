"""A unique constraint or index goes, on which upserts and correctness rest."""

from collections.abc import Iterator

from faber_db.model.finding import Kind, Risk
from faber_db.model.statement import (
    Action,
    AddConstraint,
    Constraint,
    CreateIndex,
    Drop,
    DropConstraint,
)
from faber_db.rules.base import Hazard, Rule, at
from faber_db.rules.scene import Scene


def find(action: DropConstraint, scene: Scene) -> Iterator[Hazard]:
    found = scene.table(action.table)
    if scene.is_new(action.table):
        return
    named = [c for c in found.constraints if c.name == action.name] if found else []
    kind = action.kind or (named[0].kind if named else "")
    if found and named and found.is_unique(named[0].columns, without=action.name):
        return
    columns = named[0].columns if named else ()
    if kind in ("primary key", "unique") and not _made_again(action.table, columns, scene):
        yield Hazard(
            (f"{action.table}.{action.name}",), detail=f"{kind} {action.name} of {action.table}"
        )


def find_index(action: Drop, scene: Scene) -> Iterator[Hazard]:
    if action.kind != "index":
        return
    for table in scene.state.tables.values():
        for index in table.indexes:
            if index.name in action.names and index.unique and not table.born:
                if not index.predicate and table.is_unique(index.columns, without=index.name):
                    continue
                if _made_again(table.name, index.columns, scene, index.predicate):
                    continue
                yield Hazard((index.name,), detail=f"unique index {index.name} of {table.name}")
    found = scene.table(action.table) if scene.mysql else None
    for key in found.constraints if found is not None and not scene.is_new(action.table) else ():
        if key.kind == "unique" and key.name in action.names and not _again(key, scene):
            yield Hazard((key.name,), detail=f"unique key {key.name} of {action.table}")


def _again(key: Constraint, scene: Scene) -> bool:
    """Whether the statement makes another key that keeps the same columns apart."""
    columns = set(key.columns)
    for action in scene.statement.actions:
        if isinstance(action, AddConstraint) and action.constraint.kind in (
            "unique",
            "primary key",
        ):
            if set(action.constraint.columns) <= columns:
                return True
        elif isinstance(action, CreateIndex) and action.unique and set(action.columns) <= columns:
            return True
    return False


def _made_again(table: str, columns: tuple[str, ...], scene: Scene, predicate: str = "") -> bool:
    """Whether the transaction makes a key again that ON CONFLICT on these columns finds.

    A table that was renamed to make room for its copy is looked for by its old name too. Columns
    that are not known may be any.
    """
    found = scene.table(table)
    names = {table, found.was} if found is not None and found.was else {table}
    alone = scene.mysql or not scene.transaction.open  # code meets the gap between statements
    later = () if alone else scene.actions_later()
    return any(_makes(a, names, columns, predicate) for a in (*scene.statement.actions, *later))


def _makes(action: Action, tables: set[str], columns: tuple[str, ...], predicate: str) -> bool:
    """Whether an action makes a key over exactly these columns."""
    if isinstance(action, AddConstraint) and action.table in tables:
        key = action.constraint
        unique = key.kind in ("primary key", "unique") and not key.deferrable  # 55000
        return unique and (not columns or not key.columns or set(key.columns) == set(columns))
    return (
        isinstance(action, CreateIndex)
        and action.table in tables
        and action.unique
        and set(action.columns) == set(columns)
        and action.predicate == predicate
    )


RULE = Rule(
    code="drop-unique",
    kind=Kind.APP_BREAK,
    risk=Risk.MEDIUM,
    effect="INSERT … ON CONFLICT on its columns fails (42P10), and duplicates come in.",
    remedy="Deploy code that does without it first; create the new unique index before dropping the old one.",
    source="PostgreSQL manual, ALTER TABLE, DROP CONSTRAINT",
    looks=(
        at(DropConstraint, find),
        at(Drop, find_index),
    ),
)
