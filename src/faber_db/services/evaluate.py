"""Evaluate: apply to staging with findings, drift, measured times and health."""

from faber_db.errors import FaberDbError, HealthBlocked, ShadowUnavailable
from faber_db.model.answer import Answer, State, refused
from faber_db.model.health import Overall
from faber_db.services import drift, health, verdict
from faber_db.services.app import App, Database, Environment
from faber_db.services.coordinate import (
    CoordinateDetails,
    Measured,
    Phase,
    Request,
    carry,
    place,
)
from faber_db.services.history import history
from faber_db.services.ports import Cancelled, Progress, never, silent
from faber_db.services.wellbeing import add_health

PHASE = Phase("evaluate", "coordinate-evaluate")


def run(
    request: Request, app: App, *, progress: Progress = silent, cancelled: Cancelled = never
) -> Answer[CoordinateDetails]:
    """Apply the pending migrations to staging, or try the history on a shadow where there is none.

    Raises:
        FaberDbError: the history, the database or a migration does not allow it.
    """
    database, environment = place(PHASE, request, app)
    if environment is None:
        return _try_on_shadow(app, database, progress)
    before = _drift(app, database, environment)
    blocked = _blocked(app, database, environment)
    if blocked is not None:
        details = CoordinateDetails(environment=environment.name, drift=before)
        return refused(blocked, details)
    answer = carry(
        PHASE, request, app, database, environment, progress=progress, cancelled=cancelled
    )
    answer.details.drift = before
    return add_health(answer, app, database, environment)


def _blocked(app: App, database: Database, environment: Environment) -> HealthBlocked | None:
    found = health.look(app, database, environment, leave_out=("drift", "ledger", "backup-age"))
    if found.overall is not Overall.UNHEALTHY:
        return None
    bad = ", ".join(f"{c.check} ({c.why})" for c in found.checks if c.status == "critical")
    return HealthBlocked(
        f"{environment.name} is unhealthy: {bad}",
        hint=f"`faber-db health {environment.name}` says what to do.",
    )


def _drift(app: App, database: Database, environment: Environment) -> str:
    try:
        with database.engine.connect(
            environment.resolve_url(), limits=environment.limits, create=not environment.protected
        ) as session:
            found = drift.drift(app, database, environment, session)
    except FaberDbError as error:
        return f"unknown: {error.message}"
    if found.unproved:
        return f"unknown: {found.unproved}"
    return f"{len(found.differences)} differences" if found.differences else "none"


def _try_on_shadow(app: App, database: Database, progress: Progress) -> Answer[CoordinateDetails]:
    """No staging: every migration of the folder, applied to an empty throw-away database."""
    details = CoordinateDetails(environment="", state=State.DONE)
    migrations = history(database)
    try:
        with database.shadow.new() as session:
            from faber_db.sql.script import parse

            around = verdict.Surroundings(
                dialect=session.dialect, server_version=session.server_version
            )
            for migration in migrations:
                progress(f"{migration.name} on a shadow")
                done = database.handler.apply_one(
                    session, migration, parse(migration.up, session.dialect), now=app.now()
                )
                details.applied.append(done.version)
                details.measured.append(
                    Measured(version=done.version, duration_ms=done.duration_ms)
                )
    except ShadowUnavailable as error:
        return refused(error, details)
    details.findings = list(verdict.verdict(migrations, around).findings)
    details.trial = f"on a shadow ({database.shadow.label}), without rows; there is no staging"
    return Answer(
        message=f"no staging is configured: {len(migrations)} migrations run on an empty shadow",
        details=details,
    )
