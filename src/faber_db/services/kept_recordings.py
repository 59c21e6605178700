"""Recordings of programs, kept in the state folder by what they depend on."""

import json
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from faber_db import __version__
from faber_db.errors import FaberDbError, MigrationNotRecorded, all_errors
from faber_db.model.canonical import digest_of
from faber_db.model.migration import Migration
from faber_db.model.sha256 import sha256_of
from faber_db.services.app import App, Database

_FORMAT = 2
_AROUND = (
    "package.json", "package-lock.json", "npm-shrinkwrap.json", "yarn.lock", "pnpm-lock.yaml",
    "bun.lock", "pyproject.toml", "poetry.lock", "uv.lock", "pdm.lock", "Pipfile.lock",
    "requirements*.txt", "*.ini", "*.cfg", "manage.py", ".sequelizerc", "knexfile.*", "ormconfig.*",
)  # fmt: skip
_CODE = (".py", ".js", ".cjs", ".mjs", ".ts", ".cts", ".mts")
_MOST_BYTES = 5_000_000


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one recording."""

    sql: str = ""
    before: str = ""  # of migrations outside of the history that the tool applies with it
    code: str = ""  # of the error, where there is no SQL
    message: str = ""
    hint: str = ""

    @classmethod
    def failed(cls, error: FaberDbError, name: str) -> "Outcome":
        return cls(code=error.code, message=f"{name}: {error.message}", hint=error.hint)

    def error(self) -> FaberDbError:
        """Why there is no recording."""
        kind = next((e for e in all_errors() if e.code == self.code), MigrationNotRecorded)
        return kind(self.message, hint=self.hint)


class Kept:
    """The recordings of one history.

    A recording is found again as long as this are the same: the bytes of every migration up to it,
    the programs and lock files around them, the product that listens, and this version of faber-db.
    Code that a migration imports from elsewhere in the project is not looked at.
    """

    def __init__(self, app: App, database: Database, history: Sequence[Migration]) -> None:
        self._folder = app.state_folder / "recordings"
        listens = database.recorder.label if database.recorder is not None else "none"
        base = digest_of(
            {
                "format": _FORMAT,
                "tool": __version__,
                "handler": database.handler.name,
                "listens": listens,
                "around": list(_around(app.root, database.folder)),
            }
        )
        self._keys: list[str] = []
        for migration in history:
            base = digest_of({"before": base, "path": migration.path, "is": migration.sha256})
            self._keys.append(base)

    @property
    def last(self) -> str:
        """What says which history this is, with all that its recordings depend on."""
        return self._keys[-1] if self._keys else ""

    def find(self, number: int, *, twice: bool, back: bool = False) -> Outcome | None:
        """The one by position in the history; one that was made twice serves for once as well."""
        for times in (2,) if twice else (2, 1):
            try:
                held = json.loads(self._file(number, times, back=back).read_bytes())
                return Outcome(**{name: str(held[name]) for name in Outcome.__slots__})
            except (OSError, ValueError, KeyError, TypeError):
                continue
        return None

    def keep(self, number: int, outcome: Outcome, *, twice: bool, back: bool = False) -> None:
        """Keep a recording, or why there is none; what is not the program's fault is tried again."""
        if not outcome.sql and outcome.code != "migration-not-reproducible":
            return
        file = self._file(number, 2 if twice else 1, back=back)
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        part = file.with_name(f"{file.name}.{secrets.token_hex(8)}.part")
        part.touch(mode=0o600)
        part.write_text(json.dumps({name: getattr(outcome, name) for name in Outcome.__slots__}))
        part.replace(file)

    def _file(self, number: int, times: int, *, back: bool) -> Path:
        way = "back." if back else ""
        return self._folder / f"{self._keys[number]}.{way}{times}.json"


def _around(root: Path, folder: Path) -> Iterator[list[str]]:
    """Names and digests of what says which tool runs, and how."""
    found = {file for pattern in _AROUND for file in root.glob(pattern)}
    for place in (folder, folder.parent):
        if place.is_dir() and place.is_relative_to(root):
            found |= {file for file in place.iterdir() if file.suffix in _CODE}
    migrations = {file for file in found if file.parent == folder and folder != root}
    for file in sorted(found - migrations):
        if file.is_file() and file.stat().st_size <= _MOST_BYTES:
            yield [file.relative_to(root).as_posix(), sha256_of(file.read_bytes())]
