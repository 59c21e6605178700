"""Other migration tools, known by their files and by their ledgers.

Two tools over one schema undo each other's work, so what belongs to another is refused by name.
"""

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from pathlib import Path

from faber_db.adapters.handlers.tables import (
    columns_of,
    names_its_schema,
    schemas_with,
    tables_among,
    tables_with,
)
from faber_db.errors import ConfigError, LedgerError, LedgerForeign
from faber_db.model.dialect import Dialect
from faber_db.services.ports import Session
from faber_db.sql.identifiers import quote_full

_FILES: tuple[tuple[str, str], ...] = (
    ("Prisma", r"migration_lock\.toml|[^/]+/migration\.sql"),
    ("Drizzle", r"meta/_journal\.json"),
    ("Flyway", r"(.*/)?([VU]\d[\w.]*|R)__.+\.sql"),
    ("Sqitch", r"(.*/)?sqitch\.plan"),
    ("Atlas", r"atlas\.sum"),
    ("yoyo", r".+\.rollback\.sql"),
    ("Alembic", r"versions/.+\.py|env\.py|script\.py\.mako"),
    ("Django", r"\d{4}_\w+\.py"),
    ("TypeORM", r"\d{13}-.+\.[cm]?[jt]s"),
    ("Sequelize", r"\d{8,}-.+\.[cm]?[jt]s"),
    ("Knex", r"\d{8,}_.+\.[cm]?[jt]s"),
    ("Rails", r"\d{8,}_\w+\.rb"),
    ("Liquibase", r"(.*/)?(db\.)?changelog[\w.-]*\.(xml|ya?ml|json)"),
)
_ANY_FILE = re.compile("|".join(f"(?:{pattern})" for _, pattern in _FILES))

_TEXTS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("goose", re.compile(r"(?m)^[ \t]*--[ \t]*\+goose\s")),
    ("Drizzle", re.compile(r"--> statement-breakpoint")),
    ("yoyo", re.compile(r"(?m)^--[ \t]*depends:")),
    ("Liquibase", re.compile(r"(?im)^[ \t]*--[ \t]*liquibase formatted sql")),
)

_LEDGERS = {
    "_prisma_migrations": "Prisma",
    "faber_db_migrations": 'faber-db (handler "sql")',
    "flyway_schema_history": "Flyway",
    "alembic_version": "Alembic",
    "django_migrations": "Django",
    "__drizzle_migrations": "Drizzle",
    "knex_migrations": "Knex",
    "SequelizeMeta": "Sequelize",
    "goose_db_version": "goose",
    "_yoyo_migration": "yoyo",
    "pgmigrations": "node-pg-migrate",
    "databasechangelog": "Liquibase",
    "DATABASECHANGELOG": "Liquibase",
    "atlas_schema_revisions": "Atlas",
    "schema_migrations": "dbmate",  # or golang-migrate, Rails or Ecto: see `_tool_of`
    "migrations": "TypeORM",  # only with its columns: see `_tool_of`
}
_SCHEMAS = {"drizzle": "__drizzle_migrations", "sqitch": "changes"}
"""Schemas that a tool keeps for itself, with the table that proves it (PostgreSQL)."""

_VALUES = (
    (("version",), re.compile(r"\d{14}")),
    (("id", "created_at", "hash"), re.compile(r"[0-9a-f]{64}")),
    (("id", "created_at", "name", "applied_at", "hash"), re.compile(r"[0-9a-f]{64}")),
)
"""Columns of ledgers that an application's table may have too, and what the last one holds."""

_BESIDE = {
    ("Prisma", "drizzle"),  # `x/migration.sql` is a migration of Drizzle 1.0 too
    ("Django", "alembic"),  # a numbered program beside `versions`, which Alembic never reads
    *(("Atlas", handler) for handler in ("goose", "golang-migrate", "flyway", "dbmate")),
}
"""Files that do no harm in a folder of a handler. Atlas writes migrations in these formats and keeps
its sums beside them; where it deployed them itself, its ledger in the database says so."""

