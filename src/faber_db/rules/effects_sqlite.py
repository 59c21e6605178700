"""SQLite: one writer at a time for the whole file; what matters is how long it writes."""

from collections.abc import Iterator

from faber_db.model.statement import (
    Action,
    AddColumn,
    AddConstraint,
    CreateIndex,
    CreateTable,
    Delete,
    Drop,
    DropColumn,
    Insert,
    Maintain,
    Query,
    Rename,
    SetNotNull,
    Update,
)
from faber_db.rules.effects import TableEffect
from faber_db.rules.state import State

WRITER = "RESERVED (the one writer of the file)"
READER = "SHARED (read)"


def effects(action: Action, state: State) -> Iterator[TableEffect]:
    """The effects of one action on tables."""
    match action:
        case CreateTable():
            yield from (TableEffect(t, READER, scan=True) for t in action.reads)
        case AddColumn():
            scan = any(c.kind == "check" for c in action.column.constraints) or (
                action.column.generation is not None and not action.column.nullable
            )
            yield TableEffect(action.table, WRITER, scan=scan)
        case DropColumn():
            yield TableEffect(action.table, WRITER, scan=True, rewrite=True)
        case SetNotNull() | AddConstraint():
            yield TableEffect(action.table, WRITER, scan=True)
        case CreateIndex():
            yield TableEffect(action.table, WRITER, scan=True)
        case Drop(kind="table"):
            for name in action.names:
                yield TableEffect(name, WRITER)
        case Rename(kind="table"):
            yield TableEffect(action.old, WRITER)
        case Rename(table=table) if table:
            yield TableEffect(table, WRITER)
        case Insert():
            yield TableEffect(action.table, WRITER, writes=action.query)
            yield from (TableEffect(t, READER, scan=True) for t in action.reads)
        case Update() | Delete():
            many = not state.by_key(action)
            yield TableEffect(action.table, WRITER, scan=many, writes=many)
        case Maintain(what="vacuum"):
            pass
        case Query():
            yield from (TableEffect(t, READER, scan=True) for t in action.reads)
        case _:
            pass
