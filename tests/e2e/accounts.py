"""Accounts of this machine that a test makes and takes away: the executor's, and the agent's."""

import json
import os
import pwd
import secrets
import shutil
import site
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.project import SHOP, Project


@dataclass(frozen=True)
class Account:
    """An account without rights, a home or a password."""

    name: str
    uid: int
    gid: int

    @property
    def prefix(self) -> list[str]:
        """What a command begins with to run as this account."""
        return ["setpriv", f"--reuid={self.uid}", f"--regid={self.gid}", "--clear-groups"]

    def can_read(self, path: Path) -> bool:
        """By trying it, as the account."""
        done = subprocess.run(
            [*self.prefix, "head", "-c", "1", str(path)], capture_output=True, check=False
        )
        return done.returncode == 0

    def own(self, path: Path, mode: int) -> None:
        os.chown(path, self.uid, self.gid)
        path.chmod(mode)


@contextmanager
def new_account(kind: str) -> Iterator[Account]:
    """An account that is there for the test.

    As a plain user it cannot be made: skipped there, a failure where CI promises root.
    """
    if os.geteuid() != 0 or not shutil.which("useradd"):
        reason = "only root, with useradd, can make an account"
        pytest.fail(reason) if os.environ.get("CI") else pytest.skip(reason)
    name = f"fdb-{kind}-{secrets.token_hex(3)}"
    subprocess.run(
        ["useradd", "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", name],
        check=True,
        capture_output=True,
    )
    try:
        found = pwd.getpwnam(name)
        yield Account(name, found.pw_uid, found.pw_gid)
    finally:
        subprocess.run(["userdel", name], check=True, capture_output=True)


def interpreter(folder: Path) -> Path:
    """A Python with our packages which every account may run; this one may lie in root's home."""
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    real = _reachable(version)
    packages = folder / "lib" / version / "site-packages"
    packages.mkdir(parents=True)
    (folder / "bin").mkdir()
    (folder / "bin" / "python").symlink_to(real)
    (folder / "pyvenv.cfg").write_text(f"home = {real.parent}\n", "utf-8")
    ours = [str(Path(p)) for p in site.getsitepackages()]
    lines = [f"import site; site.addsitedir({place!r})" for place in ours]
    (packages / "ours.pth").write_text("\n".join(lines), "utf-8")
    return folder / "bin" / "python"


def _reachable(version: str) -> Path:
    """An interpreter of this version in folders that everybody may pass through."""
    for found in (sys.executable, f"/usr/bin/{version}", f"/usr/local/bin/{version}"):
        real = Path(found).resolve()
        if real.exists() and all(p.stat().st_mode & 0o001 for p in (real, *real.parents)):
            return real
    reason = f"no {version} that an account without rights may run"
    pytest.fail(reason) if os.environ.get("CI") else pytest.skip(reason)
    raise AssertionError


@dataclass(frozen=True)
class OfAccount(Project):
    """A project whose commands an account runs."""

    account: Account | None = None
    python: Path = Path(sys.executable)

    def command(self, *words: str) -> list[str]:
        assert self.account is not None
        return [*self.account.prefix, str(self.python), "-m", "faber_db", *words]


