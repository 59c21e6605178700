"""A connection with its limits set and read back."""

import math
import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from faber_db.adapters.engines.mysql.address import Address
from faber_db.adapters.engines.mysql.faults import connection_failure, translating
from faber_db.errors import ConnectionFailed, ConnectionLimits, NotSupported
from faber_db.model.dialect import Dialect
from faber_db.services.ports import Limits

if TYPE_CHECKING:
    import ssl

    from pymysql.connections import Connection as PyConnection
    from pymysql.cursors import Cursor

    Connection = PyConnection[Cursor]

_CONNECT_SECONDS = 10.0
_OLDEST = {Dialect.MARIADB: 100600, Dialect.MYSQL: 80016}  # the first with all we read
_OTHERS = ("tidb", "vitess", "oceanbase", "starrocks", "doris", "singlestore", "clickhouse")
_OTHER_READING = {"ANSI_QUOTES", "NO_BACKSLASH_ESCAPES", "ORACLE", "MSSQL"}


@dataclass(frozen=True, slots=True)
class Server:
    """Which product answers, as it says itself."""

    dialect: Dialect
    version: int  # 101119 for 10.11.19
    label: str  # "MariaDB 10.11.19"

    @property
    def series(self) -> str:
        """`10.11`, `8.0`: what the products call a major version."""
        return f"{self.version // 10_000}.{self.version // 100 % 100}"


def server_of(version: str, comment: str = "") -> Server:
    """Read `@@version` and `@@version_comment`.

    Raises:
        NotSupported: another product that speaks the protocol, or one that is too old.
    """
    said = f"{version} {comment}".lower()
    other = next((name for name in _OTHERS if name in said), "")
    numbers = re.match(r"(?:5\.5\.5-)?(\d+)\.(\d+)\.(\d+)", version)
    if other or numbers is None:
        raise NotSupported(f"the server is {other or 'unknown'}, neither MySQL nor MariaDB")
    major, minor, patch = map(int, numbers.groups())
    dialect = Dialect.MARIADB if "mariadb" in said else Dialect.MYSQL
    number = major * 10_000 + minor * 100 + patch
    name = "MariaDB" if dialect is Dialect.MARIADB else "MySQL"
    label = f"{name} {major}.{minor}.{patch}"
    if number < _OLDEST[dialect]:
        oldest = {Dialect.MARIADB: "10.6", Dialect.MYSQL: "8.0.16"}[dialect]
        raise NotSupported(f"{label} is older than {oldest}", hint="Upgrade the server first.")
    return Server(dialect, number, label)


@contextmanager
def opened(
    address: Address, *, limits: Limits, read_only: bool = False
) -> "Iterator[tuple[Connection, Server]]":
    """A connection in autocommit mode.

    Raises:
        ConnectionFailed, ConnectionRefusedByServer: as `connection_failure` tells them apart.
        ConnectionLimits: a limit did not read back equal.
        NotSupported: the server is too old or another product, or reads SQL text in another way
            than we do.
    """
    if not address.database:
        raise ConnectionFailed(
            f"the URL of {address.label} names no database",
            hint="Write it after the host: mysql://USER:PASSWORD@HOST/DATABASE.",
        )
    with raw(address) as connection, translating():
        ((version, comment, mode),) = rows(
            connection, "SELECT @@version, @@version_comment, @@sql_mode"
        )
        server = server_of(str(version), str(comment))
        refuse_other_reading(str(mode))
        set_limits(connection, server, limits)
        if read_only:
            rows(connection, "SET SESSION TRANSACTION READ ONLY")
        yield connection, server


@contextmanager
def raw(address: Address) -> "Iterator[Connection]":
    """A connection in autocommit mode as the server gives it, without limits."""
    import pymysql

    connection: Connection = pymysql.connect(
        host=address.host or "localhost",
        port=address.port,
        user=address.user,
        password=address.password,
        database=address.database or None,
        charset="utf8mb4",
        autocommit=True,
        program_name="faber-db",
        defer_connect=True,
        **_tls(address),
    )
    try:
        line = _line_to(address)
    except OSError:
        raise _unanswered(address) from None
    try:
        connection.connect(line)
    except pymysql.err.Error as error:
        line.close()  # PyMySQL leaves a socket open that it could not finish with
        raise connection_failure(error, address.label) from None  # its text may say too much
    except OSError:
        line.close()
        raise _unanswered(address) from None
    try:
        yield connection
    finally:
        connection.close()


