"""Whether the statements of a script may stand in several files at all."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from faber_db.model.statement import (
    Action,
    AddColumn,
    AddConstraint,
    Create,
    CreateDomain,
    CreateEnum,
    CreateIndex,
    CreateRoutine,
    CreateTable,
    CreateTrigger,
    CreateView,
    Drop,
    DropColumn,
    DropConstraint,
    DropDefault,
    Harmless,
    Lock,
    NotUnderstood,
    SetDefault,
    SetVariable,
    Transaction,
)
from faber_db.recipes.base import sentence, whole
from faber_db.sql.script import Script, Statement

_LIMITS = {
    "lock_timeout", "statement_timeout", "idle_in_transaction_session_timeout",
    "transaction_timeout",
}  # fmt: skip
_SESSION = {"prepare", "declare cursor", "set constraints", "discard", "listen"}
_ENDS = re.compile(r"\A\s*;?[ \t]*\r?\n?")


@dataclass(frozen=True)
class Splittable:
    """A script whose statements may be cut apart."""

    text: str
    statements: tuple[Statement, ...]  # without BEGIN and COMMIT around all, and without limits
    settings: str  # the statements that set limits, for every file that is one transaction
    before: dict[int, int]  # start of a statement: end of the one before it

    def comments_above(self, statement: Statement) -> str:
        """What stands between the statement before and this one, without the semicolon."""
        gap = self.text[self.before[statement.start] : statement.start]
        gap = _ENDS.sub("", gap, count=1) if self.before[statement.start] else gap
        kept = "\n".join(line.rstrip() for line in gap.splitlines() if line.strip(" \t;\ufeff"))
        return f"{kept}\n" if kept else ""


def splittable(script: Script) -> Splittable | str:
    """The statements that may be cut apart, or why they may not."""
    statements = list(script.statements)
    before, end = {}, 0
    for statement in statements:
        before[statement.start], end = end, statement.end
    if _is(statements[0], "begin") and _is(statements[-1], "commit"):
        statements = statements[1:-1]
    gap = _missing_between(statements)
    if gap:
        return gap
    settings = ""
    for statement in list(statements):
        why = _holds_together(statement)
        if why:
            return f"line {statement.line} {why}, so the statements cannot stand in several files"
        if any(True for _ in statement.actions_of(SetVariable)):
            settings += sentence(whole(statement).text)
            statements.remove(statement)
    return Splittable(script.text, tuple(statements), settings, before)


def _is(statement: Statement, control: str) -> bool:
    return any(a.what == control for a in statement.actions_of(Transaction)) and bool(
        statement.transaction_control
    )


def _holds_together(statement: Statement) -> str:
    for action in statement.actions:
        match action:
            case NotUnderstood():
                return "cannot be read"
            case Transaction() if statement.transaction_control:
                return "begins or ends a transaction of its own"
            case SetVariable(name=name) if name not in _LIMITS:
                return f"sets {name} for the statements behind it"
            case CreateTable(temporary=True):
                return "makes a temporary table"
            case Lock():
                return "locks a table until the end of the transaction"
            case Harmless(what=what) if what in _SESSION:
                return "leaves something behind for the rest of the session"
            case _:
                pass
    return ""


def _missing_between(statements: Sequence[Statement]) -> str:
    """What is taken away and given back; in several files it would be missing in between."""
    gone: dict[tuple[str, str], int] = {}
    for statement in statements:
        for action in statement.actions:
            back = next((name for name in _given(action) if name in gone), None)
            if back is not None:
                what = " ".join(part for part in back if part)
                return (
                    f"line {statement.line} gives back what line {gone[back]} takes away ({what}), which"
                    " would be missing in between: make the new one beside the old one first"
                )
            gone |= dict.fromkeys(_taken(action), statement.line)
    return ""


def _taken(action: Action) -> list[tuple[str, str]]:
    match action:
        case Drop(names=names, table=table):
            return [(table, name) for name in names]
        case DropConstraint(table=table, name=name):
            return [(table, name)]
        case DropDefault(table=table, column=column):
            return [(table, f"default of {column}")]
        case DropColumn(table=table, column=column):
            return [(table, column)]
        case _:
            return []


def _given(action: Action) -> list[tuple[str, str]]:
    match action:
        case SetDefault(table=table, column=column):
            return [(table, f"default of {column}")]
        case AddColumn(table=table, column=column):
            return [(table, column.name)]
        case AddConstraint(table=table, constraint=constraint):
            return [(table, constraint.name)]
        case CreateTrigger(table=table, name=name) | Create(table=table, name=name):
            return [(table, name)]
        case CreateTable(table=name) | CreateEnum(name=name) | CreateDomain(name=name):
            return [("", name)]
        case CreateView(name=name) | CreateRoutine(name=name) | CreateIndex(name=name):
            return [("", name)]
        case _:
            return []
