"""What build, evaluate and release share: find the plan, let the right one decide, carry it out."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from pydantic import BaseModel, ConfigDict

from faber_db.config.phases import PHASES, environment_of, named
from faber_db.config.policy import decides
from faber_db.errors import (
    ApprovalRejected,
    ApprovalRequired,
    ApprovalStale,
    Exit,
    FaberDbError,
    MigrationIrreversible,
    NothingPending,
    PolicyRefused,
)
from faber_db.model.answer import Answer, Details, NextPerson, NextTool, Problem, State, refused
from faber_db.model.finding import Analysis, Finding, Risk
from faber_db.model.job import Job, JobState
from faber_db.model.plan import PlanKind, PlanState, Requester, StoredPlan
from faber_db.services.app import App, Database, Environment
from faber_db.services.elsewhere import history_of, is_planned_only
from faber_db.services.history import read_folder
from faber_db.services.ports import Cancelled, Progress, Proposal, never, silent
from faber_db.services.programs import Readable, readable
from faber_db.services.rejections import rejections_of
from faber_db.services.steps import PlannedStep, steps_of
from faber_db.services.undone import with_ways_back

WATCH_SECONDS = 25.0
_PLANS = 5  # that may become stale one after the other, where nobody has to decide


class Request(BaseModel):
    """Arguments of the three coordinate operations that change a database."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    environment: str = ""
    work_id: str = ""
    dry_run: bool = False
    plan_id: str = ""
    database: str = ""
    requester: Requester = Requester()


class Measured(BaseModel):
    """How long one migration took, and its statements."""

    version: str
    duration_ms: int
    statements: list[dict[str, int]] = []


class CoordinateDetails(Details):
    """What became of a change."""

    environment: str
    database: str = ""
    plan_id: str = ""
    digest: str = ""
    risk: Risk | None = None
    expires_at: str = ""
    pending: list[str] = []
    applied: list[str] = []
    measured: list[Measured] = []
    ledger_head: str = ""
    findings: list[Finding] = []
    loses: list[str] = []
    checked: list[str] = []  # questions to the data, and their answers
    health: str = ""
    drift: str = ""
    trial: str = ""
    steps: list[PlannedStep] = []  # of a dry run: what would run, and how
    limits: dict[
        str, int
    ] = {}  # it would run under: lock_timeout_ms, statement_timeout_ms, lock_retries
    difference: str = ""  # of an edited migration, from what was applied to what is there
    backup_id: str = ""
    job_id: str = ""
    progress: str = ""
    tell_person: str = ""
    tier: int | None = None


@dataclass(frozen=True, slots=True)
class Phase:
    """One of the three, a roll-back or a mark: its name and what calls it again."""

    name: str
    tool: str = ""  # empty: only the command line has it
    kind: PlanKind = PlanKind.DEPLOY
    verb: str = ""  # with its arguments, where that is not the name and the environment
    reads: bool = True  # the migration folder

    def again(self, request: "Request", environment: str, plan_id: str) -> NextTool | NextPerson:
        """The same call with exactly this plan."""
        if not self.tool:
            verb = self.verb or f"{self.name} {environment}"
            return NextPerson(person=f"faber-db {verb} --plan {plan_id}")
        arguments: dict[str, Any] = {"environment": environment, "plan_id": plan_id}
        if request.database:
            arguments["database"] = request.database
        return NextTool(tool=self.tool, arguments=arguments)


def place(phase: Phase, request: Request, app: App) -> tuple[Database, Environment | None]:
    """The database and environment of a call; None where evaluate has no staging.

    Raises:
        UnknownDatabase, UnknownEnvironment.
    """
    database = app.database(request.database)
    if request.environment:
        return database, database.environment(request.environment)
    name = environment_of(phase.name, database.environments, app.settings.phases)
    return database, None if name is None else database.environment(name)


