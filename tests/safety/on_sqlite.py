"""Measure a SQLite case: errors, losses, pages written, who waits, and what of the application breaks.

Each case gets a copy of the filled file. Every write takes the one writer's lock of the file, so that
other writers wait is no news of a statement; `blocking` is what shuts readers out as well while the
file is written, which a migration has to ask for.
"""

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from faber_db.model.dialect import Dialect
from tests.safety.cases import Case, application_statements, schema
from tests.safety.measure import Measurer
from tests.safety.sqlite_losses import losses, snapshot
from tests.safety.truth import Measured

_PAGE = 4096
_WORK = 10  # pages written from which on it takes as long as a table is big


@contextmanager
def measurer() -> Iterator[Measurer]:
    """A filled file to copy for each case."""
    with TemporaryDirectory() as folder:
        template = Path(folder) / "shop.db"
        with closing(_opened(template)) as connection:
            connection.executescript(schema(Dialect.SQLITE))
        yield lambda case: _measure(case, template, Path(folder) / "case.db")


def _opened(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(path, isolation_level=None, timeout=0)


def _measure(case: Case, template: Path, path: Path) -> Measured:
    _fresh(template, path)
    if case.setup:
        with closing(_opened(path)) as connection:
            connection.executescript(case.setup)
    pages = _pages(path)
    with closing(_opened(path)) as connection:
        before = snapshot(connection)
    answers = _ask(path)
    run = _Run(path)
    run.execute(case)
    with closing(_opened(path)) as connection:
        lost = losses(connection, before)
    after = _ask(path)
    written = sum(a != b for a, b in zip(pages, _pages(path), strict=False))
    written += max(0, len(_pages(path)) - len(pages))
    broken = {name: after[name] for name, was in answers.items() if not was and after[name]}
    return Measured(
        data_loss=bool(lost),
        blocking=run.readers_wait and written >= _WORK,
        blocks_reads=run.readers_wait and written >= _WORK,
        app_break=bool(broken),
        fails=bool(run.error),
        facts={
            "error": run.error,
            "pages_before": len(pages),
            "pages_written": written,
            "writers_wait": run.writers_wait,
            "readers_wait": run.readers_wait,
            "lost": lost,
            "broken": broken,
        },
    )


def _fresh(template: Path, path: Path) -> None:
    for left in path.parent.glob(path.name + "*"):
        left.unlink()
    shutil.copy(template, path)


def _pages(path: Path) -> list[bytes]:
    with closing(_opened(path)) as connection:  # a write-ahead log goes into the file
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    data = path.read_bytes()
    return [data[i : i + _PAGE] for i in range(0, len(data), _PAGE)]


def _ask(path: Path) -> dict[str, str]:
    """The application's statements: "" where one found rows, else "empty" or the error."""
    found: dict[str, str] = {}
    with closing(_opened(path)) as connection:
        connection.execute("PRAGMA foreign_keys = ON")
        for name, text in application_statements(Dialect.SQLITE).items():
            connection.execute("BEGIN")
            try:
                found[name] = "" if connection.execute(text).fetchall() else "empty"
            except sqlite3.Error as error:
                found[name] = str(error)
            if connection.in_transaction:
                connection.execute("ROLLBACK")
    return found


def statements(text: str) -> Iterator[str]:
    """A script cut as SQLite itself tells complete statements."""
    piece = ""
    for part in text.split(";"):
        piece += part + ";"
        if sqlite3.complete_statement(piece):
            yield piece
            piece = ""
    if piece.strip("; \n"):
        yield piece.removesuffix(";")


class _Run:
    """Executes a script as a runner would, while another connection tries to read and to write."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.error = ""
        self.writers_wait = self.readers_wait = False

    def execute(self, case: Case) -> None:
        with closing(_opened(self._path)) as connection, closing(_opened(self._path)) as other:
            try:
                if case.wrap:
                    connection.execute("BEGIN")
                for statement in statements(case.sql):
                    connection.execute(statement).fetchall()
                    self._try(other)
                if case.wrap and connection.in_transaction:
                    connection.execute("COMMIT")
            except sqlite3.Error as error:
                self.error = str(error)

    def _try(self, other: sqlite3.Connection) -> None:
        try:
            other.execute("SELECT count(*) FROM sqlite_schema").fetchall()
            other.execute("BEGIN IMMEDIATE")
            other.execute("ROLLBACK")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY:
                return
            self.writers_wait = True
            self.readers_wait |= not self._reads(other)

    @staticmethod
    def _reads(other: sqlite3.Connection) -> bool:
        try:
            other.execute("SELECT count(*) FROM sqlite_schema").fetchall()
        except sqlite3.OperationalError:
            return False
        return True
