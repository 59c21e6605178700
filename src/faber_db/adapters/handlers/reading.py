"""From bytes to text, and from a project root to the folders worth looking into."""

import os
import re
from collections.abc import Iterator
from pathlib import Path

from faber_db.errors import MigrationUnreadable
from faber_db.model.migration import SourceFile

SKIPPED = {"node_modules", "venv", "dist", "build", "target", "vendor", "__pycache__"}
_DEEPEST = 6  # folders below the project root: `packages/x/src/database/migrations/postgres`
_BEGINNING = 65_536  # bytes in which a script says what it is
_BLANK = re.compile(r"\s*(?:--[^\n]*|;|(?P<open>/\*))?")
_ONE_MIGRATION = re.compile(r"\d{14}_")  # as Prisma names one; a project may have thousands


def text_of(file: SourceFile) -> str:
    """The text of a file, without a byte order mark.

    Raises:
        MigrationUnreadable: not UTF-8.
    """
    try:
        return file.content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise MigrationUnreadable(
            f"{file.path} is not UTF-8 (byte {error.start})", hint="Save it as UTF-8."
        ) from error


def text_in(content: bytes) -> str:
    """The same of bytes that `text_of` has read before."""
    return content.decode("utf-8-sig")


def has_statements(text: str) -> bool:
    """Whether a script holds more than white space and comments; reads each character once."""
    at = 0
    while at < len(text):
        match = _BLANK.match(text, at)
        if match is None or match.end() == at:
            return True
        at = match.end()
        if match["open"]:
            closed = text.find("*/", at)
            if closed < 0:
                return True  # a comment that never ends is an error for the server to tell
            at = closed + 2
    return False


def beginning_of(file: Path) -> str:
    """The first 64 KB of a file that may be of any kind, to see what it is; empty where unreadable."""
    try:
        with file.open("rb") as stream:
            return stream.read(_BEGINNING).decode("utf-8-sig", errors="replace")
    except OSError:
        return ""


def folders(root: Path) -> Iterator[tuple[Path, list[str]]]:
    """Folders of a project with the names of their files, sorted; six levels deep.

    Hidden folders, dependencies, build results and the folders of single migrations are left out;
    links are not followed.
    """
    for folder, below, files in os.walk(root):
        depth = len(Path(folder).relative_to(root).parts)
        below[:] = sorted(
            name
            for name in below
            if depth < _DEEPEST
            and not name.startswith(".")
            and name not in SKIPPED
            and not _ONE_MIGRATION.match(name)
        )
        yield Path(folder), sorted(files)
