"""The state takes no more, at any moment of a release: nothing is executed that is not written down."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager

import pytest

from tests.e2e.project import Project

ADD = "20261101000000_add"
PHONE = "ALTER TABLE customers ADD COLUMN phone text;\n"

REFUSED: dict[str, str] = {
    "the job": "INSERT ON jobs",
    "the claim": "UPDATE ON plans WHEN NEW.state = 'claimed'",
    "the record of the backup": "INSERT ON backups",
    "the use": "UPDATE ON plans WHEN NEW.state = 'used'",
    "the intent": "INSERT ON audit WHEN NEW.event = 'deploy.intent'",
    "the intent of the migration": "INSERT ON audit WHEN NEW.event = 'migration.intent'",
}
QUICK = ("the claim", "the intent")


@contextmanager
def full(project: Project, write: str) -> Iterator[None]:
    """From now on this write fails as on a full disk; all others go through."""
    with closing(sqlite3.connect(project.state_file, timeout=30)) as state:
        state.execute(
            f"CREATE TRIGGER no_room BEFORE {write}"
            " BEGIN SELECT RAISE(FAIL, 'database or disk is full'); END"
        )
        state.commit()
        yield
        state.execute("DROP TRIGGER no_room")
        state.commit()


@pytest.mark.parametrize(
    "write",
    [
        pytest.param(write, id=name, marks=() if name in QUICK else pytest.mark.slow)
        for name, write in REFUSED.items()
    ],
)
def test_nothing_runs_unwritten(released: Project, write: str) -> None:
    project = released
    project.add_migration(ADD, PHONE)
    plan = project.plan("release")
    assert project.sign(plan).exit_code == 0
    with full(project, write):
        code, answer = project.exits("release", "--plan", plan)
        assert (code, answer["errors"][0]["code"]) == (2, "state-unusable"), answer
        assert answer["errors"][0]["hint"]
    assert "phone" not in project.columns("production", "customers")
    assert project.run("audit", "verify").returncode == 0
    code, answer = project.exits("release", "--plan", plan)  # if its signature was not spent
    if code != 0:
        assert code in (2, 5), answer  # it is over, or void: a new one is asked for
        project.release()
    assert project.columns("production", "customers").count("phone") == 1


ASKED: dict[str, str] = {
    "the plan": "INSERT ON plans",
    "its files": "INSERT ON files",
    "its entry": "INSERT ON audit WHEN NEW.event = 'plan.made'",
}


@pytest.mark.parametrize("write", ASKED.values(), ids=ASKED)
def test_nothing_waits_unwritten(released: Project, write: str) -> None:
    project = released
    project.add_migration(ADD, PHONE)
    with full(project, write):
        code, answer = project.exits("release")
    assert (code, answer["errors"][0]["code"]) == (2, "state-unusable"), answer
    code, answer = project.exits("release")
    assert code == 4, answer


@pytest.mark.slow
def test_a_signature_that_cannot_be_kept(released: Project) -> None:
    project = released
    project.add_migration(ADD, PHONE)
    plan = project.plan("release")
    with full(project, "INSERT ON approvals"):
        assert project.sign(plan, deploy=True).exit_code == 2
    assert "phone" not in project.columns("production", "customers")
    assert project.sign(plan, deploy=True).exit_code == 0
