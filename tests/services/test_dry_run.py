"""A dry run says what would run: each statement, in which transaction, its locks, limits and times."""

from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from faber_db.cli.render.coordinate import outcome
from faber_db.cli.render.page import Page
from faber_db.executor import quiet
from faber_db.executor.quiet import Patience
from faber_db.model.answer import Answer, State
from faber_db.services import build
from faber_db.services.app import App
from faber_db.services.coordinate import CoordinateDetails, Request
from tests.services.conftest import AppFactory

DOWN = "-- migrate:down\nSELECT 1;\n"
FIRST = "CREATE TABLE users (id integer PRIMARY KEY, name varchar(20));\n"


def planned(app: App) -> Answer[CoordinateDetails]:
    return build.run(Request(dry_run=True), app)


def parts(answer: Answer[CoordinateDetails]) -> list[tuple[str, list[str]]]:
    """How each part runs, and the statements in it."""
    return [
        (part.how, [s.sql for s in part.statements])
        for step in answer.details.steps
        for part in step.parts
    ]


def test_one_transaction_on_sqlite(app_factory: AppFactory, sqlite_url: str) -> None:
    up = "CREATE TABLE t (a integer);\n\nINSERT INTO t\nVALUES (1);\n"
    app = app_factory(sqlite_url, migrations={"1_a.sql": f"-- migrate:up\n{up}{DOWN}"})
    answer = planned(app)
    assert answer.details.state is State.PLANNED
    assert parts(answer) == [
        (
            "one transaction with the ledger's row",
            ["CREATE TABLE t (a integer)", "INSERT INTO t\nVALUES (1)"],
        )
    ]
    assert answer.details.limits == {
        "lock_timeout_ms": 2000,
        "statement_timeout_ms": 900_000,
        "lock_retries": 5,
    }
    assert build.run(Request(), app).details.steps == []


@pytest.mark.slow
def test_parts_and_locks_on_postgresql(app_factory: AppFactory, postgresql_url: str) -> None:
    up = (
        "-- migrate:up transaction:false\n"
        "ALTER TABLE users ADD COLUMN plan text;\n"
        "CREATE INDEX CONCURRENTLY by_name ON users (name);\n"
        "BEGIN;\nUPDATE users SET plan = 'free' WHERE id = 1;\nCOMMIT;\n"
    )
    app = app_factory(postgresql_url, migrations={"1_users.sql": f"-- migrate:up\n{FIRST}{DOWN}"})
    build.run(Request(), app)
    (app.database().folder / "2_plan.sql").write_text(f"{up}{DOWN}")
    answer = planned(app)
    assert [how for how, _ in parts(answer)] == [
        "by itself",
        "by itself: it refuses a transaction",
        "one transaction, its own",
    ]
    one, two, _ = (part.statements[0] for part in answer.details.steps[0].parts)
    assert one.locks == ["users ACCESS EXCLUSIVE"]
    assert two.locks == ["users SHARE UPDATE EXCLUSIVE"]
    assert two.work.startswith("reads the table")
    page = Page(width=100)
    outcome(datetime.now(UTC))(answer, page)
    shown = page.render()
    assert "a lock is waited for 2.0 s, 5 retries; a statement runs 15 min" in shown
    assert "line 3  CREATE INDEX CONCURRENTLY by_name ON users (name)" in shown
    assert "locks users SHARE UPDATE EXCLUSIVE: reads the table" in shown


@pytest.mark.slow
def test_definitions_commit_by_themselves_on_mariadb(
    app_factory: AppFactory, mariadb_url: str
) -> None:
    up = f"-- migrate:up\n{FIRST}INSERT INTO users VALUES (1, 'a');\nALTER TABLE users ADD x int;\n"
    answer = planned(app_factory(mariadb_url, migrations={"1_users.sql": f"{up}{DOWN}"}))
    commits = "by itself: it commits what is before it, and itself"
    assert [how for how, _ in parts(answer)] == [commits, "one transaction", commits]


def test_what_cannot_be_parted_says_why(app_factory: AppFactory, sqlite_url: str) -> None:
    up = "-- migrate:up transaction:false\nCREATE TABLE t (a integer);\nCOMMIT;\n"
    (step,) = planned(app_factory(sqlite_url, migrations={"1_a.sql": f"{up}{DOWN}"})).details.steps
    assert step.parts == []
    assert "ends a transaction that the script did not begin" in step.note


def test_batches_are_shown_and_run(app_factory: AppFactory, sqlite_url: str) -> None:
    """A migration like any other, but for its many transactions."""
    up = f"-- migrate:up\n{FIRST}INSERT INTO users (id) VALUES (1), (2), (3), (4), (5);\n{DOWN}"
    app = app_factory(sqlite_url, migrations={"1_users.sql": up})
    build.run(Request(), app)
    up = "-- migrate:up\n-- faber-db: batch 2\nUPDATE users SET name = 'x' || id;\n"
    (app.database().folder / "2_names.sql").write_text(f"{up}{DOWN}")
    how = "in batches of 2 rows, each a transaction with its checkpoint"
    assert parts(planned(app)) == [(how, ["UPDATE users SET name = 'x' || id"])]
    assert build.run(Request(), app).details.state is State.DONE
    with app.database().engine.connect(sqlite_url) as session:
        names = [("x1",), ("x2",), ("x3",), ("x4",), ("x5",)]
        assert session.query("SELECT name FROM users ORDER BY id") == names
        assert session.interrupted() == {}


@pytest.mark.slow
def test_who_is_in_the_way_is_named_and_nothing_runs(
    app_factory: AppFactory, postgresql_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = app_factory(postgresql_url, migrations={"1_users.sql": f"-- migrate:up\n{FIRST}{DOWN}"})
    build.run(Request(), app)
    up = "-- migrate:up\nALTER TABLE users ADD COLUMN plan text;\n"
    (app.database().folder / "2_plan.sql").write_text(f"{up}{DOWN}")
    for function in (quiet.wait_for_blockers, quiet.in_the_way):
        impatient = Patience(old=timedelta(0), blockers=timedelta(0))
        monkeypatch.setitem(function.__kwdefaults__ or {}, "patience", impatient)
    with psycopg.connect(postgresql_url, application_name="metabase") as other:
        other.execute("SELECT * FROM users")
        (said,) = [c for c in planned(app).details.checked if c.startswith("in the way now: ")]
        assert f"session {other.info.backend_pid} (metabase, postgres), idle in transaction" in said
        refused = build.run(Request(), app)
        assert [e.code for e in refused.errors] == ["lock-blocked"], refused
        assert "metabase" in refused.errors[0].message
    monkeypatch.undo()
    assert build.run(Request(), app).details.state is State.DONE
