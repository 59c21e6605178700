"""Knex's lock: the row of `knex_migrations_lock` whose `is_locked` is not 0.

Knex writes 1 and does not say who it is, so after a crash the row stays until somebody frees it. We
write the negative number of our session: Knex sees a locked row, and we see later whether that
session is still there. What a session of ours left that is gone is freed by the next deployment.
"""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta

from faber_db.adapters.handlers.at_work import others_at_work
from faber_db.adapters.handlers.ledger_table import LedgerTable
from faber_db.errors import ConnectionFailed, FaberDbError, LedgerError, LockBusy, LockTimeout
from faber_db.model.dialect import Dialect
from faber_db.model.migration import LedgerNote
from faber_db.services.ports import Session
from faber_db.sql.mysql_transactions import MYSQL

UNLOCK = "`npx knex migrate:unlock`"
_PAUSE = 0.1  # seconds between two tries
_NAME = "concat('faber_db_knex_', md5(database()))"  # MySQL: by it others see that we live
_LARGEST = 2**31 - 1  # of the column


class _Several(Exception):
    """The table has several free rows; Knex takes that for a locked one."""


@contextmanager
def lock_row(session: Session, table: LedgerTable, *, wait: timedelta) -> Iterator[None]:
    """The lock, asked for in a bounded loop.

    Args:
        session: that holds it.
        table: the lock's, which has to be there.
        wait: how long to ask.

    Raises:
        LockBusy: taken for all of `wait`; the message says by whom, as far as it can be known.
        LedgerError: the table has several rows, which Knex itself cannot lock.
    """
    _take(session, table, wait)
    try:
        yield
    finally:
        with suppress(ConnectionFailed):  # the next deployment frees it
            _free(session, table)


@contextmanager
def lent(session: Session, table: LedgerTable, *, wait: timedelta) -> Iterator[None]:
    """Free the lock while Knex itself runs, which takes it, and take it again; only if it is ours."""
    ours = table.columns(session) is not None and _value(session, table) == -_number(session)
    if not ours:
        yield
        return
    _free(session, table)
    try:
        yield
    finally:
        _take(session, table, wait)


def notes(session: Session, table: LedgerTable, newest: str) -> tuple[LedgerNote, ...]:
    """What the row says of who deploys, or of who died while deploying.

    Args:
        session: talks to the server.
        table: the lock's.
        newest: when the newest migration was applied, for people; empty: unknown.
    """
    if table.columns(session) is None:
        return ()
    while True:
        values = _values(session, table)
        note = _note(session, table, values, newest)
        if note is None or _values(session, table) == values:
            return (note,) if note else ()
        # else who held it has ended well while it was asked who that is


def _note(
    session: Session, table: LedgerTable, values: list[object], newest: str
) -> LedgerNote | None:
    if len(values) > 1:
        hint = f"{UNLOCK} leaves one row; run it when no deployment runs."
        words = f"{table.label} has {len(values)} rows, so that Knex refuses to run anything"
        return LedgerNote("lock-rows-several", words, hint, blocks=True)
    if not values or not values[0]:
        return None
    if values == [-_number(session)] and session.dialect is not Dialect.SQLITE:
        return None  # on SQLite the number is the process's, which may have two sessions
    value = int(str(values[0]))
    return _of_ours(session, table, value) if value < 0 else _of_knex(session, table, newest)


def _of_ours(session: Session, table: LedgerTable, value: int) -> LedgerNote:
    if session.dialect is Dialect.SQLITE and not _runs(-value):  # or it runs on another machine
        words = (
            f"{table.label} is locked by process {-value} of faber-db, which is not on this machine"
        )
        hint = f"If no deployment runs elsewhere, free it: {UNLOCK}."
        return LedgerNote("lock-row-stuck", words, hint, blocks=True)
    if _lives(session, -value):
        words = f"faber-db holds Knex's lock ({_who(session, -value)})"
        return LedgerNote("tool-lock-held", words, "Somebody deploys; a deployment waits for it.")
    words = f"{table.label} is still locked by session {-value} of faber-db, which is gone"
    return LedgerNote("lock-row-left", words, "The next deployment frees it and goes on.")


