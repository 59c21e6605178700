"""The open transaction: the locks that it holds when a statement starts, and until when."""

from dataclasses import dataclass, field

from faber_db.model.dialect import Dialect
from faber_db.model.statement import Copy, Delete, Insert, Lock, Merge, Query, Transaction, Update
from faber_db.rules.effects import TableEffect, strength
from faber_db.rules.state import State
from faber_db.sql.script import Script, Statement

_ENDS = ("commit", "rollback", "prepare")
_ROWS = (Copy, Delete, Insert, Lock, Merge, Query, Update)


@dataclass(frozen=True, slots=True)
class Held:
    """A lock that an earlier statement of the open transaction took on a table that existed."""

    table: str
    mode: str
    line: int


@dataclass
class TransactionState:
    """The open transaction: what it holds, and the enum values that it added."""

    open: bool
    own: bool = False  # begun by the script itself
    held: dict[str, Held] = field(default_factory=dict)
    added_values: set[tuple[str, str]] = field(default_factory=set)

    def control(self, what: str) -> None:
        """BEGIN, COMMIT and ROLLBACK; a savepoint keeps every lock."""
        if what in ("begin", "commit", "rollback", "prepare"):
            self.open = self.own = what == "begin"
            self.release()

    def release(self) -> None:
        self.held.clear()
        self.added_values.clear()

    def take(self, effects: tuple[TableEffect, ...], state: State, line: int) -> None:
        for effect in effects:
            if effect.lock and not state.is_new(effect.table):
                before = self.held.get(effect.table)
                if before is None or strength(effect.lock) > strength(before.mode):
                    self.held[effect.table] = Held(effect.table, effect.lock, line)


def released_at(script: Script, *, wrap: bool) -> tuple[int, ...]:
    """For each statement the line of the one at whose end its locks go; 0 where that is itself.

    Args:
        script: what runs.
        wrap: whether the runner puts it into one transaction.
    """
    found = [0] * len(script.statements)
    holding: list[int] = []  # indexes of the open transaction's statements
    is_open = wrap
    for index, statement in enumerate(script.statements):
        word = _control(statement)
        if word == "begin" and not is_open:
            is_open = True
        elif is_open and _stays(statement, script.dialect):
            holding.append(index)
        if word in _ENDS or index == len(script.statements) - 1:
            for each in holding:
                found[each] = statement.line if each != index else 0
            holding, is_open = [], is_open and word not in _ENDS
    return tuple(found)


def _control(statement: Statement) -> str:
    return next((a.what for a in statement.actions_of(Transaction)), "")


def _stays(statement: Statement, dialect: Dialect) -> bool:
    """Whether a lock of the statement outlives it in a transaction: MySQL's DDL commits."""
    if dialect in (Dialect.MYSQL, Dialect.MARIADB):
        return all(isinstance(a, _ROWS) for a in statement.actions)
    return statement.transactional
