"""The real dbmate takes our rows for its own, and we its; its binary comes in an npm package."""

import os
import shutil
import subprocess
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from faber_db.adapters.engines.mysql import Mysql
from faber_db.adapters.engines.postgresql import Postgresql
from faber_db.adapters.engines.sqlite import Sqlite
from faber_db.adapters.handlers.dbmate import TABLE, Dbmate
from faber_db.adapters.handlers.renamed_ledger import required_name
from faber_db.errors import FaberDbError, MigrationFailed
from faber_db.model.migration import Migration, SourceFile
from faber_db.model.target import Marker
from faber_db.services.ports import Engine, Limits, Session
from faber_db.sql.script import parse
from tests.interop.npm_packages import installed, postgresql_for_go

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("npm") is None, reason="needs npm"),
]
PINNED = ("dbmate@2.36.0",)
HANDLER = Dbmate()
LIMITS = Limits(lock_timeout=timedelta(seconds=10), lock_retries=0)


@pytest.fixture(scope="session")
def program() -> Path:
    return installed("dbmate", PINNED) / "node_modules" / ".bin" / "dbmate"


class Project:
    """A folder of two-part files, seen by dbmate and by our handler."""

    def __init__(self, folder: Path, program: Path, engine: Engine, url: str, theirs: str) -> None:
        self.folder, self.program, self.engine = folder, program, engine
        self.url, self.theirs = url, theirs

    def add(self, name: str, up: str, down: str = "", *, wrap: bool = True) -> Migration:
        now, existing = datetime.now(UTC), self.history()
        for file in HANDLER.generate(name, up, down, now=now, existing=existing, wrap=wrap):
            (self.folder / file.path).write_bytes(file.content)
        return self.history()[-1]

    def history(self) -> tuple[Migration, ...]:
        files = [SourceFile(f.name, f.read_bytes()) for f in sorted(self.folder.iterdir())]
        return HANDLER.parse(files)

    def states(self, session: Session) -> list[str]:
        return [s.state.value for s in HANDLER.status(self.history(), HANDLER.ledger(session))]

    def apply(self, session: Session, migration: Migration) -> None:
        script = parse(migration.up, session.dialect)
        HANDLER.apply_one(session, migration, script, now=datetime.now(UTC))

    def dbmate(self, *words: str) -> str:
        command = [
            str(self.program), "--url", self.theirs, "--migrations-dir", str(self.folder),
            "--no-dump-schema", *words,
        ]  # fmt: skip
        environ = {"PATH": os.environ["PATH"], "HOME": str(self.folder)}
        done = subprocess.run(
            command, env=environ, capture_output=True, text=True, timeout=60, check=False
        )
        return done.stdout + done.stderr


@pytest.fixture(params=["sqlite", "postgresql", "mariadb"])
def project(request: pytest.FixtureRequest, tmp_path: Path, program: Path) -> Project:
    url: str = request.getfixturevalue(f"{request.param}_url")
    folder = tmp_path / "migrations"
    folder.mkdir()
    if request.param == "postgresql":
        return Project(folder, program, Postgresql(), url, postgresql_for_go(url))
    if request.param == "mariadb":
        theirs = url.replace("mariadb:", "mysql:", 1)
        return Project(folder, program, Mysql(), url, theirs)
    return Project(folder, program, Sqlite(tmp_path / "locks"), url, url)


def test_each_takes_the_others_rows_for_its_own(project: Project) -> None:
    with project.engine.connect(project.url, create=True) as session:
        project.apply(session, project.add("one", "CREATE TABLE one (a int);", "DROP TABLE one;"))
        assert "Pending: 0" in project.dbmate("status")
        assert "Applying" not in project.dbmate("up")
        two = project.add("two", "CREATE TABLE two (a int);", "DROP TABLE two;")
        assert "Applied: " in project.dbmate("up")
        assert project.states(session) == ["applied", "applied"]
        script = parse(two.down or "", session.dialect)
        HANDLER.roll_back(session, two, script, now=datetime.now(UTC))
        assert "Pending: 1" in project.dbmate("status")
        assert "Applied: " in project.dbmate("up")
        assert "Rolled back: " in project.dbmate("rollback")
        assert project.states(session) == ["applied", "pending"]
        shown = [t.name for t in session.catalogue(leave_out=HANDLER.ledger_tables).tables]
        assert shown == ["one"]


