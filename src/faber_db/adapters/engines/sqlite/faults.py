"""SQLite's error codes as errors of ours. Never by message text."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from faber_db.errors import (
    MAKE_ROOM,
    ConnectionFailed,
    FaberDbError,
    LockTimeout,
    PermissionMissing,
    StatementFailed,
    StatementTimeout,
)

_LOCKED = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
_UNOPENED = {sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT}
_UNWRITABLE = {sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM}


def primary_code(error: sqlite3.Error) -> int:
    """The primary result code (the low byte of the extended one), 0 where Python gives none."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF


def is_locked(error: sqlite3.Error) -> bool:
    """Another connection holds a lock that we need."""
    return primary_code(error) in _LOCKED


def translated(error: sqlite3.Error) -> FaberDbError:
    """The error of ours for an error of SQLite. Its messages hold names, never values."""
    code = primary_code(error)
    if code in _LOCKED:
        return LockTimeout(
            "the database file stayed locked by another connection",
            hint="End the other writer, or raise `lock_timeout`.",
        )
    if code == sqlite3.SQLITE_INTERRUPT:
        return StatementTimeout(
            "the statement ran longer than `statement_timeout`",
            hint="Raise `statement_timeout`, or split the statement.",
        )
    if code in _UNOPENED:
        return ConnectionFailed(
            f"the file cannot be read as a SQLite database: {error}",
            hint="Check the path and that the file is not damaged or encrypted.",
        )
    if code == sqlite3.SQLITE_AUTH:  # by `connect._within_its_file`
        return StatementFailed(
            "a script may attach no other file, and change nothing of the whole process",
            hint="Give the other file a migration of its own.",
        )
    if code in _UNWRITABLE:
        return PermissionMissing(
            f"the database file cannot be written: {error}",
            hint="Give this account write access to the file and to its folder.",
        )
    full = code == sqlite3.SQLITE_FULL
    failure = StatementFailed(str(error), hint=MAKE_ROOM if full else "")
    failure.state = getattr(error, "sqlite_errorname", "")
    return failure


@contextmanager
def translating() -> Iterator[None]:
    """Raise errors of ours in place of SQLite's."""
    try:
        yield
    except sqlite3.Error as error:
        raise translated(error) from error
