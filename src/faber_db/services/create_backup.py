"""Make a backup of an environment, in a job of the executor."""

from pydantic import BaseModel, ConfigDict

from faber_db.model.answer import Answer, Details
from faber_db.model.job import Job
from faber_db.services.app import App
from faber_db.services.ports import Cancelled, Progress, never, silent
from faber_db.services.watched import WATCH_SECONDS, unfinished


class Request(BaseModel):
    """Of which environment."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    environment: str
    label: str = ""
    database: str = ""


class CreateBackupDetails(Details):
    """The backup, or the job that still makes it."""

    environment: str
    job_id: str = ""
    backup_id: str = ""
    level: int = 0
    sha256: str = ""
    size_bytes: int = 0
    notes: list[str] = []


def run(
    request: Request, app: App, *, progress: Progress = silent, cancelled: Cancelled = never
) -> Answer[CreateBackupDetails]:
    """Start the job and watch it for as long as a call may last.

    Raises:
        UnknownDatabase, UnknownEnvironment.
    """
    database = app.database(request.database)
    environment = database.environment(request.environment)
    if environment.away is not None:
        return environment.away.ask(
            "create-backup",
            request.model_copy(update={"environment": environment.name}),
            CreateBackupDetails,
            progress=progress,
            cancelled=cancelled,
        )
    job = app.executor.start_backup(
        database=database.name, environment=environment.name, label=request.label
    )
    job = app.executor.watch(job.id, seconds=WATCH_SECONDS, progress=progress, cancelled=cancelled)
    if cancelled() and not job.state.over:
        job = app.executor.cancel(job.id)
    return of_job(job, app)


def of_job(job: Job, app: App) -> Answer[CreateBackupDetails]:
    """What became of a job that makes a backup."""
    details = CreateBackupDetails(environment=job.environment, job_id=job.id)
    unfinished_answer = unfinished(job, details)
    if unfinished_answer is not None:
        return unfinished_answer
    made = app.state.backup(str(job.result["backup_id"]))
    details.backup_id, details.level = made.id, made.level
    details.sha256, details.size_bytes = made.sha256, made.size_bytes
    details.notes = list(made.notes)
    return Answer[CreateBackupDetails](
        message=f"{made.id}: {made.size_bytes / 1e6:.1f} MB of {made.environment},"
        f" verified to level {made.level}, in {made.duration_ms} ms",
        details=details,
    )