_PROJECT_FILES = {
    "alembic.ini": "Alembic",
    "drizzle.config.ts": "Drizzle",
    "drizzle.config.js": "Drizzle",
    "knexfile.js": "Knex",
    "knexfile.ts": "Knex",
    ".sequelizerc": "Sequelize",
    "flyway.conf": "Flyway",
    "flyway.toml": "Flyway",
    "sqitch.conf": "Sqitch",
    "atlas.hcl": "Atlas",
    "manage.py": "Django",
}


def tool_of_file(path: str, handler: str = "") -> str:
    """The tool that a file name (below the migration folder) gives away, or empty.

    Args:
        path: below the folder.
        handler: whose folder it is; what does no harm there gives nothing away.
    """
    if not _ANY_FILE.fullmatch(path):  # one look for nearly all of them
        return ""
    tool = next((tool for tool, pattern in _FILES if re.fullmatch(pattern, path)), "")
    return "" if (tool, handler) in _BESIDE else tool


def tool_of_text(text: str) -> str:
    """The tool that an annotation in a script gives away, or empty."""
    return next((tool for tool, pattern in _TEXTS if pattern.search(text)), "")


def tool_of_project(root: Path) -> str:
    """The tool whose own configuration lies in a project root, or empty."""
    for name, tool in _PROJECT_FILES.items():
        if (root / name).is_file():
            return tool
    return ""


def refuse_files(paths: Iterable[str]) -> None:
    """Raise where a file belongs to another tool.

    Raises:
        LedgerForeign: names the tool and the file.
    """
    for path in paths:
        tool = tool_of_file(path)
        if tool:
            raise error_for(f"{path} belongs to {tool}", tool)


def refuse_mixed(folder: Path, handler: str) -> None:
    """Raise where a folder of one format holds files that give another one away.

    Raises:
        ConfigError: names the file and its tool.
    """
    for path in _first_paths(folder, only=("versions", "meta") if handler == "prisma" else ()):
        tool = tool_of_file(path, handler)
        if tool and _OURS.get(tool) != handler:
            raise ConfigError(
                f"{folder.name} is a folder of {handler}, and holds {path}, which is {tool}'s",
                hint='Give each its own folder, or name which one counts: "handler": "…".',
            )


def _first_paths(folder: Path, *, only: Sequence[str]) -> Iterator[str]:
    """Files of a folder and of its folders, or of some of these: a migration may be one."""
    for entry in sorted(folder.iterdir()) if folder.is_dir() else ():
        if entry.is_symlink() or not entry.is_dir():
            yield entry.name
        elif not only or entry.name in only:
            yield from (f"{entry.name}/{file.name}" for file in entry.iterdir())


def refuse_ledgers(
    session: Session,
    own: str,
    shape: Collection[str] = (),
    *,
    is_there: Callable[[], bool] | None = None,
) -> None:
    """Raise where a database without a ledger of ours carries another one. Talks to the server.

    Args:
        session: talks to the server.
        own: the ledger that was not there when it was looked for.
        shape: the columns that it has, where its tool lets a project give it another name.
        is_there: looks for it again, where `own` alone does not say how. A deployment may have made
            it since, with its first row; then it is no other one.

    Raises:
        LedgerForeign: names the tool and the table.
        LedgerError: it stands in another schema, or there is one like it under another name.
    """
    try:
        refuse_foreign(session, own)
        _refuse_renamed(session, own, shape)
    except (LedgerForeign, LedgerError):
        if not (is_there() if is_there else columns_of(session, own) is not None):
            raise


def refuse_foreign(session: Session, own: str) -> None:
    """Raise where there is another tool's ledger, or ours in another schema.

    Raises:
        LedgerForeign, LedgerError.
    """
    for table in tables_among(session, list(_LEDGERS), _SCHEMAS):
        tool = _tool_of(session, table)
        if table != own and tool:
            raise error_for(f"the database holds {table}, the ledger of {tool}", tool)
    _refuse_elsewhere(session, own)


