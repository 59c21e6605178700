"""Errors of the server and of libpq as errors of ours: by SQLSTATE, never by message text."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from faber_db.errors import (
    MAKE_ROOM,
    ConnectionFailed,
    ConnectionLost,
    FaberDbError,
    LockTimeout,
    PermissionMissing,
    StatementFailed,
    StatementTimeout,
)

if TYPE_CHECKING:
    import psycopg

LOCK_NOT_AVAILABLE = "55P03"
DEADLOCK = "40P01"
QUERY_CANCELED = "57014"
INSUFFICIENT_PRIVILEGE = "42501"
UNSAFE_NEW_ENUM_VALUE = "55P04"
ACTIVE_TRANSACTION = "25001"
DISK_FULL = "53100"
OBJECT_IN_USE = "55006"

_PASSWORD = re.compile(r"(password\s*'[^']*')|(://[^/\s@]*:[^/\s@]*@)", re.I)


def is_locked(error: "psycopg.Error") -> bool:
    """Another session held a lock, or we were the one given up in a deadlock: try again."""
    return error.sqlstate in (LOCK_NOT_AVAILABLE, DEADLOCK)


def words(error: "psycopg.Error") -> str:
    """The server's own message, its detail left out: that holds values of rows."""
    text = error.diag.message_primary or str(error).strip().splitlines()[0]
    return _PASSWORD.sub("…", text)


def translated(error: "psycopg.Error") -> FaberDbError:
    """The error of ours for an error of psycopg."""
    from psycopg import InterfaceError, OperationalError

    state = error.sqlstate
    if is_locked(error):
        return LockTimeout(
            "another session held a lock that this needs",
            hint="Look who holds it with `faber-db health`, or deploy at a quieter time.",
        )
    if state == QUERY_CANCELED:
        return StatementTimeout(
            "the statement was cancelled by the server",
            hint="Raise `statement_timeout`, or do the work in smaller steps.",
        )
    if state == INSUFFICIENT_PRIVILEGE:
        return PermissionMissing(
            words(error), hint="Grant the role what the message names, or use the owner's role."
        )
    if (state is None and isinstance(error, OperationalError | InterfaceError)) or (
        state is not None and (state.startswith("08") or state in ("57P01", "57P02", "57P03"))
    ):
        return ConnectionLost(
            "the connection to the server ended", hint="Check the server and try again."
        )
    failure = StatementFailed(words(error), hint=MAKE_ROOM if state == DISK_FULL else "")
    failure.state = state or ""
    return failure


@contextmanager
def translating() -> Iterator[None]:
    """Raise errors of ours in place of psycopg's."""
    import psycopg

    try:
        yield
    except psycopg.Error as error:
        raise translated(error) from error


def connection_failure(error: "psycopg.Error", text: str, label: str) -> ConnectionFailed:
    """Why a connection could not be made.

    libpq gives no SQLSTATE then, so the server is asked once more whether it answers at all.

    Args:
        error: psycopg's.
        text: the connection string, which never becomes part of the message.
        label: of the database, without credentials.
    """
    from psycopg.pq import PGconn, Ping

    from faber_db.errors import ConnectionRefusedByServer

    match PGconn.ping(text.encode()):
        case Ping.OK:
            return ConnectionRefusedByServer(
                f"the server refused {label}: {_last_line(error)}",
                hint="Check user, password and database name of the URL.",
            )
        case Ping.REJECT:
            return ConnectionFailed(
                f"the server of {label} is starting or stopping", hint="Try again in a moment."
            )
        case _:
            return ConnectionFailed(
                f"no server answers for {label}",
                hint="Check host and port, and that the server runs.",
            )


def _last_line(error: "psycopg.Error") -> str:
    line = str(error).strip().splitlines()[-1]
    return _PASSWORD.sub("…", line.rpartition("FATAL:")[2].strip() or "no reason given")
