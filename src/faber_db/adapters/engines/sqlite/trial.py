"""Run a script on a throw-away file as the runner would, and watch each of its statements.

What a statement does is read from SQLite's own program for it (EXPLAIN), compiled against the schema
as it is then: which tables it opens, runs through from the first row, and writes. That needs no rows.
"""

import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import count

from faber_db.adapters.engines.sqlite.run import Execute, ScriptRun
from faber_db.errors import FaberDbError
from faber_db.model.migration import StatementRun
from faber_db.model.statement import Action, Maintain, Outside, Rename, SetVariable
from faber_db.model.trial import Tried
from faber_db.services.ports import Limits
from faber_db.sql.script import Script, Statement

LIMITS = Limits(
    lock_timeout=timedelta(seconds=2), statement_timeout=timedelta(seconds=30), lock_retries=0
)
WRITER = "RESERVED (the one writer of the file)"  # the words of rules/effects_sqlite
READER = "SHARED (read)"
_CUT = 300
_OPENS = {"OpenRead": False, "OpenWrite": True, "ReopenIdx": False}
_FROM_THE_FIRST = ("Rewind", "Last", "Sort", "Count")
_WRITES = ("Insert", "Delete", "IdxInsert", "IdxDelete", "Clear", "Destroy")
_PRAGMAS = ("writable_schema", "journal_mode")
_ALTERS = ("alter", "vacuum", "reindex")


@dataclass(frozen=True)
class _Seen:
    """What the program of one statement does to tables, by name."""

    opened: Mapping[str, str]  # table: mode
    scanned: frozenset[str]
    rewritten: frozenset[str]


class Trial:
    """The trial runs of one session: the tables that existed before the first."""

    def __init__(self, connection: sqlite3.Connection, execute: Execute) -> None:
        self._connection = connection
        self._execute = execute
        self.names = {name: name for name in _tables(connection).values()}  # now: before

    def run(self, script: Script, *, wrap: bool, queries: Sequence[str]) -> tuple[Tried, ...]:
        """The answer for each statement that was reached, in order."""
        watched = _Watched(self._connection, self._execute, self, queries)
        try:
            watched.run(script, wrap=wrap, first=(), then=())
        except FaberDbError as error:
            watched.stop(error, script)
        return watched.answers()


class _Watched(ScriptRun):
    """A run whose statements are watched, and left out where they reach out of the file."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        execute: Execute,
        trial: Trial,
        queries: Sequence[str],
    ) -> None:
        super().__init__(connection, execute, LIMITS, None, rehearse=False)
        self._trial = trial
        self._working = dict(enumerate(queries))
        self._answers: list[Tried] = []
        self._held: dict[str, str] = {}  # by the open transaction
        self._current: Statement | None = None

    def answers(self) -> tuple[Tried, ...]:
        return tuple(self._answers)

    def stop(self, error: FaberDbError, script: Script) -> None:
        """Note the failure that ended the run; it may come with COMMIT, behind every statement."""
        found = self._current or script.statements[0]
        cause = error.__cause__
        said = str(cause) if isinstance(cause, sqlite3.Error) else error.message
        self._answers.append(replace(_nothing(found), error=said))

    def _one(self, statement: Statement) -> StatementRun:
        self._current = statement
        if not self._is_open():
            self._held.clear()
        why = _reaches_out(statement.actions)
        if why:
            self._answers.append(replace(_nothing(statement), not_tried=why))
            return StatementRun(statement.line, statement.text[:_CUT], 0, -1)
        seen = self._look(statement)
        held = tuple(self._held.items())
        done = super()._one(statement)
        self._note(statement, seen, held, done.duration_ms)
        self._rename(statement)
        self._current = None if not self._is_open() else statement
        return done

    def _look(self, statement: Statement) -> _Seen:
        try:
            program = _program(self._connection, statement.text)
        except sqlite3.Error:  # the statement itself will say why
            return _Seen({}, frozenset(), frozenset())
        return _seen(program, _tables(self._connection), statement)

    def _note(
        self, statement: Statement, seen: _Seen, held: tuple[tuple[str, str], ...], took: int
    ) -> None:
        names = self._trial.names
        locks = {names[t]: mode for t, mode in seen.opened.items() if t in names}
        for table, mode in locks.items():
            if self._held.get(table) != WRITER:
                self._held[table] = mode
        broken = tuple(self._broken())
        for position, _ in broken:
            del self._working[position]
        self._answers.append(
            Tried(
                line=statement.line,
                text=statement.text[:_CUT],
                locks=tuple(locks.items()),
                rewritten=tuple(sorted(names[t] for t in seen.rewritten if t in names)),
                scanned=tuple(sorted(names[t] for t in seen.scanned if t in names)),
                duration_ms=took,
                held=held,
                breaks=broken,
            )
        )

    def _broken(self) -> list[tuple[int, str]]:
        return list(unprepared(self._connection, self._working).items())

    def _rename(self, statement: Statement) -> None:
        """Follow a table that existed to its new name, and forget one that is gone."""
        names = self._trial.names
        for action in statement.actions_of(Rename):
            if action.kind == "table" and action.old in names:
                names[action.new] = names.pop(action.old)
        there = set(_tables(self._connection).values())
        for name in [n for n in names if n not in there]:
            del names[name]


def _program(connection: sqlite3.Connection, text: str) -> list[tuple[object, ...]]:
    """SQLite's program for a statement. The driver keeps compiled texts, so each gets its own."""
    return connection.execute(f"EXPLAIN /* {next(_NUMBERS)} */ {text}").fetchall()


