"""A SQLite shadow is a file in a temporary folder."""

import contextlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from faber_db.adapters.engines.sqlite import Sqlite
from faber_db.adapters.shadows.living import is_alive
from faber_db.errors import FaberDbError, MigrationFailed, ShadowUnavailable
from faber_db.model.dialect import Dialect
from faber_db.services.ports import Session
from faber_db.sql.script import parse

_PREFIX = "faber-db-shadow-"


class SqliteShadow:
    """Makes an empty file for each shadow."""

    label = "temporary file"

    def leftovers(self) -> list[str]:
        """Folders of processes that were killed; the next shadow removes them."""
        return [f"folder {folder}" for folder in _leftovers()]

    @contextmanager
    def new(self) -> Iterator[Session]:
        with (
            throw_away_folder() as folder,
            Sqlite(folder).connect(f"sqlite:{folder / 'shadow.db'}", create=True) as session,
        ):
            yield session

    @contextmanager
    def filled(self, key: str, fill: Callable[[Session], None]) -> Iterator[Session]:
        with self.new() as session:
            fill(session)
            yield session

    @contextmanager
    def copy_of(self, url: str) -> Iterator[Session]:
        engine = Sqlite(Path(tempfile.gettempdir()))
        with engine.connect(url, read_only=True) as live:
            settings, statements = _schema_of(live)
        with self.new() as session:
            for statement in (*settings, *statements):
                try:
                    session.execute(statement)
                except FaberDbError as error:
                    raise ShadowUnavailable(
                        f"the schema cannot be copied: {error.message}",
                        hint="Leave the trial run out; the analysis without it still holds.",
                    ) from error
            yield session

    @contextmanager
    def with_schema(self, sql: str) -> Iterator[Session]:
        with self.new() as session:
            try:
                session.run(parse(sql, Dialect.SQLITE), wrap=False)
            except MigrationFailed as error:
                raise ShadowUnavailable(
                    f"the schema that is there cannot be made: {error.message}",
                    hint="Correct the SQL of the schema.",
                ) from error
            yield session


@contextmanager
def throw_away_folder() -> Iterator[Path]:
    """A folder of this process's own, removed at the end, also after a kill by who comes next."""
    remove_leftovers()
    try:
        folder = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-"))
    except OSError as error:
        raise ShadowUnavailable(
            f"no temporary folder can be made: {error.strerror}",
            hint="Make room in the folder for temporary files.",
        ) from error
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _schema_of(live: Session) -> tuple[list[str], list[str]]:
    """What has to be set before there is a table, and the definitions in the order in which they were made.

    Tables of a virtual table come with it; those that SQLite keeps for itself come by themselves.
    """
    settings = [f"PRAGMA {name} = {_number(live, name)}" for name in _NUMBERS]
    settings.insert(0, f"PRAGMA encoding = '{live.query('PRAGMA encoding')[0][0]}'")
    own = {str(row[1]) for row in live.query("PRAGMA table_list") if row[2] == "shadow"}
    rows = live.query(
        "SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite~_%' ESCAPE '~'"
        " ORDER BY CASE type WHEN 'table' THEN 0 WHEN 'index' THEN 1 WHEN 'view' THEN 2 ELSE 3 END, rowid"
    )
    return settings, [str(sql) for name, sql in rows if name not in own]


def _number(live: Session, pragma: str) -> int:
    return int(str(live.query(f"PRAGMA {pragma}")[0][0]))


_NUMBERS = ("page_size", "auto_vacuum", "application_id", "user_version")


def remove_leftovers() -> None:
    """Remove the folders of processes of this account that are gone."""
    for folder in _leftovers():
        shutil.rmtree(folder, ignore_errors=True)


def _leftovers() -> Iterator[Path]:
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*-*"):
        pid = folder.name.removeprefix(_PREFIX).partition("-")[0]
        with contextlib.suppress(OSError):
            ours = folder.is_dir() and folder.lstat().st_uid == os.geteuid()
            if ours and pid.isdecimal() and not is_alive(int(pid)):
                yield folder
