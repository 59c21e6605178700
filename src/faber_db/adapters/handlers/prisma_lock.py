"""Prisma's own lock, so that its CLI and we never deploy at once."""

import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta

from faber_db.errors import ConnectionFailed, LockBusy
from faber_db.model.dialect import Dialect
from faber_db.model.migration import LedgerNote
from faber_db.services.ports import Session

LOCK_KEY = 72_707_369  # what Prisma's engine passes to pg_advisory_lock
LOCK_NAME = "prisma_migrate"  # and to GET_LOCK, where it belongs to the whole server
GONE = "a session that is gone already"


@contextmanager
def advisory_lock(session: Session, wait: timedelta) -> Iterator[None]:
    until = time.monotonic() + wait.total_seconds()
    while session.query("SELECT pg_try_advisory_lock(%s)", (LOCK_KEY,)) != [(True,)]:
        if time.monotonic() >= until:
            raise LockBusy(
                f"Prisma's migration lock is held by {_holder(session) or GONE}",
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
            raise LockBusy(
                f"Prisma's migration lock is held by {_named_holder(session) or GONE}",
                hint="Somebody deploys to this server. Wait for it, then look at the status again.",
            )
        time.sleep(0.1)
    try:
        yield
    finally:
        with suppress(ConnectionFailed):  # the server gave it back with the connection
            session.query("SELECT release_lock(%s)", (LOCK_NAME,))


def held(session: Session) -> tuple[LedgerNote, ...]:
    """A note of who holds Prisma's lock now; it ends by itself, so it blocks nothing."""
    if session.dialect is Dialect.SQLITE:
        return ()
    postgresql = session.dialect is Dialect.POSTGRESQL
    holder = _holder(session) if postgresql else _named_holder(session)
    if not holder:
        return ()
    return (
        LedgerNote(
            "tool-lock-held",
            f"Prisma's migration lock is held by {holder}",
            "Somebody deploys with Prisma; a deployment waits for it.",
        ),
    )


def _named_holder(session: Session) -> str:
    ((number,),) = session.query("SELECT nullif(is_used_lock(%s), connection_id())", (LOCK_NAME,))
    return f"session {number}" if number else ""


def _holder(session: Session) -> str:
    rows = session.query(
        "SELECT l.pid, coalesce(a.application_name, ''), coalesce(a.usename::text, ''),"
        " to_char(a.backend_start AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS \"UTC\"')"
        " FROM pg_catalog.pg_locks l LEFT JOIN pg_catalog.pg_stat_activity a USING (pid)"
        " WHERE l.locktype = 'advisory' AND l.granted AND l.classid = 0 AND l.objid = %s"
        " AND l.objsubid = 1 AND l.pid <> pg_catalog.pg_backend_pid()"
        " AND l.database = (SELECT oid FROM pg_catalog.pg_database"
        " WHERE datname = current_database())",
        (LOCK_KEY,),
    )
    if not rows:
        return ""
    pid, application, user, since = rows[0]
    began = f", its session since {since}" if since else ""
    return f"process {pid} ({application or 'unnamed'}, user {user or 'unknown'}{began})"
