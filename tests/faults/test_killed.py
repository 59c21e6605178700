"""The process of a job is killed, at moments that matter, on both engines.

Afterwards the ledger tells the truth, the next `status` or `release` settles the plan, and the
signature comes back only where no statement ran.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest

from tests.e2e.project import Project
from tests.faults.watching import events, job_of, kill, parts, started, state_of, wait_until

pytestmark = pytest.mark.slow

ADD = "20261101000000_add"
SLOW = "20261102000000_slow"
PHONE = "ALTER TABLE customers ADD COLUMN phone text;\n"
SLOW_SQLITE = (
    "CREATE TABLE numbers (n integer);\n"
    "INSERT INTO numbers WITH RECURSIVE c (n) AS"
    " (SELECT 1 UNION ALL SELECT n + 1 FROM c LIMIT 20000000) SELECT n FROM c;\n"
)
SLOW_POSTGRESQL = (
    "CREATE TABLE numbers (n integer);\n"
    "INSERT INTO numbers SELECT count(*) FROM generate_series(1, 30000000);\n"
)
BOTH = ["released", "postgresql_released"]


@pytest.fixture
def project_of(request: pytest.FixtureRequest) -> Project:
    """The released project of the engine that the test is about."""
    found: Project = request.getfixturevalue(request.param)
    return found


def settled(project: Project, plan: str) -> dict[str, object]:
    """What the next `status` of the plan says."""
    code, answer = project.exits("status", plan)
    assert code == 0, answer
    assert project.run("audit", "verify").returncode == 0
    return answer


def slow_script(project: Project) -> str:
    return SLOW_POSTGRESQL if project.urls else SLOW_SQLITE


@contextmanager
def table_in_use(project: Project, statement: str) -> Iterator[psycopg.Connection]:
    """A session of the application that holds a lock until it is left."""
    with psycopg.connect(project.urls["production"]) as busy:
        busy.execute(statement.encode())
        yield busy
        busy.rollback()


@pytest.mark.parametrize("project_of", BOTH, indirect=True)
def test_during_the_backup(project_of: Project) -> None:
    project = project_of
    big = "hex(randomblob(30000000))"
    if project.urls:
        big = "(SELECT string_agg(md5(n::text), '') FROM generate_series(1, 1500000) n)"
    project.write("production", f"UPDATE customers SET name = {big}")
    drop = "ALTER TABLE customers DROP COLUMN legacy_token;\n"
    project.add_migration(ADD, drop)
    plan = project.plan("release")
    assert project.sign(plan, loses=("customers.legacy_token",)).exit_code == 0
    with started(project, "release", "--plan", plan):
        wait_until(lambda: parts(project), "a backup under way")
        kill(project, plan)
    answer = settled(project, plan)
    assert "is signed and may run once" in str(answer["message"]), answer
    assert state_of(project, plan) == "signed"
    assert "legacy_token" in project.columns("production", "customers")
    code, answer = project.exits("release", "--plan", plan)  # the same signature
    assert code == 0, answer
    assert "legacy_token" not in project.columns("production", "customers")
    assert parts(project) == []
    found = project.json("backup", "list", "production")["details"]["backups"]
    assert [b["state"] for b in found[:2]] == ["good", "failed"]


def test_after_the_signature_is_spent_and_before_the_plan_says_so(
    postgresql_released: Project,
) -> None:
    """No statement ran, but the signature was spent in the target: it does not come back."""
    project = postgresql_released
    project.add_migration(ADD, PHONE)
    plan = project.plan("release")
    assert project.sign(plan).exit_code == 0
    spent = "SELECT count(*) FROM faber_db.used_approvals"
    (before,) = project.rows("production", spent)[0]
    state = sqlite3.connect(project.state_file, isolation_level=None, timeout=30)
    with (
        table_in_use(project, "LOCK TABLE faber_db.used_approvals IN SHARE MODE") as busy,
        started(project, "release", "--plan", plan),
    ):
        wait_until(lambda: waits_for_a_lock(project), "the job at the table of used approvals")
        state.execute("BEGIN IMMEDIATE")
        busy.rollback()
        wait_until(lambda: project.rows("production", spent)[0][0] > before, "a spent signature")
        kill(project, plan)
        state.execute("ROLLBACK")
        state.close()
    answer = settled(project, plan)
    assert "signature was spent" in str(answer), answer
    assert "phone" not in project.columns("production", "customers")
    code, again = project.exits("release", "--plan", plan)
    assert (code, again["errors"][0]["code"]) == (5, "approval-stale"), again
    assert project.plan("release") != plan
    project.release()
    assert "phone" in project.columns("production", "customers")


def test_between_use_and_the_first_statement(postgresql_released: Project) -> None:
    """The statement waits for its lock; nothing of it is kept, and the plan is not left open."""
    project = postgresql_released
    project.add_migration(ADD, PHONE)
    plan = project.plan("release")
    assert project.sign(plan).exit_code == 0
    with (
        table_in_use(project, "LOCK TABLE customers IN ACCESS SHARE MODE"),
        started(project, "release", "--plan", plan),
    ):
        wait_until(lambda: state_of(project, plan) == "used", "the use of the signature")
        wait_until(lambda: waits_for_a_lock(project), "the statement in the queue")
        kill(project, plan)
    answer = settled(project, plan)
    assert state_of(project, plan) == "failed"
    assert "none of its migrations" in str(answer), answer
    assert "phone" not in project.columns("production", "customers")
    project.release()
    assert "phone" in project.columns("production", "customers")


@pytest.mark.parametrize("project_of", BOTH, indirect=True)
def test_in_the_second_migration(project_of: Project) -> None:
    """The first one is kept and in the ledger; of the second there is nothing."""
    project = project_of
    project.add_migration(ADD, PHONE)
    project.add_migration(SLOW, slow_script(project))
    plan = project.plan("release")
    assert project.sign(plan).exit_code == 0
    with started(project, "release", "--plan", plan):
        wait_until(
            lambda: (
                SLOW in str(job_of(project, plan).get("progress"))
                or events(project, plan).count("migration.intent") == 2
            ),
            "the second migration",
        )
        kill(project, plan)
    answer = project.json("status", "production")
    states = {name: m["state"] for name, m in answer["details"]["migrations"].items()}
    assert states.get(SLOW) == "pending", answer
    assert ADD not in answer["details"]["environments"][0]["pending"]
    assert "phone" in project.columns("production", "customers")

    def is_settled() -> bool:  # by looking at the environment, once the server's session has ended
        project.json("status", "production")
        return state_of(project, plan) == "failed"

    wait_until(is_settled, "the plan to be settled")
    wait_until(lambda: project.columns("production", "numbers") == [], "the rolled back table")
    answer = settled(project, plan)
    assert f"the ledger holds {ADD}" in str(answer), answer
    assert events(project, plan).count("migration.done") == 1
    project.add_migration(SLOW, "CREATE TABLE numbers (n integer);\n")
    code, answer = project.exits("release")
    assert (code, answer["details"]["pending"]) == (4, [SLOW]), answer
    project.release()
    assert project.columns("production", "numbers") == ["n"]


def waits_for_a_lock(project: Project) -> bool:
    found = project.rows(
        "production", "SELECT 1 FROM pg_locks WHERE NOT granted AND locktype = 'relation'"
    )
    return bool(found)
