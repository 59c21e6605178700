"""A PostgreSQL server of our own: no port, no password, gone with this process."""

import contextlib
import os
import pwd
import queue
import shutil
import signal
import stat
import subprocess
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from time import monotonic, sleep
from typing import Self
from urllib.parse import quote

from faber_db.adapters.engines.postgresql.child import clean_environment, launched
from faber_db.adapters.shadows.living import is_alive
from faber_db.errors import ShadowUnavailable

USER = "postgres"
_START_SECONDS = 60.0
_STOP_SECONDS = 15.0
_THROW_AWAY = {"fsync": "off", "full_page_writes": "off", "synchronous_commit": "off"}
_ALWAYS = {
    "listen_addresses": "",
    "max_connections": "60",
    "max_prepared_transactions": "4",
    "logging_collector": "off",
}
_FOLDER_PREFIX = "fdbpg-"  # short: the path of a socket has 107 bytes


class PrivatePostgresql:
    """One server on a Unix socket in a folder that only its account may enter.

    As a plain user it runs as that user. As root, which PostgreSQL refuses, it runs as `nobody`;
    where `nobody` may not reach the programs, in a user namespace; where the kernel refuses that,
    from a copy of the programs. Nothing that was there before changes its owner or mode.

    Args:
        bin_folder: with `postgres` and `initdb`.
        data_folder: kept after `stop` and used again by the next start; without one the data lie
            in a temporary folder.
        synced: write as any server does, so that it passes for healthy; else nothing is synced to
            disk unless the data folder is kept.
    """

    def __init__(
        self, bin_folder: Path, *, data_folder: Path | None = None, synced: bool = False
    ) -> None:
        self._bin = bin_folder
        self._kept = data_folder
        self._synced = synced or data_folder is not None
        self._folder: Path | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._uid = ""  # as the launcher takes it
        self._gid = ""

    def start(self) -> Self:
        """Start and wait until it answers.

        Raises:
            ShadowUnavailable: it does not start; the message holds the end of its log.
        """
        if self._process is not None:
            return self
        remove_leftovers()
        self._folder = Path(tempfile.mkdtemp(prefix=f"{_FOLDER_PREFIX}{os.getpid()}-"))
        try:
            self._choose_account()
            self._give(self._folder)
            if not (self._data / "PG_VERSION").exists():
                self._initialise()
            self._remove_dead_pid_file()
            self._process = self._launch()
            self._wait_until_ready()
        except BaseException:
            self.stop()
            raise
        return self

    def stop(self) -> None:
        """Stop it and remove what was temporary; a kept data folder stays as it is."""
        process, self._process = self._process, None
        if process is not None and process.poll() is None:
            process.send_signal(signal.SIGINT if self._kept else signal.SIGQUIT)
            try:
                process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        folder, self._folder = self._folder, None
        if folder is not None:
            shutil.rmtree(folder, ignore_errors=True)

    def url(self, database: str = "postgres", *, user: str = USER) -> str:
        """A URL for a database on it."""
        return f"postgresql://{quote(user)}@/{quote(database)}?host={quote(str(self._folder))}"

    @property
    def process_id(self) -> int | None:
        """Of the server's first process, while it runs."""
        return self._process.pid if self._process else None

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def _data(self) -> Path:
        return self._kept or self._temporary / "data"

    @property
    def _temporary(self) -> Path:
        if self._folder is None:
            raise ShadowUnavailable("the private server is not running")
        return self._folder

    def _choose_account(self) -> None:
        if os.geteuid() != 0:
            return
        nobody = pwd.getpwnam("nobody")
        self._uid, self._gid = str(nobody.pw_uid), str(nobody.pw_gid)
        if _reachable_by_all(self._bin / "postgres"):
            return
        if self._kept is None and self._namespace_works():
            self._uid = "ns"
            return
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

    def _namespace_works(self) -> bool:
        command = [str(self._bin / "postgres"), "--version"]
        done = subprocess.run(  # noqa: S603 - absolute path, no shell
            launched(command, death_signal=signal.SIGKILL, uid="ns", gid=""),
            env=clean_environment(),
            capture_output=True,
            check=False,
            timeout=30,
        )
        return done.returncode == 0

    def _give(self, folder: Path) -> None:
        """Let the server's account own a folder of ours."""
        if self._uid not in ("", "ns"):
            os.chown(folder, int(self._uid), int(self._gid))
        if self._kept is not None and not self._kept.exists():
            self._kept.mkdir(mode=0o700, parents=True)
            if self._uid not in ("", "ns"):
                os.chown(self._kept, int(self._uid), int(self._gid))

    def _initialise(self) -> None:
        arguments = [f"--pgdata={self._data}", f"--username={USER}", "--auth=trust"]
        arguments += ["--encoding=UTF8", "--no-locale", "--no-instructions"]
        if self._kept is None:
            arguments.append("--no-sync")
        done = subprocess.run(  # noqa: S603 - absolute path, no shell
            launched(
                [str(self._bin / "initdb"), *arguments],
                death_signal=signal.SIGKILL,
                uid=self._uid,
                gid=self._gid,
            ),
            env=self._environment(),
            cwd="/",
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
            timeout=180,
        )
        if done.returncode != 0:
            raise ShadowUnavailable(
                f"initdb in {self._bin} failed: {_last_line(done.stderr or done.stdout)}",
                hint="Install PostgreSQL's server package, or the extra `shadow`.",
            )

    def _launch(self) -> "subprocess.Popen[bytes]":
        settings = {**_ALWAYS, "unix_socket_directories": str(self._temporary)}
        settings |= {} if self._synced else _THROW_AWAY
        arguments = [f"-c{name}={value}" for name, value in settings.items()]
        command = launched(
            [str(self._bin / "postgres"), "-D", str(self._data), *arguments],
            death_signal=signal.SIGINT if self._kept else signal.SIGQUIT,
            uid=self._uid,
            gid=self._gid,
        )
        return _in_lasting_thread(lambda: self._popen(command))

    def _popen(self, command: list[str]) -> "subprocess.Popen[bytes]":
        with (self._temporary / "log").open("wb") as log:
            return subprocess.Popen(  # noqa: S603 - absolute path, no shell
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=self._environment(),
                cwd="/",
                start_new_session=True,
            )

    def _wait_until_ready(self) -> None:
        from psycopg.pq import PGconn, Ping

        deadline = monotonic() + _START_SECONDS
        text = f"host={self._temporary} user={USER} dbname=postgres connect_timeout=5".encode()
        while monotonic() < deadline:
            if self._process is None or self._process.poll() is not None:
                break
            if PGconn.ping(text) == Ping.OK:
                return
            sleep(0.02)
        log = (self._temporary / "log").read_text(errors="replace")
        raise ShadowUnavailable(
            f"the server in {self._bin} does not start: {_last_line(log)}",
            hint="Install PostgreSQL's server package, or the extra `shadow`.",
        )

    def _remove_dead_pid_file(self) -> None:
        """A kept folder whose server was killed; one whose server lives is refused."""
        file = self._data / "postmaster.pid"
        with contextlib.suppress(FileNotFoundError, ValueError, IndexError):
            pid = int(file.read_text().splitlines()[0])
            if is_alive(pid):
                raise ShadowUnavailable(
                    f"a server (process {pid}) already uses {self._data}",
                    hint="Stop it first.",
                )
            file.unlink()

    def _environment(self) -> dict[str, str]:
        return {**clean_environment(), "HOME": "/", "PGTZ": "UTC", **_icu(self._bin)}


