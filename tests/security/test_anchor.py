"""What a target remembers of the trail: a release that failed is not forgotten with an older state."""

import json
import shutil
from pathlib import Path

import psycopg
import pytest

from tests.e2e.project import Project

ADD = "20261101000000_add"
TAKEN = "INSERT INTO customers (id, email, name) VALUES (1, 'x@y', 'X');\n"
PHONE = "ALTER TABLE customers ADD COLUMN phone text;\n"


def copied(project: Project) -> Path:
    """The state folder as it is now, set aside."""
    folder = project.state_file.parent
    aside = project.root.parent / "aside"  # beside the states, or it would be taken for one
    shutil.rmtree(aside, ignore_errors=True)
    shutil.copytree(folder, aside)
    return aside


def put_back(project: Project, aside: Path) -> None:
    folder = project.state_file.parent
    shutil.rmtree(folder)
    aside.rename(folder)


def verdict(project: Project) -> tuple[int, str]:
    code, answer = project.exits("audit", "verify")
    return code, json.dumps(answer["details"]["broken"])


def test_a_failed_release_is_remembered(released: Project) -> None:
    """The file does not fit the data, which only the statement itself finds out."""
    project = released
    project.add_migration(ADD, TAKEN)
    plan = project.plan("release")
    risk = project.json("plan", "show", plan)["plan"]["analysis"]["risk"]
    loses = ("production",) if risk in ("high", "critical") else ()
    assert project.sign(plan, loses=loses).exit_code == 0
    aside = copied(project)
    code, answer = project.exits("release", "--plan", plan)
    assert (code, answer["errors"][0]["code"]) == (2, "migration-failed"), answer
    assert verdict(project) == (0, "[]")
    put_back(project, aside)
    code, broken = verdict(project)
    assert (code, "cut short" in broken) == (6, True), broken
    code, answer = project.exits("release", "--plan", plan)
    assert (code, answer["errors"][0]["code"]) == (5, "approval-state-lost"), answer


@pytest.mark.slow
def test_a_busy_table_is_remembered(postgresql_released: Project) -> None:
    project = postgresql_released
    project.configure("production", lock_timeout="200ms", lock_retries=0)
    proposed = project.plan("policy", "propose", "production")
    assert project.sign(proposed, loses=("production",), deploy=True).exit_code == 0
    project.add_migration(ADD, PHONE)
    plan = project.plan("release")
    assert project.sign(plan).exit_code == 0
    aside = copied(project)
    with psycopg.connect(project.urls["production"]) as busy:
        busy.execute("LOCK TABLE customers IN ACCESS SHARE MODE")
        code, answer = project.exits("release", "--plan", plan)
        busy.rollback()
    assert (code, answer["errors"][0]["code"]) == (7, "lock-timeout"), answer
    assert verdict(project) == (0, "[]")
    put_back(project, aside)
    code, broken = verdict(project)
    assert (code, "cut short" in broken) == (6, True), broken