def elsewhere(
    phase: Phase,
    request: Request,
    app: App,
    database: Database,
    environment: Environment,
    *,
    to: str = "",
    progress: Progress = silent,
    cancelled: Cancelled = never,
) -> Answer[CoordinateDetails] | None:
    """The same operation, carried out by the executor that holds the environment; None: it is here.

    Raises:
        PolicyRefused: `autonomy` of this side does not allow it.
        FaberDbError: what the executor raised, or what kept it from being asked.
    """
    if environment.away is None:
        return None
    changes: dict[str, Any] = {"environment": environment.name}
    if is_planned_only(app, environment):
        changes["dry_run"] = True
    read = _read(phase, app, database, environment, to, progress, cancelled)
    try:
        return environment.away.ask(
            phase.name,
            request.model_copy(update=changes),
            CoordinateDetails,
            history=history_of(read.database),
            progress=progress,
            cancelled=cancelled,
        )
    except MigrationIrreversible as error:  # what it does not know: why there is no recording
        error.message = "; ".join([error.message, *read.reasons.values()])
        raise


def _read(
    phase: Phase,
    app: App,
    database: Database,
    environment: Environment,
    to: str,
    progress: Progress,
    cancelled: Cancelled,
) -> Readable:
    """The history with what its programs would run, in the direction of this phase."""
    if phase.kind is PlanKind.ROLLBACK:
        return with_ways_back(
            app, database, environment, to=to, progress=progress, cancelled=cancelled
        )
    return readable(app, database, environment, progress=progress, cancelled=cancelled)


def carry(
    phase: Phase,
    request: Request,
    app: App,
    database: Database,
    environment: Environment,
    *,
    progress: Progress = silent,
    cancelled: Cancelled = never,
    arguments: Mapping[str, str] | None = None,
) -> Answer[CoordinateDetails]:
    """From the newest plan to its outcome.

    Raises:
        FaberDbError: it could not be planned or carried out.
    """
    for left in reversed(range(_PLANS)):
        details = CoordinateDetails(environment=environment.name, database=_shown(database, app))
        try:
            stored = _plan(
                phase, request, app, database, environment, arguments or {}, progress, cancelled
            )
        except NothingPending as nothing:
            details.state = State.SKIPPED
            return Answer(message=nothing.message, details=details)
        _describe(details, stored)
        answer = _decide(phase, request, app, environment, stored, details, progress, cancelled)
        if all(problem.code != ApprovalStale.code for problem in answer.errors):
            break
        if request.plan_id or stored.plan.protected or not left:
            _renew(phase, request, app, database, environment, arguments or {}, answer)
            break  # somebody has decided for exactly that plan; else it was overtaken by another
    return answer


def _plan(
    phase: Phase,
    request: Request,
    app: App,
    database: Database,
    environment: Environment,
    arguments: Mapping[str, str],
    progress: Progress,
    cancelled: Cancelled,
) -> StoredPlan:
    if not request.plan_id:
        return _propose(phase, request, app, database, environment, arguments, progress, cancelled)
    stored = app.state.plan(request.plan_id)
    if (stored.plan.database, stored.plan.environment) != (database.name, environment.name):
        raise ApprovalStale(
            f"{stored.plan.id} is a plan for {stored.plan.environment}, not {environment.name}",
            hint="Name the environment of the plan, or leave it out.",
        )
    if stored.plan.kind is not phase.kind:
        raise ApprovalStale(
            f"{stored.plan.id} is a plan to {stored.plan.kind}, which {phase.name} does not carry out",
            hint=f"`faber-db plan show {stored.plan.id}` says what it does.",
        )
    return stored


def _propose(
    phase: Phase,
    request: Request,
    app: App,
    database: Database,
    environment: Environment,
    arguments: Mapping[str, str],
    progress: Progress = silent,
    cancelled: Cancelled = never,
) -> StoredPlan:
    proposal = Proposal(
        kind=phase.kind,
        database=database.name,
        environment=environment.name,
        work_id=request.work_id,
        requester=request.requester,
        arguments=arguments,
    )
    if phase.reads:
        read = _read(
            phase, app, database, environment, arguments.get("to", ""), progress, cancelled
        )
        files, reasons = read_folder(read.database), read.reasons
        proposal = replace(proposal, files=files, unrecorded=reasons)
    return app.executor.propose(proposal)


