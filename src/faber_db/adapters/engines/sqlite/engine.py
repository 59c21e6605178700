"""The engine for SQLite files."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from faber_db.adapters.engines.sqlite import dump, restore
from faber_db.adapters.engines.sqlite.address import file_of, is_sqlite
from faber_db.adapters.engines.sqlite.connect import opened
from faber_db.adapters.engines.sqlite.session import SqliteSession
from faber_db.model.dialect import Dialect
from faber_db.services.ports import Cancelled, Copy, Creation, DumpInfo, Limits, Progress, Session


class Sqlite:
    """SQLite; see `services.ports.Engine` for what each method promises."""

    name = "sqlite"
    dialect = Dialect.SQLITE

    def __init__(self, lock_folder: Path, *, limits: Limits = Limits()) -> None:  # noqa: B008 - frozen
        self._lock_folder = lock_folder
        self._limits = limits  # of dumps and swaps

    def accepts(self, url: str) -> bool:
        return is_sqlite(url)

    def normalise(self, url: str, root: Path) -> str:
        return f"sqlite:{file_of(url, root)}"

    def is_local(self, url: str) -> bool:
        return True

    def label(self, url: str) -> str:
        return file_of(url, Path.cwd()).name

    @contextmanager
    def connect(
        self,
        url: str,
        *,
        limits: Limits = Limits(),  # noqa: B008 - frozen
        read_only: bool = False,
        create: bool = False,
    ) -> Iterator[SqliteSession]:
        file = file_of(url, Path.cwd())
        with opened(
            file, lock_timeout=limits.lock_timeout, read_only=read_only, create=create
        ) as connection:
            yield SqliteSession(
                connection,
                file,
                limits=limits,
                lock_folder=self._lock_folder,
                read_only=read_only,
            )

    def creation(self, url: str, passwords: Sequence[str] = ()) -> Creation:
        return Creation()

    def maintenance(self, url: str) -> str:
        return ""

    def has_database(self, session: Session, url: str) -> bool:
        return file_of(url, Path.cwd()).exists()

    def create_database(
        self, url: str, planned: Creation | None = None, *, session: Session | None = None
    ) -> bool:
        file = file_of(url, Path.cwd())
        if file.exists():
            return False
        with opened(
            file, lock_timeout=self._limits.lock_timeout, read_only=False, create=True
        ) as connection:
            connection.execute("PRAGMA user_version = 0")  # so that the file is written
        return True

    def find_leftovers(self, session: Session, url: str) -> list[str]:
        """Files beside this one that a restore kept."""
        live = file_of(url, Path.cwd())
        return [
            f"file {kept}" for kept in sorted(live.parent.glob(f"{live.stem}.before-restore-*"))
        ]

    def dump(self, url: str, file: Path, *, progress: Progress, cancelled: Cancelled) -> DumpInfo:
        source = file_of(url, Path.cwd())
        progress(f"copying {source.name}")
        dump.dump(source, file, lock_timeout=self._limits.lock_timeout, cancelled=cancelled)
        version = f"SQLite {sqlite3.sqlite_version}"
        return DumpInfo(format="sqlite", tool=f"backup API of {version}", server_version=version)

    def decode(self, file: Path) -> None:
        dump.decode(file)

    def restore_beside(
        self, url: str, file: Path, *, progress: Progress, cancelled: Cancelled
    ) -> Copy:
        live = file_of(url, Path.cwd())
        progress(f"restoring beside {live.name}")
        copy = restore.restore_beside(live, file, cancelled=cancelled)
        return Copy(url=f"sqlite:{copy}", label=copy.name)

    def swap(self, url: str, copy: Copy) -> str:
        live, restored = file_of(url, Path.cwd()), file_of(copy.url, Path.cwd())
        return restore.swap(live, restored, lock_timeout=self._limits.lock_timeout)

    def drop_copy(self, copy: Copy) -> None:
        restore.remove(file_of(copy.url, Path.cwd()))
