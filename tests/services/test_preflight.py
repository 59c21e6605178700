"""Preflight: each question finds its bad rows, and its clean twin finds none."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from faber_db.model.plan import PreflightAnswer
from faber_db.services import preflight
from faber_db.services.app import App
from faber_db.sql.script import parse

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
SCHEMA = """
CREATE TABLE parents (id integer PRIMARY KEY);
CREATE TABLE children (id integer PRIMARY KEY, parent integer, name text, size integer);
INSERT INTO parents VALUES (1), (2);
INSERT INTO children VALUES (1, 1, 'a', 1), (2, 2, 'a', NULL), (3, 9, NULL, -5);
"""
ASKED = {
    "values that are lost": (
        "ALTER TABLE children DROP COLUMN name;",
        {"values in children.name": ("2 of 3 rows", True)},
    ),
    "rows that are lost": ("DROP TABLE children;", {"rows in children": ("3", True)}),
    "a table that is not there": ("DROP TABLE IF EXISTS nothing;", {}),
    "a new table": ("CREATE TABLE t (a integer); ALTER TABLE t ADD COLUMN b integer NOT NULL;", {}),
    "repeated keys": (
        "CREATE UNIQUE INDEX u ON children (name);",
        {"repeated keys (name) in children": ("1", False)},
    ),
    "no repeated keys": (
        "CREATE UNIQUE INDEX u ON children (size);",
        {"repeated keys (size) in children": ("0", True)},
    ),
}
ASKED_OF_POSTGRESQL = {
    "NULLs": (
        "ALTER TABLE children ALTER COLUMN size SET NOT NULL;",
        {"NULLs in children.size": ("1", False)},
    ),
    "NULLs that are filled before": (
        "UPDATE children SET size = 0 WHERE size IS NULL;"
        "ALTER TABLE children ALTER COLUMN size SET NOT NULL;",
        {"NULLs in children.size": ("1 now, before the statements above it run", None)},
    ),
    "orphans": (
        "ALTER TABLE children ADD FOREIGN KEY (parent) REFERENCES parents;",
        {"rows of children without their parents": ("1", False)},
    ),
    "not valid": (
        "ALTER TABLE children ADD FOREIGN KEY (parent) REFERENCES parents NOT VALID;",
        {},
    ),
    "a check": (
        "ALTER TABLE children ADD CONSTRAINT positive CHECK (size > 0);",
        {"rows of children that break positive": ("1", False)},
    ),
    "a check with a function is not run": (
        "ALTER TABLE children ADD CONSTRAINT evil CHECK (pg_sleep(60) IS NULL);",
        {},
    ),
    "a column without values": (
        "ALTER TABLE children ADD COLUMN b integer NOT NULL;",
        {"rows that children.b would leave without a value": ("3", False)},
    ),
    "a column with a default": (
        "ALTER TABLE children ADD COLUMN b integer NOT NULL DEFAULT 1;",
        {},
    ),
}


def _ask(app: App, sql: str) -> dict[str, tuple[str, bool | None]]:
    database = app.database()
    environment = database.environment("dev")
    with database.engine.connect(environment.resolve_url(), create=True) as session:
        for statement in parse(SCHEMA, session.dialect).statements:
            session.execute(statement.text)
        catalogue, dialect = session.catalogue(), session.dialect
    answers = preflight.ask([parse(sql, dialect)], catalogue, database, environment, NOW)
    return {a.question: (a.answer, a.ok) for a in answers}


@pytest.mark.parametrize(("sql", "answers"), ASKED.values(), ids=ASKED)
def test_sqlite(
    sql: str,
    answers: dict[str, tuple[str, bool | None]],
    sqlite_url: str,
    app_factory: Callable[..., App],
) -> None:
    assert _ask(app_factory(sqlite_url), sql) == answers


@pytest.mark.parametrize(
    ("sql", "answers"),
    [*ASKED.values(), *ASKED_OF_POSTGRESQL.values()],
    ids=[*ASKED, *ASKED_OF_POSTGRESQL],
)
def test_postgresql(
    sql: str,
    answers: dict[str, tuple[str, bool | None]],
    postgresql_url: str,
    app_factory: Callable[..., App],
) -> None:
    assert _ask(app_factory(postgresql_url), sql) == answers


def test_only_what_was_fine_can_become_worse() -> None:
    def answer(ok: bool | None) -> PreflightAnswer:
        return PreflightAnswer(question="q", answer="1", ok=ok, asked_at="")

    assert preflight.worse([answer(True)], [answer(False)]) == "q: 1"
    assert preflight.worse([answer(True)], [answer(None)]) == "q: 1"
    assert preflight.worse([answer(False)], [answer(False)]) == ""
    assert preflight.worse([], [answer(False)]) == ""
