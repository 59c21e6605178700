"""What `faber-db init` would write, read off a project's own files.

Only names are taken from `.env` files, and the path of a SQLite file; no other value is read.
"""

import json
import posixpath
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from faber_db.config.settings import ProjectSettings

_ENV_FILES = (".env", ".env.local", ".env.development", ".env.example")
_PRISMA_FILES = (
    "prisma.config.ts",
    "prisma.config.js",
    "prisma.config.mjs",
    "prisma/schema.prisma",
    "schema.prisma",
)
_TOOL_FILE = re.compile(
    r"(?:(?:prisma|drizzle)[\w.-]*\.config|knexfile|(?:typeorm|data-?source|ormconfig)[\w.-]*)\.[cm]?[jt]s",
    re.I,
)
"""Where a JavaScript tool is told its database."""
_EXPRESSION = re.compile(r"\b(?:url|connection(?:String)?)\s*[=:]\s*([^\n;{}]*)")
_VARIABLE = re.compile(
    r"""\benv(?:<[^>]*>)?\(\s*["'](\w+)["']\s*\)|process\.env\.(\w+)"""
    r"""|process\.env\[\s*["'](\w+)["']\s*\]"""
)
_NAMES = {
    "staging": ("STAGING_DATABASE_URL", "DATABASE_URL_STAGING"),
    "production": (
        "PROD_DATABASE_URL",
        "PRODUCTION_DATABASE_URL",
        "DATABASE_URL_PROD",
        "DATABASE_URL_PRODUCTION",
    ),
}
_DATABASE_FILES = ("*.db", "*.db3", "*.sqlite", "*.sqlite3")


@dataclass(frozen=True, slots=True)
class ProposedConfig:
    """A configuration that is not written yet."""

    settings: ProjectSettings
    text: str  # of the file
    evidence: tuple[str, ...] = ()  # "DATABASE_URL is named in .env"


def proposed(
    root: Path,
    environ: Mapping[str, str],
    *,
    url: str = "",
    keys: Mapping[str, str] | None = None,
    schemas: Sequence[Path] = (),
    folder: Path | None = None,
) -> ProposedConfig:
    """The shortest configuration for a project.

    Args:
        root: of the project; its `.env` files, Prisma files and SQLite files are looked at.
        environ: of the process; only which variables are set.
        url: a reference for `dev`, where it is known.
        keys: further top-level keys (`engine`, `handler`, `migrations`).
        schemas: of Prisma, wherever in the project they lie.
        folder: of the migrations; a tool's configuration lies there or above.
    """
    named = _variables(root, environ)
    engine = (keys or {}).get("engine", "")
    reference, evidence = (
        (url, []) if url else _dev(root, named, [*schemas, *_tool_files(root, folder)], engine)
    )
    environments: dict[str, Any] = {"dev": {"url": reference}}
    for environment, names in _NAMES.items():
        found = next((name for name in names if name in named), "")
        if found:
            environments[environment] = {"url": f"env:{found}"}
            evidence.append(f"{found} is {named[found].where}")
    data: dict[str, Any] = {key: value for key, value in (keys or {}).items() if value}
    data["environments"] = environments
    return ProposedConfig(
        settings=ProjectSettings.model_validate(data),
        text=_written(data),
        evidence=tuple(evidence),
    )


@dataclass(frozen=True, slots=True)
class _Variable:
    where: str  # "set", "named in .env"
    sqlite: str = ""  # its value where that is a SQLite file


def _variables(root: Path, environ: Mapping[str, str]) -> dict[str, _Variable]:
    found = {name: _Variable("set") for name in environ}
    for file in _ENV_FILES:
        for name, value in re.findall(
            r"(?m)^[ \t]*(?:export[ \t]+)?([A-Za-z_]\w*)[ \t]*=[ \t]*(.*?)[ \t]*\r?$",
            _text(root / file),
        ):
            bare = value.strip("\"'")
            sqlite = bare if bare.startswith("file:") and file != ".env.example" else ""
            found.setdefault(name, _Variable(f"named in {file}", sqlite))
    return found


