"""SQL from a text, a file, a folder or an environment, with or without a project."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest

from faber_db.errors import (
    FileUnreadable,
    InputError,
    PathOutsideProject,
    UnknownEnvironment,
)
from faber_db.model.finding import Risk
from faber_db.services.analyze import AnalyzeDetails, Request, run
from faber_db.services.app import App
from tests.services.conftest import AppFactory

MIGRATIONS = {
    "001_users.up.sql": "CREATE TABLE users (id bigint PRIMARY KEY, email text);\n",
    "001_users.down.sql": "DROP TABLE users;\n",
    "002_email.up.sql": "ALTER TABLE users DROP COLUMN email;\n",
    "002_email.down.sql": "ALTER TABLE users ADD COLUMN email text;\n",
}
DROP = "ALTER TABLE users DROP COLUMN email;"


@pytest.fixture
def app(app_factory: AppFactory, postgresql_url: str) -> App:
    return app_factory(postgresql_url, migrations=MIGRATIONS)


def analyze(app: App | None, **arguments: Any) -> AnalyzeDetails:
    return run(Request(**arguments), app).details


def codes(details: AnalyzeDetails) -> set[str]:
    return {finding.code for finding in details.findings}


BOTH_WAYS = {
    "dbmate": "-- migrate:up\nALTER TABLE t ADD a text;\n\n-- migrate:down\nDROP TABLE old;\n",
    "goose": "-- +goose Up\nALTER TABLE t ADD a text;\n\n-- +goose Down\nDROP TABLE old;\n",
}


@pytest.mark.parametrize("text", BOTH_WAYS.values(), ids=BOTH_WAYS)
def test_the_way_back_of_a_foreign_file_is_not_pending(text: str, tmp_path: Path) -> None:
    file = tmp_path / "1.sql"
    file.write_text(text)
    request = Request(path=str(file), anywhere=True, dialect="postgresql")
    assert run(request, None).details.risk is Risk.LOW
    file.write_text(text.partition("\n")[2])  # without its first marker all of it runs
    assert run(request, None).details.risk is Risk.HIGH


def test_text_without_a_project() -> None:
    found = analyze(None, sql=DROP, dialect="postgresql")
    assert found.risk is Risk.HIGH
    assert "drop-column" in codes(found)


def test_file_anywhere_without_a_project(tmp_path: Path) -> None:
    (tmp_path / "x.sql").write_text(DROP)
    found = analyze(None, path=str(tmp_path / "x.sql"), anywhere=True, dialect="mysql")
    assert "drop-column" in codes(found)


def test_dialect_is_the_project_s(app: App) -> None:
    assert analyze(app, sql=DROP).dialect == "postgresql"


REFUSED: dict[str, dict[str, Any]] = {
    "nothing": {},
    "blank": {"sql": "  \n"},
    "two": {"sql": DROP, "path": "x.sql"},
    "all": {"sql": DROP, "path": "x.sql", "environment": "dev"},
}


@pytest.mark.parametrize("arguments", REFUSED.values(), ids=REFUSED.keys())
def test_exactly_one_is_given(arguments: dict[str, Any]) -> None:
    with pytest.raises(InputError):
        run(Request(dialect="sqlite", **arguments), None)


def test_unknown_dialect_is_not_guessed() -> None:
    with pytest.raises(InputError, match="dialect"):
        run(Request(sql=DROP), None)


def test_folder_is_read_in_order_and_each_knows_those_before(app: App) -> None:
    found = analyze(app, path="migrations")
    assert found.looked_at == ["001_users", "002_email"]
    assert found.statement_count == 2
    assert {f.migration for f in found.findings} <= {"001_users", "002_email"}


def test_only_the_up_part_of_one_migration(app: App) -> None:
    found = analyze(app, path="migrations/002_email.up.sql")
    assert found.statement_count == 1
    assert "drop-column" in codes(found)
    assert {f.migration for f in found.findings} == {""}


def test_a_down_script_is_read_as_it_is(app: App) -> None:
    found = analyze(app, path="migrations/001_users.down.sql")
    assert "drop-table" in codes(found)


def test_pending_of_an_environment(app: App, apply_all: Callable[[App], None]) -> None:
    assert analyze(app, environment="dev").statement_count == 2
    apply_all(app)
    answer = run(Request(environment="dev"), app)
    assert answer.details.statement_count == 0
    assert "nothing" in answer.message


def test_an_environment_is_counted(postgresql_url: str, app_factory: Callable[..., App]) -> None:
    """What may fail is settled by the rows that are there, unless nobody shall look."""
    with psycopg.connect(postgresql_url, autocommit=True) as connection:
        connection.execute(
            b"CREATE TABLE full_ones (id int, a int); INSERT INTO full_ones VALUES (1, 1), (2, 2);"
            b"CREATE TABLE gaps (id int, a int); INSERT INTO gaps VALUES (1, 1), (2, NULL)"
        )
    up = "ALTER TABLE full_ones ALTER a SET NOT NULL;\nALTER TABLE gaps ALTER a SET NOT NULL;\n"
    app = app_factory(postgresql_url, migrations={"1_a.up.sql": up, "1_a.down.sql": "SELECT 1;"})

    def judged(found: AnalyzeDetails) -> list[tuple[int, str, str]]:
        return sorted(
            (f.line, f.risk.value, f.confidence.value)
            for f in found.findings
            if f.code == "may-fail-on-data"
        )

    looked = analyze(app, environment="dev", detail="full")
    assert judged(looked) == [(1, "low", "preflight"), (2, "high", "preflight")]
    assert [c.answer for c in looked.checks] == ["0 of 2 rows", "1 of 2 rows"]
    blind = analyze(app, environment="dev", preflight=False, detail="full")
    assert judged(blind) == [(1, "medium", "parsed"), (2, "medium", "parsed")]
    assert blind.checks == []


def test_a_summary_counts_remarks_and_tells_a_remedy_once() -> None:
    sql = (
        "ALTER TABLE t ADD COLUMN a int;\nCREATE INDEX i ON t (b);\nCREATE INDEX j ON t (c);\n"
        "-- faber-db: allow drop-table: it is empty\nDROP TABLE u;\n"
    )
    found = analyze(None, sql=sql, dialect="postgresql")
    assert found.remarks == "2 of low risk: brief-lock"
    assert {f.risk for f in found.findings if not f.allowed} == {Risk.HIGH, Risk.MEDIUM}
    assert [f.allowed for f in found.findings if f.code == "drop-table"] == ["it is empty"]
    held = [f.remedy for f in found.findings if f.code == "lock-held"]
    assert held[1:] == ["as at line 2 (lock-held)"] * len(held[1:])
    assert len(held) > 1
    full = analyze(None, sql=sql, dialect="postgresql", detail="full")
    assert full.remarks == ""
    assert "brief-lock" in codes(full)
    assert not any(f.remedy.startswith("as at") for f in full.findings)


def test_schema_before(app: App) -> None:
    """A key that another table refers to is seen only with the schema."""
    before = (
        "CREATE TABLE users (id bigint PRIMARY KEY);"
        "CREATE TABLE posts (id bigint PRIMARY KEY, author bigint REFERENCES users (id));"
    )
    alone = analyze(None, sql="DROP TABLE users;", dialect="postgresql")
    with_it = analyze(None, sql="DROP TABLE users;", dialect="postgresql", before=before)
    assert codes(with_it) - codes(alone)


def test_outside_of_the_project_and_missing(app: App) -> None:
    with pytest.raises(PathOutsideProject):
        analyze(app, path="../state/state.sqlite3")
    with pytest.raises(FileUnreadable):
        analyze(app, path="no.sql")
    with pytest.raises(UnknownEnvironment):
        analyze(app, environment="moon")


def test_file_that_is_not_text(app: App) -> None:
    (app.root / "bad.sql").write_bytes(b"SELECT '\xff\xfe';")
    with pytest.raises(FileUnreadable, match="UTF-8"):
        analyze(app, path="bad.sql")


def test_worst_first_and_statements_only_in_full(app: App) -> None:
    sql = "CREATE INDEX i ON users (email);\nDROP TABLE users;"
    found = analyze(app, sql=sql)
    ranks = [finding.risk.rank for finding in found.findings]
    assert ranks == sorted(ranks, reverse=True)
    assert found.statements == []
    full = analyze(app, sql=sql, detail="full")
    assert [statement.line for statement in full.statements] == [1, 2]


@pytest.mark.parametrize("sql", ["SELEKT 1;", "ALTER TABLE", "'", "DO $$ BEGIN"])
def test_what_cannot_be_read_is_never_low(sql: str) -> None:
    assert analyze(None, sql=sql, dialect="postgresql").risk is not Risk.LOW
