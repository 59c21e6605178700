"""Drizzle's `__drizzle_migrations`: `hash` is the SHA-256 of the file, `created_at` its time.

On PostgreSQL it lies in the schema `drizzle`, or on the search path where the project says so. Up to
0.x the migrator looks at nothing but the greatest `created_at` (drizzle-orm, */dialect.js, `migrate`);
1.0 adds `name` and `applied_at`, and looks at the names (up-migrations/*.js, */session.js).
"""

from faber_db.adapters.handlers.drizzle_folders import FolderMigration
from faber_db.adapters.handlers.ledger_table import LedgerTable
from faber_db.errors import LedgerError
from faber_db.model.dialect import Dialect
from faber_db.model.migration import LedgerRow, Migration
from faber_db.services.ports import Bound, Session
from faber_db.sql.mysql_transactions import MYSQL

NAME = "__drizzle_migrations"
SCHEMA = "drizzle"
COLUMNS = frozenset({"id", "hash", "created_at"})
NAMED = COLUMNS | {"name", "applied_at"}
"""The columns since 1.0."""

_DDL = {
    Dialect.POSTGRESQL: "CREATE TABLE IF NOT EXISTS {} (id SERIAL PRIMARY KEY, hash text NOT NULL,"
    " created_at bigint)",
    Dialect.SQLITE: "CREATE TABLE IF NOT EXISTS {} (id SERIAL PRIMARY KEY, hash text NOT NULL,"
    " created_at numeric)",
}
_DDL |= dict.fromkeys(
    MYSQL,
    "CREATE TABLE IF NOT EXISTS {} (id serial PRIMARY KEY, hash text NOT NULL, created_at bigint)",
)
_NAMED_DDL = {
    Dialect.POSTGRESQL: "CREATE TABLE IF NOT EXISTS {} (id SERIAL PRIMARY KEY, hash text NOT NULL,"
    " created_at bigint, name text, applied_at timestamp with time zone DEFAULT now())",
    Dialect.SQLITE: "CREATE TABLE IF NOT EXISTS {} (id INTEGER PRIMARY KEY, hash text NOT NULL,"
    " created_at numeric, name text, applied_at TEXT)",
}
_NAMED_DDL |= dict.fromkeys(
    MYSQL,
    "CREATE TABLE IF NOT EXISTS {} (id SERIAL PRIMARY KEY, hash TEXT NOT NULL, created_at BIGINT,"
    " name TEXT, applied_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP)",
)
_NOW = "strftime('%%Y-%%m-%%dT%%H:%%M:%%fZ', 'now')"  # SQLite has no default there


def rows(session: Session, table: LedgerTable) -> list[LedgerRow]:
    """By name where the ledger has names, else by time; of several, the newest."""
    ledger = table.quoted(session.dialect)
    name = "name" if "name" in (table.columns(session) or ()) else "NULL"
    newest: dict[str, LedgerRow] = {}
    for created_at, digest, named in session.query(
        f"SELECT created_at, hash, {name} FROM {ledger} ORDER BY created_at"  # noqa: S608 -- quoted
    ):
        version = str(named) if named is not None else _time(table, created_at)
        newest[version] = LedgerRow(version, version, str(digest), None)
    return list(newest.values())


def making(dialect: Dialect, table: LedgerTable, *, named: bool) -> list[Bound]:
    return [Bound((_NAMED_DDL if named else _DDL)[dialect].format(table.quoted(dialect)))]


def inserting(dialect: Dialect, table: LedgerTable, migration: Migration) -> Bound:
    ledger = table.quoted(dialect)
    if not isinstance(migration, FolderMigration):
        return Bound(
            f"INSERT INTO {ledger} (hash, created_at) VALUES (%s, %s)",  # noqa: S608 -- quoted
            (migration.sha256, int(migration.version)),
        )
    column, value = (", applied_at", f", {_NOW}") if dialect is Dialect.SQLITE else ("", "")
    return Bound(
        f"INSERT INTO {ledger} (hash, created_at, name{column}) VALUES (%s, %s, %s{value})",  # noqa: S608 -- quoted
        (migration.sha256, migration.millis, migration.version),
    )


def deleting(dialect: Dialect, table: LedgerTable, migration: Migration) -> Bound:
    named = isinstance(migration, FolderMigration)
    column, value = ("name", migration.version) if named else ("created_at", _number(migration))
    return Bound(f"DELETE FROM {table.quoted(dialect)} WHERE {column} = %s", (value,))  # noqa: S608 -- quoted


def require_form(table: LedgerTable, columns: tuple[str, ...] | None, *, named: bool) -> None:
    """Raise where folder and ledger are of different ages of Drizzle.

    Raises:
        LedgerError: what Drizzle itself has to do first.
    """
    if columns is None or named == ("name" in columns):
        return
    if named:
        raise LedgerError(
            f"{table.label} is from before Drizzle 1.0, and the folder is not",
            hint="Let drizzle-orm 1.0 or `drizzle-kit migrate` write the names into it first.",
        )
    raise LedgerError(
        f"{table.label} has the names of Drizzle 1.0, and the folder is from before it",
        hint="Run `drizzle-kit up` in the project, as drizzle-orm 1.0 asks for.",
    )


def _number(migration: Migration) -> int:
    return int(migration.version)


def _time(table: LedgerTable, created_at: object) -> str:
    try:
        return str(int(str(created_at)))
    except ValueError as error:
        raise LedgerError(
            f"{table.label} holds a created_at that is no number",
            hint="Drizzle writes the entry's `when` there; look at the row.",
        ) from error
