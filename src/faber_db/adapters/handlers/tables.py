"""Which tables a database has, as far as ledgers are concerned."""

from collections.abc import Collection, Mapping, Sequence

from faber_db.adapters.handlers.single_transaction import is_one
from faber_db.errors import LedgerError, StatementFailed
from faber_db.model.dialect import Dialect
from faber_db.model.migration import Migration
from faber_db.services.ports import Bound, Session
from faber_db.sql.identifiers import quote
from faber_db.sql.script import Script

_NO_TABLE = {"1146", "1049", "1109"}  # of MySQL and MariaDB: there is no such table, or database


def columns_of(
    session: Session, table: str, schema: str = "", *, sure: bool = True
) -> tuple[str, ...] | None:
    """Column names of a table, in their order; None where there is none.

    Args:
        session: talks to the server.
        table: as the catalogue spells it.
        schema: of PostgreSQL, or a database of MySQL; empty: the first on the search path that has it.
        sure: a table that MySQL may hide from this account is an error, not none.

    Raises:
        PermissionMissing: it may be there, and the account has no right to it.
    """
    if session.dialect is Dialect.SQLITE:
        rows = session.query("SELECT name FROM pragma_table_info(%s) ORDER BY cid", (table,))
    elif session.dialect is Dialect.POSTGRESQL:
        rows = session.query(
            "SELECT attname::text FROM pg_catalog.pg_attribute"
            " WHERE attrelid = pg_catalog.to_regclass(CASE WHEN %s = '' THEN '' ELSE"
            " pg_catalog.quote_ident(%s) || '.' END || pg_catalog.quote_ident(%s))"
            " AND attnum > 0 AND NOT attisdropped ORDER BY attnum",
            (schema, schema, table),
        )
    else:
        rows = session.query(
            "SELECT column_name FROM information_schema.columns WHERE table_schema ="
            " coalesce(nullif(%s, ''), database()) AND table_name = %s ORDER BY ordinal_position",
            (schema, table),
        )
        if not rows and sure:
            _require_sight(session, table, schema)
    return tuple(str(row[0]) for row in rows) or None


def _require_sight(session: Session, table: str, schema: str) -> None:
    """Raise where MySQL hides a table from an account without a right to it.

    The catalogue then says that there is none, and a ledger that is there would count as empty.

    Raises:
        PermissionMissing: it may be there.
    """
    name = f"{quote(schema, session.dialect)}." if schema else ""
    try:
        session.query(f"SELECT 1 FROM {name}{quote(table, session.dialect)} LIMIT 0")  # noqa: S608 -- quoted
    except StatementFailed as error:
        if error.state not in _NO_TABLE:
            raise


class _Undone(Exception):
    """Takes a try back."""


def require_writable(
    session: Session, migration: Migration, script: Script, rows: Sequence[Bound]
) -> None:
    """Try what is to be written into a ledger, and take it back, before a script that is not one runs.

    What cannot be written after it would leave the script's work without a row. A script that is one
    with its rows needs no try.

    Raises:
        PermissionMissing, StatementFailed, LockTimeout: nothing ran.
    """
    if is_one(migration, script):
        return
    try:
        with session.transaction():
            for bound in rows:
                session.execute(bound.sql, bound.parameters)
            raise _Undone
    except _Undone:
        return


def require_columns(table: str, columns: Sequence[str], wanted: set[str]) -> None:
    """Raise where a ledger has another shape than its tool gives it.

    Raises:
        LedgerError: names the columns that are not there.
    """
    if missing := ", ".join(sorted(wanted - set(columns))):
        raise LedgerError(
            f"{table} lacks the columns {missing}",
            hint="Another program made this table, or changed it; look at it before anything runs.",
        )


def tables_among(
    session: Session, names: Sequence[str], schemas: Mapping[str, str]
) -> tuple[str, ...]:
    """Those of some tables that are there, sorted.

    Args:
        session: talks to the server.
        names: looked for on the search path.
        schemas: schema to a table in it; found ones are returned as `schema.table`.
    """
    if session.dialect is Dialect.SQLITE:
        rows = session.query("SELECT name FROM sqlite_master WHERE type = 'table'")
        found = {str(row[0]) for row in rows} & set(names)
    elif session.dialect is Dialect.POSTGRESQL:
        rows = session.query(
            "SELECT n.nspname::text, c.relname::text, pg_catalog.pg_table_is_visible(c.oid)"
            " FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
            " WHERE c.relkind IN ('r', 'p') AND n.nspname NOT IN ('pg_catalog', 'pg_toast')"
        )
        found = {str(name) for _, name, visible in rows if visible and name in names}
        found |= {f"{s}.{t}" for s, t, _ in rows if schemas.get(str(s)) == t}
    else:  # a schema is a database there, and only our own is looked at
        rows = session.query(
            "SELECT table_name FROM information_schema.tables WHERE table_schema = database()"
        )
        found = {str(row[0]) for row in rows} & set(names)
    return tuple(sorted(found))


def schemas_with(session: Session, table: str) -> tuple[str, ...]:
    """Schemas of PostgreSQL that have a table of that name, on the search path or not."""
    rows = session.query(
        "SELECT n.nspname::text FROM pg_catalog.pg_class c"
        " JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
        " WHERE c.relkind IN ('r', 'p') AND c.relname = %s"
        " AND n.nspname NOT IN ('pg_catalog', 'information_schema') ORDER BY 1",
        (table,),
    )
    return tuple(str(row[0]) for row in rows)


def names_its_schema(session: Session) -> bool:
    """Whether whoever connects has said which schema is meant, in the URL or with `SET`."""
    ((source,),) = session.query(
        "SELECT source FROM pg_catalog.pg_settings WHERE name = 'search_path'"
    )
    return source in ("client", "session")


def tables_with(session: Session, columns: Collection[str]) -> tuple[str, ...]:
    """Tables that have these columns and no others, sorted; on PostgreSQL `schema.table`.

    Where the session names its schemas, only these are looked at.
    """
    if session.dialect is Dialect.SQLITE:
        rows = session.query(
            "SELECT m.name, c.name FROM sqlite_master m, pragma_table_info(m.name) c"
            " WHERE m.type = 'table'"
        )
    elif session.dialect is Dialect.POSTGRESQL:
        rows = session.query(
            "SELECT n.nspname::text || '.' || c.relname::text, a.attname::text"
            " FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
            " JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid"
            " WHERE c.relkind IN ('r', 'p') AND a.attnum > 0 AND NOT a.attisdropped"
            " AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')"
            " AND (NOT %s OR n.nspname = ANY (pg_catalog.current_schemas(false)))",
            (names_its_schema(session),),
        )
    else:
        rows = session.query(
            "SELECT table_name, column_name FROM information_schema.columns"
            " WHERE table_schema = database()"
        )
    found: dict[str, set[str]] = {}
    for table, column in rows:
        found.setdefault(str(table), set()).add(str(column))
    return tuple(sorted(table for table, names in found.items() if names == set(columns)))
