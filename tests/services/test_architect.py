"""From a text to a migration on disk, proved on a throw-away SQLite database."""

import json
from pathlib import Path

import pytest

from faber_db.app import build as build_app
from faber_db.errors import (
    FileUnreadable,
    InputError,
    InputTooLarge,
    MigrationExists,
    PathOutsideProject,
    SchemaConflict,
    ShadowFailed,
)
from faber_db.model.answer import State
from faber_db.model.migration import Migration, SourceFile
from faber_db.services.app import App
from faber_db.services.architect import Request, run, write
from tests.services.conftest import AppFactory

FIRST = {
    "0001_start.up.sql": "create table users (id integer primary key, name text not null);\n",
    "0001_start.down.sql": "drop table users;\n",
}
SPEC = """# Nicknames

Add a `nickname` column of type text to `users`.

```sql
CREATE TABLE teams (id INTEGER PRIMARY KEY, owner_id INTEGER REFERENCES users (id));
```

Add an index on `teams` (`owner_id`).
"""


@pytest.fixture
def app(app_factory: AppFactory, tmp_path: Path) -> App:
    return app_factory(str(tmp_path / "live.sqlite3"), migrations=FIRST)


def spec(app: App, text: str, name: str = "spec.md") -> str:
    (app.root / name).write_text(text, encoding="utf-8")
    return name


def names(app: App) -> set[str]:
    return {p.name for p in app.database().folder.iterdir()}


def test_a_proved_migration_is_written_and_names_its_lines(app: App) -> None:
    answer = run(Request(spec_file=spec(app, SPEC), name="nicknames"), app)
    details = answer.details
    assert (answer.status, details.state) == ("success", State.DONE)
    assert details.migration is not None
    assert details.proof is not None
    assert details.proof.equal
    assert details.proof.down_equal is True
    assert "-- spec.md:3\nALTER TABLE users ADD COLUMN nickname TEXT;" in details.migration.sql
    assert "-- spec.md:6\nCREATE TABLE teams" in details.migration.sql
    assert "-- spec.md:9\nCREATE INDEX" in details.migration.sql
    written = app.root / details.migration.path
    assert written.read_text() == details.migration.sql
    assert "nicknames" in written.name
    assert len(names(app)) == 4
    assert details.next is not None


def test_the_same_text_twice_is_skipped(app: App) -> None:
    file = spec(app, SPEC)
    first = run(Request(spec_file=file), app)
    second = run(Request(spec_file=file), app)
    assert second.details.state is State.SKIPPED
    assert second.details.migration is not None
    assert first.details.migration is not None
    assert second.details.migration.version == first.details.migration.version
    assert len(names(app)) == 4


def test_a_schema_that_is_there_is_skipped(app: App) -> None:
    sql = "create table users (id integer primary key, name text not null);"
    answer = run(Request(desired_sql=sql), app)
    assert answer.details.state is State.SKIPPED
    assert names(app) == set(FIRST)


def test_dry_run_writes_nothing(app: App) -> None:
    answer = run(Request(spec_file=spec(app, SPEC), dry_run=True), app)
    assert answer.details.state is State.PLANNED
    assert answer.details.migration is not None
    assert answer.details.migration.path == ""
    assert names(app) == set(FIRST)


def test_questions_come_first_and_answers_settle_them(app: App) -> None:
    sql = "CREATE TABLE users (id integer primary key, full_name text not null, age integer not null);"
    asked = run(Request(desired_sql=sql), app)
    assert asked.details.state is State.QUESTIONS
    assert {q.id for q in asked.details.questions} == {
        "drop:users.name",
        "fill:users.full_name",
        "fill:users.age",
    }
    assert names(app) == set(FIRST)
    answers = {
        "drop:users.name": "rename to full_name",
        "fill:users.age": "0",
    }
    settled = run(Request(desired_sql=sql, answers=answers), app)
    assert settled.details.state is State.DONE
    assert settled.details.migration is not None
    assert "RENAME COLUMN name TO full_name" in settled.details.migration.sql
    assert settled.details.proof is not None
    assert settled.details.proof.equal
    assert settled.details.proof.down_equal is True


