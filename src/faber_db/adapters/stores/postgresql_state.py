"""The state in a PostgreSQL database, in a schema of its own, shared by several servers."""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from faber_db.adapters.engines.postgresql.address import is_postgresql, parse
from faber_db.adapters.stores.sql_state import (
    FORMAT,
    Connection,
    Row,
    Rows,
    SqlState,
    migrate,
    newer,
)
from faber_db.errors import ConfigError, ConnectionFailed, FaberDbError, InputError, StateUnusable
from faber_db.services.ports import Limits

if TYPE_CHECKING:
    import psycopg

SCHEMA = "faber_db_state"
_LIMITS = Limits(lock_timeout=timedelta(seconds=30), statement_timeout=timedelta(seconds=60))
_ONE_WRITER = 7_310_293_658_106_372_961  # any number of our own; advisory locks are per database

_TABLES = """
CREATE TABLE faber_db_state.meta (key text PRIMARY KEY, value text NOT NULL);
CREATE TABLE faber_db_state.plans (
    rowid bigint GENERATED ALWAYS AS IDENTITY,
    id text COLLATE "C" PRIMARY KEY, database text NOT NULL, environment text NOT NULL,
    subject text NOT NULL, work_id text NOT NULL, body text NOT NULL, state text NOT NULL,
    reason text NOT NULL DEFAULT '', job_id text NOT NULL DEFAULT '',
    result text NOT NULL DEFAULT '{}', created_at text COLLATE "C" NOT NULL,
    about text NOT NULL DEFAULT ''
);
CREATE INDEX plans_by_subject ON faber_db_state.plans (subject);
CREATE INDEX plans_by_about ON faber_db_state.plans (about);
CREATE TABLE faber_db_state.files (sha256 text PRIMARY KEY, content bytea NOT NULL);
CREATE TABLE faber_db_state.approvals (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    plan_id text COLLATE "C" NOT NULL REFERENCES faber_db_state.plans (id), body text NOT NULL
);
CREATE TABLE faber_db_state.jobs (
    rowid bigint GENERATED ALWAYS AS IDENTITY,
    id text COLLATE "C" PRIMARY KEY, plan_id text NOT NULL, state text NOT NULL,
    created_at text COLLATE "C" NOT NULL, body text NOT NULL
);
CREATE TABLE faber_db_state.backups (
    rowid bigint GENERATED ALWAYS AS IDENTITY,
    id text COLLATE "C" PRIMARY KEY, database text NOT NULL, environment text NOT NULL,
    created_at text COLLATE "C" NOT NULL, body text NOT NULL
);
CREATE TABLE faber_db_state.memory (key text PRIMARY KEY, body text NOT NULL);
CREATE TABLE faber_db_state.audit (
    seq bigint PRIMARY KEY, at text NOT NULL, event text NOT NULL, body text NOT NULL,
    previous text NOT NULL, hash text NOT NULL
)
"""


class PostgresqlState(SqlState):
    """`services.ports.State` over one database. Opened on first use; a lost connection is made anew.

    Every writer of the database takes one advisory lock for its transaction, as SQLite's writers
    take the file.
    """

    def __init__(self, resolve: Callable[[], str], now: Callable[[], datetime]) -> None:
        super().__init__(now)
        self._resolve = resolve
        self._lock = threading.RLock()
        self._held = ExitStack()
        self._connection: psycopg.Connection[tuple[object, ...]] | None = None

    def close(self) -> None:
        with self._lock:
            self._connection = None
            self._held.close()

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        with self._transaction("BEGIN ISOLATION LEVEL READ COMMITTED READ ONLY") as db:
            yield db

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        with self._transaction("BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE") as db:
            db.execute("SELECT pg_catalog.pg_advisory_xact_lock(?)", (_ONE_WRITER,))
            yield db

    @contextmanager
    def _transaction(self, begin: str) -> Iterator["_Portable"]:
        with self._lock, _translated():
            connection = self._begun(begin)
            try:
                yield _Portable(connection)
                connection.execute("COMMIT")
            except BaseException:
                self._roll_back(connection)
                raise

    def _begun(self, begin: str) -> "psycopg.Connection[tuple[object, ...]]":
        """A transaction; where the connection ended since the last one, on a new connection."""
        import psycopg

        if self._connection is not None:
            with suppress(psycopg.OperationalError):
                self._connection.execute(begin.encode())
                return self._connection
            self.close()
        connection = self._opened()
        connection.execute(begin.encode())
        return connection

    def _opened(self) -> "psycopg.Connection[tuple[object, ...]]":
        from faber_db.adapters.engines.postgresql.connect import opened

        url = self._resolve()
        if not is_postgresql(url):
            raise ConfigError(
                "`state` does not lead to a PostgreSQL URL",
                hint="Write postgresql://USER:PASSWORD@HOST:PORT/DATABASE there, or leave `state`"
                " out: then it is a local file.",
            )
        connection = self._held.enter_context(opened(parse(url), limits=_LIMITS))
        try:
            connection.execute("SET synchronous_commit = on")
            connection.execute("SET search_path = pg_catalog, faber_db_state, pg_temp")
            _ensure_format(connection)
        except BaseException:
            self._held.close()
            raise
        self._connection = connection
        return connection

    def _roll_back(self, connection: "psycopg.Connection[tuple[object, ...]]") -> None:
        import psycopg

        try:
            connection.execute("ROLLBACK")
        except psycopg.Error:
            self.close()