def remove_leftovers() -> None:
    """Remove the temporary folders of processes of this account that are gone."""
    for folder in Path(tempfile.gettempdir()).glob(f"{_FOLDER_PREFIX}*-*"):
        pid = folder.name.removeprefix(_FOLDER_PREFIX).partition("-")[0]
        with contextlib.suppress(OSError, ValueError):
            if _is_ours(folder) and not is_alive(int(pid)) and not _has_server(folder):
                shutil.rmtree(folder, ignore_errors=True)


def _is_ours(folder: Path) -> bool:
    owner = folder.lstat()
    return stat.S_ISDIR(owner.st_mode) and (os.geteuid() in (0, owner.st_uid))


def _has_server(folder: Path) -> bool:
    file = folder / "data" / "postmaster.pid"
    return file.exists() and is_alive(int(file.read_text().splitlines()[0]))


def _reachable_by_all(file: Path) -> bool:
    """Whether any account may pass every folder above a program and run it, links followed."""
    real = file.resolve()
    return all(path.stat().st_mode & stat.S_IXOTH for path in (real, *real.parents))


def _in_lasting_thread(
    start: "Callable[[], subprocess.Popen[bytes]]",
) -> "subprocess.Popen[bytes]":
    """Start a child from a thread that lives as long as it does.

    Linux sends the death signal when the *thread* that started a child ends, and a worker thread
    of a server ends when it has been idle for a while.
    """
    started: queue.Queue[subprocess.Popen[bytes] | OSError] = queue.Queue()

    def keep() -> None:
        try:
            process = start()
        except OSError as error:
            started.put(error)
            return
        started.put(process)
        process.wait()

    threading.Thread(target=keep, name="private-postgresql", daemon=True).start()
    found = started.get()
    if isinstance(found, OSError):
        raise ShadowUnavailable(f"the server cannot be started: {found.strerror}") from found
    return found


def _icu(bin_folder: Path) -> dict[str, str]:
    """Data that some builds in a wheel bring along."""
    data = bin_folder.parent / "share" / "icu"
    return {"ICU_DATA": str(data)} if data.is_dir() else {}


def _last_line(text: str) -> str:
    lines = [line for line in text.strip().splitlines() if line.strip()]
    return lines[-1] if lines else "it said nothing"
