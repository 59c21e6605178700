"""Which database on which server this is, and the settings that change what a statement means."""

from typing import TYPE_CHECKING

from faber_db.adapters.engines.postgresql import marker
from faber_db.model.target import TargetIdentity

if TYPE_CHECKING:
    from faber_db.adapters.engines.postgresql.connect import Connection

_PARTS = """
    SELECT current_database(), d.oid::text, coalesce(host(inet_server_addr()), ''),
        current_setting('port'), pg_is_in_recovery(),
        current_user::text, current_setting('search_path'), current_setting('TimeZone'),
        has_function_privilege('pg_catalog.pg_control_system()', 'EXECUTE')
    FROM pg_catalog.pg_database d WHERE d.datname = current_database()
"""
# What somebody set for this session: by PGOPTIONS, a service file or the URL (`client`), or for its
# role or database. Our own SET statements are `session`.
_SET = """
    SELECT name, setting FROM pg_catalog.pg_settings
    WHERE source IN ('client', 'user', 'database', 'database user')
        AND name NOT IN ('application_name', 'client_encoding', 'search_path', 'TimeZone')
"""


def read(connection: "Connection") -> TargetIdentity:
    """The identity, from the server itself.

    A socket and a loopback address on one machine are one server, so both are called `local`.
    """
    row = connection.execute(_PARTS).fetchone()
    assert row is not None  # noqa: S101 - pg_database always has the current database
    database, oid, host, port, standby, role, search_path, timezone, readable = row
    host = "local" if host in ("", "127.0.0.1", "::1") else host
    parts = {
        "database": str(database),
        "database_oid": str(oid),
        "address": f"{host}:{port}",
        "role_in_replication": "standby" if standby else "primary",
    }
    if readable:
        found = connection.execute(
            "SELECT system_identifier::text FROM pg_catalog.pg_control_system()"
        ).fetchone()
        parts["system_identifier"] = str(found[0]) if found else ""
    mark = marker.read(connection)
    return TargetIdentity(
        product="postgresql",
        marker_id=mark.target_id if mark else "",
        parts=parts,
        bound={
            "role": str(role),
            "search_path": str(search_path),
            "timezone": str(timezone),
            **{str(name): str(setting) for name, setting in connection.execute(_SET)},
        },
        missing=() if readable else ("system_identifier",),
    )