def test_sql_in_answers_runs_before_columns_go(app: App) -> None:
    text = (
        "`users` gets a `handle` column (text).\n\nExisting rows take it from their `name`.\n\n"
        "Drop the column `name` from `users`.\n"
    )
    file = spec(app, text)
    asked = run(Request(spec_file=file), app)
    assert [q.id for q in asked.details.questions] == ["data:3"]
    answers = {"data:3": "UPDATE users SET handle = name"}
    done = run(Request(spec_file=file, answers=answers), app)
    assert done.details.migration is not None
    sql = done.details.migration.sql
    assert sql.index("ADD COLUMN") < sql.index("UPDATE users") < sql.index("DROP COLUMN")
    assert done.details.proof is not None
    assert done.details.proof.equal
    assert done.details.proof.down_equal is False  # what was lost comes back empty
    assert "name" in done.details.proof.down_differences[0]


def test_a_text_without_any_change_fails(app: App) -> None:
    answer = run(Request(spec_file=spec(app, "Every `order` knows its `courier` somehow.")), app)
    assert answer.status == "failure"
    assert answer.errors[0].code == "spec-unreadable"
    assert answer.details.not_understood[0].lines == "line 1"
    assert names(app) == set(FIRST)


def test_sql_that_does_not_run_names_its_line(app: App) -> None:
    text = "# X\n\n```sql\nALTER TABLE nowhere ADD COLUMN a TEXT;\n```\n"
    with pytest.raises(SchemaConflict, match="line 4"):
        run(Request(spec_file=spec(app, text)), app)


def test_a_history_that_does_not_run(app: App) -> None:
    folder = app.database().folder
    (folder / "0002_x.up.sql").write_text("alter table nowhere add column a text;\n")
    (folder / "0002_x.down.sql").write_text("select 1;\n")
    with pytest.raises(ShadowFailed, match="0002_x"):
        run(Request(desired_sql="create table a (b text)"), app)


def test_what_is_given_has_to_be_one_readable_text(app: App, tmp_path: Path) -> None:
    with pytest.raises(InputError):
        run(Request(), app)
    with pytest.raises(InputError):
        run(Request(spec_file="a", desired_sql="b"), app)
    (tmp_path / "outside.md").write_text("x")
    with pytest.raises(PathOutsideProject):
        run(Request(spec_file="../outside.md"), app)
    with pytest.raises(FileUnreadable):
        run(Request(spec_file="missing.md"), app)
    (app.root / "bytes.md").write_bytes(b"\xff\xfe")
    with pytest.raises(FileUnreadable, match="UTF-8"):
        run(Request(spec_file="bytes.md"), app)
    with pytest.raises(InputTooLarge):
        run(Request(spec_file=spec(app, "x" * 10_000_000)), app)


def test_files_are_written_all_or_none(tmp_path: Path) -> None:
    (tmp_path / "b.sql").write_text("mine")
    (tmp_path / "journal").write_text("before")
    of = Migration("a", "a", "a.sql", b"1", "1", beside=("journal", "b.sql"))
    new = [SourceFile("a.sql", b"1"), SourceFile("journal", b"after"), SourceFile("b.sql", b"2")]
    with pytest.raises(MigrationExists):
        write(tmp_path, new, of=of)
    there = {p.name: p.read_text() for p in tmp_path.iterdir()}
    assert there == {"b.sql": "mine", "journal": "before"}
    write(tmp_path, new[:2], of=of)
    assert (tmp_path / "journal").read_text() == "after"


def test_a_program_is_written_and_proved_by_the_sql_that_it_runs(tmp_path: Path) -> None:
    settings = {"environments": {"dev": {"url": "sqlite:dev.db"}}, "handler": "sequelize"}
    (tmp_path / "faber-db.json").write_text(json.dumps(settings))
    app = build_app(tmp_path, {"XDG_STATE_HOME": str(tmp_path / "state")})
    sql = "CREATE TABLE teams (id integer PRIMARY KEY);"
    details = run(Request(desired_sql=sql), app).details
    assert details.migration is not None
    assert details.proof is not None
    assert (details.proof.equal, details.proof.down_equal) == (True, True)
    (file,) = app.database().folder.iterdir()
    assert "queryInterface.sequelize.query(`-- faber-db: made from desired_sql" in file.read_text()
    (migration,) = app.database().handler.parse([SourceFile(file.name, file.read_bytes())])
    assert not migration.recorded_path  # what it really runs is recorded when it is looked at
