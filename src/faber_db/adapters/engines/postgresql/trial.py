"""Run a script on a throw-away database as the runner would, and watch each of its statements."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from time import monotonic
from typing import TYPE_CHECKING

import psycopg

from faber_db.adapters.engines.postgresql import trial_reading as reading
from faber_db.adapters.engines.postgresql.connect import set_limits
from faber_db.adapters.engines.postgresql.faults import (
    ACTIVE_TRANSACTION,
    INSUFFICIENT_PRIVILEGE,
    QUERY_CANCELED,
    words,
)
from faber_db.adapters.engines.postgresql.run import ScriptRun
from faber_db.adapters.engines.postgresql.trial_queries import Queries
from faber_db.adapters.engines.postgresql.trial_refusals import missing, refusal
from faber_db.adapters.engines.stretches import Stretch, Unit
from faber_db.errors import ConnectionLost, FaberDbError, NotSupported
from faber_db.model.migration import StatementRun
from faber_db.model.statement import Create, SetVariable, Truncate
from faber_db.services.ports import Limits, Tried
from faber_db.sql.script import Script, Statement

if TYPE_CHECKING:
    from faber_db.adapters.engines.postgresql.connect import Connection

LIMITS = Limits(
    lock_timeout=timedelta(seconds=2), statement_timeout=timedelta(seconds=30), lock_retries=0
)
SECONDS = 120.0  # for all statements of a session; what is left then is not tried
_CUT = 300
_ENDS_TRANSACTION = "2D000"  # COMMIT in a DO block or procedure, where a transaction is open
_NOT_INSTALLED = ("0A000", "58P01")  # of CREATE EXTENSION, by version
_NO_RESOURCES = ("53", "54", "58")  # classes: no memory or disk, over a limit, a file of the server
_ON_ROWS = (
    "02",
    "21",
    "22",
    "23",
    "P0",
)  # classes: no data, cardinality, values, constraints, RAISE
_UNSEEN = "it cannot run in a transaction, so its locks are gone when it ends"
_POWERFUL = """
    SELECT rolsuper OR pg_catalog.pg_has_role(oid, 'pg_execute_server_program', 'MEMBER')
        OR pg_catalog.pg_has_role(oid, 'pg_write_server_files', 'MEMBER')
    FROM pg_catalog.pg_roles WHERE rolname = current_user
