"""Restore beside the live file, and put a proven copy in its place."""

import os
import secrets
import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path

from faber_db.adapters.engines.sqlite.connect import opened
from faber_db.adapters.engines.sqlite.dump import copy_into, first_problem, giving_up_after
from faber_db.errors import Cancelled, FaberDbError, RestoreFailed
from faber_db.services import ports

_SUFFIXES = ("", "-journal", "-wal", "-shm")


def restore_beside(live: Path, backup: Path, *, cancelled: ports.Cancelled) -> Path:
    """A checked copy of a backup in the folder of the live file, which is not touched.

    Raises:
        RestoreFailed: no room, or the copy is damaged or breaks its own references.
    """
    copy = live.with_name(f"{live.stem}.restored-{secrets.token_hex(4)}{live.suffix}")
    done = False
    try:
        _make(copy)
        with opened(backup, lock_timeout=timedelta(seconds=1), read_only=True) as source:
            copy_into(source, copy, patience=timedelta(seconds=1))
        problem = first_problem(copy, "integrity_check") or _broken_reference(copy)
        if problem:
            raise RestoreFailed(
                f"the restored copy is not sound: {problem}", hint="Use another backup."
            )
        if cancelled():
            raise Cancelled("the restore was cancelled; the live database was not touched")
        done = True
    except (sqlite3.Error, OSError) as error:
        raise RestoreFailed(
            f"the copy could not be written: {error}", hint="Check the free disk space."
        ) from error
    except (RestoreFailed, Cancelled):
        raise
    except FaberDbError as error:
        raise RestoreFailed(error.message, hint=error.hint) from error
    finally:
        if not done:
            remove(copy)
    return copy


def swap(live: Path, copy: Path, *, lock_timeout: timedelta) -> str:
    """Write a copy into the live file; its inode stays, so readers keep their handles.

    The file as it was is kept beside it. SQLite lets nobody hold a lock over both steps, so what
    an application writes between them is lost: it should be stopped.

    Raises:
        RestoreFailed: the live file is as it was.
    """
    kept = live.with_name(f"{live.stem}.before-restore-{secrets.token_hex(4)}{live.suffix}")
    try:
        with opened(live, lock_timeout=lock_timeout) as target:
            _make(kept)
            copy_into(target, kept, patience=lock_timeout)
            with closing(sqlite3.connect(copy, isolation_level=None)) as source:
                source.backup(target, pages=-1, progress=giving_up_after(lock_timeout))
    except (sqlite3.Error, OSError, FaberDbError) as error:
        remove(kept)
        raise RestoreFailed(
            f"the live file could not be replaced and is as it was: {_words(error)}",
            hint="End other connections to the file and try again.",
        ) from error
    problem = first_problem(live, "quick_check")
    if problem:
        raise RestoreFailed(
            f"the live file fails quick_check after the swap: {problem}",
            hint=f"The database as it was is in {kept.name}, in the same folder.",
        )
    remove(copy)
    return f"The database as it was is in {kept.name}, beside the live file."


def remove(file: Path) -> None:
    """A copy that is not wanted, with its journal files."""
    for suffix in _SUFFIXES:
        file.with_name(file.name + suffix).unlink(missing_ok=True)


def _make(file: Path) -> None:
    os.close(os.open(file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))


def _broken_reference(file: Path) -> str:
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        row = connection.execute("PRAGMA foreign_key_check").fetchone()
        return f"a row of {row[0]} refers to nothing in {row[2]}" if row else ""


def _words(error: Exception) -> str:
    return error.message if isinstance(error, FaberDbError) else str(error)
