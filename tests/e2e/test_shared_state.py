"""The state in PostgreSQL: the same project, the same guarantees, from two machines' homes."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest

from tests.e2e.project import Project

ADD = "20261101000000_add"
PHONE = "ALTER TABLE customers ADD COLUMN phone text;\n"
SECRET = "s3cret-of-the-state"


@pytest.fixture
def shared(project: Project, postgresql_url: str) -> Project:
    """The shop on SQLite with its state on a server, which the environment alone names."""
    project.configure(state="env:FABER_STATE_URL")
    return replace(project, environ={**project.environ, "FABER_STATE_URL": postgresql_url})


def elsewhere(project: Project) -> Project:
    """The same project for another account: no local state, the same keys."""
    home = str(project.root.parent / "other")
    return replace(project, environ={**project.environ, "XDG_STATE_HOME": home})


@pytest.mark.slow
def test_a_release_from_two_homes(shared: Project, postgresql_url: str) -> None:
    """One asks, the other signs, a job of a process of its own carries it out."""
    shared.protect()
    plan = shared.plan("release")
    other = elsewhere(shared)
    done = other.sign(plan, deploy=True)
    assert done.exit_code == 0, done.screen
    assert shared.columns("production", "customers")
    assert shared.json("status", plan)["message"].endswith("is done")
    for home in (shared, other):
        assert home.run("audit", "verify").returncode == 0
    assert list((shared.root.parent / "state").rglob("state.sqlite3")) == []
    with psycopg.connect(postgresql_url) as connection:
        states = connection.execute("SELECT state FROM faber_db_state.plans").fetchall()
    assert states == [("done",)]


@pytest.mark.slow
def test_an_emptied_state_is_noticed(shared: Project, postgresql_url: str) -> None:
    shared.protect()
    with psycopg.connect(postgresql_url) as connection:
        connection.execute("DROP SCHEMA faber_db_state CASCADE")
    code, answer = shared.exits("release")
    assert (code, answer["errors"][0]["code"]) == (5, "approval-state-lost"), answer


def no_server(url: str) -> str:
    return f"postgresql://ada:{SECRET}@127.0.0.1:1/none"


def no_postgresql(url: str) -> str:
    return f"mysql://ada:{SECRET}@127.0.0.1/none"


BROKEN: dict[str, tuple[Callable[[str], str], str]] = {
    "no server": (no_server, "state-unusable"),
    "another product": (no_postgresql, "config-invalid"),
    "nothing": (lambda url: "", "config-secret-unavailable"),
    "no URL": (lambda url: f"postgresql://{SECRET}#x", "state-unusable"),
}


@pytest.mark.parametrize(("broken", "code"), BROKEN.values(), ids=BROKEN)
def test_a_state_out_of_reach_stops_everything(
    shared: Project, postgresql_url: str, broken: Callable[[str], str], code: str
) -> None:
    """Nothing runs without a trail, and no message holds the URL's password."""
    failing = replace(shared, environ={**shared.environ, "FABER_STATE_URL": broken(postgresql_url)})
    done = failing.run("build", "--json")
    answer = json.loads(done.stdout)
    assert answer["errors"][0]["code"] == code, answer
    assert answer["errors"][0]["hint"]
    assert SECRET not in done.stdout + done.stderr
    assert failing.columns("dev", "customers") == []


def test_a_role_that_may_create_nothing(shared: Project, postgresql_url: str) -> None:
    with psycopg.connect(postgresql_url, autocommit=True) as connection:
        connection.execute("DROP ROLE IF EXISTS faber_state_reader")
        connection.execute("CREATE ROLE faber_state_reader LOGIN")
        try:
            environ = {
                **shared.environ,
                "FABER_STATE_URL": f"{postgresql_url}&user=faber_state_reader",
            }
            code, answer = replace(shared, environ=environ).exits("build")
        finally:
            connection.execute("DROP ROLE faber_state_reader")
    assert (code, answer["errors"][0]["code"]) == (2, "state-unusable"), answer
    assert "faber_db_state" in answer["errors"][0]["message"]


@pytest.mark.slow
def test_the_state_lives_in_no_target(postgresql_project: Project, tmp_path: Path) -> None:
    """By its URL, under another spelling, and by the marker of a target that is not configured."""
    project = postgresql_project
    project.configure(state="env:SHOP_PRODUCTION_URL")
    for words in (("config", "check"), ("status",)):
        code, answer = project.exits(*words)
        assert (code, answer["errors"][0]["code"]) == (1, "config-invalid"), answer
        assert "production itself" in answer["errors"][0]["message"]
    project.configure(state="")
    project.protect()
    file = project.root / "faber-db.json"
    whole = json.loads(file.read_text("utf-8"))
    del whole["environments"]["production"]
    file.write_text(json.dumps({**whole, "state": "env:SHOP_PRODUCTION_URL"}), "utf-8")
    code, answer = project.exits("build")
    assert (code, answer["errors"][0]["code"]) == (2, "state-unusable"), answer
    assert "protected target" in answer["errors"][0]["message"]


def test_a_server_that_goes_away_while_it_is_open(shared: Project, postgresql_url: str) -> None:
    """A connection that the server ended is made anew; a store that refuses says so."""
    from faber_db import app
    from faber_db.errors import StateUnusable

    opened = app.build(shared.root, shared.environ)
    opened.state.append_audit("first", {})
    with psycopg.connect(postgresql_url, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
            " WHERE pid <> pg_backend_pid() AND datname = current_database()"
        )
        opened.state.append_audit("second", {})
        assert [e.event for e in opened.state.audit()] == ["first", "second"]
        connection.execute("ALTER TABLE faber_db_state.audit ADD CHECK (seq < 3)")
    with pytest.raises(StateUnusable):
        opened.state.append_audit("third", {})
    assert [e.event for e in opened.state.audit()] == ["first", "second"]