"""


class Trial:
    """The trial runs of one session: what existed before the first, and what was left out since.

    Args:
        connection: to a throw-away database.
        lacking: what is not there, or not whole, by name, with the reason.
    """

    def __init__(self, connection: "Connection", lacking: Mapping[str, str]) -> None:
        row = connection.execute(_POWERFUL).fetchone()
        if row is None or row[0]:
            raise NotSupported(
                "nothing is tried as a role that may act on the server",
                hint="Give the unprotected environment a role that is no superuser.",
            )
        self._connection = connection
        self.lacking = lacking
        self.tables = reading.existing(connection)
        self.filled = reading.any_filled(connection, self.tables)
        self._deadline = monotonic() + SECONDS
        self.left_out = False  # whether anything was; what fails later may fail because of that

    @property
    def is_over(self) -> bool:
        """Whether the time for it is used up."""
        return monotonic() > self._deadline

    def run(self, script: Script, *, wrap: bool, queries: Sequence[str]) -> tuple[Tried, ...]:
        """The answer for each statement that was reached, in order."""
        set_limits(self._connection, LIMITS)
        watched = _Watched(self._connection, self, Queries(self._connection, queries))
        try:
            watched.run(script, wrap=wrap, first=(), then=())
        except ConnectionLost:
            raise
        except FaberDbError as error:
            watched.stop(error, script)
        return watched.answers()


class _Watched(ScriptRun):
    """A run whose statements are watched, and left out where they cannot be tried."""

    def __init__(self, connection: "Connection", trial: Trial, queries: Queries) -> None:
        super().__init__(connection, LIMITS, None, rehearse=False)
        self._trial = trial
        self._queries = queries
        self._answers: list[Tried] = []
        self._current: Statement | None = None
        self._refused: dict[int, str] = {}  # reasons, by the offset of a statement
        self._bare: set[int] = set()  # offsets of those that end the transaction around them
        self._before: reading.Reading | None = None

    def answers(self) -> tuple[Tried, ...]:
        """All answers, each with the queries that its statement broke."""
        broken = self._queries.broken.items()
        return tuple(
            replace(one, breaks=tuple((q, why) for q, (at, why) in broken if at == position))
            for position, one in enumerate(self._answers)
        )

    def stop(self, error: FaberDbError, script: Script) -> None:
        """Note the failure that ended the run; it may come with COMMIT, behind every statement."""
        state, said = _state(error), _said(error)
        found = self._current or script.statements[0]
        if self._trial.left_out:
            why = f"it fails here ({said}), perhaps only since others were left out"
            self._answers.append(replace(_nothing(found), not_tried=why))
        else:
            words = f"{state}: {said}" if state else said
            self._answers.append(replace(_nothing(found), error=words))

    def _with_retries(self, unit: Unit, *, retry: bool) -> list[StatementRun]:
        """One unit, again without each statement that cannot be tried."""
        del retry  # nobody else is here to wait for
        start = len(self._answers)
        while True:
            try:
                return super()._with_retries(unit, retry=False)
            except FaberDbError as error:
                if not self._goes_on(error, alone=unit.stretch.alone):
                    raise
                del self._answers[start:]

    def _goes_on(self, error: FaberDbError, *, alone: bool) -> bool:
        statement, state = self._current, _state(error)
        if statement is None or not self._line:  # not of a statement: COMMIT, limits
            return False
        if alone and state in (_ENDS_TRANSACTION, ACTIVE_TRANSACTION):
            if statement.start in self._bare:
                return False
            self._bare.add(statement.start)
            return True
        why = _untriable(statement, state, _said(error))
        if not why and state.startswith(_ON_ROWS) and not self._trial.filled:
            why = f"it depends on rows, and a copy has none ({state}: {_said(error)})"
        if why:
            self._refused[statement.start] = why
        return bool(why)

    def _alone(self, statement: Statement, *, retry: bool) -> list[StatementRun]:
        """In a transaction of its own where it can be: nothing else shows what it locks."""
        if statement.transactional and statement.start not in self._bare:
            unit = Unit(Stretch((statement,)))
            return self._tried(lambda: self._transaction(unit), retry=False)
        return super()._alone(statement, retry=False)

    def _body(self, unit: Unit) -> list[StatementRun]:
        self._before = None  # a new transaction: it holds nothing yet
        return super()._body(unit)

    def _one(self, statement: Statement) -> StatementRun:
        self._current, self._line = statement, statement.line
        why = (
            refusal(statement)
            or self._refused.get(statement.start)
            or missing(statement, self._trial.lacking)
            or (f"the trial took longer than {SECONDS:g} s" if self._trial.is_over else "")
        )
        if why:
            self._trial.left_out = self._trial.left_out or not _sets_transaction(statement)
            self._answers.append(replace(_nothing(statement), not_tried=why))
            return StatementRun(line=statement.line, text=statement.text, duration_ms=0, rows=-1)
        before = self._before or reading.read(self._connection, self._trial.tables)
        done = super()._one(statement)
        after = reading.read(self._connection, before)
        self._answers.append(_answer(statement, before, after, done, seen=not self._is_idle()))
        self._queries.after(len(self._answers) - 1, statement)
        self._before = None if self._is_idle() else after
        self._trial.tables = after
        return done


def _answer(
    statement: Statement,
    before: reading.Reading,
    after: reading.Reading,
    done: StatementRun,
    *,
    seen: bool,
) -> Tried:
    empties = any(isinstance(a, Truncate) for a in statement.actions)  # new files, without work
    return replace(
        _nothing(statement),
        locks=reading.locks(before, after),
        held=reading.held(before),
        rewritten=() if empties else reading.rewritten(before, after),
        scanned=() if empties else reading.scanned(before, after),
        duration_ms=done.duration_ms,
        unseen="" if seen else _UNSEEN,
    )


def _nothing(statement: Statement) -> Tried:
    return Tried(
        line=statement.line,
        text=statement.text[:_CUT],
        locks=(),
        rewritten=(),
        scanned=(),
        duration_ms=0,
    )


def _untriable(statement: Statement, state: str, said: str) -> str:
    """Why it is the trial, not the statement, that fails; empty where it is the statement."""
    if state == INSUFFICIENT_PRIVILEGE:
        return f"the role of a trial may not do it ({said})"
    if state == QUERY_CANCELED:
        return f"it took longer than {LIMITS.statement_timeout.seconds} s"
    if state == ACTIVE_TRANSACTION and _sets_transaction(statement):
        return f"the trial reads before it ({said})"
    extension = any(isinstance(a, Create) and a.kind == "extension" for a in statement.actions)
    if not state or state.startswith(_NO_RESOURCES) or (extension and state in _NOT_INSTALLED):
        return f"it cannot be done here ({said})"
    return ""


def _sets_transaction(statement: Statement) -> bool:
    """Whether it is SET TRANSACTION, on which nothing behind it depends where it runs alone."""
    return any(isinstance(a, SetVariable) and a.name == "transaction" for a in statement.actions)


def _state(error: FaberDbError) -> str:
    cause = error.__cause__
    return (cause.sqlstate or "") if isinstance(cause, psycopg.Error) else ""


def _said(error: FaberDbError) -> str:
    cause = error.__cause__
    return words(cause) if isinstance(cause, psycopg.Error) else error.message
