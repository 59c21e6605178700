"""yoyo's lock: the one row of `yoyo_lock`, with the pid of its owner and no name of its machine."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta

from faber_db.adapters.handlers.clock import NOW
from faber_db.adapters.handlers.tables import columns_of
from faber_db.errors import ConnectionFailed, LockBusy, LockTimeout, StatementFailed
from faber_db.model.migration import LedgerNote
from faber_db.services.ports import Session

TABLE = "yoyo_lock"
DDL = """CREATE TABLE IF NOT EXISTS yoyo_lock (
    locked INT DEFAULT 1,
    ctime TIMESTAMP,
    pid INT NOT NULL,
    PRIMARY KEY (locked)
)"""
_PAUSE = 0.1  # seconds between two tries
_BREAK = "Make sure that nobody deploys, from another machine either; then `yoyo break-lock`."


@contextmanager
def row_lock(session: Session, wait: timedelta) -> Iterator[None]:
    """Hold the row. The table is made where there is none.

    Raises:
        LockBusy: held for all of `wait`; says by which process, and whether that lives here.
    """
    if columns_of(session, TABLE) is None:
        with session.transaction():
            session.execute(DDL)
    until = time.monotonic() + wait.total_seconds()
    while (refused := _refused(session)) is not None:
        owner = owner_of(session)
        if owner == os.getpid():
            break  # of a session of ours that was lost; our own lock knows whether it has ended
        if time.monotonic() >= until:
            if owner is None and isinstance(refused, StatementFailed):
                raise refused
            raise LockBusy(
                f"yoyo's lock row is held by {_named(owner) if owner else 'somebody'}",
                hint="Somebody deploys here; wait for it."
                if owner is None or _lives(owner)
                else _BREAK,
            )
        time.sleep(_PAUSE)
    try:
        yield
    finally:
        with suppress(ConnectionFailed), session.transaction():
            session.execute("DELETE FROM yoyo_lock WHERE pid = %s", (os.getpid(),))


def notes(session: Session) -> tuple[LedgerNote, ...]:
    """A row that is there: of a deployment under way, or left behind."""
    owner = owner_of(session)
    if owner is None or owner == os.getpid():
        return ()
    message = f"yoyo's lock row is held by {_named(owner)}"
    if _lives(owner):
        return (LedgerNote("tool-lock-held", message, "A deployment waits for it."),)
    if owner_of(session) != owner:
        return notes(session)  # it ended well meanwhile, and took its row away before
    return (LedgerNote("lock-row-stuck", message, _BREAK, blocks=True),)


def owner_of(session: Session) -> int | None:
    """The pid in the row; None where there is none."""
    if columns_of(session, TABLE) is None:
        return None
    rows = session.query("SELECT pid FROM yoyo_lock")
    return int(str(rows[0][0])) if rows else None


def _refused(session: Session) -> LockTimeout | StatementFailed | None:
    """Try to insert the row; why it could not be: another one is there, or about to be."""
    now = NOW[session.dialect].replace("%", "%%")
    try:
        with session.transaction():
            session.execute(
                f"INSERT INTO yoyo_lock (locked, ctime, pid) VALUES (1, {now}, %s)",  # noqa: S608 -- constant
                (os.getpid(),),
            )
    except (LockTimeout, StatementFailed) as error:
        return error
    return None


def _named(pid: int) -> str:
    return f"process {pid}, which {'lives' if _lives(pid) else 'does not live'} on this machine"


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return True
    return True
