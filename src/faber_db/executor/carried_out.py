"""Which migrations of a plan the ledger and their files together call applied.

A ledger may have one row for all up to its newest, so its rows alone do not say it.
"""

from collections.abc import Sequence

from faber_db.model.migration import Migration, MigrationState, SourceFile
from faber_db.model.plan import Plan
from faber_db.services.ports import Handler, Session, State

_CARRIED_OUT = (MigrationState.APPLIED, MigrationState.EDITED)


def history_of(plan: Plan, handler: Handler, state: State) -> tuple[Migration, ...]:
    """What the stored files of a plan yield: its migrations, and what they cannot be read without."""
    files = [SourceFile(path=f.path, content=state.plan_file(f.sha256)) for f in plan.files]
    return handler.parse(files)


def applied_of(handler: Handler, history: Sequence[Migration], session: Session) -> frozenset[str]:
    """Versions, of those in `history`. Talks to the server."""
    statuses = handler.status(history, handler.ledger(session))
    return frozenset(s.version for s in statuses if s.state in _CARRIED_OUT)
