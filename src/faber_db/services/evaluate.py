"""Evaluate: apply to staging with findings, drift, measured times and health."""

from collections.abc import Sequence

from faber_db.config.phases import environment_of
from faber_db.errors import FaberDbError, HealthBlocked, JobStillRuns, ShadowUnavailable
from faber_db.model.answer import Answer, State, refused
from faber_db.model.health import Overall
from faber_db.model.migration import Migration, MigrationState
from faber_db.services import drift, health, verdict
from faber_db.services.app import App, Database, Environment
from faber_db.services.coordinate import (
    CoordinateDetails,
    Measured,
    Phase,
    Request,
    carry,
    elsewhere,
    place,
    trial_words,
)
from faber_db.services.history import history
from faber_db.services.ports import Cancelled, Progress, never, silent
from faber_db.services.programs import readable
from faber_db.services.trying import ToTry, on_copy
from faber_db.services.wellbeing import add_health
from faber_db.sql.script import parse

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
        return _try_on_shadow(app, database, progress, cancelled)
    there = elsewhere(
        PHASE, request, app, database, environment, progress=progress, cancelled=cancelled
    )
    if there is not None:
        return there
    before = _drift(app, database, environment, progress, cancelled)
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


def _drift(
    app: App,
    database: Database,
    environment: Environment,
    progress: Progress,
    cancelled: Cancelled,
) -> str:
    try:
        with database.engine.connect(
            environment.resolve_url(), limits=environment.limits, create=not environment.protected
        ) as session:
            found = drift.drift(
                app, database, environment, session, progress=progress, cancelled=cancelled
            )
    except JobStillRuns:
        raise  # nothing goes on before that is known
    except FaberDbError as error:
        return f"unknown: {error.message}"
    if found.unproved:
        return f"unknown: {found.unproved}"
    return f"{len(found.differences)} differences" if found.differences else "none"


def _try_release(
    app: App,
    database: Database,
    migrations: Sequence[Migration],
    details: CoordinateDetails,
    progress: Progress,
) -> str:
    """What is pending where a release would go, on a copy of that schema; in words."""
    try:
        name = environment_of("release", database.environments, app.settings.phases)
        environment = database.environment(name or "")
        with database.engine.connect(
            environment.resolve_url(), limits=environment.limits, read_only=True
        ) as session:
            around = verdict.surroundings(
                session,
                leave_out=database.handler.ledger_tables,
                protected=environment.protected,
                schemas=environment.settings.schemas,
            )
            states = database.handler.status(migrations, database.handler.ledger(session))
    except FaberDbError as error:
        return f"no copy of the schema that a release would meet: {error.message}"
    wanted = {s.version for s in states if s.state is MigrationState.PENDING}
    pending = [m for m in migrations if m.version in wanted]
    if not pending:
        return f"nothing is pending in {environment.name}"
    progress(f"trial run on a copy of the schema of {environment.name}")
    scripts = [parse(m.up, around.dialect) for m in pending]
    to_try = ToTry(scripts, [m.wrap for m in pending], [True] * len(pending))
    trial, why = on_copy(
        database.shadow, environment.resolve_url, to_try, version=around.server_version
    )
    if trial is None:
        return f"not run on a copy of the schema of {environment.name}: {why}"
    analysis = verdict.verdict(pending, around, trial)
    details.findings = list(analysis.findings)
    return f"what is pending in {environment.name}: {trial_words(analysis)}"


def _try_on_shadow(
    app: App, database: Database, progress: Progress, cancelled: Cancelled
) -> Answer[CoordinateDetails]:
    """No staging: every migration of the folder, applied to an empty throw-away database."""
    details = CoordinateDetails(environment="", state=State.DONE)
    database = readable(app, database, progress=progress, cancelled=cancelled).database
    migrations = history(database)
    try:
        with database.shadow.new() as session:
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
    where = f"on a shadow ({database.shadow.label}), without rows; there is no staging"
    details.trial = f"{where}; {_try_release(app, database, migrations, details, progress)}"
    return Answer(
        message=f"no staging is configured: {len(migrations)} migrations run on an empty shadow",
        details=details,
    )