def _renew(
    phase: Phase,
    request: Request,
    app: App,
    database: Database,
    environment: Environment,
    arguments: Mapping[str, str],
    answer: Answer[CoordinateDetails],
) -> None:
    """Make the plan that is wanted instead of a stale one ready; nothing of it runs."""
    try:
        stored = _propose(phase, request, app, database, environment, arguments)
    except FaberDbError as error:
        answer.warnings.append(Problem.of(error))
        return
    details, plan = answer.details, stored.plan
    _describe(details, stored)
    if stored.state is PlanState.WAITING:
        details.next, details.tell_person = _to_approve(plan.id)
        answer.message += f"; {plan.id} is ready instead and waits for a person"
    else:
        details.next = phase.again(request, environment.name, plan.id)
        answer.message += f"; {plan.id} is ready instead"


def _to_approve(plan_id: str) -> tuple[NextPerson, str]:
    command = f"faber-db approve {plan_id}"
    return NextPerson(person=command), (
        f"Run `{command}` in your own terminal; it shows what happens and asks for your passphrase."
    )


def _decide(
    phase: Phase,
    request: Request,
    app: App,
    environment: Environment,
    stored: StoredPlan,
    details: CoordinateDetails,
    progress: Progress,
    cancelled: Cancelled,
) -> Answer[CoordinateDetails]:
    plan = stored.plan
    who = decides(
        environment.settings,
        protected=plan.protected,
        autonomy=app.settings.autonomy,
        is_dev=environment.name
        == named(
            app.settings.phases.get("build", PHASES["build"]),
            app.database(plan.database).environments,
        ),
    )
    again = phase.again(request, environment.name, plan.id)
    if who == "refused":
        error = PolicyRefused(
            f"autonomy {app.settings.autonomy} does not release to {environment.name}",
            hint="A person releases it from the command line, or changes `autonomy`.",
        )
        return refused(error, details)
    if request.dry_run or who == "plans-only":
        details.state, details.next = State.PLANNED, again
        details.steps = steps_of(app, plan)
        details.limits = plan.settings.model_dump() if details.steps else {}
        words = _counted(len(plan.migrations), "migration")
        return Answer(message=f"planned: {words} for {environment.name}", details=details)
    if who == "confirm" and not request.plan_id and stored.state is PlanState.OPEN:
        details.state, details.next = State.CONFIRM_REQUIRED, again
        return Answer(
            status="warning",
            message=f"{plan.id} for {environment.name} is ready; call again with its plan_id",
            details=details,
            exit_code=Exit.WAITING,
        )
    try:
        job = app.executor.start(plan.id, progress=progress, cancelled=cancelled)
    except ApprovalRequired as waiting:
        return waits(app, stored, details, again, waiting)
    except (ApprovalRejected, ApprovalStale) as error:
        return refused(error, details)
    return outcome(app, job, details, again, progress, cancelled)


def waits(
    app: App,
    stored: StoredPlan,
    details: CoordinateDetails,
    again: NextTool | NextPerson,
    waiting: ApprovalRequired,
) -> Answer[CoordinateDetails]:
    """The answer while a person has to sign."""
    plan = stored.plan
    loses = f", loses {', '.join(plan.analysis.loses)}" if plan.analysis.loses else ""
    details.state = State.APPROVAL_REQUIRED
    details.next, details.tell_person = _to_approve(plan.id)
    before = [
        Problem(
            code=ApprovalRejected.code,
            message=f"{no.by or 'a person'} rejected the same before ({no.plan_id}): {no.reason}",
            hint="Change what they objected to instead of asking again.",
        )
        for no in rejections_of(app, plan)[:1]
    ]
    return Answer(
        status="warning",
        message=f"{plan.id} ({plan.risk}{loses}) waits for a person. Nothing has run."
        f" Then {_words(again, plan.id)}. You cannot approve it.",
        details=details,
        warnings=[Problem.of(waiting), *before],
        exit_code=Exit.WAITING,
    )


