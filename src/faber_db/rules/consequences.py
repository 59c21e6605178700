"""What a statement brings along: bodies of called functions, of triggers and rules, tables under views."""

from collections.abc import Iterator
from dataclasses import replace

from faber_db.model.statement import (
    Action,
    Calls,
    Copy,
    Delete,
    Insert,
    Merge,
    TableAction,
    Truncate,
    Update,
)
from faber_db.rules.state import State

_MOST = 200  # bodies that one statement may bring along


def with_consequences(actions: tuple[Action, ...], state: State) -> Iterator[tuple[Action, str]]:
    """The actions in order, behind each what it sets off, with the name of what holds it."""
    pending = [(action, "") for action in reversed(actions)]
    seen: set[str] = set()
    while pending:
        action, via = pending.pop()
        yield action, via
        for name, body in _bodies(action, state):
            if name not in seen and len(seen) < _MOST:
                seen.add(name)
                pending += [(a, name) for a in reversed(body)]


def _bodies(action: Action, state: State) -> Iterator[tuple[str, tuple[Action, ...]]]:
    if isinstance(action, Calls):
        for name in action.functions:
            called = state.routines.get(name)
            if called is not None:
                yield f"function {name}", called.body
    for table, event in events_of(action):
        for trigger in state.triggers_on(table, event):
            routine = state.routines.get(trigger.function.lower())
            body = trigger.body or (routine.body if routine is not None else ())
            yield f"trigger {trigger.name} of {table}", body
        for rule in state.rules_on(table, event):
            yield f"rule {rule.name} of {table}", rule.body
    if isinstance(action, Insert | Update | Delete | Merge) and action.table in state.views:
        reads = state.views[action.table]
        if len(reads) == 1:
            yield f"view {action.table}", (_below(action, reads[0]),)


def _below(action: TableAction, table: str) -> TableAction:
    """The same done to the table of a view; the view's own condition makes it some rows only."""
    return replace(action, table=table)


def events_of(action: Action) -> Iterator[tuple[str, str]]:
    """The tables whose triggers an action fires, and by what."""
    match action:
        case Insert():
            yield action.table, "insert"
            if action.conflict == "update":
                yield action.table, "update"
        case Update():
            yield action.table, "update"
        case Delete():
            yield action.table, "delete"
        case Merge():
            yield from ((action.table, change) for change in action.changes)
        case Copy() if action.table and action.into:
            yield action.table, "insert"
        case Truncate():
            yield from ((table, "truncate") for table in action.tables)
        case _:
            pass
