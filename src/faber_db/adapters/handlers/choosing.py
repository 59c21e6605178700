"""Which of several migration folders a project means, and what to say where that stays open."""

import json
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from faber_db.errors import ConfigError
from faber_db.services.ports import FoundHistory

_FOREIGN = {
    "cassandra": "Cassandra",
    "clickhouse": "ClickHouse",
    "cockroach": "CockroachDB",
    "cockroachdb": "CockroachDB",
    "derby": "Derby",
    "elasticsearch": "Elasticsearch",
    "h2": "H2",
    "hsqldb": "HSQLDB",
    "mongo": "MongoDB",
    "mongodb": "MongoDB",
    "mssql": "SQL Server",
    "neo4j": "Neo4j",
    "oracle": "Oracle",
    "scylla": "ScyllaDB",
    "snowflake": "Snowflake",
    "sqlserver": "SQL Server",
}
"""Folders of products that are none of ours; a project keeps them beside its own database."""
_PRODUCTS = {
    "mariadb": "mysql",
    "mysql": "mysql",
    "pg": "postgresql",
    "pgsql": "postgresql",
    "postgres": "postgresql",
    "postgresql": "postgresql",
    "sqlite": "sqlite",
    "sqlite3": "sqlite",
}
"""How a folder is called that is for one product, where its format does not say it."""


def choose(root: Path, found: Sequence[FoundHistory], engine: str) -> FoundHistory | None:
    """The folder that is meant; None where there is none.

    Args:
        root: of the project.
        found: every folder of every format.
        engine: the product that it is for, where that is known; then it decides between folders
            that are each for one product.

    Raises:
        ConfigError: it stays open; the hint has what to choose from.
    """
    ours = [history for history in found if not _foreign(root, history)] or list(found)
    left_out = [history for history in found if history not in ours]
    product = "mysql" if engine == "mariadb" else engine
    meant = ours
    if len(ours) > 1 and product and all(_engine(root, history) for history in ours):
        meant = [history for history in ours if _engine(root, history) == product] or ours
    if len(meant) > 1:
        raise _open(root, meant)
    if not meant:
        return None
    several = len(found) > 1
    return replace(meant[0], evidence=meant[0].evidence + _told(root, left_out), several=several)


def _foreign(root: Path, history: FoundHistory) -> str:
    parts = history.folder.relative_to(root).parts
    return next((_FOREIGN[part.casefold()] for part in parts if part.casefold() in _FOREIGN), "")


def _engine(root: Path, history: FoundHistory) -> str:
    """The product that a folder is for: its format says it, or the last folder that is named so."""
    parts = reversed(history.folder.relative_to(root).parts)
    named = (_PRODUCTS[part.casefold()] for part in parts if part.casefold() in _PRODUCTS)
    return history.engine or next(named, "")


def _told(root: Path, left_out: Sequence[FoundHistory]) -> str:
    named = [f"{_path(root, h)} is for {_foreign(root, h)}" for h in left_out]
    return f" ({', '.join(named)})" if named else ""


def _open(root: Path, found: Sequence[FoundHistory]) -> ConfigError:
    """The error that names them, with the two ways on: choose one, or a database for each."""
    named = ", ".join(f"{_path(root, h)} ({h.handler})" for h in found)
    return ConfigError(
        f"there are several migration folders: {named}",
        hint="Name one by `handler` and `migrations` in faber-db.json, as"
        f" `faber-db init --migrations {_path(root, found[0])}` does; or write one with a"
        f" database for each, and its URL: {_several(root, found)}",
    )


def _several(root: Path, found: Sequence[FoundHistory]) -> str:
    """A configuration with a database for each folder."""
    databases: dict[str, object] = {}
    for history, name in zip(found, _names(root, found), strict=True):
        variable = f"{name.upper().replace('-', '_')}_DATABASE_URL"
        databases[name] = {
            "handler": history.handler,
            "migrations": _path(root, history),
            "environments": {"dev": {"url": f"env:{variable}"}},
        }
    return json.dumps({"databases": databases}, ensure_ascii=False)


def _names(root: Path, found: Sequence[FoundHistory]) -> list[str]:
    """A name for each: the first folder on its path in which it differs; else it is numbered."""
    paths = [history.folder.relative_to(root).parts for history in found]
    shared = 0
    while len({path[: shared + 1] for path in paths}) == 1 and shared < min(map(len, paths)):
        shared += 1
    names: list[str] = []
    for history, path in zip(found, paths, strict=True):
        part = re.sub(r"[^a-z0-9]+", "-", "".join(path[shared : shared + 1]).casefold()).strip("-")
        name = part if part and part not in ("migrations", "migration") else history.handler
        names.append(name)
    return [
        name if names.count(name) == 1 else f"{name}{names[: at + 1].count(name)}"
        for at, name in enumerate(names)
    ]


def _path(root: Path, history: FoundHistory) -> str:
    return history.folder.relative_to(root).as_posix()
