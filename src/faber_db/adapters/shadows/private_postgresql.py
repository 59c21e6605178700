"""A PostgreSQL server of our own: no port, no password, gone with this process."""

import shutil
import signal
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote

from faber_db.adapters.shadows.private_server import PrivateServer
from faber_db.adapters.shadows.templates import Templates

USER = "postgres"
_THROW_AWAY = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off"}
_ALWAYS = {
    "listen_addresses": "",
    "max_connections": "60",
    "max_prepared_transactions": "4",
    "logging_collector": "off",
}


class PrivatePostgresql(PrivateServer):
    """See `PrivateServer`; where a container has no user namespace, a copy of the programs runs.

    Args:
        bin_folder: with `postgres` and `initdb`.
        data_folder: kept after `stop` and used again by the next start; without one the data lie
            in a temporary folder.
        synced: write as any server does, so that it passes for healthy; else nothing is synced to
            disk unless the data folder is kept.
        templates: see `PrivateServer`; its servers share one `system_identifier`.
        settings: of the server, beside those that each of ours has.
    """

    prefix = "fdbpg-"
    pid_file = "postmaster.pid"
    hint = "Install PostgreSQL's server package, or the extra `shadow`."

    def __init__(
        self,
        bin_folder: Path,
        *,
        data_folder: Path | None = None,
        synced: bool = False,
        templates: Templates | None = None,
        settings: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(data_folder=data_folder, templates=templates)
        self._bin = bin_folder
        self._settings = settings or {}
        self._synced = synced or data_folder is not None

    @property
    def socket(self) -> Path:
        """Where it listens, while it runs."""
        return self._temporary / ".s.PGSQL.5432"

    @property
    def data(self) -> Path:
        """Its data folder, while it runs."""
        return self._data

    def url(self, database: str = "postgres", *, user: str = USER) -> str:
        """A URL for a database on it."""
        return f"postgresql://{quote(user)}@/{quote(database)}?host={quote(str(self._folder))}"

    @property
    def _program(self) -> Path:
        return self._bin / "postgres"

    @property
    def _stop_signal(self) -> signal.Signals:
        return signal.SIGINT if self._kept else signal.SIGQUIT

    def _make_reachable(self) -> None:
        self._bin = self._copied(self._temporary / "programs")

    def _copied(self, folder: Path) -> Path:
        """A copy of the programs that everybody may run; its `bin`."""
        package = self._bin.parents[1]
        copy = folder / package.name / self._bin.parent.name
        shutil.copytree(self._bin.parent, copy, symlinks=True)
        libraries = package.with_name(f"{package.name}.libs")  # where some wheels keep theirs
        if libraries.is_dir():
            shutil.copytree(libraries, folder / libraries.name)
        for path in (folder, *folder.rglob("*")):
            if not path.is_symlink():
                mode = path.stat().st_mode
                path.chmod(mode | (0o055 if mode & 0o100 else 0o044))
        self._temporary.chmod(0o711)  # ours, and only to be passed through
        return copy / self._bin.name

    def _setting_up(self) -> tuple[Path, list[str]]:
        options = [f"--username={USER}", "--auth=trust", "--encoding=UTF8", "--no-locale"]
        options += ["--no-instructions", *(["--no-sync"] if self._kept is None else [])]
        return self._bin / "initdb", options

    def _initialise(self) -> None:
        if not (self._data / "PG_VERSION").exists():
            program, options = self._setting_up()
            self._run_once([str(program), f"--pgdata={self._data}", *options])

    def _command(self) -> list[str]:
        settings = {**_ALWAYS, "unix_socket_directories": str(self._temporary)}
        settings |= {} if self._synced else _THROW_AWAY
        settings |= self._settings
        arguments = [f"-c{name}={value}" for name, value in settings.items()]
        return [str(self._program), "-D", str(self._data), *arguments]

    def _answers(self) -> bool:
        from psycopg.pq import PGconn, Ping

        text = f"host={self._temporary} user={USER} dbname=postgres connect_timeout=5".encode()
        return PGconn.ping(text) == Ping.OK

    def _environment(self) -> dict[str, str]:
        return {**super()._environment(), "PGTZ": "UTC", **_icu(self._bin)}


def _icu(bin_folder: Path) -> dict[str, str]:
    """Data that some builds in a wheel bring along."""
    data = bin_folder.parent / "share" / "icu"
    return {"ICU_DATA": str(data)} if data.is_dir() else {}
