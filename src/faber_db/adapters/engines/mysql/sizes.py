"""How big tables are: InnoDB's estimates, and counts where a few rows decide."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from faber_db.adapters.engines.mysql.connect import rows
from faber_db.adapters.engines.mysql.faults import is_cancelled, is_forbidden, is_gone, is_locked
from faber_db.errors import StatementFailed
from faber_db.services.ports import TableSize

if TYPE_CHECKING:
    from faber_db.adapters.engines.mysql.connect import Connection

# InnoDB's estimate lags behind what was just loaded. Below this many rows, where a table passes for
# small, it is counted; no more rows than this are ever read of one table.
_SMALL = 10_000
_COUNTED_TABLES = 200

_SIZES = """
    SELECT table_name, coalesce(table_rows, 0), coalesce(data_length, 0)
    FROM information_schema.tables
    WHERE table_schema = database() AND table_type IN ('BASE TABLE', 'SYSTEM VERSIONED')
    ORDER BY table_name
"""


def quoted(name: str) -> str:
    """A name as an identifier."""
    return "`" + name.replace("`", "``") + "`"


def read(connection: "Connection") -> Mapping[str, TableSize]:
    """Sizes by name. A small table that is locked is not in the answer: its size is unknown.

    Nor is one that was dropped since it was listed.
    """
    found: dict[str, TableSize] = {}
    uncounted = _COUNTED_TABLES
    for name, estimate, size in rows(connection, _SIZES):
        key, guess, size_bytes = str(name), int(str(estimate)), int(str(size))
        if guess > _SMALL or not uncounted:
            found[key] = TableSize(guess, size_bytes, exact=False)
            continue
        uncounted -= 1
        counted = _count_some(connection, key)
        if counted is not None:
            found[key] = TableSize(max(guess, counted), size_bytes, exact=False)
            if counted <= _SMALL:
                found[key] = TableSize(counted, size_bytes, exact=True)
    return found


def database_size(connection: "Connection") -> int:
    """Bytes of rows and indexes, as the server last measured them."""
    ((size,),) = rows(
        connection,
        "SELECT coalesce(sum(data_length + index_length), 0) FROM information_schema.tables"
        " WHERE table_schema = database()",
    )
    return int(str(size))


def row_counts(connection: "Connection", tables: Sequence[str]) -> Mapping[str, int]:
    """Exact counts by name.

    Raises:
        StatementFailed: there is no such table.
    """
    there = {
        str(name)
        for (name,) in rows(
            connection,
            "SELECT table_name FROM information_schema.tables WHERE table_schema = database()",
        )
    }
    missing = [table for table in tables if table not in there]
    if missing:
        raise StatementFailed(f"there is no table {missing[0]} to be counted")
    return {
        table: int(str(rows(connection, f"SELECT count(*) FROM {quoted(table)}")[0][0]))  # noqa: S608 - quoted
        for table in tables
    }


def _count_some(connection: "Connection", table: str) -> int | None:
    import pymysql

    some = f"SELECT count(*) FROM (SELECT 1 FROM {quoted(table)} LIMIT {_SMALL + 1}) AS counted"  # noqa: S608 - quoted
    try:
        return int(str(rows(connection, some)[0][0]))
    except pymysql.err.Error as error:
        if is_locked(error) or is_cancelled(error) or is_forbidden(error) or is_gone(error):
            return None
        raise
