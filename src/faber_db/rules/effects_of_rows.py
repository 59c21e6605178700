"""PostgreSQL: locks and work of statements that read and write rows."""

from collections.abc import Iterator

from faber_db.model.statement import (
    Action,
    Copy,
    CreateView,
    Delete,
    Insert,
    Merge,
    Query,
    Update,
)
from faber_db.rules.effects import TableEffect
from faber_db.rules.state import State

_INDEXED = ("primary key", "unique")


def rows(action: Action, state: State) -> Iterator[TableEffect]:
    """Weak locks on what is read and written; who waits is decided by what else is held."""
    match action:
        case Insert():
            yield TableEffect(
                action.table, "ROW EXCLUSIVE", writes=action.query and bool(action.reads)
            )
            yield from (TableEffect(t, "ACCESS SHARE", scan=True) for t in action.reads)
        case Update() | Delete():
            single = state.by_key(action)
            yield TableEffect(action.table, "ROW EXCLUSIVE", scan=not single, writes=not single)
            yield from (TableEffect(t, "ACCESS SHARE", scan=True) for t in action.reads)
            yield from _checked_children(action, state)
        case Merge():
            yield TableEffect(action.table, "ROW EXCLUSIVE", scan=True, writes=True)
            yield from (TableEffect(t, "ACCESS SHARE", scan=True) for t in action.reads)
        case Copy() if action.table:
            mode = "ROW EXCLUSIVE" if action.into else "ACCESS SHARE"
            yield TableEffect(action.table, mode, scan=not action.into, writes=action.into)
        case CreateView():
            yield from (
                TableEffect(t, "ACCESS SHARE", scan=action.materialized and not action.no_data)
                for t in action.reads
            )
        case Query():
            mode = "ROW SHARE" if action.locks_rows else "ACCESS SHARE"
            for read in action.reads:
                single = action.limited or state.is_keyed(read, action.keyed)
                yield TableEffect(read, mode, scan=not single)
        case _:
            pass


def _checked_children(action: Update | Delete, state: State) -> Iterator[TableEffect]:
    """Rows that refer to a deleted one, or to a changed key: without an index all are read."""
    for child, key in state.referencing(action.table):
        if isinstance(action, Update) and not set(action.columns) & set(key.referenced_columns):
            continue
        found = state.table(child)
        indexes = [i.columns for i in found.indexes] if found else []
        indexes += [c.columns for c in found.constraints if c.kind in _INDEXED] if found else []
        scans = not any(set(i[: len(key.columns)]) == set(key.columns) for i in indexes)
        follows = key.on_delete if isinstance(action, Delete) else key.on_update
        changes = follows in ("CASCADE", "SET NULL", "SET DEFAULT")
        lock = "ROW EXCLUSIVE" if changes else "ROW SHARE"
        yield TableEffect(child, lock, scan=scans, writes=changes)
