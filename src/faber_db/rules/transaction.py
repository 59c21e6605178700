"""The open transaction: the locks that it holds when a statement starts, and until when."""

from bisect import bisect_right
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
    savepoints: list[tuple[str, int]] = field(default_factory=list)  # with the length of `_taken`
    _taken: list[tuple[str, Held | None]] = field(default_factory=list)  # tables, what was held

    def control(self, action: Transaction) -> None:
        """BEGIN, COMMIT, ROLLBACK and savepoints: going back to one gives up what came after it."""
        match action.what:
            case "begin":
                self.own = True
                if not self.open:  # inside a transaction it is only a warning
                    self.release()
                self.open = True
            case "commit" | "rollback" | "prepare":
                self.open = self.own = self.open and action.chain
                self.release()
            case "savepoint":
                self.savepoints.append((action.name, len(self._taken)))
            case "rollback to":
                self._back_to(action.name)
            case _:
                pass

    def release(self) -> None:
        self.held.clear()
        self.added_values.clear()
        self.savepoints.clear()
        self._taken.clear()

    def _back_to(self, name: str) -> None:
        while self.savepoints:
            found, length = self.savepoints[-1]
            if found == name:
                self._give_up(length)
                return
            self.savepoints.pop()

    def _give_up(self, length: int) -> None:
        while len(self._taken) > length:
            table, before = self._taken.pop()
            if before is None:
                del self.held[table]
            else:
                self.held[table] = before

    def take(self, effects: tuple[TableEffect, ...], state: State, line: int) -> None:
        for effect in effects:
            if effect.lock and not state.is_new(effect.table):
                before = self.held.get(effect.table)
                if before is None or strength(effect.lock) > strength(before.mode):
                    self._taken.append((effect.table, before))
                    self.held[effect.table] = Held(effect.table, effect.lock, line)


def released_at(script: Script, *, wrap: bool, takes_out: bool = False) -> tuple[int, ...]:
    """For each statement the line of the one at whose end its locks go; 0 where that is itself.

    Args:
        script: what runs.
        wrap: whether the runner puts it into one transaction.
        takes_out: whether it commits before a statement that refuses one.
    """
    found = [0] * len(script.statements)
    holding: list[int] = []  # indexes of the open transaction's statements
    marks: dict[str, int] = {}  # savepoints, with their indexes; the last of a name counts
    is_open = wrap
    for index, statement in enumerate(script.statements):
        control = next(statement.actions_of(Transaction), Transaction(""))
        last = index == len(script.statements) - 1
        kept = len(holding)
        if is_open and _stays(statement, script.dialect):
            holding.append(index)
            kept += 1
        if control.what == "savepoint":
            marks[control.name] = index
        elif control.what == "rollback to":
            kept = bisect_right(holding, marks.get(control.name, index))
        out = takes_out and wrap and not statement.transactional
        if control.what in _ENDS or last or out:
            kept, marks = 0, {}
            is_open = is_open and (control.chain or control.what not in _ENDS)
        elif control.what == "begin":
            is_open = True
        for each in holding[kept:]:
            found[each] = statement.line if each != index else 0
        del holding[kept:]
    return tuple(found)


def _stays(statement: Statement, dialect: Dialect) -> bool:
    """Whether a lock of the statement outlives it in a transaction: MySQL's DDL commits."""
    if dialect in (Dialect.MYSQL, Dialect.MARIADB):
        return all(isinstance(a, _ROWS) for a in statement.actions)
    return statement.transactional
