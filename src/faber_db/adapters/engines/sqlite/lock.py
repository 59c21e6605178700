"""One deployer at a time: a lock on a file of ours, named after the database file.

There are two: one in the state folder, which stays, and one beside the database, which goes with its
deployment. The second is for deployers with a state folder of their own; on the database's own file
it cannot be, since closing a second descriptor of that gives up the locks of SQLite itself.
"""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import monotonic, sleep

from faber_db.errors import LockBusy, StateUnusable
from faber_db.model.migration import LockHolder

_PAUSE = 0.05  # seconds between two looks
GONE = "a process that has just begun"


@contextmanager
def deploy_lock(folder: Path, file: Path, *, wait: timedelta) -> Iterator[None]:
    """Hold the lock of the database in `file`; it ends with this process, whatever ends it.

    Raises:
        LockBusy: held by somebody else for all of `wait`.
        StateUnusable: its file cannot be written, as on a full disk.
    """
    path = _path(folder, file)
    with _writing(path):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    deadline = monotonic() + wait.total_seconds()
    try:
        _take(descriptor, file, deadline)
        with _writing(path):
            _name_holder(descriptor)
        with _lock_beside(file, deadline):
            yield
    finally:
        os.close(descriptor)  # which unlocks; the file stays, or two could lock two files


@contextmanager
def _lock_beside(file: Path, deadline: float) -> Iterator[None]:
    """The same for all accounts and state folders; who may make no file there cannot deploy."""
    path = _beside(file)
    try:
        with _writing(path):
            descriptor = _open_beside(path, file, deadline)
    except PermissionError:
        yield
        return
    try:
        with _writing(path):
            _name_holder(descriptor)
        yield
    finally:
        path.unlink(missing_ok=True)  # still locked: who waits for it sees that it is another file
        os.close(descriptor)


def _open_beside(path: Path, file: Path, deadline: float) -> int:
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o666)
        try:
            _take(descriptor, file, deadline)
            if os.path.samestat(os.fstat(descriptor), path.stat()):
                return descriptor
        except FileNotFoundError:
            pass  # removed by who held it
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)


def holder(folder: Path, file: Path) -> LockHolder | None:
    """Who holds the lock; a shared lock is tried for a moment, which a deployer waits out."""
    return _holder_of(_path(folder, file)) or _holder_of(_beside(file))


def _holder_of(path: Path) -> LockHolder | None:
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except (FileNotFoundError, PermissionError):
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return _holder(descriptor) or LockHolder(GONE)
    else:
        return None
    finally:
        os.close(descriptor)


def _path(folder: Path, file: Path) -> Path:
    status = file.stat()
    return folder / f"deploy-{status.st_dev:x}-{status.st_ino:x}.lock"


def _beside(file: Path) -> Path:
    real = file.resolve()
    return real.with_name(f".{real.name}.faber-db-lock")


def _take(descriptor: int, file: Path, deadline: float) -> None:
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        except BlockingIOError as error:
            if monotonic() >= deadline:
                raise LockBusy(
                    f"another deployment to {file.name} is under way: {_holder(descriptor) or GONE}",
                    hint="Wait until it has ended; a dead process holds no lock.",
                ) from error
            sleep(_PAUSE)


@contextmanager
def _writing(path: Path) -> Iterator[None]:
    try:
        yield
    except PermissionError:
        raise  # the caller knows what that means
    except OSError as error:
        raise StateUnusable(
            f"the deployment lock {path} cannot be written: {(error.strerror or '').lower()}",
            hint="Make room on that disk; nothing ran.",
        ) from error


def _name_holder(descriptor: int) -> None:
    holder = {"pid": os.getpid(), "since": datetime.now(UTC).isoformat(timespec="seconds")}
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, json.dumps(holder).encode(), 0)


def _holder(descriptor: int) -> LockHolder | None:
    """As it named itself; None between its lock and its name."""
    try:
        found = json.loads(os.pread(descriptor, 1000, 0))
        return LockHolder(f"process {int(found['pid'])}", datetime.fromisoformat(found["since"]))
    except (ValueError, KeyError, TypeError):
        return None
