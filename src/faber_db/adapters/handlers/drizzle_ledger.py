"""Drizzle's `__drizzle_migrations`: `hash` is the SHA-256 of the file, `created_at` the entry's `when`.

On PostgreSQL it lies in the schema `drizzle`, or on the search path where the project says so. The
migrator looks at nothing but the greatest `created_at` (drizzle-orm, */dialect.js, `migrate`).
"""

from collections.abc import Sequence

from faber_db.adapters.handlers import by_hand
from faber_db.adapters.handlers.other_tools import refuse_ledgers
from faber_db.adapters.handlers.status import with_interrupted
from faber_db.adapters.handlers.tables import columns_of, require_columns, tables_among
from faber_db.errors import LedgerError
from faber_db.model.dialect import Dialect
from faber_db.model.migration import LedgerRow, Migration
from faber_db.services.ports import Bound, Session
from faber_db.sql.mysql_transactions import MYSQL

NAME = "__drizzle_migrations"
SCHEMA = "drizzle"
IN_SCHEMA = f"{SCHEMA}.{NAME}"
_COLUMNS = {"id", "hash", "created_at"}
_DDL = {
    Dialect.POSTGRESQL: (
        f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}",
        f"CREATE TABLE {IN_SCHEMA} (id SERIAL PRIMARY KEY, hash text NOT NULL, created_at bigint)",
    ),
    Dialect.SQLITE: (
        f"CREATE TABLE {NAME} (id SERIAL PRIMARY KEY, hash text NOT NULL, created_at numeric)",
    ),
}
_DDL |= dict.fromkeys(
    MYSQL,
    (f"CREATE TABLE {NAME} (id serial PRIMARY KEY, hash text NOT NULL, created_at bigint)",),
)


def table_of(session: Session) -> str:
    """Where the ledger is, as SQL names it; empty where there is none.

    Raises:
        LedgerForeign: another tool's is there.
        LedgerError: it has another shape, or there are two.
    """
    found = tables_among(session, [NAME], {SCHEMA: NAME})
    if not found:
        refuse_ledgers(session, NAME, _COLUMNS)
        return ""
    if len(found) > 1:
        raise LedgerError(
            f"there are two ledgers of Drizzle: {' and '.join(found)}",
            hint="Find out which one the project's migrator uses, and drop the other.",
        )
    (table,) = found
    require_columns(table, _columns(session, table), _COLUMNS)
    return table


def read(session: Session) -> tuple[LedgerRow, ...]:
    table = table_of(session)
    if not table:
        return with_interrupted((), session)
    rows = session.query(f"SELECT created_at, hash FROM {table} ORDER BY created_at")  # noqa: S608 -- constants
    newest: dict[str, LedgerRow] = {}
    for created_at, digest in rows:
        version = _version(created_at)
        newest[version] = LedgerRow(version, version, str(digest), None)
    return with_interrupted(list(newest.values()), session)


def ensure(session: Session) -> str:
    """The ledger's name, made where there is none, in a transaction of its own."""
    if table := table_of(session):
        return table
    with session.transaction():
        for ddl in _DDL[session.dialect]:
            session.execute(ddl)
    return _made(session.dialect)


def insert(table: str, migration: Migration) -> Bound:
    return Bound(
        f"INSERT INTO {table} (hash, created_at) VALUES (%s, %s)",  # noqa: S608 -- constants
        (migration.sha256, int(migration.version)),
    )


def delete(table: str, migration: Migration) -> Bound:
    return Bound(
        f"DELETE FROM {table} WHERE created_at = %s",  # noqa: S608 -- constants
        (int(migration.version),),
    )


def text_by_hand(dialect: Dialect, migration: Migration, *, whole: bool, back: bool) -> str:
    """Script and row for the server's own client; see `Handler.by_hand`."""
    table, digest = _made(dialect), by_hand.literal(dialect, migration.sha256)
    text = (migration.down or "") if back else migration.up
    row = (
        f"DELETE FROM {table} WHERE created_at = {int(migration.version)}"  # noqa: S608 -- constants
        if back
        else f"INSERT INTO {table} (hash, created_at) VALUES ({digest}, {int(migration.version)})"  # noqa: S608 -- quoted
    )
    body = by_hand.in_one(dialect, text, row) if whole else by_hand.then(text, row)
    made = [by_hand.made_once(ddl) for ddl in _DDL[dialect]]
    return body if back else "\n".join([*made, body])


def _made(dialect: Dialect) -> str:
    return IN_SCHEMA if dialect is Dialect.POSTGRESQL else NAME


def _columns(session: Session, table: str) -> Sequence[str]:
    if table == NAME:
        return columns_of(session, table) or ()
    rows = session.query(
        "SELECT attname::text FROM pg_catalog.pg_attribute"
        " WHERE attrelid = pg_catalog.to_regclass(%s) AND attnum > 0 AND NOT attisdropped",
        (table,),
    )
    return [str(row[0]) for row in rows]


def _version(created_at: object) -> str:
    try:
        return str(int(str(created_at)))
    except ValueError as error:
        raise LedgerError(
            f"{NAME} holds a created_at that is no number",
            hint="Drizzle writes the entry's `when` there; look at the row.",
        ) from error
