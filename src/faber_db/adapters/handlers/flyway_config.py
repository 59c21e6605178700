"""What a project's own configuration of Flyway calls its table: read as text, never run.

`flyway.conf` and Spring's `application.properties` are Java properties; `flyway.toml` is TOML; in
`.env`, Compose files and workflows it stands as `FLYWAY_TABLE`. The schema is that of `defaultSchema`,
else the first of `schemas`, as Flyway takes it.
"""

import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path

from faber_db.adapters.handlers.reading import beginning_of
from faber_db.adapters.handlers.renamed_ledger import Said, words_in

_KEYS = ("table", "defaultschema", "schemas")
_PROPERTY = re.compile(
    r"(?im)^[ \t]*(?:spring\.)?flyway\.(table|default-?schema|schemas)[ \t]*[=:][ \t]*(.*?)[ \t\r]*$"
)
_FILES = ("flyway.conf", "flyway.user.conf", "flyway.toml", "flyway.user.toml")
_PLACES = ("", "conf", "src/main/resources")


def names(root: Path, folder: Path, usual: str) -> Iterator[Said]:
    """The tables that the project's files name, `usual` where a file names a schema alone."""
    for file in _files(root, folder):
        text = beginning_of(file)
        path = file.relative_to(root).as_posix()
        for found in _of_toml(text) if file.suffix == ".toml" else (_of_properties(text),):
            yield from _said(path, found, usual)
    for path, found in _of_environment(root, folder):
        yield from _said(path, found, usual)


def _files(root: Path, folder: Path) -> Iterator[Path]:
    above = [p for p in (folder, *folder.parents) if p.is_relative_to(root)]
    places = dict.fromkeys([*(root / name for name in _PLACES), *above])
    for place in places:
        for name in (*_FILES, "application.properties"):
            if (place / name).is_file():
                yield place / name


def _of_properties(text: str) -> dict[str, str]:
    return {m[1].lower().replace("-", ""): m[2] for m in _PROPERTY.finditer(text)}


def _of_toml(text: str) -> Iterator[dict[str, str]]:
    """One for each environment that has schemas of its own."""
    try:
        whole = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return
    own = _lowered(whole.get("flyway", {}))
    environments = whole.get("environments", {})
    others = [_lowered(e) for e in environments.values()] if isinstance(environments, dict) else []
    yield from [other | own for other in others if "schemas" in other] or [own]


def _lowered(table: object) -> dict[str, str]:
    if not isinstance(table, Mapping):
        return {}
    given = {str(key).lower(): value for key, value in table.items()}
    return {
        key: ",".join(map(str, value)) if isinstance(value, list) else str(value)
        for key, value in given.items()
        if key in _KEYS
    }


def _of_environment(root: Path, folder: Path) -> Iterator[tuple[str, dict[str, str]]]:
    found: dict[str, dict[str, str]] = {}
    for key, word in zip(_KEYS, ("TABLE", "DEFAULT_SCHEMA", "SCHEMAS"), strict=True):
        for said in words_in(root, folder, rf"\bFLYWAY_{word}\b"):
            found.setdefault(said.file, {})[key] = said.name
    yield from found.items()


def _said(path: str, found: Mapping[str, str], usual: str) -> Iterator[Said]:
    schema = found.get("defaultschema") or found.get("schemas", "").split(",")[0].strip()
    table = found.get("table", "")
    if table or schema:
        yield Said(path, table.replace(".", " ") or usual, schema.replace(".", " "))
