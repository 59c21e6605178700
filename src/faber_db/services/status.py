"""Status: where every environment stands, what waits, what runs, and the one next step."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from faber_db.checks.postgresql import invalid_indexes
from faber_db.config.phases import environment_of
from faber_db.errors import (
    Exit,
    FaberDbError,
    InputError,
    LedgerForeign,
    MigrationsMissing,
    UnknownEnvironment,
)
from faber_db.model.answer import Answer, NextPerson, NextTool, Problem
from faber_db.model.dialect import Dialect
from faber_db.model.health import CheckResult, CheckStatus, Health
from faber_db.model.migration import LedgerNote, Migration, MigrationState, MigrationStatus
from faber_db.model.plan import PlanKind, PlanState, StoredPlan
from faber_db.services.app import App, Database, Environment
from faber_db.services.elsewhere import history_of
from faber_db.services.following import again, follow, wait_for
from faber_db.services.history import history
from faber_db.services.jobs import unfinished
from faber_db.services.outside import applied_outside
from faber_db.services.ports import Away, Cancelled, Limits, Progress, Session, never, silent
from faber_db.services.recording import as_known
from faber_db.services.status_lines import (
    LIVE,
    EnvironmentLine,
    StatusDetails,
    has_expired,
    job_line,
    migration_line,
    plan_line,
)

LIMITS = Limits(
    lock_timeout=timedelta(milliseconds=500), statement_timeout=timedelta(seconds=5), lock_retries=0
)
PAGE = 50
NEWEST = 3  # applied migrations that a summary shows
_STOPS = {MigrationState.EDITED, MigrationState.FAILED, MigrationState.HALF_APPLIED}
_NOT_ADOPTED = "not-adopted"
_TO_RUN = (MigrationState.PENDING, MigrationState.ROLLED_BACK)
_PHASES = {
    "build": "coordinate-build",
    "evaluate": "coordinate-evaluate",
    "release": "coordinate-release",
}


class Request(BaseModel):
    """One environment or all; or one plan, job or backup by `id`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    environment: str = ""
    id: str = ""
    work_id: str = ""
    wait_seconds: int = Field(default=0, ge=0, le=25)
    detail: Literal["summary", "full"] = "summary"
    cursor: str = ""  # version of the last migration that was seen
    database: str = ""


def run(
    request: Request, app: App, *, progress: Progress = silent, cancelled: Cancelled = never
) -> Answer[StatusDetails]:
    """Read ledgers, plans and jobs; an environment that cannot be reached is a line that says so.

    Raises:
        UnknownHandle, BackupMissing: there is no such id.
        UnknownEnvironment, UnknownDatabase.
        InputError: the id is of no known kind, or there is nothing to wait for.
    """
    if request.id:
        return follow(
            request.id,
            app,
            wait_seconds=request.wait_seconds,
            progress=progress,
            cancelled=cancelled,
        )
    if request.wait_seconds:
        raise InputError(
            "there is nothing to wait for", hint="Give the id of a plan or job with wait_seconds."
        )
    return _of_project(request, app)


def _of_project(request: Request, app: App) -> Answer[StatusDetails]:
    details = StatusDetails()
    problems: list[Problem] = []
    places: list[tuple[Database, Environment]] = []
    for name in [request.database] if request.database else list(app.databases):
        try:
            database = app.database(name)
            places += [(database, e) for e in _environments(request, database)]
        except UnknownEnvironment:
            if len(app.databases) == 1 or request.database:
                raise
        except FaberDbError as error:
            if request.database or request.environment:
                raise
            problems.append(Problem.of(error))
    if request.environment and not places and not problems:
        raise UnknownEnvironment(f"there is no environment {request.environment!r}")
    if request.environment and len(places) == 1 and places[0][1].away is not None:
        return _elsewhere(request, *places[0], places[0][1].away)
    histories, unread = _histories(app, [database for database, _ in places])
    problems += [Problem.of(error) for error in unread.values()]
    looks = _look_at_all(app, places, histories, unread)
    details.environments = [look.line for look in looks]
    problems += [
        look.problem.model_copy(
            update={"message": f"{look.line.environment}: {look.problem.message}"}
        )
        for look in looks
        if look.problem
    ]
    if request.environment and len(looks) == 1:
        _add_migrations(request, details, looks[0].statuses)
        details.drift = details.environments[0].drift
    running = [  # first: it settles the plans of jobs whose process died
        job for job in unfinished(app) if request.environment in ("", job.environment)
    ]
    plans = [p for p in _live_plans(request, app) if not _is_idle(p, looks)]
    details.waiting = [plan_line(stored, app) for stored in plans]
    details.jobs = [job_line(job) for job in running]
    there = [look.there for look in looks if look.there is not None]
    details.waiting = [*details.waiting, *(w for t in there for w in t.waiting)][:PAGE]
    details.jobs = [*details.jobs, *(j for t in there for j in t.jobs)][:PAGE]
    if app.config_path is None:
        details.proposed_config = app.settings.model_dump(
            mode="json", exclude_defaults=True, by_alias=True
        )
    foreign = any(problem.code == LedgerForeign.code for problem in problems)
    waits = next((t.next for t in there if t.waiting and t.next), None)
    details.next = _next(
        request, app, details, places, plans, waits, foreign=foreign, unread=unread.keys()
    )
    return Answer(
        status="warning" if problems else "success",
        message=_sentence(details),
        details=details,
        warnings=problems,
        exit_code=Exit.FAILED if request.environment and looks and _none(looks) else Exit.DONE,
    )


