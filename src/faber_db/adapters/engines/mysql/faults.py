"""Errors of the server and of the driver as errors of ours: by errno, never by message text."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from faber_db.errors import (
    ConnectionFailed,
    ConnectionLost,
    ConnectionRefusedByServer,
    FaberDbError,
    LockTimeout,
    PermissionMissing,
    StatementFailed,
    StatementTimeout,
)
from faber_db.sql.redact import redact

if TYPE_CHECKING:
    import pymysql

_LOCKED = {1205, 1213, 3572}  # lock wait timeout, deadlock, NOWAIT
_CANCELLED = {1317, 1969, 3024}  # KILL QUERY; MariaDB's and MySQL's limit of a statement
_FORBIDDEN = {1044, 1142, 1143, 1227, 1290, 1370, 1410, 1419, 1836}
_GONE = {1146, 1305, 1360, 1539, 4091}  # no such table, routine, trigger, event, sequence
_LOST = {0, 1053, 1927, 2006, 2013, 2014, 2055, 3169, 4031}
_BUSY_SERVER = {1040, 1203, 1226}  # too many connections
_REFUSED = {1045, 1049, 1130, 1251, 1698, 2026, 2059, 3118, 3159, 4151, *_FORBIDDEN}

# Messages that quote a value of a row or of the script: only what stands behind it is shown.
_WITH_VALUE = {
    1062: "duplicate entry",
    1586: "duplicate entry",
    1292: "a value cannot be converted",
    1366: "a value cannot be converted",
    1367: "a value cannot be read",
    1411: "a value cannot be read by a function",
    1525: "a value cannot be read",
    1526: "no partition takes a value",
    1690: "a value is out of range",
    1772: "a value cannot be read",
    3140: "a JSON text cannot be read",
    4038: "a JSON text cannot be read",
}
_PLACE = re.compile(r"for (?:key|column) (?:`[^`]*`\.)*[`'][^`']*[`']", re.I)


def errno(error: "pymysql.err.Error") -> int:
    """The product's number of an error; 0 where the driver has none."""
    return error.args[0] if error.args and isinstance(error.args[0], int) else 0


def is_locked(error: "pymysql.err.Error") -> bool:
    """Another session held a lock, or we were the one given up in a deadlock: try again."""
    return errno(error) in _LOCKED


def is_cancelled(error: "pymysql.err.Error") -> bool:
    """A limit, or somebody, ended the statement."""
    return errno(error) in _CANCELLED


def is_forbidden(error: "pymysql.err.Error") -> bool:
    """The account lacks a right."""
    return errno(error) in _FORBIDDEN


def is_gone(error: "pymysql.err.Error") -> bool:
    """What the statement names is not there; where it was listed before, it was dropped since."""
    return errno(error) in _GONE


def is_lost(error: "pymysql.err.Error") -> bool:
    """The connection is gone."""
    from pymysql.err import InterfaceError

    return errno(error) in _LOST or isinstance(error, InterfaceError)


def words(error: "pymysql.err.Error") -> str:
    """The server's own message without values of rows and without passwords."""
    number = errno(error)
    text = str(error.args[1]) if len(error.args) > 1 else ""
    if number in _WITH_VALUE:
        place = _PLACE.findall(text)
        return " ".join([_WITH_VALUE[number], *place[-1:]])
    return redact(text.strip().splitlines()[0].rstrip(".")) if text.strip() else f"error {number}"


def translated(error: "pymysql.err.Error") -> FaberDbError:
    """The error of ours for an error of PyMySQL."""
    number = errno(error)
    if number in _LOCKED:
        return LockTimeout(
            "another session held a lock that this needs",
            hint="Look who holds it with SHOW PROCESSLIST, or deploy at a quieter time.",
        )
    if number in _CANCELLED:
        return StatementTimeout(
            "the statement was cancelled by the server",
            hint="Raise `statement_timeout`, or do the work in smaller steps.",
        )
    if number in _FORBIDDEN:
        return PermissionMissing(
            words(error), hint="Grant the account what the message names, or use the owner's."
        )
    if is_lost(error):
        return ConnectionLost(
            "the connection to the server ended", hint="Check the server and try again."
        )
    failure = StatementFailed(words(error))
    failure.state = str(number)
    return failure


@contextmanager
def translating() -> Iterator[None]:
    """Raise errors of ours in place of PyMySQL's."""
    import pymysql

    try:
        yield
    except pymysql.err.Error as error:
        raise translated(error) from error


def connection_failure(error: "pymysql.err.Error", label: str) -> ConnectionFailed:
    """Why a connection could not be made.

    Args:
        error: PyMySQL's.
        label: of the database, without credentials.
    """
    number = errno(error)
    if number in _REFUSED:
        return ConnectionRefusedByServer(
            f"the server refused {label}: {words(error)}",
            hint="Check user, password and database name of the URL.",
        )
    if number in _BUSY_SERVER:
        return ConnectionFailed(
            f"the server of {label} takes no more connections", hint="Try again in a moment."
        )
    if number == 1053:
        return ConnectionFailed(f"the server of {label} is stopping", hint="Try again in a moment.")
    return ConnectionFailed(
        f"no server answers for {label}", hint="Check host and port, and that the server runs."
    )
