"""Data folders of private servers as they are set up, kept: a copy takes a tenth of the time of another."""

import contextlib
import hashlib
import json
import os
import shutil
import stat
import tempfile
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from time import time

_UNUSED = timedelta(days=30)
_UNFINISHED = "unfinished-"


class Templates:
    """A folder of them, one a set of programs and options. What is wrong with it costs time only.

    It belongs to the account and is closed to all others; whoever can write to it can also change
    the programs that would set a server up. A template gets its name when all of it is on the disk,
    so there is none by halves, whoever is killed or makes the same one at once.

    Args:
        folder: made when it is first needed.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def take(self, key: str, data: Path) -> bool:
        """Copy a template into a folder that is not there yet; False where there is none."""
        template = self._folder / key
        if not (_is_closed(self._folder) and _is_closed(template)):
            return False
        try:
            shutil.copytree(template, data, symlinks=True, copy_function=shutil.copy)
            os.utime(template)
        except OSError:  # removed meanwhile, or the disk is full
            shutil.rmtree(data, ignore_errors=True)
            return False
        return True

    def keep(self, key: str, data: Path) -> None:
        """Keep a copy of a folder that was set up and never used."""
        with contextlib.suppress(OSError):  # no home, a full disk: next time it is set up again
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            if not _is_closed(self._folder):
                return
            self._remove_unused()
            making = Path(tempfile.mkdtemp(prefix=_UNFINISHED, dir=self._folder))
            try:
                copy = making / "data"
                shutil.copytree(data, copy, symlinks=True, copy_function=shutil.copy)
                copy.chmod(0o700)
                _write_out(copy)
                copy.rename(self._folder / key)  # fails where another process was first
                _sync(self._folder)
            finally:
                shutil.rmtree(making, ignore_errors=True)

    def _remove_unused(self) -> None:
        for entry in self._folder.iterdir():
            unused = timedelta(seconds=time() - entry.stat().st_mtime)
            if unused > (timedelta(days=1) if entry.name.startswith(_UNFINISHED) else _UNUSED):
                shutil.rmtree(entry, ignore_errors=True)


def key_of(programs: Sequence[Path], options: Sequence[str]) -> str:
    """Another one for each build of the programs and each set of options."""
    found = [program.resolve() for program in programs]
    marks = [[str(p), p.stat().st_size, p.stat().st_mtime_ns] for p in found]
    return hashlib.sha256(json.dumps([marks, *options]).encode()).hexdigest()[:32]


def _is_closed(folder: Path) -> bool:
    """A folder of this account that no other may read or write."""
    try:
        there = folder.lstat()
    except OSError:
        return False
    ours = there.st_uid == os.geteuid() and not there.st_mode & 0o077
    return stat.S_ISDIR(there.st_mode) and ours


def _write_out(folder: Path) -> None:
    """Have everything in a folder on the disk."""
    for path in (*folder.rglob("*"), folder):
        if not path.is_symlink():
            _sync(path)


def _sync(path: Path) -> None:
    file = os.open(path, os.O_RDONLY)
    try:
        os.fsync(file)
    finally:
        os.close(file)
