"""What a protected file remembers about us: its marker, and the approvals it has used."""

import sqlite3

from pydantic import ValidationError

from faber_db.errors import MarkerUnreadable
from faber_db.model.target import Marker

TABLES = ("_faber_db_marker", "_faber_db_used")

_CREATE = (
    "CREATE TABLE IF NOT EXISTS _faber_db_marker (one INTEGER PRIMARY KEY CHECK (one = 1),"
    " marker TEXT NOT NULL)",
    "CREATE TABLE IF NOT EXISTS _faber_db_used (nonce TEXT PRIMARY KEY NOT NULL,"
    " plan_digest TEXT NOT NULL, used_at TEXT NOT NULL) WITHOUT ROWID",
)


def read(connection: sqlite3.Connection) -> Marker | None:
    """The marker, or None where there is none.

    Raises:
        MarkerUnreadable: there is one that cannot be understood.
    """
    if not _exists(connection, "_faber_db_marker"):
        return None
    row = connection.execute("SELECT marker FROM _faber_db_marker WHERE one = 1").fetchone()
    if row is None:
        raise MarkerUnreadable(
            "the table of the marker is empty", hint="Restore it from a backup of the target."
        )
    try:
        return Marker.model_validate_json(row[0])
    except ValidationError as error:
        raise MarkerUnreadable(
            "the marker in the target cannot be understood",
            hint="A newer version may have written it: upgrade, or restore it from a backup.",
        ) from error


def write(connection: sqlite3.Connection, marker: Marker) -> None:
    """Write or replace the marker; the caller has a transaction open."""
    for statement in _CREATE:
        connection.execute(statement)
    connection.execute(
        "INSERT INTO _faber_db_marker (one, marker) VALUES (1, ?)"
        " ON CONFLICT (one) DO UPDATE SET marker = excluded.marker",
        (marker.model_dump_json(),),
    )


def use_nonce(connection: sqlite3.Connection, nonce: str, plan_digest: str, used_at: str) -> bool:
    """Record an approval as used; False when it was. The caller has a transaction open."""
    for statement in _CREATE:
        connection.execute(statement)
    cursor = connection.execute(
        "INSERT INTO _faber_db_used (nonce, plan_digest, used_at) VALUES (?, ?, ?)"
        " ON CONFLICT (nonce) DO NOTHING",
        (nonce, plan_digest, used_at),
    )
    return cursor.rowcount == 1


def free_nonce(connection: sqlite3.Connection, nonce: str) -> None:
    """Forget that an approval was used; the caller has a transaction open."""
    connection.execute("DELETE FROM _faber_db_used WHERE nonce = ?", (nonce,))


def used_nonces(connection: sqlite3.Connection) -> list[tuple[str, str, str]]:
    """All of (nonce, plan_digest, used_at), oldest first."""
    if not _exists(connection, "_faber_db_used"):
        return []
    return connection.execute(
        "SELECT nonce, plan_digest, used_at FROM _faber_db_used ORDER BY used_at, nonce"
    ).fetchall()


def _exists(connection: sqlite3.Connection, table: str) -> bool:
    found = connection.execute(
        "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?", (table,)
    ).fetchone()
    return found is not None
