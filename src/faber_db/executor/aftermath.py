"""What became of a migration whose connection was lost: looked at again, never assumed."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from datetime import timedelta
from time import monotonic, sleep

from faber_db.errors import ConnectionFailed, ConnectionLost, FaberDbError
from faber_db.model.migration import Migration
from faber_db.services.ports import Handler, Session

Connect = Callable[[], AbstractContextManager[Session]]

_PAUSE = 0.2  # seconds between two tries to reach the server


def is_applied(
    connect: Connect, handler: Handler, migration: Migration, *, wait: timedelta
) -> bool | None:
    """Whether the ledger holds a migration as applied now; None where something is there by halves.

    Read under the locks that the lost session held: who holds them knows that it has ended, and
    that a COMMIT that was under way is done or will never be.

    Raises:
        FaberDbError: the server does not answer, or the lost session has not ended.
    """
    with _reached(connect, wait) as session, ExitStack() as locks:
        locks.enter_context(handler.lock(session, wait=wait))
        locks.enter_context(session.deploy_lock(wait=wait))
        row = next((r for r in handler.ledger(session) if r.version == migration.version), None)
        if row is None or row.rolled_back:
            return False
        return True if row.finished else None


def told(
    error: ConnectionLost, applied: bool | None, *, back: bool, environment: str
) -> ConnectionLost:
    """The error with what was found, and the command that goes on from there."""
    again = f"faber-db {'rollback' if back else 'build'} {environment}"
    match applied:
        case None:
            found = "the ledger has it as begun and not finished"
            hint = f"`faber-db status {environment}` tells what is there and what to do."
        case _ if applied is back:
            found = (
                f"the ledger {'still holds it' if back else 'does not hold it'}: nothing was kept"
            )
            hint = f"`{again}` does it again." if back else "Deploy again."
        case _:
            found = f"the ledger {'does not hold it any more' if back else 'holds it'}: it was kept"
            hint = "Nothing of it is left to do; deploy again for what comes after it."
    return ConnectionLost(f"{error.message}; looked at again, {found}", hint=hint)


def not_told(error: ConnectionLost, why: FaberDbError, environment: str) -> ConnectionLost:
    """The error where nothing can be found out now."""
    return ConnectionLost(
        f"{error.message}; what was kept cannot be seen now: {why.message}",
        hint=f"`faber-db status {environment}` tells it once the server answers.",
    )


@contextmanager
def _reached(connect: Connect, wait: timedelta) -> Iterator[Session]:
    """A new session, asked for again while a server comes back."""
    until = monotonic() + wait.total_seconds()
    with ExitStack() as stack:
        while True:
            try:
                session = stack.enter_context(connect())
                break
            except ConnectionFailed:
                if monotonic() >= until:
                    raise
                sleep(_PAUSE)
        yield session
