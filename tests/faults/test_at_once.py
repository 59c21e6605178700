"""Several deployers at once: one wins, and the others say so."""

import sqlite3
from collections.abc import Sequence
from contextlib import ExitStack

import psycopg
import pytest

from faber_db import app
from faber_db.adapters.handlers.sql import TABLE
from faber_db.errors import LedgerBlocked, LedgerError, LedgerFailed
from faber_db.executor import planning
from faber_db.model.answer import State
from faber_db.model.migration import LedgerRow, Migration
from faber_db.services import build, coordinate
from tests.e2e.project import Project
from tests.faults.watching import answered, events, started, state_of

ADD = "20261101000000_add"
PHONE = "ALTER TABLE customers ADD COLUMN phone text;\n"
MANY = 10


@pytest.fixture
def project_of(request: pytest.FixtureRequest) -> Project:
    """The project of the engine that the test is about."""
    found: Project = request.getfixturevalue(request.param)
    return found


@pytest.mark.parametrize("project_of", ["project", "postgresql_project"], indirect=True)
def test_two_deployers(project_of: Project) -> None:
    """Both build dev: the ledger has each migration once, and nobody reports a failure it was not."""
    project = project_of
    with started(project, "build") as one, started(project, "build") as two:
        answers = [answered(one), answered(two)]
    assert "email" in project.columns("dev", "customers")
    ledger = project.rows("dev", f"SELECT count(*) FROM {TABLE}")
    assert ledger == [(1,)]
    for code, answer in answers:
        problems = [e["code"] for e in answer["errors"]]
        assert (code, problems) in ((0, []), (7, ["lock-busy"]), (5, ["approval-stale"])), answer
    applied = [a for _, a in answers if a["details"].get("applied")]
    jobs = {a["details"]["job_id"] for a in applied}
    assert len(jobs) == 1, answers  # the other attached to the same job, or had nothing to do


@pytest.mark.slow
@pytest.mark.parametrize("project_of", ["released", "postgresql_released"], indirect=True)
def test_many_releases_of_one_signed_plan(project_of: Project) -> None:
    project = project_of
    project.add_migration(ADD, PHONE)
    plan = project.plan("release")
    assert project.sign(plan).exit_code == 0
    with ExitStack() as stack:
        processes = [
            stack.enter_context(started(project, "release", "--plan", plan)) for _ in range(MANY)
        ]
        answers = [answered(process) for process in processes]
    assert project.columns("production", "customers").count("phone") == 1
    assert state_of(project, plan) == "done"
    for event in ("deploy.intent", "migration.intent", "migration.done", "deploy.done"):
        assert events(project, plan).count(event) == 1, event
    jobs = set()
    for code, answer in answers:
        assert code == 0, answer
        jobs.add(answer["details"]["job_id"])
    assert len(jobs) == 1, jobs
    assert project.run("audit", "verify").returncode == 0


@pytest.mark.slow
def test_a_busy_table(postgresql_released: Project) -> None:
    """The lock is not had: nothing is kept, and the same signature serves when the table is free."""
    project = postgresql_released
    project.configure("production", lock_timeout="200ms", lock_retries=1)
    proposed = project.plan("policy", "propose", "production")
    assert project.sign(proposed, loses=("production",), deploy=True).exit_code == 0
    project.add_migration(ADD, PHONE)
    plan = project.plan("release")
    assert project.sign(plan).exit_code == 0
    with psycopg.connect(project.urls["production"]) as busy:
        busy.execute("LOCK TABLE customers IN ACCESS SHARE MODE")
        code, answer = project.exits("release", "--plan", plan)
        busy.rollback()
    assert (code, answer["errors"][0]["code"]) == (7, "lock-timeout"), answer
    assert "nothing was kept" in answer["errors"][0]["message"]
    assert answer["errors"][0]["hint"]
    assert "phone" not in project.columns("production", "customers")
    assert state_of(project, plan) == "signed"
    code, answer = project.exits("release", "--plan", plan)
    assert (code, answer["details"]["applied"]) == (0, [ADD]), answer
    assert "phone" in project.columns("production", "customers")


@pytest.mark.slow
def test_a_busy_file(released: Project) -> None:
    """The same on SQLite: another process writes all the time."""
    project = released
    project.configure("production", lock_timeout="200ms", lock_retries=1)
    proposed = project.plan("policy", "propose", "production")
    assert project.sign(proposed, loses=("production",), deploy=True).exit_code == 0
    project.add_migration(ADD, PHONE)
    plan = project.plan("release")
    assert project.sign(plan).exit_code == 0
    writer = sqlite3.connect(project.root / "production.db", isolation_level=None)
    writer.execute("BEGIN IMMEDIATE")
    code, answer = project.exits("release", "--plan", plan)
    writer.execute("ROLLBACK")
    writer.close()
    assert (code, answer["errors"][0]["code"]) == (7, "lock-timeout"), answer
    assert answer["errors"][0]["hint"]
    assert "phone" not in project.columns("production", "customers")
    assert state_of(project, plan) == "signed"
    code, answer = project.exits("release", "--plan", plan)
    assert (code, answer["details"]["applied"]) == (0, [ADD]), answer


def test_a_deployment_while_another_is_planned(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was pending when the plan began is applied by somebody else before the plan is made."""
    project.add_migration(
        ADD, "CREATE TABLE counters (n integer);\nINSERT INTO counters VALUES (1);\n"
    )
    look = planning.pending_of

    def look_and_be_overtaken(
        ground: planning.Ground, history: Sequence[Migration], ledger: Sequence[LedgerRow]
    ) -> tuple[Migration, ...]:
        found = look(ground, history, ledger)
        monkeypatch.undo()
        assert project.run("build").returncode == 0
        return found

    monkeypatch.setattr(planning, "pending_of", look_and_be_overtaken)
    answer = build.run(coordinate.Request(), app.build(project.root, project.environ))
    assert (answer.details.state, answer.details.applied) == (State.SKIPPED, []), answer
    assert project.rows("dev", "SELECT count(*) FROM counters") == [(1,)]


@pytest.mark.parametrize("problem", [LedgerFailed, LedgerBlocked])
def test_what_was_in_the_way_for_a_moment(
    project: Project, monkeypatch: pytest.MonkeyPatch, problem: type[LedgerError]
) -> None:
    """A deployment is seen half-way, and has ended well before it is waited for."""
    project.add_migration(ADD, "CREATE TABLE counters (n integer);\n")
    look = planning.require_unblocked

    def look_and_be_overtaken(
        ground: planning.Ground, history: Sequence[Migration], ledger: Sequence[LedgerRow]
    ) -> None:
        look(ground, history, ledger)
        monkeypatch.undo()
        assert project.run("build").returncode == 0
        raise problem("what it had begun was seen")

    monkeypatch.setattr(planning, "require_unblocked", look_and_be_overtaken)
    answer = build.run(coordinate.Request(), app.build(project.root, project.environ))
    assert (answer.details.state, answer.errors) == (State.SKIPPED, []), answer
    assert project.columns("dev", "counters") == ["n"]