def _elsewhere(
    request: Request, database: Database, environment: Environment, away: Away
) -> Answer[StatusDetails]:
    there = request.model_copy(update={"environment": environment.name})
    return away.ask("status", there, StatusDetails, history=history_of(database))


def _environments(request: Request, database: Database) -> list[Environment]:
    if request.environment:
        return [database.environment(request.environment)]
    return list(database.environments.values())


def _histories(
    app: App,
    databases: Iterable[Database],
) -> tuple[dict[str, tuple[Migration, ...]], dict[str, FaberDbError]]:
    """The migration folder of each database, read once, and what is wrong with one."""
    found: dict[str, tuple[Migration, ...]] = {}
    unread: dict[str, FaberDbError] = {}
    for database in databases:
        if database.name in found:
            continue
        found[database.name] = ()
        try:
            found[database.name] = as_known(app, database, history(database))
        except MigrationsMissing:
            continue
        except FaberDbError as error:
            unread[database.name] = error
    return found, unread


@dataclass(frozen=True)
class _Look:
    """What one environment shows of itself, or why it does not."""

    line: EnvironmentLine
    statuses: tuple[MigrationStatus, ...] = ()
    problem: Problem | None = None
    there: StatusDetails | None = None  # what its executor elsewhere says of it


def _none(looks: Sequence[_Look]) -> bool:
    return all(look.line.problem for look in looks)


def _look_at_all(
    app: App,
    places: Sequence[tuple[Database, Environment]],
    histories: Mapping[str, tuple[Migration, ...]],
    unread: Mapping[str, FaberDbError],
) -> list[_Look]:
    """Every environment at the same time, so that one that does not answer holds up no other."""

    def look(place: tuple[Database, Environment]) -> _Look:
        return _look(app, *place, histories[place[0].name], unread.get(place[0].name))

    if len(places) <= 1:
        return [look(place) for place in places]
    with ThreadPoolExecutor(max_workers=min(8, len(places))) as pool:
        return list(pool.map(look, places))


def _look(
    app: App,
    database: Database,
    environment: Environment,
    migrations: tuple[Migration, ...],
    unread: FaberDbError | None,
) -> _Look:
    line = EnvironmentLine(
        environment=environment.name,
        database=database.name if len(app.databases) > 1 else "",
        protected=environment.why_protected if environment.protected else "",
    )
    if environment.away is not None:
        return _look_elsewhere(database, environment, environment.away, line)
    if unread is not None:  # against no files every ledger would be up to date
        line.problem = unread.message
        return _Look(line)
    _add_health(app, database, environment, line)
    try:
        with database.engine.connect(
            environment.resolve_url(), limits=LIMITS, read_only=True
        ) as session:
            rows = database.handler.ledger(session)
            statuses, marker = database.handler.status(migrations, rows), session.read_marker()
            notes = database.handler.notes(session, migrations, rows)
            unadopted = () if rows else _unadopted(database, environment, session, migrations)
            _add_oddities(line, session, [*notes, *unadopted])
        if marker is not None and not line.protected:
            line.protected = "carries our marker"
        outside = applied_outside(app, database.name, environment.name, marker, rows)
        statuses = tuple(_told(s, environment, s.version in outside) for s in statuses)
        line.outside = [s.version for s in statuses if s.version in outside]
    except FaberDbError as error:
        line.problem = error.message
        return _Look(line, (), Problem.of(error))
    for status in statuses:
        line.counts[status.state] = line.counts.get(status.state, 0) + 1
    line.pending = [s.name for s in statuses if s.state in _TO_RUN][:10]
    applied = [s.version for s in statuses if s.state is MigrationState.APPLIED]
    line.ledger_head = applied[-1] if applied else ""
    return _Look(line, statuses)


