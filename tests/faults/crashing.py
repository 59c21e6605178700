"""Servers that go away as on a crash, and come back on the same data under the same address."""

from contextlib import suppress

from faber_db.adapters.engines.mysql import binaries as mysql_binaries
from faber_db.adapters.engines.postgresql import binaries
from faber_db.adapters.shadows.private_mariadb import PrivateMariadb
from faber_db.adapters.shadows.private_postgresql import PrivatePostgresql
from faber_db.adapters.shadows.private_server import PrivateServer
from tests.conftest import _missing

_KEEPS_ITS_WORD = {  # what was committed outlives the process
    "innodb-flush-log-at-trx-commit": "1",
    "innodb-doublewrite": "ON",
    "sync-frm": "ON",
}


class _Crashing(PrivateServer):
    def crash(self) -> None:
        """As `pg_ctl -m immediate` does it (SIGQUIT to PostgreSQL), or the kernel (SIGKILL)."""
        assert self._process is not None
        self._process.send_signal(self._stop_signal)
        self._process.wait(60)

    def come_back(self) -> None:
        """Recover what was committed, and answer on the same socket."""
        self._remove_dead_pid_file()
        self._process = self._popen(self._launched(self._command(), self._stop_signal))
        self._wait_until_ready()


class CrashingPostgresql(_Crashing, PrivatePostgresql):
    pass


class CrashingMariadb(_Crashing, PrivateMariadb):
    def _command(self) -> list[str]:
        with suppress(FileNotFoundError):  # of the start before
            (self._temporary / "files").rmdir()
        return super()._command()


Crashing = CrashingPostgresql | CrashingMariadb


def crashing(product: str) -> Crashing:
    """Not started yet; `postgresql15` is of that version."""
    if product == "mariadb":
        programs = mysql_binaries.find()
        if not programs:
            _missing("no MariaDB to start")
        return CrashingMariadb(programs[0], settings=_KEEPS_ITS_WORD)
    major = int(product.removeprefix("postgresql"))
    fitting = [b for b in binaries.find("initdb") if b.major == major]
    if not fitting:
        _missing(f"no PostgreSQL {major} to start")
    return CrashingPostgresql(fitting[0].folder, synced=True)
