"""Which database on which server this is, and the settings that change what a statement means."""

from typing import TYPE_CHECKING

from faber_db.adapters.engines.mysql import marker
from faber_db.adapters.engines.mysql.connect import Server, rows
from faber_db.model.dialect import Dialect
from faber_db.model.target import TargetIdentity

if TYPE_CHECKING:
    from faber_db.adapters.engines.mysql.connect import Connection

_PARTS = """
    SELECT database(), @@hostname, @@port, @@datadir, @@server_id, @@read_only,
        current_user(), @@sql_mode, @@time_zone, @@system_time_zone, @@lower_case_table_names,
        @@character_set_database, @@collation_database
"""


def read(connection: "Connection", server: Server) -> TargetIdentity:
    """The identity, from the server itself.

    MariaDB makes its `server_uid` of the machine and the port, so the data folder stands beside it.
    """
    (found,) = rows(connection, _PARTS)
    database, host, port, folder, number, read_only, role, mode, zone, system, case, *text = map(
        str, found
    )
    mariadb = server.dialect is Dialect.MARIADB
    uid = _variable(connection, "server_uid" if mariadb else "server_uuid")
    parts = {
        "database": database,
        "address": f"{host}:{port}",
        "datadir": folder,
        "server_id": number,
        "role_in_replication": "standby" if read_only == "1" else "primary",
    }
    if uid:
        parts["server_uid" if mariadb else "server_uuid"] = uid
    mark = marker.read(connection)
    return TargetIdentity(
        product=server.dialect.value,
        marker_id=mark.target_id if mark else "",
        parts=parts,
        bound={
            "role": role,
            "sql_mode": mode,
            "timezone": system if zone == "SYSTEM" else zone,
            "lower_case_table_names": case,
            "character_set": text[0],
            "collation": text[1],
        },
        missing=() if uid else ("server_uid" if mariadb else "server_uuid",),
    )


def _variable(connection: "Connection", name: str) -> str:
    """A variable that not every version has."""
    found = rows(connection, "SHOW GLOBAL VARIABLES LIKE %s", (name.replace("_", r"\_"),))
    return str(found[0][1]) if found else ""