def outcome(
    app: App,
    job: Job,
    details: CoordinateDetails,
    again: NextTool | NextPerson,
    progress: Progress,
    cancelled: Cancelled,
) -> Answer[CoordinateDetails]:
    """Watch a job for as long as a call may last, and say what became of it."""
    job = app.executor.watch(job.id, seconds=WATCH_SECONDS, progress=progress, cancelled=cancelled)
    if cancelled() and not job.state.over:  # the caller has no handle yet, so the work stops too
        app.executor.cancel(job.id)
        job = app.executor.watch(job.id, seconds=WATCH_SECONDS)
    details.job_id = job.id
    if not job.state.over:
        details.state, details.progress = State.RUNNING, job.progress
        details.next = NextTool(tool="status", arguments={"id": job.id, "wait_seconds": 25})
        return Answer(
            status="warning",
            message=f"{job.id} still runs: {job.progress or 'starting'}",
            details=details,
            exit_code=Exit.WAITING,
        )
    if job.state is not JobState.DONE:
        return _failed(job, details)
    result = job.result
    details.applied = [str(v) for v in result.get("applied", [])]
    details.measured = [Measured.model_validate(m) for m in result.get("measured", [])]
    details.ledger_head = str(result.get("ledger_head", ""))
    details.backup_id = str(result.get("backup_id", ""))
    if marked := result.get("marked"):
        words = str(result.get("state", "")).replace("_", " ")
        return Answer(message=f"{details.environment}: {marked} is marked {words}", details=details)
    if baselined := result.get("baselined"):
        words = f"{_counted(len(baselined), 'migration')} adopted, up to {result.get('up_to')}"
        return Answer(message=f"{details.environment}: {words}; nothing ran", details=details)
    if accepted := result.get("accepted"):
        words = f"the ledger has the new checksum of {accepted}; nothing ran"
        return Answer(message=f"{details.environment}: {words}", details=details)
    if created := result.get("created"):
        files = listed(result)
        words = f"; the URLs of its two roles are in {', '.join(files)}" if files else ""
        return Answer(
            message=f"{details.environment}: made {created}, empty{words}", details=details
        )
    if "policy_digest" in result:
        words = "the policy is pinned; every approval that was open is void"
        return Answer(message=f"{details.environment}: {words}", details=details)
    if not details.applied:
        details.state = State.SKIPPED
        return Answer(message=str(result.get("note", "nothing was left to do")), details=details)
    took = sum(m.duration_ms for m in details.measured)
    words = _counted(len(details.applied), "migration")
    done = "rolled back" if job.kind == PlanKind.ROLLBACK else "applied"
    return Answer(message=f"{details.environment}: {words} {done} in {took} ms", details=details)


def listed(result: Mapping[str, Any]) -> list[str]:
    """The files that were written with a new database."""
    return [str(file) for file in result.get("files", [])]


def _words(again: NextTool | NextPerson, plan_id: str) -> str:
    if isinstance(again, NextTool):
        return f"call {again.tool} with plan_id {plan_id}"
    return f"run `{again.person}`"


def _failed(job: Job, details: CoordinateDetails) -> Answer[CoordinateDetails]:
    code, message, hint = (job.error.get(k, "") for k in ("code", "message", "hint"))
    problem = Problem(code=code or "job-failed", message=message, hint=hint)
    known = next((e for e in _errors() if e.code == problem.code), None)
    details.state = State.REFUSED if known and known.exit_code is Exit.REFUSED else State.DONE
    return Answer(
        status="failure",
        message=message,
        details=details,
        errors=[problem],
        exit_code=known.exit_code if known else Exit.FAILED,
    )


def _errors() -> list[type[FaberDbError]]:
    from faber_db.errors import all_errors

    return list(all_errors())


def _describe(details: CoordinateDetails, stored: StoredPlan) -> None:
    plan = stored.plan
    details.plan_id = plan.id
    details.digest = plan.digest
    details.risk = plan.risk
    details.tier = plan.tier or None
    details.expires_at = plan.expires_at
    details.pending = [m.version for m in plan.migrations]
    details.ledger_head = plan.ledger_head
    details.findings = list(plan.analysis.findings)
    details.loses = list(plan.analysis.loses)
    details.trial = trial_words(plan.analysis)
    details.difference = plan.arguments.get("difference", "")
    details.checked = [f"{a.question}: {a.answer}" for a in plan.preflight]


def trial_words(analysis: Analysis) -> str:
    """What was tried, and the first few things that were not."""
    notes = list(analysis.trial[:4])
    if len(analysis.trial) > len(notes):
        notes.append(f"and {len(analysis.trial) - len(notes)} more")
    return "; ".join(notes)


def _shown(database: Database, app: App) -> str:
    return database.name if len(app.databases) > 1 else ""


def _counted(number: int, word: str) -> str:
    return f"{number} {word}{'' if number == 1 else 's'}"
