"""A MariaDB server of our own: no port, no password, gone with this process."""

import signal
import socket
from collections.abc import Mapping
from pathlib import Path

from faber_db.adapters.engines.mysql.address import Address, url_of
from faber_db.adapters.engines.mysql.binaries import Programs
from faber_db.adapters.shadows.private_server import PrivateServer
from faber_db.adapters.shadows.templates import Templates
from faber_db.errors import ShadowUnavailable

USER = "root"
_SYNCS = {  # both while it is set up and while it runs
    "innodb-flush-method": "nosync",
    "innodb-flush-log-at-trx-commit": "0",
    "innodb-doublewrite": "OFF",
    "innodb-log-file-size": "8M",
    "innodb-buffer-pool-size": "32M",
    "innodb-use-native-aio": "OFF",
    "aria-log-file-size": "8M",
    "aria-pagecache-buffer-size": "8M",
    "key-buffer-size": "1M",
    "sync-frm": "OFF",
}
_SETTINGS = {
    "skip-networking": "ON",
    "skip-log-bin": "",
    "symbolic-links": "OFF",  # DATA DIRECTORY leads nowhere
    "local-infile": "OFF",
    "performance-schema": "OFF",
    "max-connections": "60",
    "character-set-server": "utf8mb4",
    "default-time-zone": "+00:00",
    "innodb-fast-shutdown": "2",
}


class PrivateMariadb(PrivateServer):
    """See `PrivateServer`. Nothing is synced to disk.

    Args:
        programs: of the version wanted.
        settings: of the server, besides its own, by the names of its options
            (`lower-case-table-names`).
        templates: see `PrivateServer`.
    """

    prefix = "fdbmy-"
    pid_file = "server.pid"
    hint = "Install the package `mariadb-server`."

    def __init__(
        self,
        programs: Programs,
        *,
        settings: Mapping[str, str] | None = None,
        templates: Templates | None = None,
    ) -> None:
        super().__init__(templates=templates)
        self._programs = programs
        self._settings = {**(settings or {})}

    def url(self, database: str = "", *, user: str = USER, password: str = "") -> str:
        """A URL for a database on it."""
        return url_of(Address(socket=self._socket, user=user, password=password, database=database))

    @property
    def _socket(self) -> str:
        return str(self._temporary / "s")

    @property
    def _program(self) -> Path:
        return self._programs.server

    @property
    def _stop_signal(self) -> signal.Signals:
        return signal.SIGKILL  # nothing that it holds is wanted

    def _setting_up(self) -> tuple[Path, list[str]]:
        program = self._programs.tool("mariadb-install-db")
        if program is None:
            raise ShadowUnavailable("mariadb-install-db is not there", hint=self.hint)
        options = ["--skip-test-db", "--auth-root-authentication-method=normal"]
        options += ["--force", "--cross-bootstrap"]  # no account and no look-up of the host's name
        return program, [*options, *_options({**_SYNCS, **self._settings})]

    def _initialise(self) -> None:
        program, options = self._setting_up()
        self._run_once([str(program), "--no-defaults", f"--datadir={self._data}", *options])

    def _command(self) -> list[str]:
        readable = self._temporary / "files"  # for `secure-file-priv`: nothing to read
        readable.mkdir(mode=0o555)
        own = {
            "datadir": str(self._data),
            "socket": self._socket,
            "pid-file": str(self._data / self.pid_file),
            "tmpdir": str(self._temporary),
        }
        closed = {"secure-file-priv": str(readable)}
        settings = {**_SYNCS, **_SETTINGS, **closed, **own, **self._settings}
        return [str(self._program), "--no-defaults", *_options(settings)]

    def _answers(self) -> bool:
        """The server speaks first; this leaves a line in its log and nothing else."""
        with socket.socket(socket.AF_UNIX) as probe:
            probe.settimeout(5)
            try:
                probe.connect(self._socket)
                return bool(probe.recv(1))
            except OSError:
                return False


def _options(settings: Mapping[str, str]) -> list[str]:
    return [f"--{name}={value}" if value else f"--{name}" for name, value in settings.items()]
