"""The migration folder, read once: names and bytes, then migrations."""

import os
from pathlib import Path

from faber_db.errors import FileUnreadable, InputTooLarge, MigrationsMissing, PathOutsideProject
from faber_db.model.migration import Migration, SourceFile, recorded_version
from faber_db.services.app import Database

MAX_FILE_BYTES = 50_000_000
MAX_FILES = 50_000


def read_folder(database: Database) -> tuple[SourceFile, ...]:
    """The files of the folder that belong to the history, by path; none where there is no folder.

    Where a caller sent the history, it is that, and nothing is opened.

    Raises:
        PathOutsideProject: a file or a folder in it is a link that leads out of the folder.
        FileUnreadable: a file cannot be read.
        InputTooLarge: a file is over 50 MB, or there are more than 50,000.
    """
    if database.sent is not None:
        return tuple(
            file
            for file in database.sent
            if database.handler.wants(file.path)
            or (database.handler.code and recorded_version(file.path))
        )
    root = database.folder
    files: list[SourceFile] = []
    for path in _paths(root):
        name = path.relative_to(root).as_posix()
        if not database.handler.wants(name):
            continue
        if not path.resolve().is_relative_to(root.resolve()):
            raise PathOutsideProject(
                f"{name!r} in the migration folder is a link that leads out of it",
                hint="Put the file itself there.",
            )
        files.append(SourceFile(name, _read(path, name)))
        if len(files) > MAX_FILES:
            raise InputTooLarge(f"the migration folder holds more than {MAX_FILES} files")
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


def _paths(root: Path) -> list[Path]:
    """Files below a folder in order of their paths; folders that are links are not entered."""
    found: list[Path] = []
    for folder, folders, names in os.walk(root, onerror=_unreadable):
        folders.sort()
        for name in [*folders, *names]:
            path = Path(folder, name)
            if name in folders and not path.is_symlink():
                continue
            if name in names or not path.resolve().is_relative_to(root.resolve()):
                found.append(path)
    return sorted(found, key=lambda p: p.relative_to(root).as_posix())


def _unreadable(error: OSError) -> None:
    if not isinstance(error, FileNotFoundError):
        raise FileUnreadable(
            f"a folder of the migrations cannot be read ({error.strerror})",
            hint="Check its permissions.",
        ) from error


def _read(path: Path, name: str) -> bytes:
    try:
        size = path.stat().st_size
        if size > MAX_FILE_BYTES:
            raise InputTooLarge(f"the migration file {name!r} is over {MAX_FILE_BYTES} bytes")
        return path.read_bytes()
    except OSError as error:
        raise FileUnreadable(
            f"the migration file {name!r} cannot be read ({error.strerror})",
            hint="Check that it exists and its permissions.",
        ) from error
