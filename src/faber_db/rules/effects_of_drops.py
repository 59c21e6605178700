"""PostgreSQL: the tables that DROP and TRUNCATE lock, those that CASCADE reaches included."""

from collections.abc import Iterator

from faber_db.model.statement import Drop, Truncate
from faber_db.rules.effects import ACCESS_EXCLUSIVE, TableEffect
from faber_db.rules.state import State

_RELATIONS = ("table", "foreign table", "materialized view", "view")


def drops(action: Drop | Truncate, state: State) -> Iterator[TableEffect]:
    """All of them with ACCESS EXCLUSIVE, but for an index that is dropped concurrently."""
    if isinstance(action, Truncate):
        names = _with_referencing(action.tables, state) if action.cascade else action.tables
        yield from _locked(name for table in names for name in _with_partitions(table, state))
    elif action.kind == "index":
        yield from _index(action, state)
    elif action.kind in _RELATIONS:
        yield from _locked(n for name in action.names for n in _relation(name, action, state))
    elif action.kind == "schema" and action.cascade:
        yield from _locked(t.name for t in state.tables.values() if _schema(t.name) in action.names)
    elif action.kind in ("type", "domain") and action.cascade:
        users = (u for name in action.names for u in state.type_users(name))
        yield from _locked(user.rpartition(".")[0] for user in users)
    elif action.kind == "function" and action.cascade:
        wanted = {name.lower() for name in action.names}
        fired = state.triggers.values()
        yield from _locked(t.table for t in fired if t.function.lower() in wanted)
    elif action.table:  # a trigger, policy or rule
        yield from _locked((action.table,))


def _locked(names: Iterator[str] | tuple[str, ...]) -> Iterator[TableEffect]:
    return (TableEffect(name, ACCESS_EXCLUSIVE) for name in dict.fromkeys(names))


def _index(action: Drop, state: State) -> Iterator[TableEffect]:
    mode = "SHARE UPDATE EXCLUSIVE" if action.concurrently else ACCESS_EXCLUSIVE
    for name in action.names:
        for table in state.tables.values():
            if any(i.name == name for i in table.indexes):
                yield TableEffect(table.name, mode)


def _relation(name: str, action: Drop, state: State) -> Iterator[str]:
    yield name
    found = state.table(name)
    if found is None:
        return
    yield from (c.references for c in found.constraints if c.references)
    if found.partition_of:
        yield found.partition_of
    yield from (p.name for p in state.partitions_of(name))
    if action.cascade:
        yield from (child for child, _ in state.referencing(name))


def _with_partitions(table: str, state: State) -> Iterator[str]:
    yield table
    yield from (p.name for p in state.partitions_of(table))


def _with_referencing(tables: tuple[str, ...], state: State) -> tuple[str, ...]:
    found = dict.fromkeys(tables)
    pending = list(tables)
    while pending:
        for child, _ in state.referencing(pending.pop()):
            if child not in found:
                found[child] = None
                pending.append(child)
    return tuple(found)


def _schema(table: str) -> str:
    return table.rpartition(".")[0] or "public"
