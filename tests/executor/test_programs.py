"""Programs that were not recorded: the project's own tool applies them, under our lock and audit."""

import sys
from pathlib import Path

import pytest

from faber_db.app import build
from faber_db.errors import (
    ApprovalStale,
    MigrationNotRecorded,
    ToolFailed,
    ToolMissing,
)
from faber_db.services import build as building
from faber_db.services import release as releasing
from faber_db.services.app import App
from faber_db.services.coordinate import Request
from faber_db.services.history import history

TOOL = """#!{python}
import os, sqlite3, sys
revision = sys.argv[-1]
if revision == "current":
    sqlite3.connect({looks}).execute("SELECT 1 FROM sqlite_schema")
    sys.exit()
assert sys.argv[-2] == "upgrade", sys.argv
database = sqlite3.connect({database})
with database:
    database.execute("CREATE TABLE IF NOT EXISTS alembic_version (version_num VARCHAR(32) PRIMARY KEY)")
    database.execute("DELETE FROM alembic_version")
    database.execute("INSERT INTO alembic_version VALUES (?)", (revision,))
    database.execute(f"CREATE TABLE made_by_{{revision}} (a integer)")
{more}
"""
GIVEN = 'os.environ["DATABASE_URL"].removeprefix("sqlite:///")'
PROGRAM = "revision = {0!r}\ndown_revision = {1!r}\ndef upgrade(): op.create_table({0!r})\n"


class Project:
    """A project with revisions that only Alembic could run, and what stands in for Alembic."""

    def __init__(self, root: Path) -> None:
        self.root, self.database = root, root / "dev.db"
        (root / "migrations" / "versions").mkdir(parents=True)
        (root / "migrations" / "env.py").write_text("from alembic import context\n")
        (root / "alembic.ini").write_text("[alembic]\nscript_location = migrations\n")
        self.configure("dev")

    def configure(self, environment: str) -> None:
        (self.root / "faber-db.json").write_text(
            f'{{"handler": "alembic", "engine": "sqlite", "shadow": "off",'
            f' "environments": {{"{environment}": {{"url": "env:DATABASE_URL"}}}}}}'
        )

    def add(self, revision: str, down: str | None = None) -> Path:
        file = self.root / "migrations" / "versions" / f"{revision}.py"
        file.write_text(PROGRAM.format(revision, down))
        return file

    def install(self, *, database: str = GIVEN, looks: str = GIVEN, more: str = "") -> None:
        programs = self.root / ".venv" / "bin"
        programs.mkdir(parents=True, exist_ok=True)
        (self.root / ".venv" / "pyvenv.cfg").touch()
        text = TOOL.format(python=sys.executable, database=database, looks=looks, more=more)
        for name in ("python", "alembic"):
            (programs / name).write_text(text)
            (programs / name).chmod(0o755)

    def app(self) -> App:
        self.database.touch()
        environ = {"DATABASE_URL": f"sqlite:{self.database}", "PATH": "/usr/bin:/bin"}
        return build(self.root, {**environ, "XDG_STATE_HOME": str(self.root / "state")})

    def states(self) -> list[str]:
        database = self.app().database()
        with database.engine.connect(str(self.database)) as session:
            found = database.handler.status(history(database), database.handler.ledger(session))
        return [status.state.value for status in found]

    def build(self) -> tuple[list[str], str, str]:
        """What was applied, and code and message of the error."""
        answer = building.run(Request(), self.app())
        problem = answer.errors[0] if answer.errors else None
        return (
            list(answer.details.applied),
            problem.code if problem else "",
            problem.message if problem else "",
        )


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
