"""Statements that are not tried: their effects would outlive a throw-away database, or leave it.

The role of a trial is no superuser, so the server refuses most of them as well; here each gets its
reason before it is sent.
"""

from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass

from faber_db.model.statement import (
    Action,
    Calls,
    ChangeRole,
    ChangeServer,
    Copy,
    Create,
    Drop,
    Grant,
    Outside,
    Rename,
)
from faber_db.sql.postgresql.builtins import SERVER_CONTROL, SERVER_FILES
from faber_db.sql.script import Statement

_HARMLESS = frozenset(["set_config"])
_SHARED = ("role", "database", "tablespace", "subscription")
_WITHOUT_OWNERS = "who owns what is not part of the copy"


def refusal(statement: Statement) -> str:
    """Why a statement is not tried, or an empty text."""
    return next((why for action in statement.actions if (why := _why(action))), "")


def missing(statement: Statement, lacking: Mapping[str, str]) -> str:
    """What the copy has not got of the things that a statement names, or an empty text."""
    if not lacking:
        return ""
    named = (name for action in statement.actions for name in _names(action))
    return next((f"{n} is not whole in the copy ({lacking[n]})" for n in named if n in lacking), "")


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
    match action:
        case Outside(how=how, name=name) if how != "role":
            return f"it reaches out of the database ({how} {name})"
        case ChangeServer(what=what) if what.startswith("reassign owned"):
            return _WITHOUT_OWNERS
        case ChangeServer(what=what):
            return f"it changes the server ({what})"
        case ChangeRole(name=name):
            return f"roles belong to the whole server ({name})"
        case Grant(membership=True, privileges=roles):
            return f"roles belong to the whole server ({', '.join(roles)})"
        case Drop(kind="owned"):
            return _WITHOUT_OWNERS
        case Drop(kind=kind, names=names) | Create(kind=kind, name=names) if kind in _SHARED:
            return f"it reaches out of the database ({kind} {_text(names)})"
        case Rename(kind=kind, old=name) if kind in _SHARED:
            return f"it reaches out of the database ({kind} {name})"
        case Copy(where="program" | "file" as where):
            return f"COPY with a {where} of the server"
        case Calls():
            return next(_calls(action), "")
        case _:
            return ""


def _calls(action: Calls) -> Iterator[str]:
    for name in action.functions:
        if name in SERVER_FILES or (name in SERVER_CONTROL and name not in _HARMLESS):
            yield f"function {name} acts on the server"


def _text(names: object) -> str:
    return ", ".join(names) if isinstance(names, tuple) else str(names)
