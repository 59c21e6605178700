"""The primary key by which the batches of a statement go."""

import sqlite3

from faber_db.adapters.engines.batches import Key

_KEY = "SELECT name, upper(type) FROM pragma_table_info(?) WHERE pk > 0"
_KINDS = ("INT", "CHAR", "TEXT", "UUID")


def key_of(connection: sqlite3.Connection, table: str) -> Key | None:
    """Of a table as a script names it; None where it is not one column of a kind with an order."""
    name = table.rpartition(".")[2].strip('"`[]').replace('""', '"')
    found = connection.execute(_KEY, (name,)).fetchall()
    if len(found) != 1 or not any(kind in found[0][1] for kind in _KINDS):
        return None
    quoted = '"' + found[0][0].replace('"', '""') + '"'
    return Key(quoted, "%s", "{}")
