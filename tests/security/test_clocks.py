"""The clock of the executor's machine is wrong, or is set back while an approval is in use."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from faber_db import app as composition
from faber_db.errors import ClockSkewed
from faber_db.executor import deploying, jobs
from faber_db.model.job import Job, JobState
from faber_db.model.plan import PlanState
from faber_db.services.app import App
from tests.e2e.project import Project
from tests.security.test_signing import signed

Set = Callable[[timedelta], None]


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Set:
    """Sets the executor's clock off by so much; the database keeps its own."""
    off = [timedelta(0)]
    monkeypatch.setattr(composition, "now", lambda: datetime.now(UTC) + off[0])
    monkeypatch.setattr(jobs, "spawn", lambda _app, job, _environ: job)  # run here, by this clock

    def move(by: timedelta) -> None:
        off[0] = by

    return move


def claimed(project: Project) -> tuple[App, Job]:
    """A signed plan that a job has taken and not begun."""
    project.add_migration("20261101000000_new", "CREATE TABLE n (a integer);\n")
    plan = project.plan("release", "production")
    app = composition.build(project.root, project.environ)
    app.executor.sign(signed(app, plan))
    return app, app.executor.start(plan)


@pytest.mark.parametrize("by", [timedelta(minutes=5), timedelta(minutes=-5)], ids=str)
def test_nothing_is_signed_by_a_clock_that_the_database_contradicts(
    released: Project, clock: Set, by: timedelta
) -> None:
    released.add_migration("20261101000000_new", "CREATE TABLE n (a integer);\n")
    plan = released.plan("release", "production")
    app = composition.build(released.root, released.environ)
    good = signed(app, plan)
    clock(by)
    with pytest.raises(ClockSkewed):
        app.executor.sign(good)
    assert app.state.approvals(plan) == []
    refused = [e.body for e in app.state.audit() if e.event == "approval.refused"]
    assert [b["fault"] for b in refused] == ["approval-clock-skewed"]


@pytest.mark.slow
@pytest.mark.parametrize("by", [timedelta(minutes=5), timedelta(minutes=-5)], ids=str)
def test_nothing_runs_by_a_clock_that_postgresql_contradicts(
    postgresql_released: Project, clock: Set, by: timedelta
) -> None:
    app, job = claimed(postgresql_released)
    clock(by)
    over = app.executor.run_job(job.id)
    assert (over.state, over.error["code"]) == (JobState.FAILED, ClockSkewed.code)
    assert postgresql_released.columns("production", "n") == []


def test_the_clock_goes_back_between_claim_and_use(
    released: Project, clock: Set, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After the backup: what the claim itself measured is held against the clock."""
    app, job = claimed(released)
    passed = [0.0]
    monkeypatch.setattr(deploying, "monotonic", lambda: passed[0])
    back_up = deploying.Carrier._ensure_backup

    def long_backup(carrier: deploying.Carrier) -> object:
        made = back_up(carrier)
        passed[0] += 3 * 3600  # three hours by a clock that never goes back
        return made

    monkeypatch.setattr(deploying.Carrier, "_ensure_backup", long_backup)
    over = app.executor.run_job(job.id)
    assert (over.state, over.error["code"]) == (JobState.FAILED, ClockSkewed.code)
    assert "went back" in over.error["message"]
    assert released.columns("production", "n") == []


def test_a_claim_from_the_future_does_not_run(released: Project, clock: Set) -> None:
    app, job = claimed(released)
    later = (app.now() + timedelta(hours=1)).isoformat(timespec="milliseconds")
    app.state.save_job(job.model_copy(update={"created_at": later}))
    over = app.executor.run_job(job.id)
    assert (over.state, over.error["code"]) == (JobState.FAILED, ClockSkewed.code)
    assert released.columns("production", "n") == []


@pytest.mark.slow
@pytest.mark.parametrize("at", ["", "yesterday", "2026-11-23T12:00:00"])
def test_a_claim_without_a_time_does_not_run(released: Project, clock: Set, at: str) -> None:
    app, job = claimed(released)
    app.state.save_job(job.model_copy(update={"created_at": at}))
    over = app.executor.run_job(job.id)
    assert (over.state, over.error["code"]) == (JobState.FAILED, "approval-invalid")
    assert released.columns("production", "n") == []


@pytest.mark.parametrize(
    ("ago", "code"), [(timedelta(minutes=17), "approval-invalid"), (timedelta(minutes=1), "")]
)
def test_a_lapsed_signature_is_not_revived_by_a_forged_claim(
    released: Project, clock: Set, ago: timedelta, code: str
) -> None:
    """Whoever can write the state puts a claim there; the job that begins looks at the clock."""
    released.add_migration("20261101000000_new", "CREATE TABLE n (a integer);\n")
    plan = released.plan("release", "production")
    app = composition.build(released.root, released.environ)
    begin = app.now() - ago
    lapsed = signed(
        app,
        plan,
        not_before=begin.isoformat(timespec="seconds"),
        expires_at=(begin + timedelta(minutes=15)).isoformat(timespec="seconds"),
    )
    stored = app.state.plan(plan).plan
    job = jobs.new_job(app, "deploy", database="main", environment="production", plan_id=stored.id)
    app.state.save_job(job)
    app.state.add_approval(lapsed)
    assert app.state.move_plan(
        stored.id, expect=(PlanState.WAITING,), to=PlanState.CLAIMED, job_id=job.id
    )
    assert app.executor.run_job(job.id).error.get("code", "") == code
    assert released.columns("production", "n") == ([] if code else ["a"])
