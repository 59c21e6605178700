"""Recording within the time of a call: what takes longer goes on in a job, and the next call finds it."""

import json
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from math import inf
from time import monotonic

from faber_db.errors import (
    Cancelled,
    FaberDbError,
    JobFailed,
    JobStillRuns,
    UnknownHandle,
    all_errors,
)
from faber_db.model.canonical import digest_of
from faber_db.model.job import Job, JobState
from faber_db.model.migration import SourceFile, recorded_file
from faber_db.services.app import App, Database
from faber_db.services.history import read_folder
from faber_db.services.kept_recordings import Kept, Outcome
from faber_db.services.ports import Cancelled as IsCancelled
from faber_db.services.ports import Progress
from faber_db.services.recording import Recordings, recorded

KIND = "recording"
IN_CALL_SECONDS = 10.0  # then a job takes over
_WATCH_SECONDS = 12.0  # of the rest of the call, which has more to do
_STILL_TRUE = timedelta(minutes=10)  # of what did not work, for a call that was told to come again


def recorded_in_time(
    app: App,
    database: Database,
    files: Sequence[SourceFile],
    *,
    twice: Collection[str],
    back: Collection[str] = (),
    progress: Progress,
    cancelled: IsCancelled,
) -> Recordings:
    """As `recorded`, in less time than a client waits.

    Raises:
        JobStillRuns: a job goes on with it; the same call takes up what it recorded.
        Cancelled: what is recorded is kept.
        FaberDbError: what ended the job.
    """
    if not database.handler.code or database.sent is not None:
        return Recordings(tuple(files), {})
    calling = _Calling(app, database, files, (twice, back), progress, cancelled)
    job = calling.told_to_come_again()
    if job is None:
        found = calling.here({})
        if found is not None:
            return found
        job = calling.begin()
    return calling.after(job)


class _Calling:
    """One call, and the job that it or an earlier one handed out for the same."""

    def __init__(
        self,
        app: App,
        database: Database,
        files: Sequence[SourceFile],
        wanted: tuple[Collection[str], Collection[str]],
        progress: Progress,
        cancelled: IsCancelled,
    ) -> None:
        self._app = app
        self._database = database
        self._twice, self._back = map(sorted, wanted)
        self._record = partial(
            recorded,
            app,
            database,
            files,
            twice=self._twice,
            back=self._back,
            progress=progress,
        )
        self._progress = progress
        self._cancelled = cancelled
        self._ours = False
        kept = Kept(app, database, database.handler.parse(files))
        of = digest_of(
            {"database": database.name, "last": kept.last, "twice": self._twice, "back": self._back}
        )
        self._key = f"recording:{of}"

    def told_to_come_again(self) -> Job | None:
        """The job that an earlier call answered with; one whose end is long ago says nothing."""
        known = self._app.state.recall(self._key) or {}
        try:
            job = self._app.state.job(str(known["job_id"]))
        except (KeyError, UnknownHandle):
            return None
        ended = datetime.fromisoformat(job.finished_at) if job.finished_at else self._app.now()
        return job if self._app.now() - ended < _STILL_TRUE else None

    def here(self, failed: Mapping[str, Outcome]) -> Recordings | None:
        """What this call has the time for; None where that is not all."""
        until = monotonic() + (inf if self._app.waits else IN_CALL_SECONDS)
        try:
            return self._record(
                failed=failed, cancelled=lambda: self._cancelled() or monotonic() > until
            )
        except Cancelled:
            if self._cancelled():
                raise
            return None

    def begin(self) -> Job:
        job = self._app.executor.start_recording(
            database=self._database.name, twice=self._twice, back=self._back
        )
        self._app.state.remember(self._key, {"job_id": job.id})
        self._ours = True
        return job

    def after(self, job: Job) -> Recordings:
        """What a job recorded, or that it still runs."""
        job = self._watched(job)
        if self._cancelled():
            raise Cancelled("cancelled while programs were recorded; what is recorded is kept")
        if not job.state.over:
            raise _still(job)
        self._app.state.remember(self._key, {})
        if job.state is not JobState.DONE:
            raise _ended(job)
        found = self.here(_failed(job))
        if found is None:  # the folder is not the one that it read
            raise _still(self.begin())
        return found

    def _watched(self, job: Job) -> Job:
        """As long as a call may; cancelled, the job ends with it where nobody was given its id."""
        executor, stopped = self._app.executor, True
        try:
            job = executor.watch(
                job.id,
                seconds=inf if self._app.waits else _WATCH_SECONDS,
                progress=self._progress,
                cancelled=self._cancelled,
            )
            stopped = self._cancelled()
            return job
        finally:
            if stopped and self._ours and not job.state.over:
                executor.cancel(job.id)


def carried_out(
    app: App, job: Job, *, progress: Progress, cancelled: IsCancelled
) -> Mapping[str, object]:
    """The job itself: all of a history; what could be recorded is in the state folder then."""
    database = app.database(job.database)
    found = recorded(
        app,
        database,
        read_folder(database),
        twice=json.loads(job.arguments["twice"]),
        back=json.loads(job.arguments["back"]),
        progress=progress,
        cancelled=cancelled,
    )
    return {
        "not_recorded": {
            recorded_file(version, "", back=back).path: {
                "code": error.code,
                "message": error.message,
                "hint": error.hint,
            }
            for back, missing in ((False, found.missing), (True, found.no_way_back))
            for version, error in missing.items()
        }
    }


def _failed(job: Job) -> dict[str, Outcome]:
    return {path: Outcome(**error) for path, error in job.result["not_recorded"].items()}


def _still(job: Job) -> JobStillRuns:
    return JobStillRuns(
        f"{job.id} still records what programs would run: {job.progress or 'starting'}",
        hint=f"Call this again when `faber-db job show {job.id}` says that it is done; what is"
        " recorded is kept.",
        job_id=job.id,
    )


def _ended(job: Job) -> FaberDbError:
    kind = next((e for e in all_errors() if e.code == job.error.get("code")), JobFailed)
    message = job.error.get("message", f"{job.id} ended without a result")
    return kind(message, hint=job.error.get("hint", ""))
