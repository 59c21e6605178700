"""golang-migrate's own lock: its number, on PostgreSQL by `pg_advisory_lock`, on MySQL by `GET_LOCK`.

The number is made of the names of database, schema and table (database/util.go,
`GenerateAdvisoryLockId`). The command takes the database's name from the path of its URL, which
begins with a slash on PostgreSQL; a program that uses the library asks the server, which has none.
Both are taken, so that neither deploys beside us.
"""

import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta

from faber_db.adapters.handlers import advisory
from faber_db.adapters.handlers.ledger_table import LedgerTable
from faber_db.model.dialect import Dialect
from faber_db.model.migration import LedgerNote
from faber_db.services.ports import Session

_SALT = 1_486_364_155
_WHOSE = "golang-migrate"


def number_of(*names: str) -> int:
    """The lock's number: 32 bits, unsigned."""
    return zlib.crc32("\0".join(names).encode()) * _SALT % 2**32


@contextmanager
def lock(session: Session, table: LedgerTable, *, wait: timedelta) -> Iterator[None]:
    """Held by this session; on SQLite the tool has one in its own process only, which keeps nobody out.

    Raises:
        LockBusy: held by somebody else for all of `wait`; names the holder.
    """
    with ExitStack() as held:
        if session.dialect is Dialect.POSTGRESQL:
            for key in _keys(session, table):
                held.enter_context(advisory.advisory_lock(session, key, wait=wait, whose=_WHOSE))
        elif session.dialect is not Dialect.SQLITE:
            name = _name(session, table)
            held.enter_context(advisory.named_lock(session, name, wait=wait, whose=_WHOSE))
        yield


def held(session: Session, table: LedgerTable) -> tuple[LedgerNote, ...]:
    """A note of who holds it now."""
    if session.dialect is Dialect.SQLITE:
        return ()
    if session.dialect is Dialect.POSTGRESQL:
        keys = _keys(session, table)
        notes = (advisory.advisory_held(session, key, whose=_WHOSE) for key in keys)
        return next((note for note in notes if note), ())
    return advisory.named_held(session, _name(session, table), whose=_WHOSE)


def _keys(session: Session, table: LedgerTable) -> tuple[int, int]:
    ((database, current),) = session.query("SELECT current_database(), current_schema()")
    schema = table.schema or str(current)
    return (
        number_of(schema, table.name, f"/{database}"),
        number_of(schema, table.name, str(database)),
    )


def _name(session: Session, table: LedgerTable) -> str:
    ((database,),) = session.query("SELECT database()")
    return str(number_of(f"{database}:{table.name}"))
