"""A session on a MySQL or MariaDB database."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, NoReturn

from faber_db.adapters.engines.mysql import catalogue, identity, marker, sizes
from faber_db.adapters.engines.mysql.connect import Server, rows
from faber_db.adapters.engines.mysql.faults import translating
from faber_db.adapters.engines.mysql.unsupported import unsupported
from faber_db.model.catalogue import Catalogue
from faber_db.model.dialect import Dialect
from faber_db.model.migration import StatementRun
from faber_db.model.target import Marker, TargetIdentity
from faber_db.services.ports import Bound, Ran, TableSize, Tried
from faber_db.sql.script import Script

if TYPE_CHECKING:
    from faber_db.adapters.engines.mysql.connect import Connection
    from faber_db.adapters.engines.mysql.trial import Trial


class MysqlSession:
    """One connection to one database; see `services.ports.Session` for what each method promises.

    What belongs to a deployment is refused by name: this product can be looked at and analysed.
    """

    def __init__(
        self, connection: "Connection", server: Server, *, lacking: Mapping[str, str] | None = None
    ) -> None:
        """`lacking`: of a copy, what it has not got, with the reason."""
        self._connection = connection
        self._server = server
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

    def transaction(self) -> AbstractContextManager[None]:
        raise unsupported("deploying to", self._server.label)

    def run(
        self,
        script: Script,
        *,
        wrap: bool,
        first: Sequence[Bound] = (),
        then: Sequence[Bound] = (),
        rehearse: bool = False,
        observe: Callable[[StatementRun], None] | None = None,
    ) -> Ran:
        raise unsupported("deploying to", self._server.label)

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

    def deploy_lock(self, *, wait: timedelta) -> AbstractContextManager[None]:
        raise unsupported("deploying to", self._server.label)

    def read_marker(self) -> Marker | None:
        with translating():
            marker.refuse(self._connection)
        return None

    def write_marker(self, marker: Marker) -> NoReturn:
        raise unsupported("protecting", self._server.label)

    def use_nonce(self, nonce: str, plan_digest: str, used_at: str) -> NoReturn:
        raise unsupported("deploying to", self._server.label)

    def free_nonce(self, nonce: str) -> NoReturn:
        raise unsupported("deploying to", self._server.label)

    def used_nonces(self) -> NoReturn:
        raise unsupported("deploying to", self._server.label)