def _add_oddities(line: EnvironmentLine, session: Session, notes: Sequence[LedgerNote]) -> None:
    """What is odd beside the single migrations: of the ledger, of locks, of indexes."""
    line.notes = [*notes, *_invalid_indexes(session)]
    holder = session.deploy_lock_holder()
    if holder is not None:
        line.deploying = holder.who
        line.deploying_since = holder.since.isoformat(timespec="seconds") if holder.since else ""


def _unadopted(
    database: Database,
    environment: Environment,
    session: Session,
    migrations: Sequence[Migration],
) -> list[LedgerNote]:
    """A database that somebody made without this ledger: its next step is not to build."""
    tables = session.catalogue(leave_out=database.handler.ledger_tables).tables
    if not migrations or not tables:
        return []
    return [
        LedgerNote(
            _NOT_ADOPTED,
            "nothing is in the ledger, and the database has"
            f" {len(tables)} table{'s' * (len(tables) != 1)}",
            f"`faber-db baseline {environment.name}` adopts what the history has made.",
        )
    ]


def _invalid_indexes(session: Session) -> list[LedgerNote]:
    if session.dialect is not Dialect.POSTGRESQL:
        return []
    return [
        LedgerNote(
            "invalid-index",
            invalid_indexes.CHECK.why.format(object=index, detail=table).rstrip("."),
            invalid_indexes.CHECK.action.format(object=index) + ".",
        )
        for index, _, table in session.query(invalid_indexes.CHECK.sql)
    ]


def _look_elsewhere(
    database: Database, environment: Environment, away: Away, line: EnvironmentLine
) -> _Look:
    try:
        answer = _elsewhere(Request(environment=environment.name), database, environment, away)
    except FaberDbError as error:
        line.problem = error.message
        return _Look(line, (), Problem.of(error))
    found = answer.details.environments[0] if answer.details.environments else line
    found.database = line.database
    problem = answer.warnings[0] if found.problem and answer.warnings else None
    return _Look(found, (), problem, answer.details)


def _told(status: MigrationStatus, environment: Environment, outside: bool) -> MigrationStatus:
    if not outside or status.detail:
        return status
    return replace(
        status,
        detail="It was applied outside faber-db;"
        f" `faber-db mark applied {environment.name} {status.version}` records it.",
    )


def _add_health(
    app: App, database: Database, environment: Environment, line: EnvironmentLine
) -> None:
    known = app.state.recall(f"health:{database.name}:{environment.name}")
    if known is None:
        return
    health = Health.model_validate(known)
    line.health = health.overall
    line.health_age = _age(health.taken_at, app.now())
    of_drift = [c for c in health.checks if c.check == "drift"]
    bad = [c for c in of_drift if c.status is not CheckStatus.OK]
    if of_drift:
        line.drift = "; ".join(_drifted(c) for c in bad[:3]) if bad else "none"


def _drifted(check: CheckResult) -> str:
    if check.status is CheckStatus.UNKNOWN:
        return f"not known: {check.why}" if check.why else "not known"
    return check.why or check.status


def _add_migrations(
    request: Request, details: StatusDetails, statuses: Sequence[MigrationStatus]
) -> None:
    """What is not applied and the newest applied ones; in full detail all, by pages."""
    shown = list(statuses)
    if request.detail == "summary":
        applied = [s for s in statuses if s.state is MigrationState.APPLIED]
        hidden = {s.version for s in applied[:-NEWEST]}
        shown = [s for s in shown if s.version not in hidden]
    versions = [s.version for s in shown]
    start = versions.index(request.cursor) + 1 if request.cursor in versions else 0
    size = PAGE if request.detail == "summary" else 20 * PAGE
    page = shown[start : start + size]
    details.migrations = {s.version: migration_line(s, details.environments[0]) for s in page}
    details.left_out = len(statuses) - len(page) - start
    if start + size < len(shown):
        details.cursor = page[-1].version


