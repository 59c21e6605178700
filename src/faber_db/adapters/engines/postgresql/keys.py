"""The primary key by which the batches of a statement go."""

from typing import TYPE_CHECKING

from faber_db.adapters.engines.batches import Key

if TYPE_CHECKING:
    from faber_db.adapters.engines.postgresql.connect import Connection

_KEY = """
    SELECT quote_ident(a.attname), format_type(a.atttypid, NULL)
    FROM pg_catalog.pg_index i
    JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
    WHERE i.indrelid = pg_catalog.to_regclass(%s) AND i.indisprimary AND i.indnatts = 1
        AND a.atttypid IN ('int2'::regtype, 'int4'::regtype, 'int8'::regtype, 'text'::regtype,
            'varchar'::regtype, 'uuid'::regtype)
"""


def key_of(connection: "Connection", table: str) -> Key | None:
    """Of a table as a script names it; None where it is not one column of a kind with an order."""
    row = connection.execute(_KEY, (table,)).fetchone()
    if row is None:
        return None
    column, kind = row
    return Key(str(column), f"%s::text::{kind}", "{}::text")
