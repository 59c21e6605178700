"""A session on a PostgreSQL database."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING

from faber_db.adapters.engines.postgresql import catalogue, identity, journal, lock, others, sizes
from faber_db.adapters.engines.postgresql import marker as marks
from faber_db.adapters.engines.postgresql.connect import check_limits, limits_sql
from faber_db.adapters.engines.postgresql.faults import translating
from faber_db.adapters.engines.postgresql.run import ScriptRun
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
    from faber_db.adapters.engines.postgresql.connect import Connection
    from faber_db.adapters.engines.postgresql.trial import Trial


class PostgresqlSession:
    """One connection to one database; see `services.ports.Session` for what each method promises.

    Args:
        connection: in autocommit mode, with the limits set.
        limits: of each transaction.
        lacking: what a copied schema has not got, by name, with the reason.
    """

    dialect = Dialect.POSTGRESQL
    cannot_deploy = ""

    def __init__(
        self,
        connection: "Connection",
        *,
        limits: Limits,
        lacking: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self._connection = connection
        self._limits = limits
        self._lacking = lacking
        self._trial: Trial | None = None

    @property
    def server_version(self) -> int:
        return self._connection.info.server_version

    @property
    def server_label(self) -> str:
        return f"PostgreSQL {self.server_version // 10000}.{self.server_version % 10000}"

    def now(self) -> datetime:
        ((seconds,),) = self.query("SELECT extract(epoch FROM pg_catalog.clock_timestamp())::text")
        return datetime.fromtimestamp(float(str(seconds)), UTC)

    def identity(self) -> TargetIdentity:
        with translating():
            return identity.read(self._connection)

    def catalogue(self, *, leave_out: Sequence[str] = ()) -> Catalogue:
        with translating():
            return catalogue.read(self._connection, leave_out=leave_out)

    def sizes(self) -> Mapping[str, TableSize]:
        with translating():
            return sizes.read(self._connection)

    def database_size(self) -> int:
        ((size,),) = self.query("SELECT pg_catalog.pg_database_size(current_database())")
        return int(str(size))

    def row_counts(self, tables: Sequence[str]) -> Mapping[str, int]:
        with translating():
            return sizes.row_counts(self._connection, tables)

    def query(self, sql: str, parameters: Sequence[object] = ()) -> list[tuple[object, ...]]:
        with translating():
            return self._connection.execute(sql.encode(), parameters or None).fetchall()

    def execute(self, sql: str, parameters: Sequence[object] = ()) -> int:
        with translating():
            return self._connection.execute(sql.encode(), parameters or None).rowcount

    @contextmanager
    def transaction(self) -> Iterator[None]:
        with translating(), self._connection.transaction():
            self._connection.execute(limits_sql(self._limits, local=True).encode())
            check_limits(self._connection, self._limits)
            yield

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
        run = ScriptRun(self._connection, self._limits, observe, rehearse=rehearse)
        try:
            with translating():
                return run.run(script, wrap=wrap, first=first, then=then, name=name, resume=resume)
        finally:
            if run.journalled:
                self._tidy()

    def interrupted(self) -> Mapping[str, str]:
        with translating():
            return journal.read(
                self._connection, at_work=lambda: lock.is_held_by_another(self._connection)
            )

    def settle(self, name: str) -> None:
        with translating():
            journal.forget(self._connection, name)
        self._tidy()

    def _tidy(self) -> None:
        """Take the journal's table away where it tells of nothing; a later run does it otherwise."""
        import psycopg
        from psycopg.pq import TransactionStatus

        if self._connection.info.transaction_status == TransactionStatus.IDLE:
            with suppress(psycopg.Error):
                journal.remove(self._connection)

    def try_out(
        self, script: Script, *, wrap: bool, queries: Sequence[str] = ()
    ) -> tuple[Tried, ...]:
        from faber_db.adapters.engines.postgresql.trial import Trial

        with translating():
            self._trial = self._trial or Trial(self._connection, self._lacking)
            return self._trial.run(script, wrap=wrap, queries=queries)

    def unprepared(self, queries: Sequence[str]) -> Mapping[int, str]:
        from faber_db.adapters.engines.postgresql.trial_queries import Queries

        with translating():
            return Queries(self._connection, queries).failing(range(len(queries)))

    def blockers(self, tables: Sequence[str]) -> tuple[Blocker, ...]:
        with translating():
            return others.blockers(self._connection, tables)

    def replica_lag(self) -> tuple[ReplicaLag, ...]:
        with translating():
            return others.replicas(self._connection)

    def deploy_lock(self, *, wait: timedelta) -> AbstractContextManager[None]:
        return lock.deploy_lock(self._connection, wait=wait)

    def deploy_lock_holder(self) -> LockHolder | None:
        with translating():
            return lock.holder(self._connection)

    def read_marker(self) -> Marker | None:
        with translating():
            return marks.read(self._connection)

    def write_marker(self, marker: Marker) -> None:
        with translating():
            marks.write(self._connection, marker)

    def use_nonce(self, nonce: str, plan_digest: str, used_at: str) -> bool:
        from psycopg.pq import TransactionStatus

        if self._connection.info.transaction_status != TransactionStatus.IDLE:
            raise StatementFailed("an approval is used outside any transaction, to be durable")
        with translating():
            return marks.use_nonce(self._connection, nonce, plan_digest, used_at)

    def free_nonce(self, nonce: str) -> None:
        with translating():
            marks.free_nonce(self._connection, nonce)

    def used_nonces(self) -> list[tuple[str, str, str]]:
        with translating():
            return marks.used_nonces(self._connection)

    def cancel(self) -> None:
        """Ask the server to stop the statement under way; may be called from another thread."""
        self._connection.cancel_safe(timeout=5)
