"""The life of a job: made, run in a process of its own, watched, and settled when it dies."""

import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from faber_db.errors import FaberDbError, JobFailed
from faber_db.executor.process import here, started
from faber_db.model.job import Job, JobState
from faber_db.services.app import App
from faber_db.services.ports import Cancelled, Progress, never

HEARTBEAT_SECONDS = 2.0
_TOLD_SECONDS = 0.2  # between two writes of what a job says of itself
_POLL_SECONDS = 0.05
_CODED = re.compile(
    r"(?m)^\[([a-z]+(?:-[a-z]+)+)\] (.+)$"
)  # an error as the command line writes it
_LONGEST_START = timedelta(seconds=60)
_LONGEST_SILENCE = timedelta(minutes=5)  # of a job on another machine, whose clock may differ


def new_job(
    app: App,
    kind: str,
    *,
    database: str,
    environment: str,
    plan_id: str = "",
    arguments: Mapping[str, str] | None = None,
) -> Job:
    """A job that has not begun. Not stored yet."""
    return Job(
        id=app.new_id("job"),
        kind=kind,
        database=database,
        environment=environment,
        state=JobState.QUEUED,
        plan_id=plan_id,
        arguments=dict(arguments or {}),
        created_at=app.now().isoformat(timespec="milliseconds"),
    )


def spawn(app: App, job: Job, environ: Mapping[str, str]) -> Job:
    """Start `faber-db job run ID` in a session of its own; it outlives whoever asked for it.

    With -P, so that no module of the project takes the place of ours or of the library.
    """
    folder = app.state_folder / "jobs"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    variables = dict(environ)
    if app.config_path is not None:
        variables["FABER_DB_CONFIG"] = str(app.config_path)
    log = os.open(folder / f"{job.id}.log", os.O_CREAT | os.O_WRONLY | os.O_APPEND, 0o600)
    try:
        process = subprocess.Popen(  # noqa: S603 our own interpreter and module
            [sys.executable, "-P", "-m", "faber_db", "job", "run", job.id],
            cwd=app.root,
            env=variables,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    finally:
        os.close(log)
    threading.Thread(target=_reap, args=(app, job.id, process), daemon=True).start()
    return job


def _reap(app: App, job_id: str, process: "subprocess.Popen[bytes]") -> None:
    """Leave no zombie, and no job waiting for a process that never got going."""
    process.wait()
    job = app.state.job(job_id)
    if job.state is JobState.QUEUED:
        app.state.save_job(
            job.model_copy(
                update={
                    "state": JobState.FAILED,
                    "error": _last_words(log_of(app, job), process.returncode),
                }
            )
        )


def _last_words(log: Path, returned: int) -> dict[str, str]:
    """The coded error with which a process ended that could not even take its job over."""
    try:
        found = _CODED.findall(log.read_text("utf-8", errors="replace"))
    except OSError:
        found = []
    code, message = found[-1] if found else (JobFailed.code, f"it returned {returned}")
    return {
        "code": code,
        "message": f"its process ended at once: {message}",
        "hint": f"See {log}.",
    }


class Running:
    """A job that this process carries out: heartbeat, progress, cancellation, and its end."""

    def __init__(self, app: App, job: Job, cancelled: Cancelled = never) -> None:
        self._app = app
        self._cancelled_by_caller = cancelled
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._untold = threading.Event()
        self._job = job.model_copy(
            update={
                "state": JobState.RUNNING,
                "place": here(),
                "pid": os.getpid(),
                "pid_started": started(os.getpid()),
                "started_at": self._now(),
                "heartbeat_at": self._now(),
            }
        )
        app.state.save_job(self._job)
        self._heart = threading.Thread(target=self._beat, daemon=True)
        self._heart.start()

    def progress(self, words: str) -> None:
        """Told to whoever watches; written a few times a second, since each write is synced."""
        with self._lock:
            self._job = self._job.model_copy(
                update={"progress": words, "heartbeat_at": self._now()}
            )
            self._untold.set()

    def cancelled(self) -> bool:
        return self._cancelled_by_caller() or cancel_requested(self._app, self._job.id)

    def done(self, result: Mapping[str, Any]) -> Job:
        return self._end(JobState.DONE, result=dict(result))

    def failed(self, error: FaberDbError, *, cancelled: bool = False) -> Job:
        return self._end(
            JobState.CANCELLED if cancelled else JobState.FAILED,
            error={"code": error.code, "message": error.message, "hint": error.hint},
        )

    def _end(self, state: JobState, **changes: object) -> Job:
        self._over.set()
        self._untold.set()
        self._heart.join(timeout=5)
        self._update(state=state, finished_at=self._now(), **changes)
        return self._job

    def _update(self, **changes: object) -> None:
        with self._lock:
            self._job = self._job.model_copy(update=changes)
            self._app.state.save_job(self._job)

    def _beat(self) -> None:
        while not self._over.is_set():
            self._untold.wait(HEARTBEAT_SECONDS)
            self._untold.clear()
            if not self._over.is_set():
                self._update(heartbeat_at=self._now())
                self._over.wait(_TOLD_SECONDS)

    def _now(self) -> str:
        return self._app.now().isoformat(timespec="milliseconds")


def request_cancel(app: App, job_id: str) -> None:
    """Ask a job, in whatever process, to stop."""
    app.state.remember(f"cancel:{job_id}", {"at": app.now().isoformat(timespec="seconds")})


def cancel_requested(app: App, job_id: str) -> bool:
    return app.state.recall(f"cancel:{job_id}") is not None


def dead(app: App, job: Job) -> bool:
    """Whether the process of an unfinished job is gone, or never got going.

    Of a job on another machine, which shares the state, only the heartbeat can be seen.
    """
    if job.state.over:
        return False
    if job.state is JobState.QUEUED:
        return app.now() > datetime.fromisoformat(job.created_at) + _LONGEST_START
    if job.place not in ("", here()):
        return app.now() > datetime.fromisoformat(job.heartbeat_at) + _LONGEST_SILENCE
    return started(job.pid) != job.pid_started


def watch(
    app: App, job_id: str, *, seconds: float, progress: Progress, cancelled: Cancelled
) -> Job:
    """Wait until a job is over, dead, or for so long. Cancelling stops the watching only."""
    until = time.monotonic() + seconds
    words = ""
    while True:
        job = app.state.job(job_id)
        if job.progress != words:
            words = job.progress
            progress(words)
        if job.state.over or dead(app, job) or time.monotonic() >= until or cancelled():
            return job
        time.sleep(_POLL_SECONDS)


def log_of(app: App, job: Job) -> Path:
    """Where the output of a job's process lies."""
    return app.state_folder / "jobs" / f"{job.id}.log"


def died(job: Job) -> JobFailed:
    """The error of a job whose process is gone."""
    return JobFailed(
        f"the process of {job.id} died; the last it said: {job.progress or 'starting'}",
        hint=f"`faber-db status {job.environment}` shows what stands in the ledger.",
    )
