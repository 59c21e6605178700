"""Prisma's own lock, so that its CLI and we never deploy at once."""

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta

from faber_db.errors import ConnectionFailed, LockBusy
from faber_db.services.ports import Session

LOCK_KEY = 72_707_369  # what Prisma's engine passes to pg_advisory_lock
LOCK_NAME = "prisma_migrate"  # and to GET_LOCK, where it belongs to the whole server


@contextmanager
def advisory_lock(session: Session, wait: timedelta) -> Iterator[None]:
    until = time.monotonic() + wait.total_seconds()
    while session.query("SELECT pg_try_advisory_lock(%s)", (LOCK_KEY,)) != [(True,)]:
        if time.monotonic() >= until:
            raise LockBusy(
                f"Prisma's migration lock is held by {_holder(session)}",
                hint="Somebody else deploys here. Wait for it, then look at the status again.",
            )
        time.sleep(0.1)
    try:
        yield
    finally:
        with suppress(ConnectionFailed):  # the server gave it back with the connection
            session.query("SELECT pg_advisory_unlock(%s)", (LOCK_KEY,))


@contextmanager
def named_lock(session: Session, wait: timedelta) -> Iterator[None]:
    until = time.monotonic() + wait.total_seconds()
    while session.query("SELECT get_lock(%s, 0)", (LOCK_NAME,)) != [(1,)]:
        if time.monotonic() >= until:
            ((holder,),) = session.query("SELECT is_used_lock(%s)", (LOCK_NAME,))
            raise LockBusy(
                f"Prisma's migration lock is held by session {holder or 'unknown'}",
                hint="Somebody deploys to this server. Wait for it, then look at the status again.",
            )
        time.sleep(0.1)
    try:
        yield
    finally:
        with suppress(ConnectionFailed):  # the server gave it back with the connection
            session.query("SELECT release_lock(%s)", (LOCK_NAME,))


def _holder(session: Session) -> str:
    rows = session.query(
        "SELECT l.pid, coalesce(a.application_name, ''), coalesce(a.usename::text, '')"
        " FROM pg_catalog.pg_locks l LEFT JOIN pg_catalog.pg_stat_activity a USING (pid)"
        " WHERE l.locktype = 'advisory' AND l.granted AND l.classid = 0 AND l.objid = %s"
        " AND l.database = (SELECT oid FROM pg_catalog.pg_database"
        " WHERE datname = current_database())",
        (LOCK_KEY,),
    )
    if not rows:
        return "a session that is gone already"
    pid, application, user = rows[0]
    return f"process {pid} ({application or 'unnamed'}, user {user or 'unknown'})"
