"""A signature is used once: by many at the same time, after a crash at each step, after a restart."""

import os
import signal
from contextlib import ExitStack

import pytest

from faber_db.app import build
from faber_db.executor import deploying
from tests.e2e.project import Project
from tests.faults.watching import answered, events, started, state_of
from tests.security.forging import claim, key_of, signed_by, write

ADD = "20261101000000_add"
PHONE = "ALTER TABLE customers ADD COLUMN phone text;\n"
MANY = 20
USED = {
    "released": "SELECT nonce FROM _faber_db_used",
    "postgresql_released": "SELECT nonce FROM faber_db.used_approvals",
}


@pytest.fixture
def project_of(request: pytest.FixtureRequest) -> Project:
    found: Project = request.getfixturevalue(request.param)
    return found


def signed_plan(project: Project) -> str:
    project.add_migration(ADD, PHONE)
    plan = project.plan("release", "production")
    app = build(project.root, project.environ)
    app.executor.sign(signed_by(key_of(project), app, plan))
    return plan


@pytest.mark.slow
@pytest.mark.parametrize("project_of", ["released", "postgresql_released"], indirect=True)
def test_twenty_at_once(project_of: Project) -> None:
    """One job; nineteen find it, or find that it is done."""
    project = project_of
    plan = signed_plan(project)
    with ExitStack() as stack:
        processes = [
            stack.enter_context(started(project, "release", "production", "--plan", plan))
            for _ in range(MANY)
        ]
        answers = [answered(process) for process in processes]
    assert events(project, plan).count("deploy.intent") == 1
    assert events(project, plan).count("migration.done") == 1
    assert project.columns("production", "customers").count("phone") == 1
    ran = {a["details"]["job_id"] for code, a in answers if a["details"].get("applied")}
    assert len(ran) == 1, answers
    for code, answer in answers:
        assert code in (0, 4, 5), answer


@pytest.mark.slow
@pytest.mark.parametrize("project_of", ["released", "postgresql_released"], indirect=True)
def test_twenty_forged_claims_at_once(project_of: Project) -> None:
    """Whoever can write the state starts a job each: the target itself lets one of them through."""
    project = project_of
    plan = signed_plan(project)
    claimed = [claim(project, plan) for _ in range(MANY)]
    with ExitStack() as stack:
        processes = [stack.enter_context(started(project, "job", "run", j)) for j in claimed]
        for process, job in zip(processes, claimed, strict=True):
            write(project, "UPDATE plans SET state = 'claimed', job_id = ? WHERE id = ?", job, plan)
            process.communicate(timeout=180)
    assert events(project, plan).count("migration.done") <= 1
    assert project.columns("production", "customers").count("phone") <= 1
    ledger = project.rows("production", "SELECT count(*) FROM faber_db_migrations")
    assert ledger in ([(1,)], [(2,)])


STEPS: dict[str, tuple[str, str]] = {
    "before the backup": ("_ensure_backup", "signed"),
    "before use": ("_use_approvals", "signed"),
    "after use, before the first statement": ("_each", "failed"),
    "after commit, before the end": ("_anchor", "done"),
}


def run_until(project: Project, job: str, step: str) -> None:
    """Run a job in a process that ends by SIGKILL when it comes to a step."""

    def die(*_: object, **__: object) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    child = os.fork()
    if child == 0:  # pragma: no cover - ends by a signal
        setattr(deploying.Carrier, step, die)
        build(project.root, project.environ).executor.run_job(job)
        os._exit(1)
    _, status = os.waitpid(child, 0)
    assert os.WTERMSIG(status) == signal.SIGKILL


@pytest.mark.slow
@pytest.mark.parametrize(("step", "settled"), STEPS.values(), ids=STEPS)
def test_a_crash_at_each_step_settles_truthfully(
    released: Project, step: str, settled: str
) -> None:
    """The real process ends by SIGKILL when it comes to the step; then the state is asked."""
    project = released
    plan = signed_plan(project)
    run_until(project, claim(project, plan), step)
    spent = project.rows("production", USED["released"])
    ran = "phone" in project.columns("production", "customers")
    code, answer = project.exits("status", plan)
    assert code == 0, answer
    assert state_of(project, plan) == settled, answer
    assert ran is (settled == "done")
    assert len(spent) == (1 if settled == "signed" else 2)
    assert project.run("audit", "verify").returncode == 0
    code, answer = project.exits("release", "production", "--plan", plan)
    if settled == "signed":  # nothing was used: the same signature serves
        assert (code, answer["details"]["applied"]) == (0, [ADD]), answer
        return
    if settled == "failed":  # used, and nothing came of it: that needs a new approval
        assert (code, answer["errors"][0]["code"]) == (2, "job-failed"), answer
        new = project.plan("release", "production")
        assert new != plan
        return
    code, answer = project.exits("release", "production")
    assert (code, answer["details"]["state"]) == (0, "skipped"), answer


def test_used_and_forged_back_to_signed(released: Project) -> None:
    """Used, outcome unknown; whoever can write the state says that it is signed still."""
    project = released
    plan = signed_plan(project)
    run_until(project, claim(project, plan), "_each")
    write(project, "UPDATE plans SET state = 'signed', job_id = '' WHERE id = ?", plan)
    code, answer = project.exits("release", "production", "--plan", plan)
    assert (code, answer["errors"][0]["code"]) == (5, "approval-invalid"), answer
    assert "phone" not in project.columns("production", "customers")
    assert state_of(project, plan) == "void"
