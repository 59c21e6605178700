"""A server of our own, whatever its product: no port, no password, gone with this process."""

import atexit
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
from abc import ABC, abstractmethod
from collections.abc import Callable, Hashable, Iterator
from pathlib import Path
from time import monotonic, sleep
from typing import ClassVar, Generic, Self, TypeVar

from faber_db.adapters.engines.child import clean_environment, launched
from faber_db.adapters.shadows.living import is_alive
from faber_db.adapters.shadows.templates import Templates, key_of
from faber_db.errors import ShadowUnavailable

_START_SECONDS = 60.0
_STOP_SECONDS = 15.0
_INITIALISE_SECONDS = 180.0


class PrivateServer(ABC):
    """One server on a Unix socket in a folder that only its account may enter.

    As a plain user it runs as that user. As root, which servers refuse, it runs as `nobody`; where
    `nobody` may not reach the programs, in a user namespace. Nothing that was there before changes
    its owner or mode.

    Args:
        data_folder: kept after `stop` and used again by the next start; without one the data lie
            in a temporary folder.
        templates: where a folder that was set up is kept for the next server; None: nowhere.
    """

    prefix: ClassVar[str]  # of the temporary folder; short: the path of a socket has 107 bytes
    pid_file: ClassVar[str]  # in the data folder, its first line a process
    hint: ClassVar[str]  # what to install where it does not start

    def __init__(
        self, *, data_folder: Path | None = None, templates: Templates | None = None
    ) -> None:
        self._kept = data_folder
        self._templates = templates if data_folder is None else None
        self._folder: Path | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._uid = ""  # as the launcher takes it
        self._gid = ""

    @property
    @abstractmethod
    def _program(self) -> Path:
        """The server itself."""

    @property
    @abstractmethod
    def _stop_signal(self) -> signal.Signals:
        """What ends it, and also what it gets when we die."""

    @abstractmethod
    def _setting_up(self) -> tuple[Path, list[str]]:
        """The program that fills a data folder, and its options but for that folder."""

    @abstractmethod
    def _initialise(self) -> None:
        """Fill the data folder where that is still to be done."""

    @abstractmethod
    def _command(self) -> list[str]:
        """The server with its arguments."""

    @abstractmethod
    def _answers(self) -> bool:
        """Whether it takes connections by now."""

    def start(self) -> Self:
        """Start and wait until it answers.

        Raises:
            ShadowUnavailable: it does not start; the message holds the end of its log.
        """
        if self._process is not None:
            return self
        remove_leftovers(self.prefix, self.pid_file)
        self._folder = Path(tempfile.mkdtemp(prefix=f"{self.prefix}{os.getpid()}-"))
        try:
            key = self._key()
            self._choose_account()
            self._give(self._folder)
            self._set_up(key)
            self._remove_dead_pid_file()
            command = self._launched(self._command(), self._stop_signal)
            self._process = _in_lasting_thread(lambda: self._popen(command))
            self._wait_until_ready()
        except BaseException:
            self.stop()
            raise
        return self

    def stop(self) -> None:
        """Stop it and remove what was temporary; a kept data folder stays as it is."""
        process, self._process = self._process, None
        if process is not None and process.poll() is None:
            process.send_signal(self._stop_signal)
            try:
                process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        folder, self._folder = self._folder, None
        if folder is not None:
            shutil.rmtree(folder, ignore_errors=True)

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

    def _key(self) -> str:
        """By which a template is found, while the programs still lie where they were found."""
        if self._templates is None:
            return ""
        program, options = self._setting_up()
        try:
            return key_of((self._program, program), options)
        except OSError as error:
            why = f"{error.filename} cannot be read ({error.strerror})"
            raise ShadowUnavailable(why, hint=self.hint) from error

    def _set_up(self, key: str) -> None:
        """Fill the data folder, from a template where there is one."""
        if self._templates is None:
            self._initialise()
        elif self._templates.take(key, self._data):
            self._own(self._data)
        else:
            self._initialise()
            self._templates.keep(key, self._data)

    def _own(self, folder: Path) -> None:
        """Let the server's account own what we copied."""
        if self._uid not in ("", "ns"):
            for path in (folder, *folder.rglob("*")):
                os.lchown(path, int(self._uid), int(self._gid))

    def _choose_account(self) -> None:
        if os.geteuid() != 0:
            return
        nobody = pwd.getpwnam("nobody")
        self._uid, self._gid = str(nobody.pw_uid), str(nobody.pw_gid)
        if _reachable_by_all(self._program):
            return
        if self._kept is None and self._namespace_works():
            self._uid = "ns"
            return
        self._make_reachable()

    def _make_reachable(self) -> None:
        """Let `nobody` run the programs, where neither rights nor a namespace do."""
        raise ShadowUnavailable(
            f"{self._program} lies in a folder that the account `nobody` may not enter",
            hint=self.hint,
        )

    def _namespace_works(self) -> bool:
        command = [str(self._program), "--version"]
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

    def _run_once(self, command: list[str]) -> None:
        """Run a program as the server's account to its end.

        Raises:
            ShadowUnavailable: it failed; the message holds the last line it wrote.
        """
        done = subprocess.run(  # noqa: S603 - absolute path, no shell
            self._launched(command, signal.SIGKILL),
            env=self._environment(),
            cwd="/",
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
            timeout=_INITIALISE_SECONDS,
        )
        if done.returncode != 0:
            program = Path(command[0])
            raise ShadowUnavailable(
                f"{program.name} in {program.parent} failed:"
                f" {_last_line(done.stderr or done.stdout)}",
                hint=self.hint,
            )

    def _launched(self, command: list[str], death_signal: signal.Signals) -> list[str]:
        return launched(command, death_signal=death_signal, uid=self._uid, gid=self._gid)

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
        deadline = monotonic() + _START_SECONDS
        while monotonic() < deadline:
            if self._process is None or self._process.poll() is not None:
                break
            if self._answers():
                return
            sleep(0.02)
        log = (self._temporary / "log").read_text(errors="replace")
        raise ShadowUnavailable(
            f"the server in {self._program.parent} does not start: {_last_line(log)}",
            hint=self.hint,
        )

    def _remove_dead_pid_file(self) -> None:
        """A kept folder whose server was killed; one whose server lives is refused."""
        file = self._data / self.pid_file
        with contextlib.suppress(FileNotFoundError, ValueError, IndexError):
            pid = int(file.read_text().splitlines()[0])
            if is_alive(pid):
                raise ShadowUnavailable(
                    f"a server (process {pid}) already uses {self._data}",
                    hint="Stop it first.",
                )
            file.unlink()

    def _environment(self) -> dict[str, str]:
        return {**clean_environment(), "HOME": "/"}


