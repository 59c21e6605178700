"""One deployer at a time: a lock on a file of ours, named after the database file."""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import monotonic, sleep

from faber_db.errors import LockBusy

_PAUSE = 0.05  # seconds between two looks


@contextmanager
def deploy_lock(folder: Path, file: Path, *, wait: timedelta) -> Iterator[None]:
    """Hold the lock of the database in `file`; it ends with this process, whatever ends it.

    Raises:
        LockBusy: held by somebody else for all of `wait`.
    """
    status = file.stat()
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    path = folder / f"deploy-{status.st_dev:x}-{status.st_ino:x}.lock"
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        _take(descriptor, file, wait)
        _name_holder(descriptor)
        yield
    finally:
        os.close(descriptor)  # which unlocks; the file stays, or two could lock two files


def _take(descriptor: int, file: Path, wait: timedelta) -> None:
    deadline = monotonic() + wait.total_seconds()
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError as error:
            if monotonic() >= deadline:
                raise LockBusy(
                    f"another deployment to {file.name} is under way: {_holder(descriptor)}",
                    hint="Wait until it has ended; a dead process holds no lock.",
                ) from error
            sleep(_PAUSE)


def _name_holder(descriptor: int) -> None:
    holder = {"pid": os.getpid(), "since": datetime.now(UTC).isoformat(timespec="seconds")}
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, json.dumps(holder).encode(), 0)


def _holder(descriptor: int) -> str:
    try:
        holder = json.loads(os.pread(descriptor, 1000, 0))
        return f"process {holder['pid']} since {holder['since']}"
    except (ValueError, KeyError, TypeError):  # between its lock and its name
        return "by a process that has just begun"
