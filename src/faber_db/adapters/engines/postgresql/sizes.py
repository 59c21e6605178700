"""How big tables are: estimates from the catalogue, counts where asked for."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from faber_db.errors import StatementFailed
from faber_db.services.ports import TableSize

if TYPE_CHECKING:
    from faber_db.adapters.engines.postgresql.connect import Connection

_COUNTING_MS = 200  # for one table that was never analysed
_COUNTED_TABLES = 50  # at most, so that a big schema does not wait for 1,000 counts

# As the planner estimates: rows per page when last analysed, times the pages of now. A partitioned
# table is the sum of its partitions. pg_relation_size of a relation waits for nobody here:
# it is asked only for tables whose exclusive lock nobody holds.
_SIZES = """
    WITH RECURSIVE locked AS (
        SELECT relation FROM pg_catalog.pg_locks
        WHERE mode = 'AccessExclusiveLock' AND locktype = 'relation'
    ), leaves AS (
        SELECT c.oid AS root, c.oid, c.relkind FROM pg_catalog.pg_class c
        JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
        WHERE c.relkind IN ('r', 'p', 'm') AND n.nspname NOT LIKE 'pg\\_%%'
            AND n.nspname NOT IN ('information_schema', 'faber_db')
        UNION ALL
        SELECT l.root, c.oid, c.relkind FROM leaves l
        JOIN pg_catalog.pg_inherits i ON i.inhparent = l.oid
        JOIN pg_catalog.pg_class c ON c.oid = i.inhrelid
        WHERE l.relkind = 'p'
    ), measured AS (
        SELECT l.root, c.reltuples, c.relpages,
            CASE WHEN k.relation IS NULL THEN pg_catalog.pg_relation_size(c.oid)
                ELSE c.relpages::bigint * current_setting('block_size')::bigint END AS bytes
        FROM leaves l JOIN pg_catalog.pg_class c ON c.oid = l.oid
        LEFT JOIN (SELECT DISTINCT relation FROM locked) k ON k.relation = c.oid
        WHERE c.relkind <> 'p'
    )
    SELECT n.nspname, c.relname, coalesce(sum(m.bytes), 0)::bigint,
        coalesce(bool_or(m.reltuples < 0 OR (m.relpages = 0 AND m.bytes > 0)), false),
        coalesce(sum(CASE WHEN m.relpages > 0 THEN
            m.reltuples / m.relpages * m.bytes / current_setting('block_size')::bigint
            ELSE 0 END), 0)::bigint
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    JOIN (SELECT DISTINCT root FROM leaves) l ON l.root = c.oid
    LEFT JOIN measured m ON m.root = c.oid
    GROUP BY n.nspname, c.relname ORDER BY 3, 1, 2
"""


def full_name(schema: object, name: object) -> str:
    """As `Table.full_name` spells it."""
    return str(name) if schema == "public" else f"{schema}.{name}"


def read(connection: "Connection") -> Mapping[str, TableSize]:
    """Sizes by full name. A table that was never analysed is counted where that is quick.

    What could not be counted in time is not in the answer: its size is unknown; nor is what was
    dropped since it was listed.
    """
    found: dict[str, TableSize] = {}
    uncounted = _COUNTED_TABLES
    for schema, name, size, unknown, rows in connection.execute(_SIZES.replace("%%", "%").encode()):
        key, size_bytes = full_name(schema, name), int(str(size))
        if not size_bytes:
            found[key] = TableSize(0, 0, exact=True)
        elif not unknown:
            found[key] = TableSize(int(str(rows)), size_bytes, exact=False)
        elif uncounted:
            uncounted -= 1
            counted = _quick_count(connection, schema, name)
            if counted is not None:
                found[key] = TableSize(counted, size_bytes, exact=True)
    return found


def row_counts(connection: "Connection", tables: Sequence[str]) -> Mapping[str, int]:
    """Exact counts by full name.

    Raises:
        StatementFailed: there is no such table.
    """
    there = {
        full_name(schema, name): (schema, name)
        for schema, name in connection.execute(
            "SELECT n.nspname, c.relname FROM pg_catalog.pg_class c"
            " JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
            " WHERE c.relkind IN ('r', 'p', 'm', 'f', 'v')"
            " AND n.nspname NOT IN ('pg_catalog', 'information_schema')"
        )
    }
    missing = [table for table in tables if table not in there]
    if missing:
        raise StatementFailed(f"there is no table {missing[0]} to be counted")
    return {table: _count(connection, *there[table]) for table in tables}


def _quick_count(connection: "Connection", schema: object, name: object) -> int | None:
    import psycopg

    try:
        with connection.transaction():
            before = connection.execute("SHOW statement_timeout").fetchone()
            connection.execute(f"SET LOCAL statement_timeout = {_COUNTING_MS:d}".encode())
            count = _count(connection, schema, name)
            connection.execute(
                "SELECT set_config('statement_timeout', %s, true)", (before[0] if before else "0",)
            )
            return count
    except (
        psycopg.errors.QueryCanceled,
        psycopg.errors.LockNotAvailable,
        psycopg.errors.InsufficientPrivilege,
        psycopg.errors.UndefinedTable,
        psycopg.errors.InvalidSchemaName,
    ):
        return None


def _count(connection: "Connection", schema: object, name: object) -> int:
    from psycopg import sql

    table = sql.Identifier(str(schema), str(name))
    row = connection.execute(sql.SQL("SELECT count(*) FROM {}").format(table)).fetchone()
    return int(str(row[0])) if row else 0
