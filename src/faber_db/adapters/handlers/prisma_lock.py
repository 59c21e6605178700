"""Prisma's own lock, so that its CLI and we never deploy at once."""

from contextlib import AbstractContextManager
from datetime import timedelta

from faber_db.adapters.handlers import advisory
from faber_db.model.dialect import Dialect
from faber_db.model.migration import LedgerNote
from faber_db.services.ports import Session

LOCK_KEY = 72_707_369  # what Prisma's engine passes to pg_advisory_lock
LOCK_NAME = "prisma_migrate"  # and to GET_LOCK, where it belongs to the whole server


def advisory_lock(session: Session, wait: timedelta) -> AbstractContextManager[None]:
    return advisory.advisory_lock(session, LOCK_KEY, wait=wait, whose="Prisma")


def named_lock(session: Session, wait: timedelta) -> AbstractContextManager[None]:
    return advisory.named_lock(session, LOCK_NAME, wait=wait, whose="Prisma")


def held(session: Session) -> tuple[LedgerNote, ...]:
    """A note of who holds Prisma's lock now."""
    if session.dialect is Dialect.SQLITE:
        return ()
    if session.dialect is Dialect.POSTGRESQL:
        return advisory.advisory_held(session, LOCK_KEY, whose="Prisma")
    return advisory.named_held(session, LOCK_NAME, whose="Prisma")
