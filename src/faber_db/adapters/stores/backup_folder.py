"""Backups in a folder of this machine: locked while made or read, synced before they count."""

import fcntl
import glob
import hashlib
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import zstandard

from faber_db.errors import BackupDamaged, BackupFailed, BackupMissing
from faber_db.errors import Cancelled as CancelledError
from faber_db.services.ports import Cancelled, Progress, StoredFile

_CHUNK = 1 << 20
_PROGRESS_SECONDS = 0.5  # each word of progress is a write to the state
_LEVEL = 1  # six times faster than gzip's default and no bigger, on ordinary tables


class BackupFolder:
    """`services.ports.BackupStore` over a folder of ours, mode 0700."""

    label = "local"

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @contextmanager
    def making(self, name: str) -> Iterator[Path]:
        """The path of a part file; a lock file beside it says that its maker lives."""
        self._open_folder()
        part = self._folder / f"{name}.part"
        held = os.open(_lock_of(part), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(held, fcntl.LOCK_EX)
            yield part
        finally:
            self._clear(part.name)
            os.close(held)

    def being_made(self, path: Path) -> bool:
        """Whether somebody holds the lock file; the kernel lets go of it when a process dies."""
        try:
            handle = os.open(_lock_of(_beside(path, "part")), os.O_RDWR | os.O_CLOEXEC)
        except FileNotFoundError:
            return False
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(handle)
        return False

    def compress(self, part: Path, *, progress: Progress, cancelled: Cancelled) -> None:
        """Replace the part file by its zstd frame; twice the room is needed meanwhile."""
        packed = _beside(part, "zst")
        size = part.stat().st_size
        due = time.monotonic() + _PROGRESS_SECONDS
        maker = zstandard.ZstdCompressor(level=_LEVEL, write_checksum=True)
        with (
            _disk_errors(packed),
            part.open("rb") as plain,
            _private(packed) as file,
            maker.stream_writer(file, size=size, closefd=False) as writer,
        ):
            while chunk := plain.read(_CHUNK):
                if cancelled():
                    raise CancelledError("the backup was cancelled")
                writer.write(chunk)
                if time.monotonic() >= due:
                    due = time.monotonic() + _PROGRESS_SECONDS
                    progress(f"compressed {plain.tell() / 1e6:.0f} of {size / 1e6:.0f} MB")
        packed.replace(part)

    def measure(self, path: Path) -> StoredFile:
        try:
            with path.open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").hexdigest()
                return StoredFile(size_bytes=file.tell(), sha256=digest)
        except FileNotFoundError as error:
            raise BackupMissing(f"the backup file {path.name} is gone") from error

    def seal(self, part: Path, name: str) -> Path:
        final = self._folder / name
        with _disk_errors(final):
            part.chmod(0o600)
            _sync(part)
            part.rename(final)
            _sync(self._folder)
        return final

    @contextmanager
    def reading(self, path: Path, *, compressed: bool) -> Iterator[Path]:
        """The plain file under a shared lock, which `remove` respects."""
        try:
            held = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError as error:
            raise BackupMissing(f"the backup file {path.name} is gone") from error
        try:
            fcntl.flock(held, fcntl.LOCK_SH)
            if not compressed:
                yield path
                return
            plain = _beside(path, f"plain-{os.getpid()}")
            try:
                _expand(path, plain)
                yield plain
            finally:
                plain.unlink(missing_ok=True)
        finally:
            os.close(held)

    def remove(self, path: Path) -> bool:
        if not path.name or path.parent != self._folder:
            return True  # it never got a file, or lies where another configuration put it
        try:
            held = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            self._clear(path.name)
            return True
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._clear(path.name)
        except BlockingIOError:
            return False
        finally:
            os.close(held)
        _sync(self._folder)
        return True

    def _clear(self, name: str) -> None:
        """Delete a file and what lies beside it under its name: parts, journals, locks."""
        for left in self._folder.glob(f"{glob.escape(name)}*"):
            left.unlink(missing_ok=True)

    def _open_folder(self) -> None:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if self._folder.stat().st_mode & 0o077:
            raise BackupFailed(
                f"others may look into the backup folder {self._folder}",
                hint="Give it mode 0700, or name another folder under `backups`.",
            )


def _beside(path: Path, ending: str) -> Path:
    return path.with_name(f"{path.name}.{ending}")


def _lock_of(part: Path) -> Path:
    return _beside(part, "lock")


@contextmanager
def _private(path: Path) -> Iterator[BinaryIO]:
    path.touch(mode=0o600)
    with path.open("wb") as file:
        yield file


def _expand(path: Path, plain: Path) -> None:
    try:
        with _disk_errors(plain), path.open("rb") as packed, _private(plain) as file:
            expected = zstandard.frame_content_size(packed.read(18))
            packed.seek(0)
            _, written = zstandard.ZstdDecompressor().copy_stream(packed, file)
        if written != expected:  # a frame that was cut short is no error to the library
            raise BackupDamaged(f"the backup file {path.name} is cut short")
    except zstandard.ZstdError as error:
        raise BackupDamaged(f"the backup file {path.name} does not decode: {error}") from error


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def _disk_errors(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise BackupFailed(
            f"cannot write {path.name}: {error.strerror}", hint="Look at the room and the rights."
        ) from error
