"""Programs of a database product on this machine: where they may lie, and what they say of themselves."""

import os
import subprocess
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from faber_db.adapters.engines.child import clean_environment


def is_program(path: Path) -> bool:
    """Whether it is a file that we may run, in folders that we may enter."""
    return os.access(path, os.X_OK) and path.is_file()


def folders(*patterns: str) -> Iterator[Path]:
    """The absolute folders that some absolute patterns match."""
    for pattern in patterns:
        yield from Path("/").glob(pattern.lstrip("/"))


def folders_of_path() -> Iterator[Path]:
    """The absolute folders of PATH, which whoever starts us can set: they come last."""
    for folder in os.environ.get("PATH", "").split(os.pathsep):
        if folder.startswith("/"):
            yield Path(folder)


@lru_cache(maxsize=64)
def said_version(tool: Path) -> str:
    """What a program answers to `--version`; empty where it does not run."""
    try:
        done = subprocess.run(  # noqa: S603 - absolute path, no shell
            [str(tool), "--version"],
            capture_output=True,
            text=True,
            errors="replace",
            timeout=10,
            env=clean_environment(),
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout if done.returncode == 0 else ""
