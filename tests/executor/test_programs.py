"""Programs that were not recorded: the project's own tool applies them, under our lock and audit."""

from pathlib import Path

import pytest

from faber_db.errors import (
    ApprovalStale,
    MigrationNotRecorded,
    ToolFailed,
    ToolMissing,
)
from faber_db.services import build as building
from faber_db.services import release as releasing
from faber_db.services.coordinate import Request
from tests.alembic_project import Project


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path / "shop")


def test_each_program_is_run_by_the_tool(project: Project) -> None:
    project.add("aaa")
    project.add("bbb", "aaa")
    project.install()
    assert project.build() == (["aaa", "bbb"], "", "")
    assert project.states() == ["applied", "applied"]
    trail = [entry.event for entry in project.app().state.audit()]
    assert trail.count("migration.intent") == trail.count("migration.done") == 2
    assert project.build() == ([], "", "")


def test_one_that_fails_stops_the_rest(project: Project) -> None:
    for revision, down in (("aaa", None), ("bbb", "aaa"), ("ccc", "bbb")):
        project.add(revision, down)
    project.install(more="if revision == 'bbb': sys.exit('it broke')")
    _, code, message = project.build()
    assert (code, message.startswith("bbb: Alembic ended with 1. It said: it broke")) == (
        ToolFailed.code,
        True,
    )
    assert message.endswith("; the ledger holds bbb all the same")
    assert project.states() == ["applied", "applied", "pending"]


def test_one_that_takes_another_database_does_not_run(project: Project) -> None:
    project.add("aaa")
    other = project.root / "other.db"
    project.install(database=repr(str(other)), looks=repr(str(other)))
    _, code, message = project.build()
    assert code == ToolFailed.code
    assert "no migration was run" in message
    assert other.read_bytes() == b""
    assert project.states() == ["pending"]


def test_one_that_reaches_another_database_is_noticed(project: Project) -> None:
    project.add("aaa")
    project.install(database=repr(str(project.root / "other.db")))
    _, code, message = project.build()
    assert code == ToolFailed.code
    assert "it reached another database, or did nothing" in message
    assert project.states() == ["pending"]


def test_a_missing_tool_leaves_everything_as_it_was(project: Project) -> None:
    project.add("aaa")
    _, code, message = project.build()
    assert (code, message) == (
        ToolMissing.code,
        "Alembic was not found in the project's own environment (no .venv, venv, env)",
    )
    project.install()
    assert project.build() == (["aaa"], "", "")


def test_a_file_that_changed_after_the_plan_does_not_run(project: Project) -> None:
    file = project.add("aaa")
    project.install()
    app = project.app()
    planned = building.run(Request(dry_run=True), app).details.plan_id
    assert "-- a program: alembic upgrade aaa" in app.executor.show(planned).sql
    file.write_text(file.read_text() + "# more\n")
    job = app.executor.start(planned)
    assert (job.state, job.error["code"]) == ("failed", ApprovalStale.code)
    assert project.states() == ["pending"]


def test_a_protected_environment_runs_none(project: Project) -> None:
    project.add("aaa")
    project.install()
    project.configure("production")
    with pytest.raises(MigrationNotRecorded):
        releasing.run(Request(), project.app())
    assert project.states() == ["pending"]
