"""When there is no other way: the script by hand, and the ledger put right afterwards, signed."""

import subprocess
from pathlib import Path

import pytest

from tests import own_clients
from tests.e2e.project import Project

ADD = "20261101000000_add"
PHONE = "ALTER TABLE customers ADD COLUMN phone text;\n"
LOST = ("production",)  # typed: the name of the environment


@pytest.fixture
def project_of(request: pytest.FixtureRequest) -> Project:
    found: Project = request.getfixturevalue(request.param)
    return found


def by_hand(project: Project, script: str) -> None:
    """As a person does it, with the server's own client."""
    file = project.root.parent / "by-hand.sql"
    file.write_text(script, "utf-8")
    words = (
        [
            own_clients.psql(),
            "-X",
            "-v",
            "ON_ERROR_STOP=1",
            "-f",
            str(file),
            project.urls["production"],
        ]
        if project.urls
        else [own_clients.sqlite3(), "-bail", str(project.root / "production.db")]
    )
    with file.open() as stream:
        subprocess.run(words, stdin=stream, check=True, capture_output=True)


def outside(project: Project) -> list[str]:
    (line,) = project.json("status", "production")["details"]["environments"]
    found: list[str] = line["outside"]
    return found


BOTH = ["released", pytest.param("postgresql_released", marks=pytest.mark.slow)]


@pytest.mark.parametrize("project_of", BOTH, indirect=True)
def test_run_by_hand_and_marked(project_of: Project) -> None:
    project = project_of
    assert outside(project) == []
    project.add_migration(ADD, PHONE)
    plan = project.plan("release", "production")
    done = project.run("plan", "show", plan, "--sql")
    assert PHONE in done.stdout, done.stderr
    by_hand(project, done.stdout)
    assert "phone" in project.columns("production", "customers")
    assert outside(project) == [ADD]
    answer = project.json("status", "production", "--detail", "full")
    assert "applied outside faber-db" in answer["message"]
    assert f"mark applied production {ADD}" in answer["details"]["migrations"][ADD]["detail"]
    code, answer = project.exits("release", "production", "--plan", plan)
    assert code in (4, 5), answer  # not signed; and the ledger moved
    mark = project.plan("mark", "applied", "production", ADD)
    assert outside(project) == [ADD]  # nothing is recorded before a signature
    signed = project.sign(mark, loses=LOST, deploy=True)
    assert signed.exit_code == 0, signed.screen
    assert outside(project) == []
    assert project.run("audit", "verify").returncode == 0
    code, answer = project.exits("release", "production")
    assert (code, answer["details"]["state"]) == (0, "skipped"), answer
    code, answer = project.exits("mark", "applied", "production", ADD)
    assert (code, answer["details"]["state"]) == (0, "skipped"), answer


@pytest.mark.slow
def test_only_the_script_was_run(released: Project) -> None:
    """Nobody wrote the ledger: `mark applied` does."""
    released.add_migration(ADD, PHONE)
    released.write("production", PHONE)
    answer = released.json("status", "production")
    assert answer["details"]["environments"][0]["pending"] == [ADD]
    mark = released.plan("mark", "applied", "production", ADD)
    assert released.sign(mark, loses=LOST, deploy=True).exit_code == 0
    assert released.json("status", "production")["details"]["environments"][0]["pending"] == []
    back = released.plan("mark", "rolled-back", "production", ADD)
    assert released.sign(back, loses=LOST, deploy=True).exit_code == 3  # now it has drifted
    assert released.json("status", "production")["details"]["environments"][0]["pending"] == [ADD]
    assert "phone" in released.columns("production", "customers")  # nothing ran


def test_unprotected_it_is_recorded_at_once(released: Project) -> None:
    released.add_migration(ADD, PHONE)
    assert released.run("build").returncode == 0
    code, answer = released.exits("mark", "rolled-back", "dev", ADD)
    assert code == 3, answer  # the column is there still, so dev has drifted
    assert "is marked rolled back" in answer["message"]
    assert ADD in released.json("status", "dev")["details"]["environments"][0]["pending"]
    code, answer = released.exits("mark", "applied", "dev", ADD)
    assert code == 0, answer


REFUSED = {
    "no such migration": (["applied", "production", "20990101000000_none"], 1, "input-invalid"),
    "no such environment": (["applied", "nowhere", ADD], 1, "config-unknown-environment"),
}


@pytest.mark.slow
@pytest.mark.parametrize(("words", "code", "error"), REFUSED.values(), ids=REFUSED)
def test_what_is_not_there_is_not_marked(
    released: Project, words: list[str], code: int, error: str
) -> None:
    found, answer = released.exits("mark", *words)
    assert (found, answer["errors"][0]["code"]) == (code, error), answer


def test_a_script_that_cannot_be_seen_is_not_printed_as_exact(released: Project) -> None:
    released.add_migration(ADD, "CREATE TABLE n (a text DEFAULT '\u200b');\n")
    plan = released.plan("release", "production")
    done = released.run("plan", "show", plan, "--sql")
    assert done.returncode == 2
    assert "cannot be seen" in done.stderr
    assert "\u200b" not in done.stdout + done.stderr


@pytest.mark.slow
def test_line_ends_of_another_system_are_no_hindrance(released: Project) -> None:
    file: Path = released.root / "migrations" / f"{ADD}.up.sql"
    released.add_migration(ADD, PHONE)
    file.write_bytes(b"ALTER TABLE customers\r\n ADD COLUMN phone text;\r\n")
    plan = released.plan("release", "production")
    done = released.run("plan", "show", plan, "--sql")
    assert done.returncode == 0, done.stderr
    by_hand(released, done.stdout)
    assert outside(released) == [ADD]
