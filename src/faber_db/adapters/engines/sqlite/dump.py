"""Copy a live file whole, and read a copy whole."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from time import monotonic

from faber_db.adapters.engines.sqlite.connect import opened
from faber_db.errors import BackupDamaged, BackupFailed, Cancelled, FaberDbError, LockTimeout
from faber_db.services import ports


def dump(source: Path, file: Path, *, lock_timeout: timedelta, cancelled: ports.Cancelled) -> None:
    """Copy in one step: with a writer about, a copy in pieces starts over at each of its writes.

    Raises:
        LockTimeout: somebody held the file exclusively all the time.
        BackupFailed: the copy could not be written or fails `quick_check`.
    """
    if cancelled():
        raise Cancelled("the backup was cancelled")
    try:
        file.touch(mode=0o600)
        with opened(source, lock_timeout=lock_timeout, read_only=True) as live:
            copy_into(live, file, patience=lock_timeout)
        problem = first_problem(file, "quick_check")
    except (sqlite3.Error, OSError) as error:
        raise BackupFailed(
            f"the copy could not be written: {error}", hint="Check the free disk space."
        ) from error
    if problem:
        raise BackupFailed(
            f"the database itself is damaged: {problem}",
            hint="Run PRAGMA integrity_check on it and restore an older backup.",
        )
    if cancelled():
        raise Cancelled("the backup was cancelled")


def copy_into(source: sqlite3.Connection, file: Path, *, patience: timedelta) -> None:
    """Copy into a file of its own journal, waiting for writers no longer than `patience`.

    Raises:
        LockTimeout: somebody held the file exclusively for all that time.
    """
    with closing(sqlite3.connect(file, isolation_level=None)) as target:
        source.backup(target, pages=-1, progress=giving_up_after(patience))
        target.execute("PRAGMA journal_mode = DELETE")  # one file, no -wal beside it


def giving_up_after(patience: timedelta) -> Callable[[int, int, int], None]:
    """A progress callback that ends `Connection.backup`, which else waits for a lock for ever."""
    deadline = monotonic() + patience.total_seconds()

    def look(status: int, _remaining: int, _total: int) -> None:
        if status in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED) and monotonic() > deadline:
            raise LockTimeout(
                "the database file stayed locked by another connection",
                hint="End the other connection, or raise `lock_timeout`.",
            )

    return look


def first_problem(file: Path, check: str) -> str:
    """What `quick_check` or `integrity_check` says first; empty when all is well."""
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        (word,) = connection.execute(f"PRAGMA {check}(1)").fetchone()
        return "" if word == "ok" else str(word)


def decode(file: Path) -> None:
    """Read a copy whole, indexes included.

    Raises:
        BackupDamaged: it is gone, is no database, or fails `integrity_check`.
    """
    try:
        with opened(file, lock_timeout=timedelta(seconds=1), read_only=True) as connection:
            (word,) = connection.execute("PRAGMA integrity_check(1)").fetchone()
    except (FaberDbError, sqlite3.Error) as error:
        raise BackupDamaged(
            f"{file.name} cannot be read as a SQLite database",
            hint="Use another backup; `faber-db backup list` shows them.",
        ) from error
    if word != "ok":
        raise BackupDamaged(
            f"{file.name} fails integrity_check: {word}",
            hint="Use another backup; `faber-db backup list` shows them.",
        )
