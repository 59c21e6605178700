"""A connection with its limits set and read back, and no transaction pooler between."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING

from faber_db.adapters.engines.postgresql.address import Address, conninfo
from faber_db.adapters.engines.postgresql.faults import connection_failure, translating
from faber_db.errors import ConnectionLimits, ConnectionPooled, NotSupported
from faber_db.services.ports import Limits

if TYPE_CHECKING:
    import psycopg

    Connection = psycopg.Connection[tuple[object, ...]]

_OLDEST = 140000
_CONNECT_SECONDS = "10"
_IDLE_IN_TRANSACTION = timedelta(minutes=1)  # ends a transaction of ours when we are stopped dead
_UNITS = {"ms": 1, "s": 1000, "min": 60_000, "h": 3_600_000, "d": 86_400_000}
_MILLISECOND = timedelta(milliseconds=1)


@contextmanager
def opened(address: Address, *, limits: Limits, read_only: bool = False) -> "Iterator[Connection]":
    """A connection in autocommit mode.

    Raises:
        ConnectionFailed, ConnectionRefusedByServer: as `connection_failure` tells them apart.
        ConnectionPooled: a transaction pooler, where locks and limits would not hold.
        ConnectionLimits: a limit did not read back equal.
        NotSupported: the server is older than 14, or reads SQL text in another way than we do.
    """
    with raw(address) as connection, translating():
        if connection.info.server_version < _OLDEST:
            raise NotSupported(
                f"PostgreSQL {connection.info.server_version // 10000} is older than 14",
                hint="Upgrade the server first.",
            )
        refuse_other_reading(connection)
        refuse_pooler(connection, address)  # first: else what is set lands in anybody's session
        set_limits(connection, limits)
        if address.schema:
            connection.execute("SELECT set_config('search_path', %s, false)", (_quoted(address),))
        if read_only:
            connection.execute("SET default_transaction_read_only = on")
        yield connection


@contextmanager
def raw(address: Address) -> "Iterator[Connection]":
    """A connection in autocommit mode as the server gives it, without limits."""
    import psycopg

    defaults = {"application_name": "faber-db", "connect_timeout": _CONNECT_SECONDS}
    text = conninfo(Address({**defaults, **address.parameters, "client_encoding": "UTF8"}))
    try:
        # No prepared statements: they outlive the schema change that makes their plan wrong.
        connection = psycopg.connect(text, autocommit=True, prepare_threshold=None)
    except psycopg.Error as error:
        raise connection_failure(error, text, address.label) from None  # its text may say too much
    try:
        yield connection
    finally:
        connection.close()


def refuse_other_reading(connection: "Connection") -> None:
    """What was analysed must be what the server reads; libpq is told of both settings at no cost.

    With `standard_conforming_strings` off, or in an encoding whose characters may end in a
    backslash, a string ends elsewhere than the parser saw, and code hides in it.

    Raises:
        NotSupported: one of them is another than the parser's.
    """
    for name, wanted in (("standard_conforming_strings", "on"), ("client_encoding", "UTF8")):
        got = connection.info.parameter_status(name)
        if got != wanted:
            raise NotSupported(
                f"{name} is {got or 'unknown'} in this session, and SQL is read with {wanted}",
                hint=f"Leave {name} as PostgreSQL has it by default.",
            )


def limits_sql(limits: Limits, *, local: bool) -> str:
    """The SET statements for some limits; numbers only, so nothing has to be quoted."""
    word = "SET LOCAL" if local else "SET"
    return "; ".join(
        f"{word} {name} = {value}"
        for name, value in (
            *_expected(limits).items(),
            ("idle_in_transaction_session_timeout", _IDLE_IN_TRANSACTION // _MILLISECOND),
        )
    )


def set_limits(connection: "Connection", limits: Limits) -> None:
    """Set the limits for the session and read them back.

    Raises:
        ConnectionLimits: another value came back.
    """
    connection.execute(limits_sql(limits, local=False).encode())
    check_limits(connection, limits)


def check_limits(connection: "Connection", limits: Limits) -> None:
    """Read the limits in force and compare.

    With SHOW, which is no query to the server: a script's own SET TRANSACTION may come after it.

    Raises:
        ConnectionLimits: one differs.
    """
    wanted = _expected(limits)
    shown = connection.execute("; ".join(f"SHOW {name}" for name in wanted).encode())
    for name, expected in wanted.items():
        row = shown.fetchone()
        shown.nextset()
        if row is None or _in_milliseconds(str(row[0])) != expected:
            raise ConnectionLimits(
                f"{name} did not read back as {expected} ms",
                hint="Connect to the server itself, not through a proxy (`direct_url`).",
            )


def _in_milliseconds(shown: str) -> int | None:
    """`2s`, `1500ms`, `15min` as the server shows them; None where that cannot be read."""
    match = re.fullmatch(r"(\d+)(ms|s|min|h|d)?", shown)
    return int(match[1]) * _UNITS[match[2] or "ms"] if match else None


def refuse_pooler(connection: "Connection", address: Address) -> None:
    """Notice a transaction pooler by the server processes behind this session.

    Two transactions of one session in two processes are one. A pooler with nothing else to do
    gives the same process twice, but it made up the key that libpq holds for cancelling; then a
    second session is opened: it must not get our process, and must not cost us ours. One that gives
    a process for each statement ends a session that begins a transaction.

    Raises:
        ConnectionPooled: a process was shared or changed, or no transaction may begin.
    """
    first = _process(connection)
    pooled = _process(connection) != first
    if not pooled and connection.info.backend_pid != first:
        pooled = _is_shared(connection, address, first)
    if pooled:
        raise ConnectionPooled(
            f"a transaction pooler answers for {address.label}",
            hint="Set `direct_url` to the server itself, or to a session pooler.",
        )


def _is_shared(connection: "Connection", address: Address, first: object) -> bool:
    import psycopg

    try:
        with raw(address) as second, second.transaction():
            return _process(second) == first or _process(connection) != first
    except psycopg.errors.ProtocolViolation:  # no server's own answer to a transaction
        return True


def _process(connection: "Connection") -> object:
    row = connection.execute("SELECT pg_catalog.pg_backend_pid()").fetchone()
    return row[0] if row else None


def _expected(limits: Limits) -> dict[str, int]:
    return {
        "lock_timeout": max(1, limits.lock_timeout // _MILLISECOND),
        "statement_timeout": max(1, limits.statement_timeout // _MILLISECOND),
    }


def _quoted(address: Address) -> str:
    return '"' + address.schema.replace('"', '""') + '"'
