"""The real golang-migrate goes on where our handler stopped, and the other way round.

Its program is in no package registry that CI reaches, so these run where one is named:
`FABER_DB_TEST_GOLANG_MIGRATE=/usr/local/bin/migrate`, built with the tags `postgres mysql`.
"""

import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs, quote, urlencode, urlsplit

import pytest
from psycopg.conninfo import conninfo_to_dict

from faber_db.adapters.engines.mysql import Mysql
from faber_db.adapters.engines.postgresql import Postgresql
from faber_db.adapters.handlers.golang_migrate import GolangMigrate
from faber_db.errors import MigrationFailed
from faber_db.model.migration import Migration, SourceFile
from faber_db.services.ports import Engine, Session
from faber_db.sql.script import parse
from tests.interop.conftest import GOLANG_MIGRATE

pytestmark = pytest.mark.slow
HANDLER = GolangMigrate()


class Project:
    """A folder of pairs, seen by the tool and by our handler."""

    def __init__(self, folder: Path, engine: Engine, url: str, theirs: str) -> None:
        self.folder, self.engine, self.url, self.theirs = folder, engine, url, theirs

    def add(self, name: str, up: str, down: str = "") -> Migration:
        now = datetime.now(UTC)
        for file in HANDLER.generate(name, up, down, now=now, existing=self.history()):
            (self.folder / file.path).write_bytes(file.content)
        return self.history()[-1]

    def history(self) -> tuple[Migration, ...]:
        files = [SourceFile(f.name, f.read_bytes()) for f in sorted(self.folder.iterdir())]
        return HANDLER.parse(files)

    def states(self, session: Session) -> list[str]:
        return [s.state.value for s in HANDLER.status(self.history(), HANDLER.ledger(session))]

    def apply(self, session: Session, migration: Migration) -> None:
        script = parse(migration.up, session.dialect)
        with HANDLER.lock(session, wait=timedelta(seconds=20)):
            HANDLER.apply_one(session, migration, script, now=datetime.now(UTC))

    def tool(self, *words: str) -> str:
        command = [GOLANG_MIGRATE, "-path", str(self.folder), "-database", self.theirs, *words]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        return done.stdout + done.stderr


@pytest.fixture(params=["postgresql", "mariadb"])
def project(request: pytest.FixtureRequest, tmp_path: Path) -> Project:
    url: str = request.getfixturevalue(f"{request.param}_url")
    folder = tmp_path / "migrations"
    folder.mkdir()
    if request.param == "postgresql":
        parts = conninfo_to_dict(url)
        place = {"host": str(parts["host"]), "port": str(parts.get("port", 5432))}
        query = urlencode(place | {"sslmode": "disable"})
        theirs = f"postgres://{quote(str(parts['user']))}@/{parts['dbname']}?{query}"
        return Project(folder, Postgresql(), url, theirs)
    found = urlsplit(url)
    (socket,) = parse_qs(found.query).get("socket", [""])
    where = f"unix({socket})" if socket else f"tcp({found.hostname}:{found.port})"
    login = found.netloc.rpartition("@")[0]
    theirs = f"mysql://{login}@{where}{found.path}?multiStatements=true"
    return Project(folder, Mysql(), url, theirs)


def test_each_goes_on_where_the_other_stopped(project: Project) -> None:
    with project.engine.connect(project.url) as session:
        project.apply(session, project.add("one", "CREATE TABLE one (a int);", "DROP TABLE one;"))
        assert project.tool("up") == "no change\n"
        assert project.tool("version") == f"{project.history()[0].version}\n"
        project.add("two", "CREATE TABLE two (a int);", "DROP TABLE two;")
        assert "two" in project.tool("up")
        assert project.states(session) == ["applied", "applied"]
        project.apply(session, project.add("three", "CREATE TABLE three (a int);"))
        assert project.tool("up") == "no change\n"
        shown = [t.name for t in session.catalogue(leave_out=HANDLER.ledger_tables).tables]
        assert shown == ["one", "three", "two"]


def test_what_failed_there_is_dirty_here_and_the_other_way_round(project: Project) -> None:
    bad = project.add("bad", "INSERT INTO nowhere VALUES (1);", "SELECT 1;")
    with project.engine.connect(project.url) as session:
        assert "nowhere" in project.tool("up")
        assert project.states(session) == ["failed"]
        HANDLER.mark(session, bad, "rolled_back", now=datetime.now(UTC))
        with pytest.raises(MigrationFailed):
            project.apply(session, bad)
        assert "Dirty database version" in project.tool("up")
        assert project.tool("version") == f"{bad.version} (dirty)\n"


def test_its_own_way_back(project: Project) -> None:
    for name in ("one", "two"):
        project.add(name, f"CREATE TABLE {name} (a int);", f"DROP TABLE {name};")
    with project.engine.connect(project.url) as session:
        project.tool("up")
        project.tool("down", "1")
        assert project.states(session) == ["applied", "pending"]
        one, _ = project.history()
        script = parse(one.down or "", session.dialect)
        HANDLER.roll_back(session, one, script, now=datetime.now(UTC))
        assert "no migration" in project.tool("version")


def test_both_deploy_at_once(project: Project) -> None:
    """The lock keeps them apart: one applies, the other finds nothing to do."""
    sleep = "pg_sleep(2)" if project.engine.name == "postgresql" else "sleep(2)"
    slow = project.add("slow", f"CREATE TABLE t (a int);\nSELECT {sleep};")
    with project.engine.connect(project.url) as session, ThreadPoolExecutor(1) as threads:
        with HANDLER.lock(session, wait=timedelta(0)):
            theirs = threads.submit(project.tool, "up")
            script = parse(slow.up, session.dialect)
            HANDLER.apply_one(session, slow, script, now=datetime.now(UTC))
        assert theirs.result() == "no change\n"
        assert project.states(session) == ["applied"]


def test_its_lock_is_the_one_that_we_name(project: Project) -> None:
    sleep = "pg_sleep(3)" if project.engine.name == "postgresql" else "sleep(3)"
    project.add("slow", f"SELECT {sleep};")
    with project.engine.connect(project.url) as session, ThreadPoolExecutor(1) as threads:
        theirs = threads.submit(project.tool, "up")
        told: list[str] = []
        while not theirs.done() and not told:
            told = [note.message for note in HANDLER.notes(session, (), ())]
            time.sleep(0.05)
        assert told
        assert "golang-migrate's migration lock is held by" in told[0]