_NUMBERS = count()


def unprepared(connection: sqlite3.Connection, queries: Mapping[int, str]) -> dict[int, str]:
    """Why queries cannot be prepared now, by position; they are compiled, never run.

    A `ProgrammingError` is about values for parameters, which come after that.
    """
    found: dict[int, str] = {}
    for position, query in queries.items():
        try:
            _program(connection, query)
        except sqlite3.ProgrammingError:
            continue
        except (sqlite3.Error, sqlite3.Warning) as error:
            found[position] = str(error)
    return found


def _tables(connection: sqlite3.Connection) -> dict[int, str]:
    """The table behind each root page, its own or that of an index."""
    rows = connection.execute(
        "SELECT rootpage, tbl_name FROM sqlite_schema WHERE rootpage > 0 AND tbl_name NOT LIKE 'sqlite~_%' ESCAPE '~'"
    ).fetchall()
    return {int(root): str(name) for root, name in rows}


def _seen(
    program: Sequence[tuple[object, ...]], tables: Mapping[int, str], statement: Statement
) -> _Seen:
    """Read the program: `addr, opcode, p1, p2, …`; P1 is a cursor, and P2 of an Open the root page."""
    cursors: dict[int, str] = {}
    opened: dict[str, str] = {}
    scanned: set[str] = set()
    written: set[str] = set()
    for _, opcode, p1, p2, *_ in program:
        one, two = int(str(p1)), int(str(p2))
        if opcode in _OPENS and two in tables:
            cursors[one] = tables[two]
            if opened.get(tables[two]) != WRITER:
                opened[tables[two]] = WRITER if _OPENS[str(opcode)] else READER
        elif opcode in _FROM_THE_FIRST and one in cursors:
            scanned.add(cursors[one])
        elif opcode in ("Clear", "Destroy") and one in tables:
            opened[tables[one]] = WRITER
            written.add(tables[one])
        elif opcode in _WRITES and one in cursors:
            written.add(cursors[one])
    words = statement.text.split(None, 1)[0].lower() if statement.text.split() else ""
    rewritten = scanned & written if words in _ALTERS else set()
    for action in statement.actions_of(Maintain):
        if action.what == "vacuum":
            rewritten = scanned = set(tables.values())
            opened = dict.fromkeys(tables.values(), WRITER)
    if words in ("alter", "create", "drop"):  # the schema is written under the writer's lock
        for table in _named(statement):
            opened[table] = WRITER
    return _Seen(opened, frozenset(scanned), frozenset(rewritten))


def _named(statement: Statement) -> tuple[str, ...]:
    """The tables that a definition changes; a program for ALTER opens the schema only."""
    found: list[str] = []
    for action in statement.actions:
        table = getattr(action, "table", "") or getattr(action, "old", "")
        if isinstance(table, str) and table:
            found.append(table)
        names = getattr(action, "names", ())
        found += names if isinstance(names, tuple) else ()
    return tuple(found)


def _reaches_out(actions: Sequence[Action]) -> str:
    """Why a statement is not tried: it reaches out of the file, or may damage it."""
    for action in actions:
        if isinstance(action, Outside):
            return f"it reaches out of the database ({action.how})"
        if isinstance(action, SetVariable) and action.name in _PRAGMAS:
            return f"PRAGMA {action.name} is not tried"
    return ""


def _nothing(statement: Statement) -> Tried:
    return Tried(statement.line, statement.text[:_CUT], (), (), (), 0)