def _refuse_renamed(session: Session, own: str, shape: Collection[str]) -> None:
    for table in tables_with(session, shape) if shape else ():
        if _holds_migrations(session, table, shape):
            raise LedgerError(
                f"{own} is not there, and {table} has the columns and rows of such a ledger",
                hint="The project gives its ledger another name: applied migrations would run again."
                ' Say it as a plain value in the tool\'s own configuration, or write it as "ledger" into'
                " the configuration.",
            )


def _holds_migrations(session: Session, table: str, shape: Collection[str]) -> bool:
    """Whether there is a row of a ledger's; of columns that say little, its value has to."""
    column, value = next(((c, v) for c, v in _VALUES if set(shape) == set(c)), ((), None))
    read = next(iter(column[-1:]), "1")
    name = quote_full(table, session.dialect)
    rows = session.query(f"SELECT {read} FROM {name} LIMIT 20")  # noqa: S608 -- quoted
    return any(value is None or value.fullmatch(str(row[0])) for row in rows)


def _refuse_elsewhere(session: Session, own: str) -> None:
    """Raise where the ledger stands in a schema that the session does not look at.

    Taking the database for an empty one would apply everything again. Where the URL itself names a
    schema, that one is meant, and others may have ledgers of their own.

    Raises:
        LedgerError: names the schema.
    """
    if session.dialect is not Dialect.POSTGRESQL:
        return
    schemas = schemas_with(session, own)
    if schemas and columns_of(session, own) is None and not names_its_schema(session):
        raise LedgerError(
            f"{own} stands in schema {schemas[0]}, which is not on the search path",
            hint=f"Put `options=-csearch_path={schemas[0]}` into the URL, or name the schema that"
            " is meant there.",
        )


def require_owner(session: Session, table: str, tool: str) -> None:
    """Raise where a ledger whose name several tools share is another one's. Talks to the server.

    Raises:
        LedgerForeign: names the tool and the table.
    """
    owner = _tool_of(session, table)
    if owner and owner != tool:
        raise error_for(f"the database holds {table}, the ledger of {owner}", owner)


_OURS = {
    "Prisma": "prisma",
    "dbmate": "dbmate",
    "golang-migrate": "golang-migrate",
    "Drizzle": "drizzle",
    'faber-db (handler "sql")': "sql",
    "goose": "goose",
    "Flyway": "flyway",
    "yoyo": "yoyo",
    "TypeORM": "typeorm",
    "Sequelize": "sequelize",
    "Knex": "knex",
    "Alembic": "alembic",
    "Django": "django",
}
"""The handler for a tool, where there is one."""


def error_for(what: str, tool: str) -> LedgerForeign:
    """The error for something that is another tool's."""
    ours = _OURS.get(tool)
    return LedgerForeign(
        what,
        hint=f'Set "handler": "{ours}" in the configuration.'
        if ours
        else f"There is no handler for {tool} yet; keep using {tool} here, "
        "or give this project a folder and a database of its own.",
    )


def _tool_of(session: Session, table: str) -> str:
    if table == "schema_migrations":
        return _tool_of_versions(session, columns_of(session, table) or ())
    if table == "migrations":
        columns = columns_of(session, table) or ()
        return "TypeORM" if {"timestamp", "name"} <= set(columns) else ""
    if "." in table:
        return {"drizzle": "Drizzle", "sqitch": "Sqitch"}[table.partition(".")[0]]
    return _LEDGERS[table]


def _tool_of_versions(session: Session, columns: tuple[str, ...]) -> str:
    """Whose `schema_migrations` this is; empty where it is an application's own table."""
    if "version" not in columns:
        return ""
    if "dirty" in columns:
        return "golang-migrate"
    if "inserted_at" in columns:
        return "Ecto"
    return "Rails" if columns_of(session, "ar_internal_metadata", sure=False) else "dbmate"
