"""Jobs as the command line shows them, from a real state file."""

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from faber_db.adapters.signers import ed25519
from faber_db.adapters.stores.sqlite_state import SqliteState
from faber_db.config.settings import EnvironmentSettings, ProjectSettings
from faber_db.errors import UnknownHandle
from faber_db.executor import jobs as executor_jobs
from faber_db.executor.local import LocalExecutor
from faber_db.executor.process import started
from faber_db.model.answer import State
from faber_db.model.job import Job, JobState
from faber_db.services import jobs
from faber_db.services.app import App

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    state = SqliteState(tmp_path / "state.sqlite", lambda: NOW)
    for number, job_state in enumerate((JobState.DONE, JobState.FAILED, JobState.RUNNING), start=1):
        state.save_job(
            Job(
                id=f"job_{number}",
                kind="backup",
                database="main",
                environment="dev",
                state=job_state,
                created_at=f"2026-11-23T08:0{number}:00+00:00",
                error={"code": "backup-failed", "message": "the disk is full", "hint": "Make room."}
                if job_state is JobState.FAILED
                else {},
                pid=os.getpid() if job_state is JobState.RUNNING else 0,
                pid_started=started(os.getpid()) if job_state is JobState.RUNNING else 0,
            )
        )
    made = App(
        root=tmp_path,
        settings=ProjectSettings(environments={"dev": EnvironmentSettings(url="dev.db")}),
        config_path=None,
        databases={},
        state=state,
        state_folder=tmp_path,
        executor=LocalExecutor(lambda: made, {ed25519.SIGNER: ed25519.verify}, {}),
        now=lambda: NOW,
        new_id=lambda kind: f"{kind}_9",
    )
    yield made
    state.close()


def test_newest_first_and_what_is_left_out(app: App) -> None:
    details = jobs.list_jobs(jobs.ListRequest(limit=2), app).details
    assert [job.id for job in details.jobs] == ["job_3", "job_2"]
    assert details.left_out == 1


def test_only_those_that_run(app: App) -> None:
    details = jobs.list_jobs(jobs.ListRequest(running=True), app).details
    assert [job.id for job in details.jobs] == ["job_3"]


def test_a_failed_job_says_why(app: App) -> None:
    answer = jobs.show("job_2", app)
    assert [(w.code, w.hint) for w in answer.warnings] == [("backup-failed", "Make room.")]
    assert answer.details.state is State.DONE


def test_a_running_job_names_the_next_look(app: App) -> None:
    answer = jobs.show("job_3", app)
    assert answer.details.state is State.RUNNING
    assert answer.as_json()["details"]["next"] == {"person": "faber-db job show job_3"}


def test_a_job_whose_process_is_gone_does_not_run(app: App) -> None:
    running = app.state.job("job_3")
    app.state.save_job(running.model_copy(update={"pid_started": running.pid_started - 1}))
    assert jobs.list_jobs(jobs.ListRequest(running=True), app).details.jobs == []
    answer = jobs.show("job_3", app)
    assert answer.details.job.state is JobState.FAILED
    assert [w.code for w in answer.warnings] == ["job-failed"]


def test_a_job_that_is_over_is_not_cancelled(app: App) -> None:
    assert jobs.cancel("job_1", app).details.job.state is JobState.DONE


def test_an_unknown_job(app: App) -> None:
    with pytest.raises(UnknownHandle):
        jobs.show("job_zzz", app)


def test_a_process_that_could_not_take_its_job_over_says_why(app: App, tmp_path: Path) -> None:
    broken = tmp_path / "broken.json"
    broken.write_text("{")
    job = Job(
        id="job_4", kind="backup", database="main", environment="dev", state=JobState.QUEUED,
        created_at=NOW.isoformat(),
    )  # fmt: skip
    app.state.save_job(job)
    executor_jobs.spawn(app, job, {"FABER_DB_CONFIG": str(broken), "HOME": str(tmp_path)})
    ended = executor_jobs.watch(
        app, job.id, seconds=60, progress=lambda _words: None, cancelled=lambda: False
    )
    assert ended.error["code"].startswith("config-")
    assert ended.error["message"].startswith("its process ended at once: ")
    assert "broken.json" in ended.error["message"]
