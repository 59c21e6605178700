"""Where a project keeps its Alembic revisions, and how its ledger is called: read, never run."""

import ast
import re
import tomllib
from collections.abc import Iterator, Mapping
from configparser import ConfigParser, RawConfigParser
from configparser import Error as IniError
from dataclasses import dataclass
from os import pathsep
from os.path import commonpath
from pathlib import Path

from faber_db.adapters.handlers.alembic_ledger import TABLE, Versions
from faber_db.adapters.handlers.python_source import assigned, literal, tree_of
from faber_db.adapters.handlers.reading import folders
from faber_db.errors import FaberDbError
from faber_db.model.migration import SourceFile

_INI, _TOML, _ENV = "alembic.ini", "pyproject.toml", "env.py"
_SECTION = "alembic"
_SEPARATORS = {"": r", *| +|\n", "os": re.escape(pathsep), "space": " ", "newline": r"\n"}
_LARGEST = 1_000_000  # bytes of a configuration file


@dataclass(frozen=True, slots=True)
class Config:
    """One section of a configuration that names a place of revisions."""

    file: Path
    section: str
    values: Mapping[str, str]

    @property
    def script_location(self) -> Path:
        return self._place(self.values["script_location"])

    @property
    def version_locations(self) -> tuple[Path, ...]:
        """The folders of revisions themselves."""
        separator = self.values.get("path_separator") or self.values.get("version_path_separator")
        split = _SEPARATORS.get(separator or "", re.escape(separator or ""))
        parts = re.split(split, self.values.get("version_locations", ""))
        found = tuple(self._place(part.strip()) for part in parts if part.strip())
        return found or (self.script_location / "versions",)

    @property
    def folder(self) -> Path:
        """The folder that everything lies in, `env.py` and revisions."""
        return Path(commonpath([self.script_location, *self.version_locations]))

    @property
    def recursive(self) -> bool:
        value = self.values.get("recursive_version_locations", "").lower()
        return value in ("true", "yes", "on", "1")

    def _place(self, named: str) -> Path:
        """A folder, relative to the configuration's own; `package:folder` is one too."""
        named = named.replace("%(here)s", str(self.file.parent)).replace("%%", "%")
        package, colon, inner = named.partition(":")
        if colon and not named.startswith("/"):
            named = f"{package.replace('.', '/')}/{inner}"
        return (self.file.parent / named).resolve()


def configs(root: Path) -> Iterator[Config]:
    """Every configuration of Alembic's in a project; one that cannot be read has none."""
    for folder, files in folders(root):
        if _INI in files:
            yield from _of_ini(folder / _INI)
        if _TOML in files:
            yield from _of_toml(folder / _TOML)


def homes(root: Path) -> Iterator[tuple[Path, Config | None]]:
    """Folders with an `env.py` of Alembic's, each once, with the configuration that names it."""
    seen: set[Path] = set()
    for config in configs(root):
        home = config.folder
        if home not in seen and home.is_dir() and home.is_relative_to(root.resolve()):
            seen |= {home, config.script_location}
            yield home, config
    for folder, files in folders(root):
        home = folder.resolve()
        if _ENV in files and home not in seen and "alembic" in _text(folder / _ENV):
            seen.add(home)
            yield home, None


def config_for(root: Path, home: Path) -> Config | None:
    """The configuration whose revisions lie in a folder."""
    return next((c for c in configs(root) if c.folder == home.resolve()), None)


def versions_of(home: Path, config: Config | None) -> tuple[Versions, str]:
    """The ledger's table, and why its name is not known; one of the two says something.

    `env.py` decides, by what it gives to `context.configure`; where that is computed, the keys
    `version_table` and `version_table_schema` of the configuration say it for us.
    """
    values = config.values if config else {}
    home = config.script_location if config else home
    found: dict[str, str] = {}
    for key, usual in (("version_table", TABLE), ("version_table_schema", "")):
        given = _in_env(home / _ENV, key)
        if given is None:
            if key not in values:
                return Versions(), f"env.py computes {key}"
            found[key] = values[key]
        else:
            found[key] = given or values.get(key, usual)
    return Versions(found["version_table"], found["version_table_schema"]), ""


def _in_env(file: Path, key: str) -> str | None:
    """What a call is given for a keyword: empty: nothing; None: something computed."""
    try:
        tree = tree_of(SourceFile(_ENV, _text(file).encode()))
    except FaberDbError:
        return None
    names = assigned(tree.body)
    given: set[str | None] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.keyword) and node.arg == key:
            value = literal(node.value, names)
            given.add(value or "" if value is None or isinstance(value, str) else None)
        elif isinstance(node, ast.Constant) and node.value == key:
            given.add(None)  # put into a mapping, or read from the configuration
    return given.pop() if len(given) == 1 else None if given else ""


def _of_ini(file: Path) -> Iterator[Config]:
    parser = RawConfigParser(strict=False)
    try:
        parser.read_string(_text(file))
    except IniError:
        return
    for section in parser.sections():
        values = dict(parser[section])
        if "script_location" in values:
            yield Config(file, section, _interpolated(values, file))


def _interpolated(values: Mapping[str, str], file: Path) -> dict[str, str]:
    """As `configparser` does it, `here` included; a value that cannot be is left as it stands."""
    parser = ConfigParser({"here": str(file.parent)})
    parser.read_dict({_SECTION: {}})
    found = {}
    for key, value in values.items():
        try:
            parser.set(_SECTION, key, value)
            found[key] = parser.get(_SECTION, key)
        except (IniError, ValueError):
            found[key] = value
    return found


def _of_toml(file: Path) -> Iterator[Config]:
    try:
        table = tomllib.loads(_text(file)).get("tool", {}).get(_SECTION, {})
    except tomllib.TOMLDecodeError:
        return
    if not isinstance(table, dict) or not isinstance(table.get("script_location"), str):
        return
    values = {
        k: "\n".join(map(str, v)) if isinstance(v, list) else str(v) for k, v in table.items()
    }
    yield Config(file, _SECTION, values)


def _text(file: Path) -> str:
    try:
        if file.stat().st_size > _LARGEST:
            return ""
        return file.read_text("utf-8", errors="replace")
    except OSError:
        return ""
