"""What a protected database remembers about us, in the schema `faber_db`."""

from typing import TYPE_CHECKING

from pydantic import ValidationError

from faber_db.errors import MarkerUnreadable
from faber_db.model.target import Marker

if TYPE_CHECKING:
    from faber_db.adapters.engines.postgresql.connect import Connection

SCHEMA = "faber_db"

_CREATE = """
    CREATE SCHEMA IF NOT EXISTS faber_db;
    CREATE TABLE IF NOT EXISTS faber_db.marker (
        one integer PRIMARY KEY CHECK (one = 1), marker text NOT NULL);
    CREATE TABLE IF NOT EXISTS faber_db.used_approvals (
        nonce text PRIMARY KEY, plan_digest text NOT NULL, used_at text NOT NULL)
"""


def read(connection: "Connection") -> Marker | None:
    """The marker, or None where there is none. A schema we may not enter is an error.

    Raises:
        MarkerUnreadable: there is one that cannot be understood.
    """
    if not _exists(connection, "marker"):
        return None
    row = connection.execute("SELECT marker FROM faber_db.marker WHERE one = 1").fetchone()
    if row is None:
        raise MarkerUnreadable(
            "the table of the marker is empty", hint="Restore it from a backup of the target."
        )
    try:
        return Marker.model_validate_json(str(row[0]))
    except ValidationError as error:
        raise MarkerUnreadable(
            "the marker in the target cannot be understood",
            hint="A newer version may have written it: upgrade, or restore it from a backup.",
        ) from error


def write(connection: "Connection", marker: Marker) -> None:
    """Write or replace the marker, in the transaction that is open or in one of its own."""
    with connection.transaction():
        _create(connection)
        connection.execute(
            "INSERT INTO faber_db.marker (one, marker) VALUES (1, %s)"
            " ON CONFLICT (one) DO UPDATE SET marker = excluded.marker",
            (marker.model_dump_json(),),
        )


def use_nonce(connection: "Connection", nonce: str, plan_digest: str, used_at: str) -> bool:
    """Record an approval as used; False when it was. Synced to disk before it returns."""
    with connection.transaction():
        connection.execute("SET LOCAL synchronous_commit = on")
        _create(connection)
        cursor = connection.execute(
            "INSERT INTO faber_db.used_approvals (nonce, plan_digest, used_at)"
            " VALUES (%s, %s, %s) ON CONFLICT (nonce) DO NOTHING",
            (nonce, plan_digest, used_at),
        )
        return cursor.rowcount == 1


def free_nonce(connection: "Connection", nonce: str) -> None:
    """Forget that an approval was used."""
    with connection.transaction():
        connection.execute("DELETE FROM faber_db.used_approvals WHERE nonce = %s", (nonce,))


def used_nonces(connection: "Connection") -> list[tuple[str, str, str]]:
    """All of (nonce, plan_digest, used_at), oldest first."""
    if not _exists(connection, "used_approvals"):
        return []
    rows = connection.execute(
        "SELECT nonce, plan_digest, used_at FROM faber_db.used_approvals ORDER BY used_at, nonce"
    ).fetchall()
    return [(str(nonce), str(digest), str(at)) for nonce, digest, at in rows]


def _create(connection: "Connection") -> None:
    if not (_exists(connection, "marker") and _exists(connection, "used_approvals")):
        connection.execute(_CREATE)


def _exists(connection: "Connection", table: str) -> bool:
    row = connection.execute(
        "SELECT EXISTS (SELECT FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n"
        " ON n.oid = c.relnamespace WHERE n.nspname = 'faber_db' AND c.relname = %s)",
        (table,),
    ).fetchone()
    return bool(row and row[0])