def _of_knex(session: Session, table: LedgerTable, newest: str) -> LedgerNote:
    """Whether the row was left behind cannot be known from it; so say who could hold it."""
    found = others_at_work(session)
    when = f"; the newest migration is from {newest}" if newest else ""
    if found.known and not found.sessions:
        return LedgerNote(
            "lock-row-stuck",
            f"{table.label} is locked, and no other session works in this database{when}",
            f"If no Knex runs any more, free it: {UNLOCK}.",
            blocks=True,
        )
    return LedgerNote(
        "lock-row-held",
        f"{table.label} is locked; at work in this database: {found}{when}",
        f"Wait for that deployment. If none of these is one, free the lock: {UNLOCK}.",
        blocks=not found.known,
    )


def _take(session: Session, table: LedgerTable, wait: timedelta) -> None:
    until = time.monotonic() + wait.total_seconds()
    while not (_show_life(session) and _try(session, table)):
        if time.monotonic() >= until:
            busy = _busy(session, table)
            _hide_life(session)
            raise busy
        time.sleep(_PAUSE)


def _show_life(session: Session) -> bool:
    """MySQL: hold a named lock as long as the row may be ours; False: another session of ours does."""
    if session.dialect not in MYSQL or session.query(f"SELECT is_used_lock({_NAME})") == [
        (_number(session),)
    ]:
        return True
    return session.query(f"SELECT get_lock({_NAME}, 0)") == [(1,)]


def _hide_life(session: Session) -> None:
    if session.dialect in MYSQL:
        session.query(f"SELECT release_lock({_NAME})")


def _try(session: Session, table: LedgerTable) -> bool:
    name, number = table.quoted(session.dialect), _number(session)
    left = _value(session, table)
    free = "0"
    if left is not None and left < 0 and left != -number and not _lives(session, -left):
        free = f"0, {left}"  # what a dead session of ours left
    try:
        with session.transaction():
            sql = f"UPDATE {name} SET is_locked = %s WHERE is_locked IN ({free})"  # noqa: S608 -- quoted, numbers
            if (count := session.execute(sql, (-number,))) > 1:
                raise _Several
    except LockTimeout:  # a deployment of Knex in one transaction has it
        return False
    except _Several as error:
        raise LedgerError(
            f"{table.label} has several rows, so that Knex refuses to run anything",
            hint=f"{UNLOCK} leaves one.",
        ) from error
    return count == 1


def _free(session: Session, table: LedgerTable) -> None:
    """Only what is ours: somebody may have run `migrate:unlock` and locked it anew."""
    name = table.quoted(session.dialect)
    with session.transaction():
        session.execute(
            f"UPDATE {name} SET is_locked = 0 WHERE is_locked = %s",  # noqa: S608 -- quoted
            (-_number(session),),
        )
    _hide_life(session)


def _busy(session: Session, table: LedgerTable) -> LockBusy:
    try:
        (note,) = notes(session, table, "") or (None,)
    except FaberDbError:
        note = None
    if note is None:
        return LockBusy(
            "Knex's migration lock is held by a transaction that is not over",
            hint="Somebody deploys with Knex. Wait for it, then look at the status again.",
        )
    return LockBusy(note.message, hint=note.hint)


def _select(session: Session, table: LedgerTable) -> str:
    return f"SELECT is_locked FROM {table.quoted(session.dialect)}"  # noqa: S608 -- quoted


def _values(session: Session, table: LedgerTable) -> list[object]:
    return [value for (value,) in session.query(_select(session, table))]


def _value(session: Session, table: LedgerTable) -> int | None:
    values = _values(session, table)
    return int(str(values[0] or 0)) if len(values) == 1 else None


def _number(session: Session) -> int:
    """Of this session, as its server numbers it; on SQLite, of this process."""
    if session.dialect is Dialect.SQLITE:
        return os.getpid()
    sql = "pg_backend_pid()" if session.dialect is Dialect.POSTGRESQL else "connection_id()"
    ((number,),) = session.query(f"SELECT {sql}")
    return int(str(number)) % _LARGEST or 1


def _lives(session: Session, number: int) -> bool:
    """Whether a session of ours is still there; on SQLite it may be on another machine, so it is."""
    if session.dialect is Dialect.SQLITE:
        return True
    if session.dialect is Dialect.POSTGRESQL:
        sql = "SELECT 1 FROM pg_catalog.pg_stat_activity WHERE pid = %s"
        return bool(session.query(sql, (number,)))
    return session.query(f"SELECT nullif(is_used_lock({_NAME}), connection_id())") != [(None,)]


def _runs(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


def _who(session: Session, number: int) -> str:
    return f"process {number}" if session.dialect is Dialect.SQLITE else f"session {number}"
