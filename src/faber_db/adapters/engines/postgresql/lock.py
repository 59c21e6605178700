"""One deployer at a time: an advisory lock of this session, in this database."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from time import monotonic, sleep
from typing import TYPE_CHECKING

from faber_db.errors import LockBusy
from faber_db.model.migration import LockHolder

if TYPE_CHECKING:
    from faber_db.adapters.engines.postgresql.connect import Connection

_PAUSE = 0.1  # seconds between two looks

KEY = int.from_bytes(hashlib.sha256(b"faber-db").digest()[:8], "big", signed=True)
"""Ours alone; each migration tool has a key of its own."""

GONE = "by a session that has ended"

_HOLDER = """
    SELECT l.pid, coalesce(nullif(a.application_name, ''), 'an unnamed application'),
        to_char(a.backend_start AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"+00:00"')
    FROM pg_catalog.pg_locks l LEFT JOIN pg_catalog.pg_stat_activity a USING (pid)
    WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1
        AND l.pid <> pg_catalog.pg_backend_pid()
        AND l.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database())
        AND l.classid::bigint = (%(key)s::bigint >> 32) & 4294967295
        AND l.objid::bigint = %(key)s::bigint & 4294967295
"""


@contextmanager
def deploy_lock(connection: "Connection", *, wait: timedelta) -> Iterator[None]:
    """Hold the lock; it ends with the session, whatever ends that.

    Polled rather than waited for: a waiting statement would be a queue that nobody sees.

    Raises:
        LockBusy: held by somebody else for all of `wait`.
    """
    deadline = monotonic() + wait.total_seconds()
    while not _try(connection):
        if monotonic() >= deadline:
            raise LockBusy(
                f"another deployment is under way: {holder(connection) or GONE}",
                hint="Wait until it has ended; a session that is gone holds no lock.",
            )
        sleep(_PAUSE)
    try:
        yield
    finally:
        if not connection.closed and not connection.broken:
            connection.execute("SELECT pg_catalog.pg_advisory_unlock(%s::bigint)", (KEY,))


def is_held_by_another(connection: "Connection") -> bool:
    """Whether another session holds the lock of this database."""
    rows = connection.execute(_HOLDER, {"key": KEY}).fetchall()
    return any(row[0] != connection.info.backend_pid for row in rows)


def _try(connection: "Connection") -> bool:
    row = connection.execute(
        "SELECT pg_catalog.pg_try_advisory_lock(%s::bigint)", (KEY,)
    ).fetchone()
    return bool(row and row[0])


def holder(connection: "Connection") -> LockHolder | None:
    """Who holds it: the session, and since when there is one; another role's is known by number."""
    row = connection.execute(_HOLDER, {"key": KEY}).fetchone()
    if row is None:
        return None
    number, application, began = row
    since = datetime.fromisoformat(str(began)) if began else None
    return LockHolder(f"session {number}, {application}", since)
