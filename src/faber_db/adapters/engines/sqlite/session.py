"""A session on a SQLite file."""

import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from pathlib import Path
from time import monotonic

from faber_db.adapters.engines.sqlite import catalogue, identity, journal, lock
from faber_db.adapters.engines.sqlite import marker as marks
from faber_db.adapters.engines.sqlite.faults import translating
from faber_db.adapters.engines.sqlite.run import ScriptRun
from faber_db.adapters.engines.sqlite.trial import Trial, unprepared
from faber_db.errors import StatementFailed
from faber_db.model.catalogue import Catalogue
from faber_db.model.dialect import Dialect
from faber_db.model.migration import LockHolder, StatementRun
from faber_db.model.target import Marker, TargetIdentity
from faber_db.services.ports import (
    Blocker,
    Bound,
    Limits,
    Ran,
    ReplicaLag,
    TableSize,
    Tried,
)
from faber_db.sql.script import Script

_STEPS = 10_000  # virtual machine steps between two looks at the clock, well under a millisecond


class SqliteSession:
    """One connection to one file; see `services.ports.Session` for what each method promises."""

    dialect = Dialect.SQLITE
    cannot_deploy = ""

    def __init__(
        self,
        connection: sqlite3.Connection,
        file: Path,
        *,
        limits: Limits,
        lock_folder: Path,
        read_only: bool,
    ) -> None:
        self._connection = connection
        self._file = file
        self._limits = limits
        self._lock_folder = lock_folder
        self._read_only = read_only
        self._deadline = float("inf")
        self._trial: Trial | None = None
        self._locked = False  # by this session
        connection.set_progress_handler(self._is_late, _STEPS)

    @property
    def server_version(self) -> int:
        major, minor, patch = sqlite3.sqlite_version_info
        return major * 1_000_000 + minor * 1000 + patch

    @property
    def server_label(self) -> str:
        return f"SQLite {sqlite3.sqlite_version}"

    def now(self) -> datetime:
        """The machine's clock, which is the executor's too: a file has no other."""
        ((text,),) = self.query("SELECT strftime('%Y-%m-%dT%H:%M:%f+00:00', 'now')")
        return datetime.fromisoformat(str(text))

    def identity(self) -> TargetIdentity:
        with translating():
            return identity.read(self._connection, self._file)

    def catalogue(self, *, leave_out: Sequence[str] = ()) -> Catalogue:
        with translating(), catalogue.one_moment(self._connection):
            return catalogue.read(
                self._connection, leave_out=(*leave_out, *marks.TABLES, journal.TABLE)
            )

    def sizes(self) -> Mapping[str, TableSize]:
        with translating(), catalogue.one_moment(self._connection):
            return catalogue.sizes(self._connection)

    def database_size(self) -> int:
        (pages,) = self.query("PRAGMA page_count")[0]
        (page_size,) = self.query("PRAGMA page_size")[0]
        return int(str(pages)) * int(str(page_size))

    def row_counts(self, tables: Sequence[str]) -> Mapping[str, int]:
        return {
            table: int(str(self.query(f"SELECT count(*) FROM {catalogue.quoted(table)}")[0][0]))  # noqa: S608 - quoted
            for table in tables
        }

    def query(self, sql: str, parameters: Sequence[object] = ()) -> list[tuple[object, ...]]:
        with translating(), self._in_time():
            return self._connection.execute(_placed(sql, parameters), tuple(parameters)).fetchall()

    def execute(self, sql: str, parameters: Sequence[object] = ()) -> int:
        with translating():
            return self._run_one(sql, parameters)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        nested = self._connection.in_transaction
        with translating():
            if nested:
                self._connection.execute("SAVEPOINT faber_db")
            else:
                self._connection.execute("BEGIN" if self._read_only else "BEGIN IMMEDIATE")
        try:
            yield
            with translating():
                self._connection.execute("RELEASE faber_db" if nested else "COMMIT")
        except BaseException:
            if self._connection.in_transaction and nested:
                self._connection.execute("ROLLBACK TO faber_db")
                self._connection.execute("RELEASE faber_db")
            elif self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise

    def run(
        self,
        script: Script,
        *,
        wrap: bool,
        first: Sequence[Bound] = (),
        then: Sequence[Bound] = (),
        rehearse: bool = False,
        observe: Callable[[StatementRun], None] | None = None,
        name: str = "",
        resume: bool = False,
    ) -> Ran:
        run = ScriptRun(self._connection, self._run_one, self._limits, observe, rehearse=rehearse)
        with translating(), self._tidied(run):
            return run.run(script, wrap=wrap, first=first, then=then, name=name, resume=resume)

    def interrupted(self) -> Mapping[str, str]:
        with translating():
            return journal.read(self._connection, at_work=self._is_deployed_to)

    def settle(self, name: str) -> None:
        with translating():
            journal.forget(self._connection, name)
            if not self._connection.in_transaction:
                journal.remove(self._connection)

    @contextmanager
    def _tidied(self, run: ScriptRun) -> Iterator[None]:
        """Take the journal's table away where it tells of nothing; else a later run does it."""
        try:
            yield
        finally:
            if run.journalled and not self._connection.in_transaction:
                with suppress(sqlite3.Error):
                    journal.remove(self._connection)

    def try_out(
        self, script: Script, *, wrap: bool, queries: Sequence[str] = ()
    ) -> tuple[Tried, ...]:
        with translating():
            if self._trial is None:
                self._trial = Trial(self._connection, self._run_one)
            return self._trial.run(script, wrap=wrap, queries=queries)

    def unprepared(self, queries: Sequence[str]) -> Mapping[int, str]:
        with translating():
            return unprepared(self._connection, dict(enumerate(queries)))

    def blockers(self, tables: Sequence[str]) -> tuple[Blocker, ...]:
        """Nothing tells of other connections to a file."""
        return ()

    def replica_lag(self) -> tuple[ReplicaLag, ...]:
        """A file has no replicas."""
        return ()

    @contextmanager
    def deploy_lock(self, *, wait: timedelta) -> Iterator[None]:
        with lock.deploy_lock(self._lock_folder, self._file, wait=wait):
            self._locked = True
            try:
                yield
            finally:
                self._locked = False

    def _is_deployed_to(self) -> bool:
        """By anybody else."""
        return not self._locked and self.deploy_lock_holder() is not None

    def deploy_lock_holder(self) -> LockHolder | None:
        return lock.holder(self._lock_folder, self._file)

    def read_marker(self) -> Marker | None:
        with translating():
            return marks.read(self._connection)

    def write_marker(self, marker: Marker) -> None:
        with self.transaction(), translating():
            marks.write(self._connection, marker)

    def use_nonce(self, nonce: str, plan_digest: str, used_at: str) -> bool:
        if self._connection.in_transaction:
            raise StatementFailed("an approval is used outside any transaction, to be durable")
        with self.transaction(), translating():
            return marks.use_nonce(self._connection, nonce, plan_digest, used_at)

    def free_nonce(self, nonce: str) -> None:
        with self.transaction(), translating():
            marks.free_nonce(self._connection, nonce)

    def used_nonces(self) -> list[tuple[str, str, str]]:
        with translating():
            return marks.used_nonces(self._connection)

    def _run_one(self, sql: str, parameters: Sequence[object]) -> int:
        """Run one statement to its end; raises SQLite's own errors."""
        with self._in_time():
            cursor = self._connection.execute(_placed(sql, parameters), tuple(parameters))
            for _ in cursor:  # a statement that gives rows runs only while they are read
                pass
            return cursor.rowcount

    def _is_late(self) -> int:
        return int(monotonic() > self._deadline)

    @contextmanager
    def _in_time(self) -> Iterator[None]:
        self._deadline = monotonic() + self._limits.statement_timeout.total_seconds()
        try:
            yield
        finally:
            self._deadline = float("inf")


def _placed(sql: str, parameters: Sequence[object]) -> str:
    """`%s` as SQLite writes it; without parameters the text stays as it is, as in psycopg."""
    if not parameters:
        return sql
    return "%".join(part.replace("%s", "?") for part in sql.split("%%"))