@dataclass
class Apart:
    """An executor of one account, and a project of another one that asks it."""

    folder: Path
    executor: Account
    agent: Account
    production: str  # its URL, which the agent never sees
    python: Path
    process: "subprocess.Popen[bytes] | None" = None

    @property
    def own(self) -> OfAccount:
        """The executor's own account, with its configuration."""
        home = self.folder / "executor"
        environ = _environ(home) | {"FABER_DB_CONFIG": str(self.config)}
        return OfAccount(home, environ, self._urls, self.executor, self.python)

    @property
    def asking(self) -> OfAccount:
        """The agent's project."""
        home = self.folder / "agent"
        return OfAccount(home / "shop", _environ(home), self._urls, self.agent, self.python)

    @property
    def _urls(self) -> dict[str, str]:
        return {"production": self.production} if "://" in self.production else {}

    @property
    def config(self) -> Path:
        return self.folder / "executor.json"

    @property
    def address(self) -> Path:
        return self.folder / "run" / "shop.sock"

    @property
    def state(self) -> Path:
        return self.folder / "executor" / "kept"

    def configure(self, **changes: Any) -> None:
        """Change the executor's configuration, as its administrator."""
        whole = json.loads(self.config.read_text("utf-8")) | changes
        self.config.write_text(json.dumps(whole), "utf-8")
        os.chown(self.config, 0, self.executor.gid)  # root's, as it has to be from tier 3 on
        self.config.chmod(0o640)

    def start(self) -> None:
        """Run the executor until it listens."""
        log = (self.folder / "log").open("ab")
        self.process = subprocess.Popen(
            self.own.command("executor", "run", "--config", str(self.config)),
            cwd=self.folder / "executor",
            env={k: v for k, v in self.own.environ.items() if k != "FABER_DB_CONFIG"},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        log.close()
        until = time.monotonic() + 60
        while not self._answers():
            said = (self.folder / "log").read_text("utf-8")
            assert self.process.poll() is None, said
            assert time.monotonic() < until, said
            time.sleep(0.05)

    def _answers(self) -> bool:
        with socket.socket(socket.AF_UNIX) as probe, suppress(OSError):
            probe.connect(str(self.address))
            return True
        return False

    def stop(self) -> int:
        """End it as systemd does; its exit code."""
        assert self.process is not None
        self.process.terminate()
        return self.process.wait(30)

    def kill(self) -> None:
        """End it as the kernel does when memory is short."""
        assert self.process is not None
        self.process.kill()
        self.process.wait(30)

    def write(self, sql: str) -> None:
        """Change the target, as the application."""
        self.place.write("production", sql)

    @property
    def place(self) -> Project:
        """The target as the application sees it, for rows and columns."""
        return Project(self.folder / "executor", {}, self._urls)


def _environ(home: Path) -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("FABER_DB_", "PG", "XDG_"))}
    return kept | {
        "HOME": str(home),
        "XDG_STATE_HOME": str(home / "state"),
        "XDG_CONFIG_HOME": str(home / "config"),
        "NO_COLOR": "1",
    }


@contextmanager
def apart(executor: Account, agent: Account, url: str = "") -> Iterator[Apart]:
    """Both sides with folders of their own; the executor is not started yet.

    Args:
        executor: who holds the target.
        agent: who asks.
        url: of an empty database on a server; without one, a SQLite file of the executor's.
    """
    folder = Path(tempfile.mkdtemp(prefix="fdbx-"))
    folder.chmod(0o755)
    made: Apart | None = None
    try:
        for name, owner, mode in (
            ("executor", executor, 0o700),
            ("run", executor, 0o755),
            ("agent", agent, 0o700),
        ):
            (folder / name).mkdir()
            owner.own(folder / name, mode)
        file = folder / "executor" / "production.db"
        if not url:
            file.touch()
            executor.own(file, 0o600)
        made = Apart(folder, executor, agent, url or str(file), interpreter(folder / "python"))
        _configure(made)
        yield made
    finally:
        if made is not None and made.process is not None and made.process.poll() is None:
            made.stop()
        if not os.environ.get("KEEP"):
            shutil.rmtree(folder)


def _configure(made: Apart) -> None:
    made.config.write_text("{}", "utf-8")
    made.configure(
        handler="sql",
        environments={"production": {"url": made.production}},
        listen=[f"unix:{made.address}"],
        clients=[{"account": made.agent.name}],
        state_folder=str(made.state),
    )
    root = made.folder / "agent" / "shop"
    shutil.copytree(SHOP, root)
    settings: dict[str, Any] = {
        "environments": {
            "dev": {"url": "dev.db"},
            "staging": {"url": "staging.db"},
            "production": {
                "executor": f"unix:{made.address}",
                "executor_account": made.executor.name,
            },
        },
        "engine": "postgresql" if "://" in made.production else "sqlite",
    }
    if "://" in made.production:  # one product for all of a database
        del settings["environments"]["dev"], settings["environments"]["staging"]
    (root / "faber-db.json").write_text(json.dumps(settings), "utf-8")
    for path in (root, *root.rglob("*")):
        made.agent.own(path, 0o700 if path.is_dir() else 0o600)
