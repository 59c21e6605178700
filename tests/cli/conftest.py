"""The real entry point, in a process of its own."""

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import pytest


@dataclass(frozen=True)
class Ended:
    """What a process left behind."""

    code: int
    out: str
    err: str


class Run(Protocol):
    """Runs `faber-db` with some arguments in the project's folder."""

    def __call__(
        self, *arguments: str, stdin: str | bytes = "", environ: Mapping[str, str] = ...
    ) -> Ended: ...


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """An empty folder that is nobody's project yet."""
    folder = tmp_path / "project"
    folder.mkdir()
    return folder


@pytest.fixture
def faber_db(project: Path, tmp_path: Path) -> Run:
    """`faber-db`, with a state and a configuration home of its own."""
    base = {k: v for k, v in os.environ.items() if not k.startswith(("FABER_DB", "PG", "XDG"))}
    base |= {
        "XDG_STATE_HOME": str(tmp_path / "state"),
        "XDG_CONFIG_HOME": str(tmp_path / "config"),
        "XDG_CACHE_HOME": os.environ["XDG_CACHE_HOME"],
        "PYTHONUTF8": "1",
    }

    def run(
        *arguments: str, stdin: str | bytes = "", environ: Mapping[str, str] | None = None
    ) -> Ended:
        command: Sequence[str] = [sys.executable, "-m", "faber_db", *arguments]
        done = subprocess.run(
            command,
            cwd=project,
            env=base | dict(environ or {}),
            input=stdin if isinstance(stdin, bytes) else stdin.encode(),
            capture_output=True,
            timeout=60,
            check=False,
        )
        return Ended(done.returncode, done.stdout.decode(), done.stderr.decode())

    return run
