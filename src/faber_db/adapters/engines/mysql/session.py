"""A session on a MySQL or MariaDB database."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import pymysql

from faber_db.adapters.engines.mysql import catalogue, identity, lock, others, sizes
from faber_db.adapters.engines.mysql import marker as marks
from faber_db.adapters.engines.mysql.connect import Server, in_transaction, rows
from faber_db.adapters.engines.mysql.faults import translating
from faber_db.adapters.engines.mysql.journal import Journal, forget, read
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

if TYPE_CHECKING:
    from faber_db.adapters.engines.mysql.connect import Connection
    from faber_db.adapters.engines.mysql.trial import Trial


class MysqlSession:
    """One connection to one database; see `services.ports.Session` for what each method promises."""

    def __init__(
        self,
        connection: "Connection",
        server: Server,
        *,
        limits: Limits = Limits(),  # noqa: B008 - frozen
        lacking: Mapping[str, str] | None = None,
    ) -> None:
        """`lacking`: of a copy, what it has not got, with the reason."""
        self._connection = connection
        self._server = server
        self._limits = limits
        self._journal = Journal(connection)
        self._lock = ""  # the name of the deployment lock while it is held
        self._lacking = lacking or {}
        self._trial: Trial | None = None

    @property
    def dialect(self) -> Dialect:
        return self._server.dialect

    @property
    def server_version(self) -> int:
        return self._server.version

    @property
    def server_label(self) -> str:
        return self._server.label

    @property
    def cannot_deploy(self) -> str:
        if self._server.dialect is Dialect.MARIADB:
            return ""
        return f"nothing is deployed to {self._server.label}, on which it was never tried"

    def now(self) -> datetime:
        ((text,),) = self.query(
            "SELECT date_format(utc_timestamp(6), '%Y-%m-%dT%H:%i:%s.%f+00:00')"
        )
        return datetime.fromisoformat(str(text))

    def identity(self) -> TargetIdentity:
        with translating():
            return identity.read(self._connection, self._server)

    def catalogue(self, *, leave_out: Sequence[str] = ()) -> Catalogue:
        with translating():
            return catalogue.read(self._connection, self._server, leave_out=leave_out)

    def sizes(self) -> Mapping[str, TableSize]:
        with translating():
            return sizes.read(self._connection)

    def database_size(self) -> int:
        with translating():
            return sizes.database_size(self._connection)

    def row_counts(self, tables: Sequence[str]) -> Mapping[str, int]:
        with translating():
            return sizes.row_counts(self._connection, tables)

    def query(self, sql: str, parameters: Sequence[object] = ()) -> list[tuple[object, ...]]:
        with translating():
            return rows(self._connection, sql, tuple(parameters))

    def execute(self, sql: str, parameters: Sequence[object] = ()) -> int:
        with translating(), self._connection.cursor() as cursor:
            return cursor.execute(sql, tuple(parameters) or None)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        nested = in_transaction(self._connection)
        with translating():
            rows(self._connection, "SAVEPOINT faber_db" if nested else "BEGIN")
        try:
            yield
            with translating():
                rows(self._connection, "RELEASE SAVEPOINT faber_db" if nested else "COMMIT")
        except BaseException:
            if self._connection.open and in_transaction(self._connection):
                with translating():
                    rows(self._connection, "ROLLBACK TO faber_db" if nested else "ROLLBACK")
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
        from faber_db.adapters.engines.mysql.run import ScriptRun

        with translating():
            run = ScriptRun(
                self._connection,
                self._server,
                self._limits,
                self._journal,
                observe,
                lock=self._lock,
                rehearse=rehearse,
            )
            return run.run(script, wrap=wrap, first=first, then=then, name=name, resume=resume)

    def interrupted(self) -> Mapping[str, str]:
        with translating():
            return read(self._connection, at_work=lambda: lock.is_held_by_another(self._connection))

    def settle(self, name: str) -> None:
        with translating():
            forget(self._connection, name)

    def try_out(
        self, script: Script, *, wrap: bool, queries: Sequence[str] = ()
    ) -> tuple[Tried, ...]:
        from faber_db.adapters.engines.mysql.trial import Trial

        with translating():
            self._trial = self._trial or Trial(self._connection, self._server, self._lacking)
            return self._trial.run(script, wrap=wrap, queries=queries)

    def unprepared(self, queries: Sequence[str]) -> Mapping[int, str]:
        from faber_db.adapters.engines.mysql.trial_queries import Queries

        with translating():
            return Queries(self._connection, queries).failing(range(len(queries)))

    def blockers(self, tables: Sequence[str]) -> tuple[Blocker, ...]:
        with translating():
            return others.blockers(self._connection, tables)

    def replica_lag(self) -> tuple[ReplicaLag, ...]:
        """The server knows which replicas read from it, and not how far they are."""
        return ()

    @contextmanager
    def deploy_lock(self, *, wait: timedelta) -> Iterator[None]:
        with translating(), lock.deploy_lock(self._connection, wait=wait) as name:
            self._lock = name
            try:
                yield
            finally:
                self._lock = ""
                with suppress(pymysql.err.Error):  # the next deployment takes it away
                    self._journal.remove()

    def deploy_lock_holder(self) -> LockHolder | None:
        with translating():
            return lock.other_holder(self._connection)

    def read_marker(self) -> Marker | None:
        with translating():
            return marks.read(self._connection)

    def write_marker(self, marker: Marker) -> None:
        with translating():
            marks.write(self._connection, marker)

    def use_nonce(self, nonce: str, plan_digest: str, used_at: str) -> bool:
        if in_transaction(self._connection):
            raise StatementFailed("an approval is used outside any transaction, to be durable")
        with translating():
            return marks.use_nonce(self._connection, nonce, plan_digest, used_at)

    def free_nonce(self, nonce: str) -> None:
        with translating():
            marks.free_nonce(self._connection, nonce)

    def used_nonces(self) -> list[tuple[str, str, str]]:
        with translating():
            return marks.used_nonces(self._connection)