class _Portable:
    """A connection that takes `?` for a parameter and gives rows as dicts."""

    def __init__(self, connection: "psycopg.Connection[tuple[object, ...]]") -> None:
        self._connection = connection

    def execute(self, sql: str, parameters: Sequence[Any] = (), /) -> Rows:
        from psycopg.rows import dict_row

        text = sql.replace("?", "%s").encode()
        cursor = self._connection.cursor(row_factory=dict_row)
        cursor.execute(text, parameters)
        return _Result(cursor)


class _Result:
    def __init__(self, cursor: "psycopg.Cursor[Row]") -> None:
        self._cursor = cursor

    @property
    def rowcount(self) -> int:
        return self._cursor.rowcount

    def fetchone(self) -> Row | None:
        return self._cursor.fetchone()

    def fetchall(self) -> list[Row]:
        return self._cursor.fetchall()


def _ensure_format(connection: "psycopg.Connection[tuple[object, ...]]") -> None:
    if _format(connection) == FORMAT:
        return
    with connection.transaction():
        connection.execute("SELECT pg_catalog.pg_advisory_xact_lock(%s)", (_ONE_WRITER,))
        found = _format(connection)  # again: somebody else may have been quicker
        if found > FORMAT:
            raise newer(found)
        if found == 0:
            _create(connection)
        elif found < FORMAT:
            _copy(connection, found)
            migrate(_Portable(connection), found)
        connection.execute(
            "INSERT INTO faber_db_state.meta (key, value) VALUES ('format', %s)"
            " ON CONFLICT (key) DO UPDATE SET value = excluded.value",
            (str(FORMAT),),
        )


def _format(connection: "psycopg.Connection[tuple[object, ...]]") -> int:
    """The number of the format; 0 where nothing of ours is there."""
    if not _exists(connection, "faber_db_state", "meta"):
        return 0
    row = connection.execute(
        "SELECT value FROM faber_db_state.meta WHERE key = 'format'"
    ).fetchone()
    if row is None or not str(row[0]).isdecimal() or not int(str(row[0])):
        raise StateUnusable(
            "the schema faber_db_state holds no readable format number",
            hint="Restore the state database from its newest backup.",
        )
    return int(str(row[0]))


def _create(connection: "psycopg.Connection[tuple[object, ...]]") -> None:
    from psycopg.errors import InsufficientPrivilege

    if _exists(connection, "faber_db", "marker"):
        raise StateUnusable(
            "the state database is a protected target itself",
            hint="Give the state a database of its own: whoever can change the target could"
            " change what is remembered of it.",
        )
    try:
        if not connection.execute(
            "SELECT 1 FROM pg_catalog.pg_namespace WHERE nspname = 'faber_db_state'"
        ).fetchone():
            connection.execute("CREATE SCHEMA faber_db_state")
        connection.execute(_TABLES.encode())
    except InsufficientPrivilege as error:
        raise StateUnusable(
            "this role may not create the schema faber_db_state in the state database",
            hint="Run `CREATE SCHEMA faber_db_state AUTHORIZATION` with the name of this role as"
            " an administrator, or give the role a database that it owns.",
        ) from error


def _copy(connection: "psycopg.Connection[tuple[object, ...]]", found: int) -> None:
    """The rows as they are, in a schema beside ours; nothing of ours reads it."""
    from psycopg import sql

    to = sql.Identifier(f"faber_db_state_format_{found}")
    connection.execute(sql.SQL("CREATE SCHEMA {}").format(to))
    names = connection.execute(
        "SELECT tablename FROM pg_catalog.pg_tables WHERE schemaname = 'faber_db_state'"
    ).fetchall()
    for (name,) in names:
        table = sql.Identifier(str(name))
        copy = sql.SQL("CREATE TABLE {}.{} AS TABLE faber_db_state.{}")
        connection.execute(copy.format(to, table, table))


def _exists(connection: "psycopg.Connection[tuple[object, ...]]", schema: str, table: str) -> bool:
    row = connection.execute(
        "SELECT EXISTS (SELECT FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n"
        " ON n.oid = c.relnamespace WHERE n.nspname = %s AND c.relname = %s)",
        (schema, table),
    ).fetchone()
    return bool(row and row[0])


@contextmanager
def _translated() -> Iterator[None]:
    """Errors of the connection and of the server as `StateUnusable`; none holds the URL."""
    import psycopg

    from faber_db.adapters.engines.postgresql.faults import translated

    try:
        yield
    except (psycopg.DataError, UnicodeError) as error:
        raise InputError(
            "a zero byte or half a surrogate pair cannot be kept in the state"
        ) from error
    except psycopg.Error as error:
        raise _unusable(translated(error)) from error
    except ConnectionFailed as error:
        raise _unusable(error) from error


def _unusable(error: FaberDbError) -> StateUnusable:
    return StateUnusable(
        f"the state database cannot be used: {error.message}",
        hint=error.hint if isinstance(error, ConnectionFailed) else "Check the server of `state`.",
    )