def _live_plans(request: Request, app: App) -> list[StoredPlan]:
    plans = app.state.plans(
        database=request.database, environment=request.environment, work_id=request.work_id
    )
    return [p for p in plans if p.state in LIVE and not has_expired(p, app.now())]


def _is_idle(stored: StoredPlan, looks: Sequence[_Look]) -> bool:
    """Whether nobody asked for a plan to run and what it would apply is not pending any more."""
    plan = stored.plan
    if stored.state is not PlanState.OPEN or plan.kind is not PlanKind.DEPLOY:
        return False
    for look in looks:
        if look.line.environment == plan.environment and look.line.database in ("", plan.database):
            pending = {s.version for s in look.statuses if s.state in _TO_RUN}
            return look.problem is None and not {m.version for m in plan.migrations} <= pending
    return False


def _next(
    request: Request,
    app: App,
    details: StatusDetails,
    places: Sequence[tuple[Database, Environment]],
    plans: Sequence[StoredPlan],
    waits_elsewhere: NextTool | NextPerson | None,
    *,
    foreign: bool,
    unread: Collection[str],
) -> NextTool | NextPerson | None:
    """What to do first; nothing where the project is another tool's (`foreign`)."""
    if details.jobs:
        return wait_for(details.jobs[0].job_id)
    for stored in plans:
        if stored.state is PlanState.SIGNED:
            return again(stored)
        if stored.state is PlanState.WAITING:
            return NextPerson(person=f"faber-db approve {stored.plan.id}")
    if waits_elsewhere is not None:
        return waits_elsewhere
    if app.config_path is None:
        return None if foreign else NextPerson(person="faber-db init")
    return _phase(app, details, places, unread)


def _phase(
    app: App,
    details: StatusDetails,
    places: Sequence[tuple[Database, Environment]],
    unread: Collection[str],
) -> NextTool | NextPerson | None:
    """The first phase whose environment has something pending, or could not be looked at."""
    for phase, tool in _PHASES.items():
        for line, (database, environment) in zip(details.environments, places, strict=True):
            if environment.name != _environment_of(phase, app, database):
                continue
            arguments = {"environment": line.environment}
            if line.database:
                arguments["database"] = line.database
            if database.name in unread:
                return None  # its hint says what to do
            if line.problem:
                return NextPerson(person="faber-db doctor")
            if any(note.code == _NOT_ADOPTED for note in line.notes):
                words = f" --database {line.database}" if line.database else ""
                return NextPerson(person=f"faber-db baseline {line.environment}{words}")
            if _STOPS & line.counts.keys():
                return _way_out(details, arguments)
            if line.pending:
                return NextTool(tool=tool, arguments=arguments)
    return None


def _way_out(details: StatusDetails, arguments: dict[str, str]) -> NextTool | NextPerson:
    """The command out of a state that stops a deployment; where none was looked at, the look."""
    commands = [m.command for m in details.migrations.values() if m.command]
    if commands:
        return NextPerson(person=commands[0])
    return NextTool(tool="status", arguments={**arguments, "detail": "full"})


def _environment_of(phase: str, app: App, database: Database) -> str | None:
    try:
        return environment_of(phase, database.environments, app.settings.phases)
    except UnknownEnvironment:
        return None


def _sentence(details: StatusDetails) -> str:
    if not details.environments:
        return "no environment could be looked at"
    return "; ".join(_short(line) for line in details.environments)


def _short(line: EnvironmentLine) -> str:
    name = f"{line.database}/{line.environment}" if line.database else line.environment
    if line.problem:
        return f"{name}: could not look"
    odd = {s: n for s, n in line.counts.items() if s is not MigrationState.APPLIED}
    words = ", ".join(f"{n} {s.replace('_', ' ')}" for s, n in odd.items()) or "up to date"
    if line.outside:
        words += f", {len(line.outside)} applied outside faber-db"
    if line.deploying:
        words += f", {line.deploying} deploys now"
    words += "".join(f", {note.message}" for note in line.notes)
    return f"{name}: {words}" + (f", {line.health} {line.health_age} ago" if line.health else "")


def _age(taken_at: str, now: datetime) -> str:
    """`40 s`, `12 min`, `3 h`, `2 d`."""
    seconds = int((now - datetime.fromisoformat(taken_at)).total_seconds())
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds // size} {unit}"
    return f"{max(0, seconds)} s"
