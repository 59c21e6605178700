"""Whether the statements of a script may stand in several files at all."""

import re
from dataclasses import dataclass

from faber_db.model.statement import (
    CreateTable,
    Harmless,
    Lock,
    NotUnderstood,
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
