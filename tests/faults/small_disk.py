"""A file system with little room; where none can be mounted, files that cannot grow."""

import os
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

KIB = 1024
_FILLER = "filler"


@contextmanager
def small_disk(size_kib: int) -> Iterator[Path]:
    """A folder that is a file system of its own, for any account."""
    folder = Path(tempfile.mkdtemp(prefix="fdb-disk-"))
    _mount(folder, size_kib)
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)
        folder.rmdir()


@cache
def can_mount() -> bool:
    """Whether this account may; a sandbox may refuse it to root."""
    if os.geteuid() != 0:
        return False
    folder = Path(tempfile.mkdtemp(prefix="fdb-disk-"))
    try:
        _mount(folder, 64)
        subprocess.run(["umount", str(folder)], check=True)
    except (OSError, subprocess.CalledProcessError):
        return False
    finally:
        folder.rmdir()
    return True


def fill(disk: Path, *, but_kib: int) -> None:
    """Leave this much room and no more."""
    (disk / _FILLER).unlink(missing_ok=True)
    found = os.statvfs(disk)
    with (disk / _FILLER).open("wb") as filler:
        filler.write(bytes(max(0, found.f_bavail * found.f_frsize - but_kib * KIB)))


def make_room(disk: Path) -> None:
    (disk / _FILLER).unlink()


def _mount(folder: Path, size_kib: int) -> None:
    given = ["mount", "-t", "tmpfs", "-o", f"size={size_kib}k,mode=0777", "tmpfs", str(folder)]
    subprocess.run(given, check=True, capture_output=True)
