"""The state in one SQLite file in WAL mode, shared by every process of this account."""

import os
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from faber_db.adapters.stores.sql_state import FORMAT, Connection, SqlState, migrate, newer
from faber_db.errors import InputError, StateUnusable

_SCHEMA = """
CREATE TABLE meta (key text PRIMARY KEY, value text NOT NULL) STRICT;
CREATE TABLE plans (
    id text PRIMARY KEY, database text NOT NULL, environment text NOT NULL, subject text NOT NULL,
    work_id text NOT NULL, body text NOT NULL, state text NOT NULL, reason text NOT NULL DEFAULT '',
    job_id text NOT NULL DEFAULT '', result text NOT NULL DEFAULT '{}', created_at text NOT NULL,
    about text NOT NULL DEFAULT ''
) STRICT;
CREATE INDEX plans_by_subject ON plans (subject);
CREATE INDEX plans_by_about ON plans (about);
CREATE TABLE files (sha256 text PRIMARY KEY, content blob NOT NULL) STRICT;
CREATE TABLE approvals (
    id integer PRIMARY KEY, plan_id text NOT NULL REFERENCES plans (id), body text NOT NULL
) STRICT;
CREATE TABLE jobs (
    id text PRIMARY KEY, plan_id text NOT NULL, state text NOT NULL, created_at text NOT NULL,
    body text NOT NULL
) STRICT;
CREATE TABLE backups (
    id text PRIMARY KEY, database text NOT NULL, environment text NOT NULL,
    created_at text NOT NULL, body text NOT NULL
) STRICT;
CREATE TABLE memory (key text PRIMARY KEY, body text NOT NULL) STRICT;
CREATE TABLE audit (
    seq integer PRIMARY KEY, at text NOT NULL, event text NOT NULL, body text NOT NULL,
    previous text NOT NULL, hash text NOT NULL
) STRICT;
"""


class SqliteState(SqlState):
    """`services.ports.State` over one file. Opened on first use; safe over threads and processes."""

    def __init__(self, file: Path, now: Callable[[], datetime]) -> None:
        super().__init__(now)
        self._file = file
        self._lock = threading.RLock()
        self._connection: sqlite3.Connection | None = None

    def close(self) -> None:
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        with self._lock, _translated(self._file):
            yield self._open()

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        with self._lock, _translated(self._file):
            db = self._open()
            db.execute("BEGIN IMMEDIATE")
            try:
                yield db
                db.execute("COMMIT")
            except BaseException:
                if db.in_transaction:  # a full disk may have rolled back already
                    db.execute("ROLLBACK")
                raise

    def _open(self) -> sqlite3.Connection:
        if self._connection is None:
            self._connection = _open(self._file)
        return self._connection


def _open(file: Path) -> sqlite3.Connection:
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if file.parent.stat().st_mode & 0o077:  # made on the way to a folder below it
        file.parent.chmod(0o700)
    if not file.exists():
        os.close(os.open(file, os.O_CREAT | os.O_WRONLY | os.O_NOFOLLOW, 0o600))
    db = sqlite3.connect(file, isolation_level=None, check_same_thread=False, timeout=30)
    try:
        db.row_factory = _as_dict
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = FULL")
        db.execute("PRAGMA foreign_keys = ON")
        _ensure_format(db, file)
    except BaseException:
        db.close()
        raise
    return db


def _ensure_format(db: sqlite3.Connection, file: Path) -> None:
    if _format(db) == FORMAT:
        return
    db.execute("BEGIN IMMEDIATE")
    try:
        found = _format(db)  # again: somebody else may have been quicker
        if found > FORMAT:
            raise newer(found)
        if found == 0:
            for statement in _SCHEMA.split(";"):
                db.execute(statement)
        elif found < FORMAT:
            _copy(file, file.with_name(f"{file.name}.format-{found}"))
            migrate(db, found)
        db.execute(f"PRAGMA user_version = {FORMAT}")
        db.execute("COMMIT")
    except BaseException:
        if db.in_transaction:
            db.execute("ROLLBACK")
        raise


def _format(db: sqlite3.Connection) -> int:
    return int(db.execute("PRAGMA user_version").fetchone()["user_version"])


def _copy(file: Path, to: Path) -> None:
    """A whole copy of the file as it was committed, synced, beside it."""
    part = to.with_name(f"{to.name}.part")
    part.unlink(missing_ok=True)
    os.close(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_NOFOLLOW, 0o600))
    with closing(sqlite3.connect(file)) as source, closing(sqlite3.connect(part)) as target:
        source.backup(target)
    with part.open("rb") as written:
        os.fsync(written.fileno())
    part.replace(to)


def _as_dict(cursor: sqlite3.Cursor, row: tuple[Any, ...]) -> dict[str, Any]:
    return {column[0]: value for column, value in zip(cursor.description, row, strict=True)}


@contextmanager
def _translated(file: Path) -> Iterator[None]:
    try:
        yield
    except UnicodeError as error:
        raise InputError("half a surrogate pair cannot be kept in the state") from error
    except (sqlite3.Error, OSError) as error:
        raise StateUnusable(
            f"the state file cannot be used: {error}",
            hint=f"Check that {file.parent} can be written and has room.",
        ) from error
