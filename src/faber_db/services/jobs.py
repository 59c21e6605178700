"""List, show and cancel jobs: long work in processes of its own."""

from pydantic import Field

from faber_db.model.answer import Answer, Details, NextPerson, Problem, State
from faber_db.model.finding import Frozen
from faber_db.model.job import Job, JobState
from faber_db.services.app import App
from faber_db.services.elsewhere import owner_of


class ListRequest(Frozen):
    """Which jobs."""

    running: bool = False
    limit: int = 20


class OfJob(Frozen):
    """One, by id."""

    job_id: str = Field(max_length=80)


class ListDetails(Details):
    """Newest first."""

    jobs: list[Job] = []
    left_out: int = 0


class JobDetails(Details):
    """One job."""

    job: Job


def as_it_is(job_id: str, app: App) -> Job:
    """One job as it is now: where its process died, it and its plan are settled first.

    Raises:
        UnknownHandle: none or several.
    """
    job = app.state.job(job_id)
    return job if job.state.over else app.executor.watch(job.id, seconds=0)


def unfinished(app: App) -> list[Job]:
    """The jobs that still run, newest first; those whose process died are settled."""
    jobs = [as_it_is(job.id, app) for job in app.state.jobs(running=True)]
    return [job for job in jobs if not job.state.over]


def list_jobs(request: ListRequest, app: App) -> Answer[ListDetails]:
    """The newest jobs, or those that still run."""
    running = unfinished(app)
    jobs = running if request.running else app.state.jobs()
    for away in app.executors:
        jobs = [*jobs, *away.ask("list-jobs", request, ListDetails).details.jobs]
    jobs.sort(key=lambda job: job.created_at, reverse=True)
    shown = jobs[: request.limit]
    return Answer[ListDetails](
        message=f"{len(shown)} of {len(jobs)} jobs",
        details=ListDetails(jobs=shown, left_out=len(jobs) - len(shown)),
    )


def show(job_id: str, app: App) -> Answer[JobDetails]:
    """One job by id or unique prefix; a failed one answers as a failure with its error.

    Raises:
        UnknownHandle: none or several.
    """
    if owner := owner_of(job_id, app):
        away, whole = owner
        return away.ask("show-job", OfJob(job_id=whole), JobDetails)
    return _answer(as_it_is(job_id, app))


def cancel(job_id: str, app: App) -> Answer[JobDetails]:
    """Ask a job to stop and clean up; one that is over stays as it is.

    Raises:
        UnknownHandle: none or several.
    """
    if owner := owner_of(job_id, app):
        away, whole = owner
        return away.ask("cancel-job", OfJob(job_id=whole), JobDetails)
    job = as_it_is(job_id, app)
    return _answer(job if job.state.over else app.executor.cancel(job.id))


def _answer(job: Job) -> Answer[JobDetails]:
    details = JobDetails(job=job, state=State.DONE if job.state.over else State.RUNNING)
    message = f"{job.kind} of {job.environment or job.database} is {job.state.value}"
    if job.state is JobState.FAILED:
        problem = Problem(
            code=job.error.get("code", "job-failed"),
            message=job.error.get("message", "the job ended without a result"),
            hint=job.error.get("hint", ""),
        )
        return Answer[JobDetails](
            status="warning", message=message, details=details, warnings=[problem]
        )
    if not job.state.over:
        details.next = NextPerson(person=f"faber-db job show {job.id}")
    return Answer[JobDetails](message=message, details=details)
