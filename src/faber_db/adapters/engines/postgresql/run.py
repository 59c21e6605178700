"""Run a script on a server: transactions with limits, lock retries, statements that stand alone."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from time import monotonic, sleep
from typing import TYPE_CHECKING, LiteralString

import psycopg
from psycopg.pq import TransactionStatus

from faber_db.adapters.engines.batches import Checkpoint, Engine, refused, run_batches
from faber_db.adapters.engines.postgresql.concurrent_index import (
    Build,
    build_of,
    drop_leftovers,
    invalid_indexes,
    leftovers,
)
from faber_db.adapters.engines.postgresql.connect import (
    check_limits,
    limits_sql,
    refuse_other_reading,
)
from faber_db.adapters.engines.postgresql.faults import (
    ACTIVE_TRANSACTION,
    UNSAFE_NEW_ENUM_VALUE,
    is_locked,
    translated,
)
from faber_db.adapters.engines.postgresql.journal import Journal
from faber_db.adapters.engines.postgresql.keys import key_of
from faber_db.adapters.engines.postgresql.loosening import may_change_limits, refuse
from faber_db.adapters.engines.postgresql.others import replicas
from faber_db.adapters.engines.runs import Observe, failed, milliseconds_since, pauses, ran, there
from faber_db.adapters.engines.steps import lines_of, without_steps
from faber_db.adapters.engines.stretches import (
    Stretch,
    Unit,
    first_words,
    holds_by_itself,
    is_one,
    one_unit,
    units,
)
from faber_db.errors import ConnectionLost, FaberDbError, LockTimeout, NotSupported
from faber_db.model.migration import StatementRun
from faber_db.services.ports import Bound, Limits, Ran
from faber_db.sql.script import Script, Statement

if TYPE_CHECKING:
    from faber_db.adapters.engines.postgresql.connect import Connection

_UNKNOWN = "not known"
_QUEUES = ("ALTER", "DROP", "LOCK", "TRUNCATE")  # for locks that shut the application out
_LIMITS_NOW: LiteralString = "current_setting('lock_timeout'), current_setting('statement_timeout')"
_COUNTS = timedelta(milliseconds=50)

Leftover = Callable[[], str]
"""Asked after a statement failed outside a transaction: what of it is left; empty for nothing."""

_SETTINGS = ("search_path", "TimeZone", "role")


class ScriptRun:
    """One call of `Session.run`."""

    def __init__(
        self,
        connection: "Connection",
        limits: Limits,
        observe: Observe | None,
        *,
        rehearse: bool,
    ) -> None:
        self._connection = connection
        self._limits = limits
        self._observe = observe
        self._rehearse = rehearse
        self._settings: tuple[object, ...] = ()  # as they were before the script
        self._shown: tuple[object, ...] | None = None  # the limits, in the server's words
        self._journal: Journal | None = None  # of a script that is not one transaction
        self._step: Stretch | None = None  # under way, and not in the journal as done
        self._left: frozenset[object] = frozenset()  # invalid indexes of a run that was cut off
        self._committed = False  # whether anything of this script was kept
        self._kept: list[str] = []  # lines of it
        self._line = 0  # of the statement under way
        self._committing = False
        self._waited = timedelta(0)  # for locks in this transaction, at most

    def run(
        self,
        script: Script,
        *,
        wrap: bool,
        first: Sequence[Bound],
        then: Sequence[Bound],
        name: str = "",
        resume: bool = False,
    ) -> Ran:
        start = monotonic()
        self._refuse(script)
        inside = not self._is_idle()
        if inside or self._rehearse:
            work: tuple[Unit, ...] = (one_unit(script, wrap=wrap, first=first, then=then),)
        else:
            work = units(script, wrap=wrap, first=first, then=then)
        done: list[StatementRun] = []
        self._read_settings()
        try:
            if name and not (inside or self._rehearse or is_one(work)):
                work = self._journalled(work, name, resume=resume)
            for unit in work:
                done += self._with_retries(unit, retry=not inside)
        finally:
            if self._is_idle():  # not within a caller's transaction, nor after a lost connection
                self._put_settings_back(local=False)
                self._connection.execute(limits_sql(self._limits, local=False).encode())
        if self._journal is not None:
            self._journal.clear()
        return Ran(tuple(done), milliseconds_since(start))

    def _refuse(self, script: Script) -> None:
        found = refused(script) or refuse(self._connection, script)
        if found is not None:
            statement, why = found
            raise failed(
                f"{first_words(statement.text)[0]} is not run: {why}",
                line=statement.line,
                rolled_back=True,
                hint="docs/while-it-runs.md says what may stand there.",
            )

    @property
    def journalled(self) -> bool:
        return self._journal is not None

    def _journalled(self, work: tuple[Unit, ...], name: str, *, resume: bool) -> tuple[Unit, ...]:
        """Begin the journal, or go on where it says; what is left to do."""
        journal = Journal(self._connection, lambda: self._put_settings_back(local=True), name)
        try:
            if resume:
                steps = [unit.stretch for unit in work if unit.stretch.statements]
                done, again, self._left = journal.go_on(steps)
                self._committed, self._kept = done > 0, [lines_of(step) for step in steps[:done]]
                for statement in again.statements:
                    self._one(statement)
                work = without_steps(work, done)
            else:
                journal.begin()
        except psycopg.Error as error:
            raise self._failure(error, lambda: "") from error
        self._journal = journal
        return tuple(holds_by_itself(unit) for unit in work)

    def _with_retries(self, unit: Unit, *, retry: bool) -> list[StatementRun]:
        """One unit, again after a lock timeout; all of it is rolled back between the tries."""
        self._begin_step(unit.stretch)
        if unit.stretch.alone:
            done = self._alone(unit.stretch.statements[0], retry=retry)
            if self._journal is not None:
                self._journal.done(unit.stretch)
        else:
            done = self._tried(lambda: self._transaction(unit), retry=retry)
        if unit.stretch.keeps and unit.stretch.statements:
            self._kept.append(lines_of(unit.stretch))
        self._step = None
        return done

    def _begin_step(self, stretch: Stretch) -> None:
        if self._journal is None or not stretch.statements:
            return
        if stretch.alone:
            try:
                self._journal.intent(stretch)
            except psycopg.Error as error:
                raise self._failure(error, lambda: "") from error
        else:
            self._journal.expect()
        self._step = stretch

    def _alone(self, statement: Statement, *, retry: bool) -> list[StatementRun]:
        """A statement outside any transaction; a concurrent build starts from a clean place."""
        if statement.batch and self._journal is not None:
            return [self._batches(statement, self._journal, retry=retry)]
        build = build_of(statement)
        if build is None:
            retry = retry and _may_be_repeated(statement)
            left: Leftover = lambda: "" if _leaves_nothing(statement) else _UNKNOWN  # noqa: E731
            done = self._tried(lambda: [self._one(statement)], retry=retry, left=left)
        else:
            done = self._build(statement, build, retry=retry)
        self._committed = True
        return done

    def _batches(self, statement: Statement, journal: Journal, *, retry: bool) -> StatementRun:
        """Each batch in a transaction of its own, with its checkpoint, tried again by itself."""
        self._line = statement.line

        def one(sql: str, given: Sequence[object], kept: Callable[[int], str]) -> tuple[int, bool]:
            tries, rows = 0, 0

            def attempt() -> list[StatementRun]:
                nonlocal tries, rows
                tries += 1
                with self._connection.transaction():
                    self._connection.execute(limits_sql(self._limits, local=True).encode())
                    rows = self._connection.execute(sql.encode(), given).rowcount
                    journal.keep_checkpoint(kept(rows))
                return []

            self._tried(attempt, retry=retry, left=left)
            self._committed = True
            return rows, tries > 1

        def left() -> str:
            rows = Checkpoint.read(journal.checkpoint()).rows
            return f"{rows} rows of its first batches" if rows else ""

        engine = Engine(
            key=lambda table: key_of(self._connection, table),
            ask=lambda sql, given: self._connection.execute(sql.encode(), given).fetchall(),
            one=one,
            replicas=lambda: replicas(self._connection),
            kept=journal.checkpoint,
        )
        try:
            run = run_batches(statement, engine, self._observe)
        except psycopg.Error as error:  # of looking for the next batch
            raise self._failure(error, left) from error
        except NotSupported as error:
            raise self._not_supported(error, left()) from error
        self._committed = True
        return run

    def _not_supported(self, error: NotSupported, remains: str) -> FaberDbError:
        rolled_back = not remains and not self._committed
        self._note_failed(remains, rolled_back=rolled_back)
        return failed(
            error.message,
            line=self._line,
            rolled_back=rolled_back,
            hint=error.hint,
            kept=there(self._kept),
        )

    def _build(self, statement: Statement, build: Build, *, retry: bool) -> list[StatementRun]:
        keep = invalid_indexes(self._connection) - self._left

        def attempt() -> list[StatementRun]:
            self._line = statement.line
            drop_leftovers(self._connection, build, keep=keep)
            return [self._one(statement)]

        def left() -> str:
            try:
                drop_leftovers(self._connection, build, keep=keep)
            except psycopg.Error:
                names = leftovers(self._connection, build, keep=keep)
                return ", ".join(f"the invalid index {schema}.{name}" for schema, name in names)
            return ""

        return self._tried(attempt, retry=retry, left=left)

    def _tried(
        self,
        attempt: Callable[[], list[StatementRun]],
        *,
        retry: bool,
        left: "Leftover" = lambda: "",
    ) -> list[StatementRun]:
        waits = pauses(self._limits.lock_retries if retry else 0)
        while True:
            try:
                return attempt()
            except psycopg.Error as error:
                wait = next(waits, None) if is_locked(error) else None
                if wait is None:
                    raise self._failure(error, left) from error
                sleep(wait)

    def _transaction(self, unit: Unit) -> list[StatementRun]:
        if not self._is_idle():
            return self._body(unit)
        self._line, self._waited = 0, timedelta(0)
        begin = unit.stretch.begin.text if unit.stretch.begin else "BEGIN"
        self._connection.execute(begin.encode())
        keeps = unit.stretch.keeps and not self._rehearse
        try:
            self._connection.execute(limits_sql(self._limits, local=True).encode())
            check_limits(self._connection, self._limits)
            done = self._body(unit)
            self._line = 0
            self._note_done(unit, keeps=keeps)
            if self._rehearse:  # what COMMIT would find
                self._connection.execute("SET CONSTRAINTS ALL IMMEDIATE")
            self._committing = keeps
            self._connection.execute("COMMIT" if keeps else "ROLLBACK")
            self._committing = False
        except BaseException:
            if not self._connection.closed and not self._is_idle():
                self._connection.execute("ROLLBACK")
            raise
        self._committed = self._committed or keeps
        return done

    def _note_done(self, unit: Unit, *, keeps: bool) -> None:
        """In the transaction of the step: the journal says it if and only if it was kept."""
        if self._journal is None or not keeps:
            return
        if unit.then:
            self._journal.clear()
        elif unit.stretch.statements:
            self._journal.done(unit.stretch)

    def _body(self, unit: Unit) -> list[StatementRun]:
        self._ledger(unit.first)
        done = [self._one(statement) for statement in unit.stretch.statements]
        self._ledger(unit.then)
        return done

    def _ledger(self, rows: Sequence[Bound]) -> None:
        """Ledger statements of ours run as the session began, whatever the script has set."""
        self._line = 0
        if rows:
            self._put_settings_back(local=True)
        for bound in rows:
            self._connection.execute(bound.sql.encode(), bound.parameters or None)

    def _one(self, statement: Statement) -> StatementRun:
        self._line = statement.line
        self._require_same_reading()
        start = monotonic()
        cursor = self._connection.execute(statement.text.encode())  # exactly as in the source
        run = ran(statement, start, cursor.rowcount)
        self._spend(statement, run)
        if may_change_limits(statement):
            self._tighten_limits()
        if self._observe is not None:
            self._observe(run)
        return run

    def _require_same_reading(self) -> None:
        """An earlier statement may have changed how the server reads the next one."""
        try:
            refuse_other_reading(self._connection)
        except NotSupported as error:
            raise failed(
                error.message, line=self._line, rolled_back=not self._committed, hint=error.hint
            ) from error

    def _tighten_limits(self) -> None:
        """A script may set a limit lower than ours, never higher and never off."""
        now = self._connection.execute(f"SELECT {_LIMITS_NOW}").fetchone()
        if now == self._shown and not self._waited:
            return
        local = not self._is_idle()
        wanted = limits_sql(self._limits_left(), local=local).split("; ")
        for name, statement in zip(("lock_timeout", "statement_timeout"), wanted, strict=False):
            row = self._connection.execute(
                "SELECT setting::bigint FROM pg_catalog.pg_settings WHERE name = %s", (name,)
            ).fetchone()
            ours = int(statement.rpartition(" ")[2])
            if row is None or not 0 < int(str(row[0])) <= ours:
                self._connection.execute(statement.encode())

    def _spend(self, statement: Statement, run: StatementRun) -> None:
        """Waiting for one lock while others are held counts against the same `lock_timeout`.

        Else a transaction that alters five tables may hold the first for five times as long.
        """
        took = timedelta(milliseconds=run.duration_ms)
        queues = first_words(statement.text)[0] in _QUEUES and took >= _COUNTS
        if not queues or self._is_idle():
            return
        self._waited += took
        self._tighten_limits()

    def _limits_left(self) -> Limits:
        whole = self._limits.lock_timeout
        return replace(self._limits, lock_timeout=max(whole - self._waited, whole / 10))

    def _read_settings(self) -> None:
        row = self._connection.execute(
            f"SELECT current_setting(%s), current_setting(%s), current_setting(%s), {_LIMITS_NOW}",
            _SETTINGS,
        ).fetchone()
        self._settings, self._shown = (row[:3], row[3:]) if row else ((), None)

    def _put_settings_back(self, *, local: bool) -> None:
        pairs = zip(_SETTINGS, self._settings, strict=True)
        self._connection.execute(
            "SELECT set_config(%s, %s, %s), set_config(%s, %s, %s), set_config(%s, %s, %s)",
            [value for name, setting in pairs for value in (name, setting, local)],
        )

    def _is_idle(self) -> bool:
        return self._connection.info.transaction_status == TransactionStatus.IDLE

    def _failure(self, error: psycopg.Error, left: "Leftover") -> FaberDbError:
        ours = translated(error)
        if isinstance(ours, ConnectionLost):
            what = (
                "it is not known whether COMMIT was kept"
                if self._committing
                else "the server rolls back what was not committed"
            )
            if self._journal is not None:
                what += "; what is there, `faber-db status` tells"
            return ConnectionLost(f"{ours.message} at line {self._line}; {what}", hint=ours.hint)
        if self._rehearse and error.sqlstate in (UNSAFE_NEW_ENUM_VALUE, ACTIVE_TRANSACTION):
            return NotSupported(
                f"line {self._line} cannot run in one transaction with the rest, so it cannot be"
                " tried here",
                hint="Try it on a shadow instead.",
            )
        remains = left()
        rolled_back = not remains and not self._committed
        self._note_failed(remains, rolled_back=rolled_back)
        if isinstance(ours, LockTimeout) and rolled_back:
            where = f"line {self._line}: " if self._line else ""
            tries = self._limits.lock_retries + 1
            return LockTimeout(
                f"{where}{ours.message}, tried {tries} times; nothing was kept", hint=ours.hint
            )
        cause = f"{ours.message}; what is left is {remains}" if remains else ours.message
        return failed(
            cause,
            line=self._line,
            rolled_back=rolled_back,
            hint=ours.hint,
            kept=there(self._kept) if self._journal is not None else "",
        )

    def _note_failed(self, remains: str, *, rolled_back: bool) -> None:
        if self._journal is None or not self._is_idle():
            return
        with suppress(psycopg.Error):  # the intent stands in it, and the catalogue tells the rest
            if rolled_back:
                self._journal.clear()
            elif self._step is not None:
                self._journal.failed(self._step, remains)


def _may_be_repeated(statement: Statement) -> bool:
    """Whether a statement that stands alone can be tried again: not what may commit inside."""
    return first_words(statement.text)[0] not in ("CALL", "DO")


def _leaves_nothing(statement: Statement) -> bool:
    """Whether a statement that failed alone has left nothing behind."""
    one, two, _ = first_words(statement.text)
    if one in ("CALL", "DO", "REINDEX") or (one, two) == ("DROP", "INDEX"):
        return False
    return "CONCURRENTLY" not in statement.text.upper()
