"""How an environment stands: ledger, drift and backup as results beside the product's checks."""

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType

from faber_db.checks.base import Unit
from faber_db.config.duration import format_duration
from faber_db.errors import FaberDbError, MigrationsMissing
from faber_db.model.backup import BackupState
from faber_db.model.health import CheckResult, CheckStatus
from faber_db.model.migration import MigrationState, MigrationStatus
from faber_db.services.app import App, Database, Environment
from faber_db.services.backup import made_at
from faber_db.services.drift import drift as compared
from faber_db.services.history import history
from faber_db.services.ports import Session

Look = Callable[[App, Database, Environment, Session], Iterator[CheckResult]]

SHOWN = 10
_NOTHING_SENT = "no migration came along with the request, so nothing was compared"
_STATES = {
    MigrationState.FAILED: CheckStatus.CRITICAL,
    MigrationState.HALF_APPLIED: CheckStatus.CRITICAL,
    MigrationState.EDITED: CheckStatus.CRITICAL,
    MigrationState.MISSING: CheckStatus.CRITICAL,
    MigrationState.OUT_OF_ORDER: CheckStatus.WARNING,
    MigrationState.PENDING: CheckStatus.INFO,
    MigrationState.ROLLED_BACK: CheckStatus.INFO,
    MigrationState.SKIPPED_BY_TOOL: CheckStatus.INFO,
}


def ledger(
    app: App, database: Database, environment: Environment, session: Session
) -> Iterator[CheckResult]:
    """Whether files and ledger agree; one result for each state that is found."""
    if database.sent == ():
        yield _ledger(CheckStatus.UNKNOWN, why=_NOTHING_SENT)
        return
    try:
        migrations = history(database)
    except MigrationsMissing:
        migrations = ()
    except FaberDbError as error:
        yield _ledger(CheckStatus.UNKNOWN, why=error.message, action=error.hint)
        return
    try:
        rows = database.handler.ledger(session)
        statuses = database.handler.status(migrations, rows)
    except FaberDbError as error:
        yield _ledger(CheckStatus.UNKNOWN, why=error.message, action=error.hint)
        return
    found = [_of_state(state, statuses) for state in _STATES]
    odd = [result for result in found if result is not None]
    applied = sum(s.state is MigrationState.APPLIED for s in statuses)
    yield from odd or [_ledger(CheckStatus.OK, value=f"{applied} applied, none pending")]


def _of_state(state: MigrationState, statuses: tuple[MigrationStatus, ...]) -> CheckResult | None:
    these = [s for s in statuses if s.state is state]
    if not these:
        return None
    more = f" and {len(these) - SHOWN} more" if len(these) > SHOWN else ""
    return _ledger(
        _STATES[state],
        object=state.value,
        value=f"{len(these)} {state.value.replace('_', ' ')}",
        why=", ".join(s.name for s in these[:SHOWN]) + more,
        action=next((s.detail for s in these if s.detail), ""),
    )


def _ledger(status: CheckStatus, **fields: str) -> CheckResult:
    key = f"ledger:{fields['object']}" if fields.get("object") else "ledger"
    return CheckResult.model_validate(
        {"check": "ledger", "status": status, "key": key, "essential": True, **fields}
    )


def drift(
    app: App, database: Database, environment: Environment, session: Session
) -> Iterator[CheckResult]:
    """One critical result for each object that differs from the history."""
    if database.sent == ():
        yield _drift(CheckStatus.UNKNOWN, why=_NOTHING_SENT)
        return
    try:
        found = compared(app, database, environment, session)
    except FaberDbError as error:
        yield _drift(CheckStatus.UNKNOWN, why=error.message, action=error.hint)
        return
    if found.unproved:
        yield _drift(CheckStatus.UNKNOWN, why=found.unproved)
        return
    for difference in found.differences[:SHOWN]:
        yield _drift(
            CheckStatus.CRITICAL,
            object=difference.name,
            why=f"{difference.kind} {difference.name}: {difference.difference}",
            action="Write a migration for it, undo it, or name it under `drift.ignore`.",
        )
    if len(found.differences) > SHOWN:
        more = len(found.differences) - SHOWN
        yield _drift(CheckStatus.CRITICAL, object="more", why=f"{more} more objects differ")
    if not found.differences:
        ignored = f", {len(found.ignored)} ignored" if found.ignored else ""
        yield _drift(CheckStatus.OK, value=f"as {found.compared_with}{ignored}")


def _drift(status: CheckStatus, **fields: str) -> CheckResult:
    key = f"drift:{fields['object']}" if fields.get("object") else "drift"
    return CheckResult.model_validate(
        {"check": "drift", "status": status, "key": key, "essential": True, **fields}
    )


def backup_age(
    app: App, database: Database, environment: Environment, session: Session
) -> Iterator[CheckResult]:
    """Where backups are required: is there a good one that is young enough.

    Never critical: a release makes the backup that it needs itself, and must not be kept from it.
    """
    if not environment.protected:
        return
    backups = app.state.backups(database=database.name, environment=environment.name)
    good = next((b for b in backups if b.state is BackupState.GOOD), None)
    limit = environment.settings.max_backup_age
    ended = [b for b in backups if b.state not in (BackupState.RUNNING, BackupState.VERIFYING)]
    problem = ""
    value = ""
    if good is None:
        problem = "there is no good backup"
    else:
        age = app.now() - made_at(good)
        value = Unit.SECONDS.spell(age.total_seconds())
        if age > limit:
            problem = f"the newest good backup, {good.id}, is older than {format_duration(limit)}"
        elif ended[0].id != good.id:
            problem = f"the last backup, {ended[0].id}, is {ended[0].state}: {ended[0].error}"
    yield CheckResult(
        check="backup-age",
        status=CheckStatus.WARNING if problem else CheckStatus.OK,
        value=value,
        threshold=f"under {format_duration(limit)}",
        why=problem,
        action=f"faber-db backup create {environment.name}" if problem else "",
        safe_to_run_now=bool(problem),
        key="backup-age",
    )


STANDING: Mapping[str, Look] = MappingProxyType(
    {"ledger": ledger, "drift": drift, "backup-age": backup_age}
)