S = TypeVar("S", bound=PrivateServer)


class Servers(Generic[S]):
    """The private servers of this process, one a key, started when first needed."""

    def __init__(self) -> None:
        self._running: dict[Hashable, S] = {}
        self._lock = threading.Lock()
        self._process = os.getpid()
        atexit.register(self.stop)

    def get(self, key: Hashable, make: Callable[[], S]) -> S:
        """The running server of a key.

        Raises:
            ShadowUnavailable: it does not start.
        """
        with self._lock:
            if self._process != os.getpid():  # after a fork they are the parent's
                self._running, self._process = {}, os.getpid()
            server = self._running.get(key)
            if server is None or not server.is_running:
                server = make().start()
                self._running[key] = server
            return server

    def stop(self) -> None:
        with self._lock:
            if self._process == os.getpid():
                for server in self._running.values():
                    server.stop()
                self._running.clear()


def remove_leftovers(prefix: str, pid_file: str) -> None:
    """Remove the temporary folders of processes of this account that are gone."""
    for folder in leftovers(prefix, pid_file):
        shutil.rmtree(folder, ignore_errors=True)


def leftovers(prefix: str, pid_file: str) -> Iterator[Path]:
    """Temporary folders of processes of this account that are gone, and whose servers are."""
    for folder in Path(tempfile.gettempdir()).glob(f"{prefix}*-*"):
        pid = folder.name.removeprefix(prefix).partition("-")[0]
        with contextlib.suppress(OSError, ValueError):
            if (
                _is_ours(folder)
                and not is_alive(int(pid))
                and not _has_server(folder / "data" / pid_file)
            ):
                yield folder


def _is_ours(folder: Path) -> bool:
    owner = folder.lstat()
    return stat.S_ISDIR(owner.st_mode) and (os.geteuid() in (0, owner.st_uid))


def _has_server(file: Path) -> bool:
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

    threading.Thread(target=keep, name="private-server", daemon=True).start()
    found = started.get()
    if isinstance(found, OSError):
        raise ShadowUnavailable(f"the server cannot be started: {found.strerror}") from found
    return found


def _last_line(text: str) -> str:
    lines = [line for line in text.strip().splitlines() if line.strip()]
    return lines[-1] if lines else "it said nothing"
