"""Follow one plan, job or backup: its state, and the call or command that moves it on."""

import time

from faber_db.errors import InputError
from faber_db.model.answer import Answer, NextPerson, NextTool, Problem, State
from faber_db.model.finding import Frozen
from faber_db.model.job import Job, JobState
from faber_db.model.plan import PlanKind, PlanState, StoredPlan
from faber_db.services.app import App
from faber_db.services.elsewhere import owner_of
from faber_db.services.jobs import as_it_is
from faber_db.services.ports import Cancelled, Progress
from faber_db.services.status_lines import LIVE, StatusDetails, has_expired, job_line, plan_line

POLL_SECONDS = 0.25


class Followed(Frozen):
    """What `status` is asked of an executor elsewhere, for one id."""

    id: str
    wait_seconds: int


def follow(
    handle: str, app: App, *, wait_seconds: int, progress: Progress, cancelled: Cancelled
) -> Answer[StatusDetails]:
    """The state of an id, at once or when it moved or the time is over.

    Raises:
        UnknownHandle, BackupMissing: there is no such id.
        InputError: the id is of no known kind.
    """
    if owner := owner_of(handle, app):
        away, whole = owner
        return away.ask(
            "status",
            Followed(id=whole, wait_seconds=wait_seconds),
            StatusDetails,
            progress=progress,
            cancelled=cancelled,
        )
    match handle.partition("_")[0]:
        case "plan":
            return _of_plan(_moved(handle, app, wait_seconds, progress, cancelled), app)
        case "job":
            job = app.executor.watch(
                app.state.job(handle).id,
                seconds=float(wait_seconds),
                progress=progress,
                cancelled=cancelled,
            )
            return _of_job(job)
        case "backup":
            backup = app.state.backup(handle)
            return Answer(
                message=f"{backup.id} of {backup.environment} is {backup.state},"
                f" proved to level {backup.level}",
                details=StatusDetails(backup=backup),
            )
        case _:
            raise InputError(
                f"{handle[:40]!r} is no id", hint="Ids begin with plan_, job_ or backup_."
            )


def _moved(
    handle: str, app: App, wait_seconds: int, progress: Progress, cancelled: Cancelled
) -> StoredPlan:
    """The plan, when its state changed or the time is over; a claimed one is waited for by its job."""
    until = time.monotonic() + wait_seconds
    first = found = _settled(app.state.plan(handle), app)
    while found.state == first.state and not cancelled():
        left = until - time.monotonic()
        if left <= 0:
            break
        if found.job_id and not app.state.job(found.job_id).state.over:
            app.executor.watch(found.job_id, seconds=left, progress=progress, cancelled=cancelled)
        else:
            time.sleep(min(POLL_SECONDS, left))
        found = app.state.plan(first.plan.id)
    return found


def _settled(stored: StoredPlan, app: App) -> StoredPlan:
    """The plan as it is now, also where the process of its job has died."""
    if not stored.job_id:
        return stored
    as_it_is(stored.job_id, app)
    return app.state.plan(stored.plan.id)


def _of_plan(stored: StoredPlan, app: App) -> Answer[StatusDetails]:
    plan = stored.plan
    details = StatusDetails(waiting=[plan_line(stored, app)])
    words = f"{plan.id} ({plan.kind} to {plan.environment}, {plan.risk})"
    if stored.state in LIVE and has_expired(stored, app.now()):
        return _over(details, f"{words} expired; ask for a new one", "approval-stale", "")
    match stored.state:
        case PlanState.WAITING:
            details.state = State.APPROVAL_REQUIRED
            details.next = NextPerson(person=f"faber-db approve {plan.id}")
            return Answer(
                status="warning", message=f"{words} waits for a person's signature", details=details
            )
        case PlanState.OPEN:
            details.state, details.next = State.PLANNED, again(stored)
            return Answer(message=f"{words} is ready", details=details)
        case PlanState.SIGNED:
            details.state, details.next = State.PLANNED, again(stored)
            return Answer(message=f"{words} is signed and may run once", details=details)
        case PlanState.CLAIMED | PlanState.USED:
            return _under_way(stored, details, words, app)
        case PlanState.DONE:
            return Answer(message=f"{words} is done", details=details)
        case PlanState.REJECTED:
            return _over(details, f"{words} was rejected", "approval-rejected", stored.reason)
        case PlanState.VOID:
            return _over(details, f"{words} is void", "approval-stale", stored.reason)
        case PlanState.FAILED:
            return _over(details, f"{words} failed", "job-failed", stored.reason)


def _over(details: StatusDetails, message: str, code: str, reason: str) -> Answer[StatusDetails]:
    problem = Problem(code=code, message=f"{message}: {reason}" if reason else message)
    return Answer(status="warning", message=message, details=details, warnings=[problem])


def _under_way(
    stored: StoredPlan, details: StatusDetails, words: str, app: App
) -> Answer[StatusDetails]:
    if not stored.job_id:
        return Answer(message=f"{words} is under way", details=details)
    job = app.state.job(stored.job_id)
    details.jobs = [job_line(job)]
    if not job.state.over:
        details.state, details.next = State.RUNNING, wait_for(job.id)
    return Answer(message=f"{words}: {job.id} is {job.state}", details=details)


def _of_job(job: Job) -> Answer[StatusDetails]:
    details = StatusDetails(jobs=[job_line(job)])
    words = f"{job.id} ({job.kind} of {job.environment or job.database})"
    if not job.state.over:
        details.state, details.next = State.RUNNING, wait_for(job.id)
        return Answer(message=f"{words} runs: {job.progress or 'starting'}", details=details)
    if job.state is JobState.DONE:
        return Answer(message=f"{words} is done", details=details)
    problem = Problem(
        code=job.error.get("code", "job-failed"),
        message=job.error.get("message", "the job ended without a result"),
        hint=job.error.get("hint", ""),
    )
    return Answer(
        status="warning", message=f"{words} is {job.state}", details=details, warnings=[problem]
    )


def wait_for(job_id: str) -> NextTool:
    """The call that waits for a job."""
    return NextTool(tool="status", arguments={"id": job_id, "wait_seconds": 25})


def again(stored: StoredPlan) -> NextTool | NextPerson:
    """The call that carries this plan out."""
    plan = stored.plan
    arguments = {"environment": plan.environment, "plan_id": plan.id}
    if plan.kind is PlanKind.RESTORE:
        backup = {"backup_id": plan.arguments.get("backup_id", "")}
        return NextTool(tool="restore-backup", arguments={**arguments, **backup})
    if plan.kind is PlanKind.DEPLOY:
        return NextTool(tool="coordinate-release", arguments=arguments)
    return NextPerson(person=f"faber-db approve {plan.id}")
