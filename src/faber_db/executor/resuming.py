"""Go on with a migration that did not end: what is proved to be there is passed over, the rest runs."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from faber_db.errors import ApprovalStale, InputError, NothingPending
from faber_db.executor.planning import Ground, require_sound, require_unblocked
from faber_db.model.migration import (
    AppliedMigration,
    LedgerRow,
    Migration,
    MigrationState,
    MigrationStatus,
    StatementRun,
)
from faber_db.model.plan import Plan
from faber_db.model.sha256 import sha256_of
from faber_db.services.ports import Bound, Ran, Session
from faber_db.sql.script import Script

RESUME, LEFT = "resume", "left"
_UNENDED = (MigrationState.FAILED, MigrationState.HALF_APPLIED)


def unended(
    ground: Ground, version: str, history: Sequence[Migration], ledger: Sequence[LedgerRow]
) -> tuple[Migration, str]:
    """The migration that is gone on with, and a digest of what is known to be left of it.

    Raises:
        NothingPending: none failed or is half applied.
        InputError: that one did not, it has no file, or several did and none was named.
        LedgerFailed, LedgerBlocked, MigrationEdited, MigrationMissing: something else is not sound.
    """
    require_unblocked(ground, history, ledger)
    statuses = ground.database.handler.status(history, ledger)
    found = [s for s in statuses if s.state in _UNENDED and version in ("", s.version)]
    name = ground.environment.name
    if not found and not version:
        raise NothingPending(f"nothing failed or is half applied in {name}")
    if len(found) != 1:
        several = ", ".join(s.version for s in found)
        raise InputError(
            f"{version} did not fail in {name}" if version else f"several did not end: {several}",
            hint=f"`faber-db status {name}` shows what did.",
        )
    (status,) = found
    for other in statuses:
        if other.version != status.version:
            require_sound(other, name)
    migration = next((m for m in history if m.version == status.version), None)
    if migration is None:
        raise InputError(
            f"{status.name} did not end in {name}, and its file is gone",
            hint="Restore the file from version control.",
        )
    return migration, _left(status)


def require_as_planned(ground: Ground, plan: Plan, migrations: Sequence[Migration]) -> None:
    """What is known to be left is what it was.

    Raises:
        ApprovalStale: it is not.
    """
    handler = ground.database.handler
    found = {s.version: s for s in handler.status(migrations, handler.ledger(ground.session))}.get(
        plan.arguments[RESUME]
    )
    if found is None or found.state not in _UNENDED or _left(found) != plan.arguments[LEFT]:
        raise ApprovalStale(
            f"what is left of {plan.arguments[RESUME]} is not what it was when the plan was made",
            hint="Ask for a new plan.",
        )


def go_on(
    ground: Ground,
    migration: Migration,
    script: Script,
    observe: Callable[[StatementRun], None],
) -> AppliedMigration:
    """Set the failed row aside, as its tool would, and run what is left.

    Raises:
        ResumeUnsafe: it is not known what is there; nothing ran, and the ledger says half applied.
        MigrationFailed, LockTimeout: as of a deployment.
    """
    handler, now = ground.database.handler, ground.app.now()
    session: Any = _Resuming(ground.session)
    handler.mark(session, migration, "rolled_back", now=now)
    return handler.apply_one(session, migration, script, now=now, observe=observe)


class _Resuming:
    """A session whose scripts go on where their journal says; that is settled by their end alone."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def __getattr__(self, name: str) -> Any:  # the rest of the port is the session's own
        return getattr(self._session, name)

    def run(
        self,
        script: Script,
        *,
        wrap: bool,
        first: Sequence[Bound] = (),
        then: Sequence[Bound] = (),
        rehearse: bool = False,
        observe: Callable[[StatementRun], None] | None = None,
        name: str = "",
    ) -> Ran:
        return self._session.run(
            script,
            wrap=wrap,
            first=first,
            then=then,
            rehearse=rehearse,
            observe=observe,
            name=name,
            resume=True,
        )

    def settle(self, name: str) -> None:
        """Not before the end: the journal is what says where to go on."""


def _left(status: MigrationStatus) -> str:
    return sha256_of(f"{status.state}\n{status.detail}".encode())


def arguments_of(migration: Migration, left: str) -> tuple[tuple[str, str], ...]:
    """What a plan says of it."""
    return ((LEFT, left), (RESUME, migration.version))


def is_resumed(arguments: Mapping[str, str]) -> bool:
    return bool(arguments.get(RESUME))
