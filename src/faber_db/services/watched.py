"""What became of a job, as far as backup and restore answer it."""

from typing import TypeVar

from faber_db.errors import Exit, JobStillRuns, all_errors
from faber_db.model.answer import Answer, Details, NextTool, Problem, State
from faber_db.model.job import Job, JobState

WATCH_SECONDS = 25.0

D = TypeVar("D", bound=Details)


class RunningDetails(Details):
    """A job that has to end before the call can go on."""

    job_id: str = ""


def still_runs(error: JobStillRuns) -> Answer[RunningDetails]:
    """The answer of a call that a job has to prepare first."""
    details = RunningDetails(state=State.RUNNING, job_id=error.job_id)
    details.next = NextTool(tool="status", arguments={"id": error.job_id, "wait_seconds": 25})
    return Answer[RunningDetails](
        status="warning",
        message=error.message,
        details=details,
        warnings=[Problem.of(error)],
        exit_code=error.exit_code,
    )


def unfinished(job: Job, details: D) -> Answer[D] | None:
    """The answer for a job that still runs or failed; None when it is done."""
    if job.state is JobState.DONE:
        return None
    if not job.state.over:
        details.state = State.RUNNING
        details.next = NextTool(tool="status", arguments={"id": job.id, "wait_seconds": 25})
        return Answer(
            status="warning",
            message=f"{job.id} still runs: {job.progress or 'starting'}",
            details=details,
            exit_code=Exit.WAITING,
        )
    code, message, hint = (job.error.get(k, "") for k in ("code", "message", "hint"))
    problem = Problem(
        code=code or "job-failed", message=message or "the job ended without a result", hint=hint
    )
    exit_code = next((e.exit_code for e in all_errors() if e.code == problem.code), Exit.FAILED)
    if exit_code is Exit.REFUSED:
        details.state = State.REFUSED
    return Answer(
        status="failure",
        message=problem.message,
        details=details,
        errors=[problem],
        exit_code=exit_code,
    )
