"""Statements that are not tried: their effects would outlive a throw-away database, or leave it.

The account of a trial has rights on its own database alone, so the server refuses most of them as
well; here each gets its reason before it is sent.
"""

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass

from faber_db.model.statement import (
    Action,
    ChangeRole,
    ChangeServer,
    Copy,
    Create,
    CreateRoutine,
    CreateTable,
    Drop,
    Dynamic,
    Grant,
    Outside,
    TableAction,
)
from faber_db.sql.script import Statement

ENGINES = frozenset(["INNODB", "MYISAM", "ARIA", "MEMORY", "HEAP", "CSV", "ARCHIVE"])
_SHARED = ("role", "user", "database", "schema", "server", "event", "tablespace")


def refusal(statement: Statement) -> str:
    """Why a statement is not tried, or an empty text."""
    return next((why for action in statement.actions if (why := _why(action))), "")


def missing(statement: Statement, lacking: Mapping[str, str]) -> str:
    """What the copy has not got of the things that a statement names, or an empty text."""
    named = {name for action in statement.actions for name in _names(action)}
    return next(
        (f"{n} is not in the copy ({lacking[n]})" for n in sorted(named & set(lacking))), ""
    )


def made_by(statement: Statement) -> Iterator[str]:
    """What is not there, or not whole, without a statement."""
    for action in statement.actions:
        for field in ("table", "name"):
            if named := getattr(action, field, ""):
                yield named


def tables_of(action: Action) -> Iterator[str]:
    """The tables that an action names, those it only reads included."""
    if isinstance(action, TableAction):
        yield action.table
    for name in ("tables", "reads"):
        yield from getattr(action, name, ())
    if isinstance(action, Drop) and action.kind in ("table", "view"):
        yield from action.names


def _names(value: object) -> Iterator[str]:
    """Every text in an action, names among them."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, tuple):
        for item in value:
            yield from _names(item)
    elif is_dataclass(value):
        for each in fields(value):
            yield from _names(getattr(value, each.name))


def _why(action: Action) -> str:
    other = next((name for name in tables_of(action) if "." in name), "")
    if other:
        return f"it names another database ({other}), and the copy is of one"
    match action:
        case Outside(how=how, name=name):
            return f"it reaches out of the database ({how} {name})"
        case ChangeServer(what=what):
            return f"it changes the server ({what})"
        case ChangeRole(name=name) | Drop(kind="role" | "user", names=(name, *_)):
            return f"accounts are no part of the copy ({name})"
        case Grant():
            return "rights of accounts are no part of the copy"
        case Copy(where=where):
            return f"it reads or writes a file ({where})"
        case Drop(kind=kind) | Create(kind=kind) if kind in _SHARED:
            return f"it would outlive the copy ({kind})"
        case CreateRoutine(kind="event"):
            return "an event would run by itself"
        case CreateTable(options=options) if why := _elsewhere(options):
            return why
        case Dynamic():
            return "what it runs is put together when it runs"
        case _:
            return ""


def _elsewhere(options: tuple[str, ...]) -> str:
    """Why rows would lie outside the server's own files."""
    for option in options:
        word, _, value = option.partition(" ")
        if word == "engine" and value.upper() not in ENGINES:
            return f"its rows would be in the storage engine {value}"
        if option.startswith(("data directory", "index directory", "connection")):
            return f"its rows would lie elsewhere ({word})"
    return ""