def _dev(
    root: Path, named: Mapping[str, _Variable], files: Sequence[Path], engine: str
) -> tuple[str, list[str]]:
    """A reference for `dev`, and what it was read off."""
    elsewhere = [file.relative_to(root).as_posix() for file in files]
    for file in (*_PRISMA_FILES, *elsewhere):
        name, literal = _url_in(_text(root / file), named)
        if literal:
            return _placed(literal, file), [f"{file} names {literal}"]
        if name:
            return _reference(name, named, f"{name} is named in {file}")
    if "DATABASE_URL" in named:
        return _reference("DATABASE_URL", named, f"DATABASE_URL is {named['DATABASE_URL'].where}")
    databases = _sqlite_files(root)
    if len(databases) == 1:
        return f"./{databases[0]}", [f"{databases[0]} is the only SQLite file"]
    if engine == "sqlite" and not databases:
        return "./dev.db", ["nothing names a database, so ./dev.db is assumed"]
    return "env:DATABASE_URL", ["nothing names a database, so DATABASE_URL is assumed"]


def _placed(literal: str, file: str) -> str:
    """A `file:` of a schema in a folder of its own, seen from the root; Prisma starts there."""
    path = literal.removeprefix("file:")
    if file in _PRISMA_FILES or path.startswith("/"):
        return literal
    return f"file:{posixpath.normpath(posixpath.join(posixpath.dirname(file), path))}"


def _reference(name: str, named: Mapping[str, _Variable], evidence: str) -> tuple[str, list[str]]:
    variable = named.get(name)
    if variable is not None and variable.sqlite:
        return variable.sqlite, [f"{evidence}; {variable.where} it is a SQLite file"]
    return f"env:{name}", [evidence]


def _tool_files(root: Path, folder: Path | None) -> Sequence[Path]:
    """The configurations of JavaScript tools from the migrations upwards, the nearest first."""
    found: list[Path] = []
    for place in (folder, *folder.parents) if folder else ():
        if not place.is_relative_to(root):
            break
        if place.is_dir():
            found += sorted(f for f in place.iterdir() if _TOOL_FILE.fullmatch(f.name))
    return found


def _url_in(text: str, named: Mapping[str, _Variable]) -> tuple[str, str]:
    """Name of the variable that a file takes its URL from, or a literal SQLite `file:`.

    Of `A || B` it is the first that is set or named somewhere; where none is, the last.
    """
    code = re.sub(r"(?m)^\s*//.*$", "", text)
    for match in _EXPRESSION.finditer(code):
        if literal := re.match(r"""["'](file:[^"']+)["']""", match[1]):
            return "", literal[1]
        names = [m[1] or m[2] or m[3] for m in _VARIABLE.finditer(match[1])]
        if names:
            return next((name for name in names if name in named), names[-1]), ""
    return "", ""


def _sqlite_files(root: Path) -> Sequence[str]:
    found = {file for pattern in _DATABASE_FILES for file in root.glob(pattern) if file.is_file()}
    return sorted(file.name for file in found)


def _text(file: Path) -> str:
    try:
        return file.read_text(errors="replace") if file.stat().st_size < 1_000_000 else ""
    except OSError:
        return ""  # not there: nothing to read off


def _written(data: Mapping[str, Any]) -> str:
    """JSON as people write it: one environment a line."""
    lines = [f"  {json.dumps(key)}: {json.dumps(value)}" for key, value in data.items()]
    environments = [
        f"    {json.dumps(name)}: {{ {json.dumps('url')}: {json.dumps(value['url'])} }}"
        for name, value in data["environments"].items()
    ]
    lines[-1] = '  "environments": {\n' + ",\n".join(environments) + "\n  }"
    return "{\n" + ",\n".join(lines) + "\n}\n"