def rows(
    connection: "Connection", sql: str, parameters: tuple[object, ...] = ()
) -> list[tuple[object, ...]]:
    """Run one statement; its rows, with `%s` for parameters."""
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters or None)
        return list(cursor.fetchall())


def in_transaction(connection: "Connection") -> bool:
    """Whether a transaction is open, as the server said with its last answer."""
    status: int = connection.server_status  # type: ignore[attr-defined]  # missing in the stubs
    return bool(status & 1)


def _line_to(address: Address) -> socket.socket:
    if address.socket:
        line = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            line.settimeout(_CONNECT_SECONDS)
            line.connect(address.socket)
        except OSError:
            line.close()
            raise
        return line
    line = socket.create_connection((address.host or "localhost", address.port), _CONNECT_SECONDS)
    line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    line.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    return line


def _unanswered(address: Address) -> ConnectionFailed:
    return ConnectionFailed(
        f"no server answers for {address.label}",
        hint="Check host and port, and that the server runs.",
    )


def _tls(address: Address) -> dict[str, Any]:
    """`preferred`, without files, is what the driver does by itself."""
    if address.tls == "disabled" or (address.socket and address.tls == "preferred"):
        return {"ssl_disabled": True}
    if address.tls == "preferred" and not address.tls_files:
        return {}
    return {"ssl": _context(address)}


def _context(address: Address) -> "ssl.SSLContext":
    import ssl

    files = address.tls_files
    try:
        context = ssl.create_default_context(cafile=files.get("ca"))
        context.check_hostname = address.tls == "verify_identity"
        if not address.tls.startswith("verify"):
            context.verify_mode = ssl.CERT_NONE
        if "cert" in files:
            context.load_cert_chain(files["cert"], files.get("key"))
    except (OSError, ssl.SSLError) as error:
        raise ConnectionFailed(
            f"a certificate file of {address.label} cannot be read",
            hint="Check ssl-ca, ssl-cert and ssl-key of the URL.",
        ) from error
    return context


def refuse_other_reading(mode: str) -> None:
    """What was analysed must be what the server reads.

    With one of these modes a string or a quoted name ends elsewhere than the parser saw.

    Raises:
        NotSupported: such a mode is on.
    """
    found = sorted(_OTHER_READING & set(mode.upper().split(",")))
    if found:
        raise NotSupported(
            f"sql_mode has {', '.join(found)}, and SQL is read without",
            hint="Take it out of the server's sql_mode, or give the account a session without it.",
        )


def limits_of(server: Server, limits: Limits) -> dict[str, int]:
    """The variables that hold limits, with their values in whole seconds, rounded up."""
    lock = max(1, math.ceil(limits.lock_timeout.total_seconds()))
    statement = max(1, math.ceil(limits.statement_timeout.total_seconds()))
    wanted = {"lock_wait_timeout": lock, "innodb_lock_wait_timeout": lock}
    if server.dialect is Dialect.MARIADB:
        wanted["max_statement_time"] = statement
    else:
        wanted["max_execution_time"] = statement * 1000
        wanted["information_schema_stats_expiry"] = 0  # else sizes are up to a day old
    return wanted


def set_limits(connection: "Connection", server: Server, limits: Limits) -> None:
    """Set the limits for the session and read them back.

    MySQL's `max_execution_time` covers SELECT alone.
    """
    wanted = limits_of(server, limits)
    rows(
        connection,
        "SET " + ", ".join(f"SESSION {name} = {value:d}" for name, value in wanted.items()),
    )
    (found,) = rows(connection, "SELECT " + ", ".join(f"@@SESSION.{name}" for name in wanted))
    for (name, value), got in zip(wanted.items(), found, strict=True):
        if float(str(got)) != value:
            raise ConnectionLimits(
                f"{name} did not read back as {value}",
                hint="Connect to the server itself, not through a proxy (`direct_url`).",
            )
