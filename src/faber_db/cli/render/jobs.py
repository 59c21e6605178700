"""Jobs for people."""

from collections.abc import Callable
from datetime import datetime

from faber_db.cli.render.page import Page, Span, bad, dim, good, warn
from faber_db.cli.render.words import ago
from faber_db.model.answer import Answer
from faber_db.model.job import Job, JobState
from faber_db.services.jobs import JobDetails, ListDetails


def listing(now: datetime) -> Callable[[Answer[ListDetails], Page], None]:
    """Draws a list of jobs."""

    def draw(answer: Answer[ListDetails], page: Page) -> None:
        if not answer.details.jobs:
            page.line("No jobs.")
            return
        page.table([_row(job, now) for job in answer.details.jobs], indent=0)
        if answer.details.left_out:
            page.line(dim(f"{answer.details.left_out:,} older ones: --limit"))

    return draw


def one(now: datetime) -> Callable[[Answer[JobDetails], Page], None]:
    """Draws one job."""

    def draw(answer: Answer[JobDetails], page: Page) -> None:
        job = answer.details.job
        page.table([_row(job, now)], indent=0)
        for label, text in (
            ("plan", job.plan_id),
            ("progress", "" if job.state.over else job.progress),
        ):
            if text:
                page.fact(label, text)
        for key, value in job.result.items():
            if isinstance(value, str | int):
                page.fact(key.replace("_", " "), str(value), column=20)

    return draw


def _row(job: Job, now: datetime) -> tuple[Span | str, ...]:
    return (
        job.id,
        job.kind,
        job.environment or job.database,
        _state(job.state),
        ago(job.finished_at or job.started_at or job.created_at, now),
        "" if job.state.over else job.progress,
    )


def _state(state: JobState) -> Span:
    match state:
        case JobState.DONE:
            return good(state.value)
        case JobState.FAILED:
            return bad(state.value)
        case _:
            return warn(state.value)
