"""Finding the configuration file and reading it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from faber_db.config.fractary import LOCATIONS
from faber_db.config.problems import Problem, examine
from faber_db.config.settings import ProjectSettings
from faber_db.errors import ConfigError, ConfigMissing, NotSupported

FILE_NAME = "faber-db.json"
VARIABLE = "FABER_DB_CONFIG"
_LARGEST = 1_048_576  # bytes


@dataclass(frozen=True, slots=True)
class Loaded:
    """A configuration that can be used."""

    root: Path  # of the project, resolved: where the file, or FABER's folder, lies
    path: Path
    settings: ProjectSettings
    text: str


def load(start: Path, environ: Mapping[str, str]) -> Loaded:
    """Find and read the configuration of the project that `start` lies in.

    Raises:
        ConfigMissing: `find` found none.
        ConfigError: it cannot be read; every problem is named with its line.
        NotSupported: all that is wrong is keys that this version does not have.
    """
    path = find(start, environ)
    text = read_text(path)
    settings, found = examine(text)
    if settings is None:
        raise as_error(path.name, found)
    return Loaded(root=root_of(path), path=path, settings=settings, text=text)


def find(start: Path, environ: Mapping[str, str]) -> Path:
    """The configuration file: `FABER_DB_CONFIG`, else the nearest `faber-db.json` or FABER's own.

    Looks in the folder, then in its parents up to the one that holds the repository (`.git`);
    outside a repository only in the folder itself, so that a stray file higher up decides nothing.

    Raises:
        ConfigMissing: there is none, or the variable names a file that is not there.
    """
    if environ.get(VARIABLE):
        path = (start / environ[VARIABLE]).resolve()
        if not path.is_file():
            raise ConfigMissing(
                f"{VARIABLE} names {environ[VARIABLE]}, which is no file",
                hint=f"Correct {VARIABLE}, or unset it to look for {FILE_NAME}.",
            )
        return path
    for folder in _folders(start.resolve()):
        for name in (FILE_NAME, *LOCATIONS):
            if (folder / name).is_file():
                return folder / name
    raise ConfigMissing(f"there is no {FILE_NAME} here", hint="`faber-db init` writes one.")


def root_of(path: Path) -> Path:
    """The project root that a configuration file belongs to."""
    for location in LOCATIONS:
        if path.as_posix().endswith("/" + location):
            return path.parents[location.count("/")]
    return path.parent


def read_text(path: Path) -> str:
    """The text of a configuration file.

    Raises:
        ConfigError: unreadable, over 1 MiB, or not UTF-8.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        reason = error.strerror or "unknown reason"
        raise ConfigError(f"{path.name} cannot be read: {reason}") from error
    if len(content) > _LARGEST:
        raise ConfigError(f"{path.name} is over 1 MiB")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path.name} is not UTF-8") from error


def as_error(name: str, found: Sequence[Problem]) -> ConfigError | NotSupported:
    """One error that tells all problems."""
    kind = NotSupported if all(p.code == NotSupported.code for p in found) else ConfigError
    if len(found) == 1:
        return kind(f"{name} line {found[0].line}: {found[0].message}", hint=found[0].hint)
    told = [f"line {p.line}: {p.message}" + (f" ({p.hint})" if p.hint else "") for p in found]
    return kind(
        f"{name} has {len(found)} problems: {'; '.join(told)}",
        hint="`faber-db config check` lists them one by one.",
    )


def _folders(start: Path) -> list[Path]:
    repository = next((f for f in (start, *start.parents) if (f / ".git").exists()), start)
    return [f for f in (start, *start.parents) if f.is_relative_to(repository)]
