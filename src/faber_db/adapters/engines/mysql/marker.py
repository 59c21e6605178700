"""Whether a database carries a marker. This version writes none, and refuses to read past one."""

from typing import TYPE_CHECKING

from faber_db.adapters.engines.mysql.connect import rows
from faber_db.errors import NotSupported

if TYPE_CHECKING:
    from faber_db.adapters.engines.mysql.connect import Connection

SCHEMA = "faber_db"
PREFIX = "_faber_db_"  # of tables, where no database of ours can be made

_PATTERN = PREFIX.replace("_", r"\_") + "%"


def refuse(connection: "Connection") -> None:
    """Let nothing go on in a database that a later version protected.

    Raises:
        NotSupported: there is a marker.
    """
    found = rows(
        connection,
        "SELECT table_schema, table_name FROM information_schema.tables"
        " WHERE table_schema = %s OR (table_schema = database() AND table_name LIKE %s)",
        (SCHEMA, _PATTERN),
    )
    if found:
        raise NotSupported(
            f"{found[0][0]}.{found[0][1]} is a marker that this version cannot read",
            hint="Use the version of faber-db that wrote it.",
        )


def refuse_on_server(connection: "Connection") -> None:
    """Let nothing be made on a server that holds a protected database.

    Raises:
        NotSupported: there is a marker in one of its databases.
    """
    found = rows(
        connection,
        "SELECT table_schema, table_name FROM information_schema.tables"
        " WHERE table_schema = %s OR table_name LIKE %s LIMIT 1",
        (SCHEMA, _PATTERN),
    )
    if found:
        raise NotSupported(f"{found[0][0]}.{found[0][1]} is a marker")
