"""What a statement names is not there: SQLite ends the migration with an error."""

import re
from collections.abc import Iterator

from faber_db.model.finding import Kind, Risk
from faber_db.model.statement import (
    AddColumn,
    CreateIndex,
    Drop,
    DropColumn,
    Insert,
    Rename,
    TableAction,
    Update,
)
from faber_db.rules.base import Hazard, Rule, at
from faber_db.rules.scene import Scene

_NAME = re.compile(r"\w+")
_OWN = ("sqlite_", "pragma_")
_ROWID = {"rowid", "oid", "_rowid_"}


def find_drop(action: Drop, scene: Scene) -> Iterator[Hazard]:
    if not _knows(scene) or action.if_exists:
        return
    state = scene.state
    there = {
        "table": set(state.tables),
        "view": {state.key(v) for v in state.views},
        "trigger": {state.key(name) for _, name in state.triggers},
        "index": {state.key(i.name) for t in state.tables.values() for i in t.indexes},
    }.get(action.kind)
    for name in action.names:
        if there is not None and state.key(name) not in there and "." not in name:
            yield Hazard((name,), detail=f"{action.kind} {name} is not there")


def find_table(action: TableAction, scene: Scene) -> Iterator[Hazard]:
    """ALTER TABLE, CREATE INDEX, INSERT, UPDATE of a table that is nowhere, or of columns that it lacks."""
    if not _knows(scene) or not isinstance(
        action, AddColumn | DropColumn | CreateIndex | Insert | Update
    ):
        return
    table = scene.table(action.table)
    views = {scene.state.key(v) for v in scene.state.views}
    if table is None and scene.state.key(action.table) not in views and _is_own(action.table):
        yield Hazard((action.table,), detail=f"table {action.table} is not there")
    if table is None or not table.complete:
        return
    for column in _columns(action):
        key = scene.state.key(column)
        if _NAME.fullmatch(column) and key not in table.columns and key not in _ROWID:
            name = f"{action.table}.{column}"
            yield Hazard((name,), detail=f"column {name} is not there")


def find_rename(action: Rename, scene: Scene) -> Iterator[Hazard]:
    if not _knows(scene):
        return
    table = scene.table(action.table or action.old)
    if action.kind == "table" and table is None:
        yield Hazard((action.old,), detail=f"table {action.old} is not there")
    lacks = (
        table is not None and table.complete and scene.state.key(action.old) not in table.columns
    )
    if action.kind == "column" and lacks:
        name = f"{action.table}.{action.old}"
        yield Hazard((name,), detail=f"column {name} is not there")


def _columns(action: TableAction) -> tuple[str, ...]:
    if isinstance(action, CreateIndex):
        return tuple(c.split()[0] for c in action.columns if c)
    if isinstance(action, Insert | Update):
        return action.columns
    return (action.column,) if isinstance(action, DropColumn) else ()


def _knows(scene: Scene) -> bool:
    return scene.sqlite and scene.state.known and not scene.routine


def _is_own(table: str) -> bool:
    """Of this file, as far as its name tells."""
    return "." not in table and not table.lower().startswith(_OWN)


RULE = Rule(
    code="does-not-exist",
    kind=Kind.FAILS,
    risk=Risk.HIGH,
    effect="It fails, as there is nothing of that name.",
    remedy="Correct the name, or write IF EXISTS where it may be missing.",
    source="SQLite manual, DROP TABLE; ALTER TABLE; CREATE INDEX",
    looks=(
        at(Drop, find_drop),
        at(TableAction, find_table),
        at(Rename, find_rename),
    ),
)
