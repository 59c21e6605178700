"""Where a JavaScript project keeps its migrations, and what its configuration says as plain text."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from faber_db.adapters.handlers.js_text import code_of, is_program, joined, option
from faber_db.adapters.handlers.reading import SKIPPED, folders

_FOLDER = re.compile(r"(?i)([a-z0-9]+[-_.])?(migrations?|migrate)")
_LONGEST = 400_000  # bytes of a configuration or a migration that is looked into
_LOOKED_INTO = 3  # migrations of a folder, to tell whose it is
_PRODUCTS = {
    "pg": "postgresql",
    "postgres": "postgresql",
    "postgresql": "postgresql",
    "pgnative": "postgresql",
    "pg-native": "postgresql",
    "mysql": "mysql",
    "mysql2": "mysql",
    "mariadb": "mysql",
    "sqlite": "sqlite",
    "sqlite3": "sqlite",
    "better-sqlite3": "sqlite",
    "sqljs": "sqlite",
}


@dataclass(frozen=True, slots=True)
class MigrationFolder:
    """A folder that holds migrations of a tool."""

    path: Path
    count: int


def text_at(path: Path) -> str:
    """The start of a file, whatever its encoding; empty where it cannot be read."""
    try:
        with path.open("rb") as file:
            return file.read(_LONGEST).decode(errors="replace")
    except OSError:
        return ""


def migration_folders(root: Path, is_its: Callable[[str], bool]) -> Iterator[MigrationFolder]:
    """Folders named `migrations`, `migrate` or alike, in which a tool knows a migration as its own.

    Where there is one folder for each product, as `migrations/postgres`, those are meant.

    Args:
        root: of the project.
        is_its: asked with a file's text without comments.
    """
    for folder, names in folders(root):
        programs = [name for name in names if is_program(name)]
        name = folder.parent.name if folder.name.casefold() in _PRODUCTS else folder.name
        if not _FOLDER.fullmatch(name) or not programs:
            continue
        newest = programs[-_LOOKED_INTO:]  # the oldest may be from before another tool
        if any(is_its(code_of(text_at(folder / name))) for name in newest):
            yield MigrationFolder(folder, len(programs))


def named_folder(root: Path, file: Path, expression: str) -> MigrationFolder | None:
    """The folder that an expression of a configuration names, where it holds programs.

    Args:
        root: of the project.
        file: the configuration.
        expression: as it stands there.
    """
    for start in (file.parent, package_of(root, file.parent)):
        path = (start / joined(expression)).resolve()
        if path in (start, root) or not path.is_relative_to(root) or not path.is_dir():
            continue
        if SKIPPED.isdisjoint(path.relative_to(root).parts):
            count = sum(is_program(entry.name) for entry in path.iterdir())
            return MigrationFolder(path, count) if count else None
    return None


def package_of(root: Path, folder: Path) -> Path:
    """The nearest folder at or above `folder`, and within `root`, with a `package.json`; else the root."""
    for place in (folder, *folder.parents):
        if (place / "package.json").is_file():
            return place
        if place == root:
            break
    return root


def configurations(package: Path, names: re.Pattern[str]) -> tuple[tuple[Path, str], ...]:
    """Files of a package whose names match, with their text without comments; sorted."""
    found = []
    for folder, files in folders(package):
        found += [folder / name for name in files if names.fullmatch(name)]
    return tuple((path, code_of(text_at(path))) for path in found)


def product_named(word: str) -> str:
    """The product that a word means ("pg", "mysql2"), or empty."""
    return _PRODUCTS.get(word.casefold(), "")


def product_of(texts: Sequence[str], *keys: str) -> str:
    """The product that configurations name, or empty where they name none or several."""
    named = {
        _PRODUCTS[value.casefold()]
        for key in keys
        for value in option(texts, key).values
        if value.casefold() in _PRODUCTS
    }
    return named.pop() if len(named) == 1 else ""
