"""Open a file with the limits set and read back."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from urllib.parse import quote

from faber_db.adapters.engines.sqlite.faults import translating
from faber_db.errors import ConnectionFailed, ConnectionLimits, PermissionMissing

_MILLISECOND = timedelta(milliseconds=1)
_OF_THE_PROCESS = (
    "hard_heap_limit",
    "soft_heap_limit",
    "temp_store_directory",
    "data_store_directory",
)


@contextmanager
def opened(
    file: Path, *, lock_timeout: timedelta, read_only: bool = False, create: bool = False
) -> Iterator[sqlite3.Connection]:
    """A connection in autocommit mode; foreign keys are as SQLite has them by default: off.

    Off is the safe side for scripts: with them on, the DROP of a table rebuild deletes children by
    cascade, silently. Orphans are found by `foreign_key_check` before each COMMIT instead.

    Raises:
        ConnectionFailed: no such file, a folder, or not a database.
        ConnectionLimits: the lock timeout did not read back equal.
    """
    _check_file(file, create=create)
    mode = "ro" if read_only else "rwc" if create else "rw"
    with translating():
        connection = sqlite3.connect(
            f"file:{quote(str(file))}?mode={mode}", uri=True, isolation_level=None
        )
    try:
        with translating():
            connection.set_authorizer(_within_its_file)
            _set_limits(connection, lock_timeout)
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()  # reads the header
        yield connection
    finally:
        connection.close()


def _within_its_file(
    action: int, first: str | None, second: str | None, _schema: str | None, _inner: str | None
) -> int:
    """Whether SQLite may compile this: other files stay closed, and the process as it is.

    A file that a script attaches could be a protected one, whose marker nobody looks at; an empty
    name is a temporary database, as VACUUM makes one. Some PRAGMAs hold for every connection of
    the process, the state's and that of other callers among them.
    """
    if action == sqlite3.SQLITE_ATTACH and first not in ("", ":memory:"):
        return sqlite3.SQLITE_DENY
    of_the_process = (first or "").lower() in _OF_THE_PROCESS and second is not None
    if action == sqlite3.SQLITE_PRAGMA and of_the_process:
        return sqlite3.SQLITE_DENY
    return sqlite3.SQLITE_OK


def _check_file(file: Path, *, create: bool) -> None:
    try:
        is_file, is_there = file.is_file(), file.exists()
    except PermissionError as error:
        raise PermissionMissing(
            f"{file.name} lies in a folder that this account may not enter",
            hint="Give this account access to the folder.",
        ) from error
    if is_there and not is_file:
        raise ConnectionFailed(f"{file.name} is not a file", hint="Give the path of a file.")
    if not is_there and not create:
        raise ConnectionFailed(
            f"there is no database file {file.name}",
            hint="Check the path, or make the database with `faber-db db-create`.",
        )
    if not is_there and not file.parent.is_dir():
        raise ConnectionFailed(
            f"the folder of {file.name} does not exist", hint="Make the folder first."
        )


def _set_limits(connection: sqlite3.Connection, lock_timeout: timedelta) -> None:
    wanted = max(1, lock_timeout // _MILLISECOND)
    connection.execute(f"PRAGMA busy_timeout = {wanted:d}")
    (got,) = connection.execute("PRAGMA busy_timeout").fetchone()
    if got != wanted:
        raise ConnectionLimits(f"busy_timeout is {got} ms after it was set to {wanted} ms")
