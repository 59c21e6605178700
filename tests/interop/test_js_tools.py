"""The real TypeORM, Sequelize and Knex accept what our handlers write, and the other way round."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from faber_db.adapters.engines.mysql import Mysql
from faber_db.adapters.engines.postgresql import Postgresql
from faber_db.adapters.handlers import handler_for, in_project
from faber_db.adapters.handlers.js_program import node_url
from faber_db.errors import FaberDbError, LockBusy, ToolFailed
from faber_db.model.migration import LedgerNote, Migration, SourceFile, recorded_file
from faber_db.model.target import Marker
from faber_db.services.ports import CodeHandler, Engine, Limits, Session, ToolPlace
from faber_db.sql.script import parse
from tests.interop.js_projects import (
    CONFIGURATION,
    MIGRATE,
    NOTHING_TO_DO,
    PACKAGES,
    node,
    packages,
)

__all__ = ["packages"]

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("node") is None, reason="needs node"),
]

LIMITS = Limits(lock_timeout=timedelta(seconds=2), lock_retries=0)
PRODUCTS = {
    ("typeorm", "postgresql"): "postgres",
    ("typeorm", "mariadb"): "mariadb",
    ("sequelize", "postgresql"): "postgres",
    ("sequelize", "mariadb"): "mysql",
    ("knex", "postgresql"): "pg",
    ("knex", "mariadb"): "mysql2",
}
ODD = "it's ?, ${x} `y` \\?\\ and %s"


class Project:
    """A project on disk, seen by its tool and by our handler."""

    def __init__(self, root: Path, tool: str, product: str, url: str) -> None:
        self.root, self.tool, self.url = root, tool, url
        self.engine: Engine = Postgresql() if product == "postgresql" else Mysql()
        self.folder = root / "migrations"
        self.folder.mkdir(parents=True)
        (root / "package.json").write_text("{}")
        (root / "node_modules").symlink_to(PACKAGES / "node_modules")
        file, text = CONFIGURATION[tool]
        (root / file).parent.mkdir(exist_ok=True)
        (root / file).write_text(text % PRODUCTS[tool, product])
        handler = in_project(handler_for(tool), root, self.folder)
        self.handler: CodeHandler = handler  # type: ignore[assignment]
        self.recorded: list[SourceFile] = []

    def add(self, name: str, up: str, down: str = "DROP TABLE x;") -> Migration:
        """A new migration, and what a recording of it would give."""
        now = datetime.now(UTC)
        (file,) = self.handler.generate(name, up, down, now=now, existing=self.history())
        (self.folder / file.path).write_bytes(file.content)
        new = next(m for m in self.history() if m.path == file.path)
        self.recorded.append(recorded_file(new.version, up))
        return next(m for m in self.history() if m.path == file.path)

    def history(self) -> tuple[Migration, ...]:
        files = [SourceFile(f.name, f.read_bytes()) for f in sorted(self.folder.iterdir())]
        return self.handler.parse([*files, *self.recorded])

    def apply(self, session: Session, migration: Migration) -> None:
        script = parse(migration.up, session.dialect)
        self.handler.apply_one(session, migration, script, now=datetime.now(UTC))

    def states(self, session: Session) -> list[str]:
        found = self.handler.status(self.history(), self.handler.ledger(session))
        return [s.state.value for s in found]

    def notes(self, session: Session) -> list[LedgerNote]:
        return list(self.handler.notes(session, self.history(), self.handler.ledger(session)))

    def place(self, session: Session) -> ToolPlace:
        return ToolPlace(
            root=self.root,
            folder=self.folder,
            url=self.url,
            variables=("DATABASE_URL",),
            environ={"PATH": os.environ["PATH"], "HOME": str(self.root)},
            limits=LIMITS,
        )

    def run(self, session: Session, *words: str) -> subprocess.CompletedProcess[str]:
        entry, *usual = MIGRATE[self.tool]
        return node(self.root, node_url(self.url, session.dialect), entry, *(words or usual))


TOOLS = ("typeorm", "sequelize", "knex")
EVERYWHERE = [f"{tool}-{product}" for product in ("postgresql", "mariadb") for tool in TOOLS]
POSTGRESQL = EVERYWHERE[:3]


@pytest.fixture(params=POSTGRESQL)
def project(request: pytest.FixtureRequest, tmp_path: Path, packages: Path) -> Project:
    tool, _, product = request.param.partition("-")
    url: str = request.getfixturevalue(f"{product}_url")
    return Project(tmp_path / "project", tool, product, url)


@pytest.fixture
def session(project: Project) -> Iterator[Session]:
    with project.engine.connect(project.url, limits=LIMITS) as session:
        yield session


everywhere = pytest.mark.parametrize("project", EVERYWHERE, indirect=True)


@everywhere
def test_each_accepts_the_others_rows(project: Project, session: Session) -> None:
    """Ours, then theirs, then ours again; the ledger that they make is the one that we make."""
    text = ODD.replace("\\?", "?") if project.tool == "knex" else ODD
    odd = text.replace("'", "''").replace("\\", "\\\\" if session.dialect != "postgresql" else "\\")
    up = f"CREATE TABLE t (a varchar(99));\nINSERT INTO t VALUES ('{odd}');"
    project.apply(session, project.add("one", "CREATE TABLE x (a int);"))
    nothing = project.run(session)
    assert NOTHING_TO_DO[project.tool] in nothing.stdout, nothing.stdout + nothing.stderr
    project.add("two", up)
    done = project.run(session)
    assert done.returncode == 0, done.stdout + done.stderr
    assert session.query("SELECT a FROM t") == [(text,)]  # also: what we generate says what we gave
    assert project.states(session) == ["applied", "applied"]
    three = project.add("three", "ALTER TABLE t ADD COLUMN b int;")
    project.apply(session, three)
    assert NOTHING_TO_DO[project.tool] in project.run(session).stdout
    assert project.states(session) == ["applied"] * 3
    ours = {name: session.catalogue().table(name) for name in project.handler.ledger_tables}
    for name in ("t", "x", *(name for name, table in ours.items() if table)):
        session.execute(f"DROP TABLE {_quoted(session, name)}")
    done = project.run(session)
    assert done.returncode == 0, done.stdout + done.stderr
    theirs = {name: session.catalogue().table(name) for name in project.handler.ledger_tables}
    assert ours == theirs
    assert project.states(session) == ["applied"] * 3


@everywhere
def test_the_projects_own_tool_applies_exactly_one(project: Project, session: Session) -> None:
    one = project.add("one", "CREATE TABLE x (a int);")
    project.add("two", "CREATE TABLE y (a int);")
    with project.handler.lock(session, wait=timedelta(0)):
        project.handler.run_tool(session, one, project.place(session))
    assert project.states(session) == ["applied", "pending"]
    assert session.catalogue().table("y") is None
    assert project.notes(session) == []


def test_a_tool_that_fails_is_told(project: Project, session: Session) -> None:
    one = project.add("one", "INSERT INTO missing VALUES (1);")
    with pytest.raises(ToolFailed, match="missing"):
        project.handler.run_tool(session, one, project.place(session))
    assert project.states(session) == ["pending"]
    with project.handler.lock(session, wait=timedelta(0)):
        pass  # nothing is left locked


def test_a_project_in_typescript(project: Project, session: Session) -> None:
    settings = {"module": "commonjs", "moduleResolution": "node", "esModuleInterop": True}
    text = json.dumps({"compilerOptions": {**settings, "target": "es2020"}})
    (project.root / "tsconfig.json").write_text(text)
    one = project.add("one", "CREATE TABLE x (a int);")
    assert one.path.endswith(".ts")
    project.handler.run_tool(session, one, project.place(session))
    assert project.states(session) == ["applied"]


def test_both_at_once(project: Project, session: Session) -> None:
    """One of them applies it; whoever is second changes nothing and says so."""
    one = project.add("one", "CREATE TABLE x (a int);\nINSERT INTO x VALUES (1);")
    ours: list[str] = []
    with ThreadPoolExecutor(1) as other:
        theirs = other.submit(project.run, session)
        try:
            with project.handler.lock(session, wait=timedelta(seconds=20)):
                if one.version not in {r.version for r in project.handler.ledger(session)}:
                    project.apply(session, one)
                ours.append("done")
        except (LockBusy, FaberDbError) as error:
            ours.append(error.code)
        done = theirs.result()
    assert ours == ["done"] or done.returncode == 0, (ours, done.stdout, done.stderr)
    assert project.states(session) == ["applied"]
    assert session.query("SELECT count(*) FROM x") == [(1,)]


def test_each_is_content_with_our_marker(project: Project, session: Session) -> None:
    marker = Marker(target_id="0" * 32, database="main", environment="production",
                    server_digest="", policy_digest="", approvers=())  # fmt: skip
    session.write_marker(marker)
    project.add("one", "CREATE TABLE x (a int);")
    done = project.run(session)
    assert done.returncode == 0, done.stdout + done.stderr
    assert session.read_marker() == marker
    assert project.states(session) == ["applied"]


@pytest.mark.parametrize(
    "project", ["sequelize-postgresql", "typeorm-mariadb", "knex-mariadb"], indirect=True
)
def test_what_a_failed_run_left_is_told(project: Project, session: Session) -> None:
    """Sequelize uses no transaction, MariaDB has none for definitions: a part stays, no row does."""
    up = "CREATE TABLE x (a int);\nCREATE TABLE y (a missing);"
    project.add("one", up)
    if project.tool == "sequelize":  # as people write it; what we generate is one transaction
        (file,) = project.folder.iterdir()
        file.write_text(file.read_text().replace(", { transaction }", ""))
    failed = project.run(session)
    assert failed.returncode != 0
    assert project.states(session) == ["pending"]
    (note,) = project.notes(session)
    assert (note.code, note.blocks) == ("half-applied", True)
    assert "a part of it is there: table x; not table y" in note.message


@pytest.mark.parametrize("project", ["typeorm-postgresql", "knex-postgresql"], indirect=True)
def test_a_failed_run_that_was_rolled_back_leaves_nothing(
    project: Project, session: Session
) -> None:
    project.add("one", "CREATE TABLE x (a int);")
    project.add("two", "CREATE TABLE y (a missing);")
    assert project.run(session).returncode != 0
    assert project.states(session) == ["pending", "pending"]
    assert project.notes(session) == []


@pytest.mark.parametrize("project", ["knex-postgresql"], indirect=True)
def test_the_lock_of_knex(project: Project, session: Session) -> None:
    project.add("one", "CREATE TABLE x (a int);")
    with project.handler.lock(session, wait=timedelta(0)):
        assert "already locked" in project.run(session).stderr
    session.execute("UPDATE knex_migrations_lock SET is_locked = 1")
    assert "already locked" in project.run(session).stderr
    (note,) = project.notes(session)
    assert (note.code, note.blocks) == ("lock-row-stuck", True)
    assert "npx knex migrate:unlock" in note.hint
    assert project.run(session, "migrate:unlock").returncode == 0
    assert project.notes(session) == []
    assert project.run(session).returncode == 0
    assert project.states(session) == ["applied"]


@pytest.mark.parametrize("project", ["knex-postgresql"], indirect=True)
def test_a_row_without_its_file_stops_knex_and_is_told(project: Project, session: Session) -> None:
    one = project.add("one", "CREATE TABLE x (a int);")
    project.apply(session, one)
    (project.folder / one.path).unlink()
    assert "directory is corrupt" in project.run(session).stderr
    (found,) = project.handler.status(project.history(), project.handler.ledger(session))
    assert found.state.value == "missing"
    assert "refuses to run anything" in found.detail


def _quoted(session: Session, name: str) -> str:
    return f'"{name}"' if session.dialect == "postgresql" else f"`{name}`"
