"""Locks that tools take on a server under a number or a name, asked for so that a holder is named."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta

from faber_db.errors import ConnectionFailed, LockBusy
from faber_db.model.migration import LedgerNote
from faber_db.services.ports import Session

_HINT = "Somebody else deploys here. Wait for it, then look at the status again."
_PAUSE = 0.1  # seconds between two tries
_GONE = "a session that is gone already"


@contextmanager
def advisory_lock(session: Session, key: int, *, wait: timedelta, whose: str) -> Iterator[None]:
    """`pg_advisory_lock` of a session; the tool's own waits as long as we hold it.

    Args:
        session: to PostgreSQL.
        key: 64 bits, signed.
        wait: how long to ask.
        whose: the tool, for the error.

    Raises:
        LockBusy: held by somebody else for all of `wait`; names the process.
    """

    def get() -> bool:
        return session.query("SELECT pg_try_advisory_lock(%s)", (key,)) == [(True,)]

    _ask(get, lambda: _process(session, key), wait=wait, whose=whose)
    try:
        yield
    finally:
        with suppress(ConnectionFailed):  # the server gave it back with the connection
            session.query("SELECT pg_advisory_unlock(%s)", (key,))


@contextmanager
def named_lock(session: Session, name: str, *, wait: timedelta, whose: str) -> Iterator[None]:
    """`GET_LOCK` of MySQL and MariaDB, which belongs to the whole server.

    Raises:
        LockBusy: as for `advisory_lock`; names the session.
    """

    def get() -> bool:
        return session.query("SELECT get_lock(%s, 0)", (name,)) == [(1,)]

    _ask(get, lambda: _number(session, name), wait=wait, whose=whose)
    try:
        yield
    finally:
        with suppress(ConnectionFailed):  # the server gave it back with the connection
            session.query("SELECT release_lock(%s)", (name,))


def advisory_held(session: Session, key: int, *, whose: str) -> tuple[LedgerNote, ...]:
    """A note of who else holds a lock of `advisory_lock` now."""
    return _note(_process(session, key), whose)


def named_held(session: Session, name: str, *, whose: str) -> tuple[LedgerNote, ...]:
    """A note of who else holds a lock of `named_lock` now."""
    return _note(_number(session, name), whose)


def _note(holder: str, whose: str) -> tuple[LedgerNote, ...]:
    """It ends by itself, so it blocks nothing."""
    if not holder:
        return ()
    return (
        LedgerNote(
            "tool-lock-held",
            f"{whose}'s migration lock is held by {holder}",
            f"Somebody deploys with {whose}; a deployment waits for it.",
        ),
    )


def _ask(
    get: Callable[[], bool], holder: Callable[[], str], *, wait: timedelta, whose: str
) -> None:
    until = time.monotonic() + wait.total_seconds()
    while not get():
        if time.monotonic() >= until:
            raise LockBusy(f"{whose}'s migration lock is held by {holder() or _GONE}", hint=_HINT)
        time.sleep(_PAUSE)


def _number(session: Session, name: str) -> str:
    ((number,),) = session.query("SELECT nullif(is_used_lock(%s), connection_id())", (name,))
    return f"session {number}" if number else ""


def _process(session: Session, key: int) -> str:
    high, low = (key >> 32) & 0xFFFF_FFFF, key & 0xFFFF_FFFF
    rows = session.query(
        "SELECT l.pid, coalesce(a.application_name, ''), coalesce(a.usename::text, ''),"
        " to_char(a.backend_start AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS \"UTC\"')"
        " FROM pg_catalog.pg_locks l LEFT JOIN pg_catalog.pg_stat_activity a USING (pid)"
        " WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1"
        " AND l.classid::bigint = %s AND l.objid::bigint = %s"
        " AND l.pid <> pg_catalog.pg_backend_pid()"
        " AND l.database = (SELECT oid FROM pg_catalog.pg_database"
        " WHERE datname = current_database())",
        (high, low),
    )
    if not rows:
        return ""
    pid, application, user, since = rows[0]
    began = f", its session since {since}" if since else ""
    return f"process {pid} ({application or 'unnamed'}, user {user or 'unknown'}{began})"
