"""Which tables a database has, as far as ledgers are concerned."""

from collections.abc import Collection, Mapping, Sequence

from faber_db.errors import LedgerError
from faber_db.model.dialect import Dialect
from faber_db.services.ports import Session


def columns_of(session: Session, table: str, schema: str = "") -> tuple[str, ...] | None:
    """Column names of a table, in their order; None where there is none.

    Args:
        session: talks to the server.
        table: as the catalogue spells it.
        schema: of PostgreSQL, or a database of MySQL; empty: the first on the search path that has it.
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
    return tuple(str(row[0]) for row in rows) or None


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


def tables_with(session: Session, columns: Collection[str]) -> tuple[str, ...]:
    """Tables that have these columns and no others, sorted; on PostgreSQL `schema.table`."""
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
