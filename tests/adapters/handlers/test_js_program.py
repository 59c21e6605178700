"""How the project's own JavaScript tools are found, and what is said where they are not."""

import os
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from faber_db.adapters.engines.sqlite import Sqlite
from faber_db.adapters.handlers import handler_for, in_project
from faber_db.adapters.handlers.js_program import node_url
from faber_db.errors import FaberDbError, MigrationOutOfOrder, ToolFailed, ToolMissing
from faber_db.model.dialect import Dialect
from faber_db.model.migration import Migration, SourceFile
from faber_db.services.ports import CodeHandler, Limits, Session, ToolPlace

ENTRIES = {
    "typeorm": "typeorm/index.js",
    "sequelize": "sequelize-cli/lib/sequelize",
    "knex": "knex/bin/cli.js",
}
PROGRAMS = {
    "typeorm": ("1795424400000-A.js", "class A1795424400000 {}"),
    "sequelize": ("1-a.js", ""),
    "knex": ("1_a.js", ""),
}


@pytest.mark.parametrize(
    ("url", "dialect", "written"),
    [
        ("postgresql://u:p%40@db:5433/a", Dialect.POSTGRESQL, "postgresql://u:p%40@db:5433/a"),
        ("postgres:///a?host=/run/x&port=1", Dialect.POSTGRESQL, "postgresql://localhost:1/a?host=%2Frun%2Fx"),
        ("host=db dbname=a user=u sslmode=require", Dialect.POSTGRESQL, "postgresql://u@db/a?sslmode=require"),
        ("postgresql://u@db/a?schema=x", Dialect.POSTGRESQL, "postgresql://u@db/a?schema=x"),
        ("mariadb://u:p@db:3307/a", Dialect.MARIADB, "mysql://u:p@db:3307/a"),
        ("mysql://u@/a?socket=/run/x", Dialect.MARIADB, "mysql://u@localhost/a?socketPath=%2Frun%2Fx"),
        ("sqlite:/tmp/a.db", Dialect.SQLITE, "/tmp/a.db"),
    ],
)  # fmt: skip
def test_a_url_as_node_reads_it(url: str, dialect: Dialect, written: str) -> None:
    assert node_url(url, dialect) == written


class Stage:
    """A project with a tool that is a script of ours, run by a `node` that is the shell."""

    def __init__(self, root: Path, tool: str) -> None:
        self.root, self.tool, self.url = root, tool, str(root / "a.db")
        self.folder = root / "migrations"
        self.folder.mkdir()
        (root / "package.json").write_text('{"scripts": {"typeorm": "typeorm -d source.js"}}')
        (root / "source.js").write_text("")
        (root / "bin").mkdir()
        self.program(root / "bin" / "node", 'exec sh "$@"\n')
        file, text = PROGRAMS[tool]
        (self.folder / file).write_text(text)
        handler = in_project(handler_for(tool), root, self.folder)
        self.handler: CodeHandler = handler  # type: ignore[assignment]

    @staticmethod
    def program(path: Path, text: str) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"#!/bin/sh\n{text}")
        path.chmod(path.stat().st_mode | stat.S_IXUSR)

    def install(self, text: str = "exit 0\n") -> None:
        self.program(self.root / "node_modules" / ENTRIES[self.tool], text)

    def migration(self) -> Migration:
        files = [SourceFile(f.name, f.read_bytes()) for f in sorted(self.folder.iterdir())]
        return self.handler.parse(files)[-1]

    def run(self, session: Session, path: str | None = None) -> None:
        path = f"{self.root / 'bin'}:{os.environ['PATH']}" if path is None else path
        self.handler.run_tool(session, self.migration(), ToolPlace(
            root=self.root, folder=self.folder, url=self.url, variables=("DATABASE_URL",),
            environ={"PATH": path}, limits=Limits(),
        ))  # fmt: skip


@pytest.fixture(params=ENTRIES)
def stage(request: pytest.FixtureRequest, tmp_path: Path) -> Stage:
    return Stage(tmp_path, request.param)


@pytest.fixture
def session(stage: Stage, tmp_path: Path) -> Iterator[Session]:
    with Sqlite(tmp_path / "locks").connect(stage.url, create=True) as session:
        yield session


def test_what_is_not_installed_is_named(stage: Stage, session: Session) -> None:
    with pytest.raises(ToolMissing, match="is not installed: there is no node_modules/") as caught:
        stage.run(session)
    assert "npm ci" in caught.value.hint


def test_without_node(stage: Stage, session: Session) -> None:
    stage.install()
    with pytest.raises(ToolMissing, match="there is no node in PATH"):
        stage.run(session, path=str(stage.root))


@pytest.mark.parametrize("stage", ["sequelize", "knex"], indirect=True)
def test_a_tool_that_says_it_did_and_did_not(stage: Stage, session: Session) -> None:
    stage.install("echo applied\n")
    with pytest.raises(ToolFailed, match="reached another database, or did nothing"):
        stage.run(session)


@pytest.mark.parametrize("stage", ["knex"], indirect=True)
def test_a_tool_that_applies_too_much(stage: Stage, session: Session) -> None:
    with stage.handler.lock(session, wait=Limits().lock_timeout):
        pass
    rows = "('1_a.js', 1, 0), ('2_b.js', 1, 0)"
    sql = f"INSERT INTO knex_migrations (name, batch, migration_time) VALUES {rows}"
    stage.install(f'{sys.executable} -c "import sqlite3; c = sqlite3.connect(\'{stage.url}\'); c.execute(\\"\\"\\"{sql}\\"\\"\\"); c.commit()"\n')  # fmt: skip
    with pytest.raises(ToolFailed, match="was to apply 1_a, and applied 2_b too"):
        stage.run(session)


@pytest.mark.parametrize("stage", ["sequelize"], indirect=True)
def test_what_waits_before_it_is_not_applied_in_passing(stage: Stage, session: Session) -> None:
    stage.install()
    (stage.folder / "2-b.js").write_text("")
    with pytest.raises(MigrationOutOfOrder, match=r"1-a\.js waits before 2-b\.js"):
        stage.run(session)


@pytest.mark.parametrize("stage", ["sequelize", "knex"], indirect=True)
def test_typescript_without_what_reads_it(stage: Stage, session: Session) -> None:
    stage.install()
    (file,) = stage.folder.iterdir()
    file.rename(file.with_suffix(".ts"))
    with pytest.raises(ToolMissing, match="written in TypeScript, and none of tsx, ts-node"):
        stage.run(session)


@pytest.mark.parametrize("stage", ["typeorm"], indirect=True)
def test_the_data_source_of_typeorm(stage: Stage, session: Session) -> None:
    stage.install()
    (stage.root / "package.json").write_text("[]")
    with pytest.raises(ToolMissing, match="no file that makes its data source"):
        stage.run(session)
    for name in ("a-data-source.js", "b-data-source.js"):
        (stage.root / name).write_text("new DataSource({})")
    with pytest.raises(ToolMissing, match="several files make a data source"):
        stage.run(session)
    (stage.root / "b-data-source.js").unlink()
    with pytest.raises(FaberDbError) as caught:  # it is found; the shell cannot run it
        stage.run(session)
    assert not isinstance(caught.value, ToolMissing)
