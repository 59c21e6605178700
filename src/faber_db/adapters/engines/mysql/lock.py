"""One deployer at a time: a named lock of this session, for this database."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from time import monotonic, sleep
from typing import TYPE_CHECKING

from faber_db.adapters.engines.mysql.connect import rows
from faber_db.errors import LockBusy, NotSupported
from faber_db.model.migration import LockHolder

if TYPE_CHECKING:
    from faber_db.adapters.engines.mysql.connect import Connection

_PAUSE = 0.1  # seconds between two looks

_HOLDER = """
    SELECT id, user, substring_index(host, ':', 1), coalesce(nullif(command, ''), '?'), time
    FROM information_schema.processlist WHERE id = is_used_lock(%s)
"""


def name_of(connection: "Connection") -> str:
    """The lock's name: such names belong to the whole server, and are at most 64 characters."""
    ((database,),) = rows(connection, "SELECT database()")
    return f"faber-db/{hashlib.sha256(str(database).encode()).hexdigest()[:32]}"


@contextmanager
def deploy_lock(connection: "Connection", *, wait: timedelta) -> Iterator[str]:
    """Hold the lock, whose name is given; it ends with the session, whatever ends that.

    Polled rather than waited for: a waiting statement would be a queue that nobody sees.

    Raises:
        LockBusy: held by somebody else for all of `wait`.
        NotSupported: the server is one of a cluster, whose locks hold on one node each.
    """
    import pymysql

    _refuse_cluster(connection)
    name = name_of(connection)
    deadline = monotonic() + wait.total_seconds()
    while rows(connection, "SELECT get_lock(%s, 0)", (name,)) != [(1,)]:
        if monotonic() >= deadline:
            raise LockBusy(
                f"another deployment is under way: {holder(connection, name)}",
                hint="Wait until it has ended; a session that is gone holds no lock, but one whose"
                " client is gone goes on until its statement ends.",
            )
        sleep(_PAUSE)
    try:
        yield name
    finally:
        with suppress(pymysql.err.Error):  # gone with the connection
            rows(connection, "SELECT release_lock(%s)", (name,))


def is_held_by_another(connection: "Connection") -> bool:
    """Whether another session holds the lock of this database."""
    name = name_of(connection)
    ((other,),) = rows(
        connection,
        "SELECT coalesce(is_used_lock(%s) <> connection_id(), 0)",
        (name,),
    )
    return bool(other)


def other_holder(connection: "Connection") -> LockHolder | None:
    """Who holds the lock of this database, other than this session; since when, no view tells."""
    if not is_held_by_another(connection):
        return None
    return LockHolder(holder(connection, name_of(connection)))


def holder(connection: "Connection", name: str) -> str:
    """Who holds a lock; an account without PROCESS sees the number of another's session alone."""
    found = rows(connection, _HOLDER, (name,))
    if found:
        number, user, host, command, seconds = found[0]
        return f"session {number}, {user}@{host}, {command} for {seconds} s"
    ((number,),) = rows(connection, "SELECT is_used_lock(%s)", (name,))
    return f"session {number}" if number else "by a session that has ended"


def _refuse_cluster(connection: "Connection") -> None:
    found = rows(connection, "SHOW GLOBAL VARIABLES LIKE 'wsrep\\_on'")
    if found and str(found[0][1]).upper() in ("ON", "1"):
        raise NotSupported(
            "the server belongs to a Galera cluster, whose named locks hold on one node only",
            hint="Two deployers on two nodes would not see each other; deploy there with the tool"
            " that you have.",
        )
