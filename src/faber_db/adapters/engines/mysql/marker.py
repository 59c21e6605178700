"""What a protected database remembers about us: its marker, and the approvals it has used.

The tables lie in the database itself. In a database of their own an account with rights on the
application's alone would not see them, and to it the target would look unprotected; and a copy of
the database would not carry them, so that it would not be known for a copy.
"""

from typing import TYPE_CHECKING

from pydantic import ValidationError

from faber_db.adapters.engines.mysql.connect import rows
from faber_db.adapters.engines.mysql.faults import errno
from faber_db.errors import MarkerUnreadable, NotSupported, PermissionMissing
from faber_db.model.target import Marker

if TYPE_CHECKING:
    from faber_db.adapters.engines.mysql.connect import Connection

PREFIX = "_faber_db_"  # of all tables of ours
MARKER, USED = "_faber_db_marker", "_faber_db_used"
SHADOW = "faber_db_shadow_"  # begins the name of every throw-away database

_OPTIONS = "ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin"
_CREATE = {
    MARKER: "CREATE TABLE IF NOT EXISTS _faber_db_marker (one integer PRIMARY KEY,"
    f" marker mediumtext NOT NULL, CHECK (one = 1)) {_OPTIONS}",
    USED: "CREATE TABLE IF NOT EXISTS _faber_db_used (nonce varchar(128) PRIMARY KEY,"
    f" plan_digest varchar(128) NOT NULL, used_at varchar(64) NOT NULL) {_OPTIONS}",
}
_DUPLICATE = 1062


def read(connection: "Connection") -> Marker | None:
    """The marker, or None where there is none.

    Raises:
        MarkerUnreadable: there is one that cannot be understood.
    """
    if not _exists(connection, MARKER):
        return None
    found = rows(connection, "SELECT marker FROM _faber_db_marker WHERE one = 1")
    if not found:
        raise MarkerUnreadable(
            "the table of the marker is empty", hint="Restore it from a backup of the target."
        )
    try:
        return Marker.model_validate_json(str(found[0][0]))
    except ValidationError as error:
        raise MarkerUnreadable(
            "the marker in the target cannot be understood",
            hint="A newer version may have written it: upgrade, or restore it from a backup.",
        ) from error


def write(connection: "Connection", marker: Marker) -> None:
    """Write or replace the marker, in the transaction that is open or by itself.

    The table is made first where it is missing, which ends a transaction that is open.
    """
    _create(connection, MARKER)
    rows(
        connection,
        "INSERT INTO _faber_db_marker (one, marker) VALUES (1, %s)"
        " ON DUPLICATE KEY UPDATE marker = VALUES(marker)",
        (marker.model_dump_json(),),
    )


def use_nonce(connection: "Connection", nonce: str, plan_digest: str, used_at: str) -> bool:
    """Record an approval as used; False when it was. On disk before it returns.

    Raises:
        PermissionMissing: the server writes commits out late, and the account may not have it
            done at once.
    """
    import pymysql

    _create(connection, USED)
    try:
        rows(
            connection,
            "INSERT INTO _faber_db_used (nonce, plan_digest, used_at) VALUES (%s, %s, %s)",
            (nonce, plan_digest, used_at),
        )
    except pymysql.err.IntegrityError as error:
        if errno(error) == _DUPLICATE:
            return False
        raise
    _sync(connection)
    return True


def free_nonce(connection: "Connection", nonce: str) -> None:
    """Forget that an approval was used."""
    rows(connection, "DELETE FROM _faber_db_used WHERE nonce = %s", (nonce,))


def used_nonces(connection: "Connection") -> list[tuple[str, str, str]]:
    """All of (nonce, plan_digest, used_at), oldest first."""
    if not _exists(connection, USED):
        return []
    found = rows(
        connection, "SELECT nonce, plan_digest, used_at FROM _faber_db_used ORDER BY used_at, nonce"
    )
    return [(str(nonce), str(digest), str(at)) for nonce, digest, at in found]


def refuse_on_server(connection: "Connection") -> None:
    """Let nothing be made on a server that holds a protected database.

    Raises:
        NotSupported: there is a marker in one of its databases.
    """
    found = rows(
        connection,
        "SELECT table_schema, table_name FROM information_schema.tables"
        " WHERE table_name = %s LIMIT 1",
        (MARKER,),
    )
    if found:
        raise NotSupported(f"{found[0][0]}.{found[0][1]} is a marker")


def _sync(connection: "Connection") -> None:
    import pymysql

    ((each,),) = rows(connection, "SELECT @@innodb_flush_log_at_trx_commit")
    if str(each) == "1":
        return
    try:
        rows(connection, "FLUSH LOCAL ENGINE LOGS")
    except pymysql.err.Error as error:
        raise PermissionMissing(
            f"innodb_flush_log_at_trx_commit is {each}, so a used approval may be lost in a crash",
            hint="Set it to 1, or grant the account RELOAD.",
        ) from error


def _create(connection: "Connection", table: str) -> None:
    if not _exists(connection, table):
        rows(connection, _CREATE[table])


def _exists(connection: "Connection", table: str) -> bool:
    return bool(
        rows(
            connection,
            "SELECT 1 FROM information_schema.tables"
            " WHERE table_schema = database() AND table_name = %s",
            (table,),
        )
    )
