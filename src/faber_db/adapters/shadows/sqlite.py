"""A SQLite shadow is a file in a temporary folder."""

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from faber_db.adapters.engines.sqlite import Sqlite
from faber_db.adapters.shadows.living import is_alive
from faber_db.errors import MigrationFailed, ShadowUnavailable
from faber_db.model.dialect import Dialect
from faber_db.services.ports import Session
from faber_db.sql.script import parse

_PREFIX = "faber-db-shadow-"


class SqliteShadow:
    """Makes an empty file for each shadow."""

    label = "temporary file"

    @contextmanager
    def new(self) -> Iterator[Session]:
        remove_leftovers()
        try:
            folder = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-"))
        except OSError as error:
            raise ShadowUnavailable(
                f"no temporary folder can be made: {error.strerror}",
                hint="Make room in the folder for temporary files.",
            ) from error
        try:
            engine = Sqlite(folder)
            with engine.connect(f"sqlite:{folder / 'shadow.db'}", create=True) as session:
                yield session
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def copy_of(self, url: str) -> AbstractContextManager[Session]:
        raise ShadowUnavailable(
            "the schema of a SQLite database cannot be copied into a shadow yet",
            hint="Leave the trial run out; the analysis without it still holds.",
        )

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


def remove_leftovers() -> None:
    """Remove the folders of processes of this account that are gone."""
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*-*"):
        pid = folder.name.removeprefix(_PREFIX).partition("-")[0]
        with contextlib.suppress(OSError):
            ours = folder.is_dir() and folder.lstat().st_uid == os.geteuid()
            if ours and pid.isdecimal() and not is_alive(int(pid)):
                shutil.rmtree(folder, ignore_errors=True)
