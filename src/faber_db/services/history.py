"""The migration folder, read once: names and bytes, then migrations."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from faber_db.errors import FileUnreadable, InputTooLarge, MigrationsMissing, PathOutsideProject
from faber_db.model.migration import Migration, SourceFile, recorded_version
from faber_db.services.app import Database
from faber_db.services.file_names import refuse_odd

MAX_FILE_BYTES = 50_000_000
MAX_FILES = 50_000


def read_folder(database: Database) -> tuple[SourceFile, ...]:
    """The files of the folder that belong to the history, by path; none where there is no folder.

    Where a caller sent the history, it is that, and nothing is opened.

    Raises:
        PathOutsideProject: a file or a folder in it is a link that leads out of the folder.
        FileUnreadable: a file cannot be read.
        InputTooLarge: a file is over 50 MB, or there are more than 50,000.
        MigrationUnreadable: a name cannot be seen as it is, or two cannot be told apart.
    """
    files = _sent(database) if database.sent is not None else _on_disk(database)
    refuse_odd(file.path for file in files)
    return files


def _sent(database: Database) -> tuple[SourceFile, ...]:
    return tuple(
        file
        for file in database.sent or ()
        if database.handler.wants(file.path)
        or (database.handler.code and recorded_version(file.path))
    )


def _on_disk(database: Database) -> tuple[SourceFile, ...]:
    root = os.path.realpath(database.folder)
    files: list[SourceFile] = []
    for name, entry in sorted(_entries(root), key=lambda found: found[0]):
        if not database.handler.wants(name):
            continue
        if entry.is_symlink() and not _is_inside(entry.path, root):
            raise PathOutsideProject(
                f"{name!r} in the migration folder is a link that leads out of it",
                hint="Put the file itself there.",
            )
        files.append(SourceFile(name, _read(entry.path, name)))
        if len(files) > MAX_FILES:
            raise InputTooLarge(
                f"the migration folder holds more than {MAX_FILES} files",
                hint="Name the folder that holds nothing but migrations.",
            )
    return tuple(files)


def history(database: Database) -> tuple[Migration, ...]:
    """The migrations of the folder in the order in which they run.

    Raises:
        MigrationsMissing: there is no folder, or no migration in it.
        MigrationUnreadable, LedgerForeign: what `Handler.parse` finds wrong.
    """
    migrations = database.handler.parse(read_folder(database))
    if not migrations:
        there = "holds no migration" if database.folder.is_dir() else "does not exist"
        if database.sent is not None:
            there = "that was sent holds no migration"
        raise MigrationsMissing(
            f"the folder {database.folder.name!r} of database {database.name!r} {there}",
            hint="Make the first one with coordinate-architect, or name the folder in `migrations`.",
        )
    return migrations


def _entries(folder: str, below: str = "") -> Iterator[tuple[str, "os.DirEntry[str]"]]:
    """What lies below a folder, by path; folders that are links are not entered.

    Plain strings and one look at each: a history may hold many thousands of files.
    """
    try:
        with os.scandir(folder) as found:
            entries = list(found)
    except FileNotFoundError:
        return
    except OSError as error:
        raise FileUnreadable(
            f"a folder of the migrations cannot be read ({error.strerror})",
            hint="Check its permissions.",
        ) from error
    for entry in entries:
        name = f"{below}{entry.name}"
        if entry.is_dir(follow_symlinks=False):
            yield from _entries(entry.path, f"{name}/")
        else:
            yield name, entry


def _is_inside(path: str, root: str) -> bool:
    return Path(os.path.realpath(path)).is_relative_to(root)


def _read(path: str, name: str) -> bytes:
    try:  # without waiting for somebody who writes into a pipe
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | getattr(os, "O_NONBLOCK", 0))
        with open(descriptor, "rb", buffering=0) as file:  # noqa: PTH123 - opened above
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode):
                raise FileUnreadable(
                    f"{name!r} in the migration folder is not a file",
                    hint="Take the pipe, socket or device out of the folder.",
                )
            if status.st_size > MAX_FILE_BYTES:
                raise InputTooLarge(
                    f"the migration file {name!r} is over {MAX_FILE_BYTES} bytes",
                    hint="Load data by another way than a migration, or in several.",
                )
            return file.read()
    except OSError as error:
        raise FileUnreadable(
            f"the migration file {name!r} cannot be read ({error.strerror})",
            hint="Check that it exists and its permissions.",
        ) from error
