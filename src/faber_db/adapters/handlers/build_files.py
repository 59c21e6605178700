"""Which migration tool a project's own build files name: two tools share names of migration files.

Pairs of `.up.sql` and `.down.sql` are written by golang-migrate and by people without a tool, files
with `-- migrate:up` by dbmate and by us. What runs them is said by the files that run programs.
"""

import re
from collections.abc import Iterator
from pathlib import Path

_BUILD_FILE = re.compile(
    r"(?i)(gnu)?makefile|.*\.mk|justfile|taskfile\.ya?ml|procfile|.*dockerfile.*|.*compose.*\.ya?ml"
    r"|package\.json|go\.mod|tools\.go|\.env(\..+)?|\.envrc|\.tool-versions|mise\.toml|devbox\.json"
    r"|brewfile|flake\.nix|.*\.sh|main\.go"
)
_WORKFLOWS = ".github/workflows"
_LARGEST = 1_000_000  # bytes; a build file is written by people

_NAMES = {
    "dbmate": re.compile(r"(?i)\bdbmate\b|\bDBMATE_"),
    "golang-migrate": re.compile(
        r"golang-migrate(?![^\n]*// indirect)|(?<![\w-])migrate/migrate\b"
        r"|\bmigrate\b[^\n]*\s-{1,2}(?:path|source)\b|\bmigrate\s+create\s+-ext\b"
    ),
}


def names(tool: str, root: Path, folder: Path) -> str:
    """The file that names a tool, below the root, or empty.

    Args:
        tool: `dbmate` or `golang-migrate`.
        root: of the project.
        folder: of the migrations; build files of every folder between the two are read.
    """
    found = (file for file, text in texts(root, folder) if _NAMES[tool].search(text))
    return next(found, "")


def texts(root: Path, folder: Path) -> Iterator[tuple[str, str]]:
    """The build files of every folder between root and migrations: path below the root, and text."""
    for file in _build_files(root, folder):
        text = file.read_text(encoding="utf-8", errors="replace")
        yield file.relative_to(root).as_posix(), text


def _build_files(root: Path, folder: Path) -> Iterator[Path]:
    above = [p for p in (folder, *folder.parents) if p.is_relative_to(root)]
    for place in reversed([*above, root / _WORKFLOWS]):
        if not place.is_dir():
            continue
        for file in sorted(place.iterdir()):
            wanted = place.name == "workflows" or _BUILD_FILE.fullmatch(file.name)
            if wanted and file.is_file() and file.stat().st_size <= _LARGEST:
                yield file
