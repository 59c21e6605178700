"""The primary key by which the batches of a statement go."""

from typing import TYPE_CHECKING

from faber_db.adapters.engines.batches import Key
from faber_db.adapters.engines.mysql.connect import rows
from faber_db.adapters.engines.mysql.sizes import quoted

if TYPE_CHECKING:
    from faber_db.adapters.engines.mysql.connect import Connection

_KEY = """
    SELECT column_name, data_type FROM information_schema.columns
    WHERE table_schema = database() AND table_name = %s AND column_key = 'PRI'
"""
_KINDS = ("tinyint", "smallint", "mediumint", "int", "bigint", "char", "varchar", "uuid")


def key_of(connection: "Connection", table: str) -> Key | None:
    """Of a table as a script names it; None where it is not one column of a kind with an order."""
    found = rows(connection, _KEY, (table.rpartition(".")[2].strip("`").replace("``", "`"),))
    if len(found) != 1 or found[0][1] not in _KINDS:
        return None
    return Key(quoted(str(found[0][0])), "%s", "{}")