def test_the_tables_are_equal(project: Project, tmp_path: Path) -> None:
    """Made by dbmate, and made by us: read with the same eyes."""
    one = project.add("one", "SELECT 1;")

    def shape(session: Session) -> str:
        return repr(session.catalogue().table(_full_name(session)))

    with project.engine.connect(project.url, create=True) as session:
        project.dbmate("up")
        theirs = shape(session)
        session.execute(f"DROP TABLE {TABLE}")
        project.apply(session, one)
        assert shape(session) == theirs


def _full_name(session: Session) -> str:
    (name,) = [t.full_name for t in session.catalogue().tables if t.name == TABLE]
    return name


def test_what_failed_there_is_pending_here(project: Project) -> None:
    bad = project.add("bad", "INSERT INTO nowhere VALUES (1);")
    with project.engine.connect(project.url, create=True) as session:
        assert "nowhere" in project.dbmate("up")
        assert project.states(session) == ["pending"]
        with pytest.raises(MigrationFailed):
            project.apply(session, bad)
        assert "Pending: 1" in project.dbmate("status")


def test_it_stays_content_beside_our_own_tables(project: Project) -> None:
    with project.engine.connect(project.url, create=True) as session:
        project.apply(session, project.add("one", "CREATE TABLE one (a int);"))
        session.write_marker(
            Marker(
                target_id="0" * 32,
                database="main",
                environment="production",
                approvers=(),
                policy_digest="0" * 64,
                server_digest="0" * 64,
            )
        )
        project.add("two", "CREATE TABLE two (a int);")
        assert "Applied: " in project.dbmate("up")
        assert project.states(session) == ["applied", "applied"]


def test_both_deploy_at_once(project: Project) -> None:
    """dbmate has no lock: one of the two fails or finds nothing, and each stands once."""
    for number in range(3):
        project.add(f"t{number}", f"CREATE TABLE t{number} (a int);")
    with project.engine.connect(project.url, limits=LIMITS, create=True) as session:
        with ThreadPoolExecutor(1) as threads:
            theirs = threads.submit(project.dbmate, "up")
            for migration in project.history():
                if migration.version not in {r.version for r in HANDLER.ledger(session)}:
                    try:
                        project.apply(session, migration)
                    except FaberDbError:
                        break  # dbmate was there first
            theirs.result()
        project.dbmate("up")
        assert project.states(session) == ["applied"] * 3
        rows = Counter(session.query(f"SELECT version FROM {TABLE}"))
        assert set(rows.values()) == {1}
        shown = [t.name for t in session.catalogue(leave_out=HANDLER.ledger_tables).tables]
        assert shown == ["t0", "t1", "t2"]
        assert "Pending: 0" in project.dbmate("status")


def test_in_a_ledger_of_another_name(project: Project) -> None:
    """As `--migrations-table` has it: the case is kept, a dot parts the schema on PostgreSQL."""
    table = "ops.Done" if project.engine.name == "postgresql" else "Done"
    handler = HANDLER.with_ledger(required_name(table))
    one = project.add("one", "CREATE TABLE one (a int);", "DROP TABLE one;")
    with project.engine.connect(project.url, create=True) as session:
        handler.apply_one(session, one, parse(one.up, session.dialect), now=datetime.now(UTC))
        assert "Pending: 0" in project.dbmate("--migrations-table", table, "status")
        project.add("two", "CREATE TABLE two (a int);", "DROP TABLE two;")
        assert "Applied: " in project.dbmate("--migrations-table", table, "up")
        states = handler.status(project.history(), handler.ledger(session))
        assert [s.state.value for s in states] == ["applied", "applied"]
