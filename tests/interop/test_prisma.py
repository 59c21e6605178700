"""The real Prisma CLI accepts what the `prisma` handler writes, and the other way round."""

import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import quote, urlencode

import pytest
from psycopg.conninfo import conninfo_to_dict

from faber_db.adapters.engines.postgresql import Postgresql
from faber_db.adapters.engines.sqlite import Sqlite
from faber_db.adapters.handlers.prisma import Prisma
from faber_db.adapters.handlers.prisma_lock import LOCK_KEY
from faber_db.errors import MigrationFailed
from faber_db.model.migration import Migration, SourceFile
from faber_db.services.ports import Engine, Limits, Session
from faber_db.sql.script import parse

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("node") is None, reason="needs node"),
]

REPOSITORY = Path(__file__).parents[2]
PACKAGES = REPOSITORY / ".cache" / "npm-prisma"
ENGINE = Path(__file__).with_name("prisma_engine.mjs")
PINNED = [
    "prisma@7.10.1",
    "@prisma/schema-engine-wasm@8.1.0-2.59be4fda12412a79eeb9c2ae727b6aa723593323",
    "@prisma/adapter-pg@7.10.0",
    "@prisma/driver-adapter-utils@7.10.0",
    "@prisma/adapter-libsql@7.10.0",
]
HANDLER = Prisma()
LIMITS = Limits(lock_timeout=timedelta(seconds=2), lock_retries=0)


@pytest.fixture(scope="session")
def cli() -> Path:
    """The CLI's entry point, installed once into the cache folder of the repository."""
    entry = PACKAGES / "node_modules" / "prisma" / "build" / "index.js"
    if not entry.exists():
        PACKAGES.mkdir(parents=True, exist_ok=True)
        (PACKAGES / "package.json").write_text('{"private": true}')
        command = ["npm", "install", "--ignore-scripts", "--no-audit", "--no-fund", *PINNED]
        done = subprocess.run(command, cwd=PACKAGES, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            if os.environ.get("CI"):
                pytest.fail(f"npm install failed: {done.stderr[-500:]}")
            pytest.skip("the pinned npm packages cannot be installed here")
    return entry


class Project:
    """A Prisma project on disk, seen by the CLI and by our handler."""

    def __init__(self, root: Path, cli: Path, engine: Engine, url: str) -> None:
        self.root, self.cli, self.engine = root, cli, engine
        self.url = url
        self.folder = root / "prisma" / "migrations"
        for file in HANDLER.scaffold(engine.name, "env:DATABASE_URL"):
            self.write(root, file)
        (root / "node_modules").symlink_to(PACKAGES / "node_modules")
        (root / "prisma.config.ts").write_text(
            "export default {\n"
            '  schema: "prisma/schema.prisma",\n'
            '  migrations: { path: "prisma/migrations" },\n'
            f"  datasource: {{ url: {json.dumps(self.prisma_url)} }},\n"
            "}\n"
        )

    @property
    def prisma_url(self) -> str:
        """The same database as Prisma writes it."""
        if self.engine.name == "sqlite":
            return "file:" + self.url.removeprefix("sqlite:")
        parts = conninfo_to_dict(self.url)
        query = urlencode({"host": str(parts.get("host", ""))})
        user = quote(str(parts.get("user", "")))
        password = f":{quote(str(parts['password']))}" if parts.get("password") else ""
        where = f"localhost:{parts.get('port', 5432)}"
        return f"postgresql://{user}{password}@{where}/{parts['dbname']}?{query}"

    @staticmethod
    def write(root: Path, file: SourceFile) -> None:
        (root / file.path).parent.mkdir(parents=True, exist_ok=True)
        (root / file.path).write_bytes(file.content)

    def add(self, name: str, up: str) -> Migration:
        now = datetime.now(UTC)
        for file in HANDLER.generate(name, up, "", now=now, existing=self.history()):
            self.write(self.folder, file)
        return self.history()[-1]

    def history(self) -> tuple[Migration, ...]:
        found = [
            SourceFile(file.relative_to(self.folder).as_posix(), file.read_bytes())
            for file in sorted(self.folder.rglob("*"))
            if file.is_file()
        ]
        return HANDLER.parse(found)

    def apply(self, session: Session, migration: Migration) -> None:
        script = parse(migration.up, session.dialect)
        HANDLER.apply_one(session, migration, script, now=datetime.now(UTC))

    def states(self, session: Session) -> list[str]:
        return [s.state.value for s in HANDLER.status(self.history(), HANDLER.ledger(session))]

    def prisma(self, *words: str) -> subprocess.CompletedProcess[str]:
        environ = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.root),
            "PRISMA_SCHEMA_ENGINE_BINARY": str(ENGINE),
            "PRISMA_PACKAGES": str(PACKAGES),
            "CHECKPOINT_DISABLE": "1",
            "NO_COLOR": "1",
        }
        command = ["node", str(self.cli), "migrate", *words]
        return subprocess.run(
            command, cwd=self.root, env=environ, capture_output=True, text=True, timeout=120,
            check=False,
        )  # fmt: skip


@pytest.fixture(params=["sqlite", "postgresql"])
def project(request: pytest.FixtureRequest, tmp_path: Path, cli: Path) -> Project:
    url: str = request.getfixturevalue(f"{request.param}_url")
    engine: Engine = Postgresql() if request.param == "postgresql" else Sqlite(tmp_path / "locks")
    root = tmp_path / "project"
    root.mkdir()
    return Project(root, cli, engine, url)


@pytest.fixture
def session(project: Project) -> Iterator[Session]:
    with project.engine.connect(project.url, limits=LIMITS, create=True) as session:
        yield session


def test_prisma_accepts_our_rows(project: Project, session: Session) -> None:
    for name, up in (
        ("one", "CREATE TABLE t (a integer);"),
        ("two", "CREATE TABLE u (a integer);"),
    ):
        project.apply(session, project.add(name, up))
    status = project.prisma("status")
    assert "Database schema is up to date" in status.stdout, status.stdout + status.stderr
    deploy = project.prisma("deploy")
    assert "No pending migrations to apply" in deploy.stdout, deploy.stdout + deploy.stderr
    assert project.states(session) == ["applied", "applied"]


def test_we_accept_prismas_rows_and_go_on(project: Project, session: Session) -> None:
    one = project.add("one", "CREATE TABLE t (a integer);")
    done = project.prisma("deploy")
    assert done.returncode == 0, done.stdout + done.stderr
    assert project.states(session) == ["applied"]
    (row,) = HANDLER.ledger(session)
    assert row.sha256 == one.sha256
    assert row.applied_at is not None
    assert abs(datetime.now(UTC) - row.applied_at) < timedelta(minutes=2)
    project.apply(session, project.add("two", "ALTER TABLE t ADD COLUMN b integer;"))
    assert "up to date" in project.prisma("status").stdout


def test_the_ledger_is_the_one_that_prisma_makes(project: Project, session: Session) -> None:
    project.add("one", "CREATE TABLE t (a integer);")
    assert project.prisma("deploy").returncode == 0
    theirs = session.catalogue().table("_prisma_migrations")
    session.execute("DROP TABLE _prisma_migrations")
    session.execute("DROP TABLE t")
    project.apply(session, project.history()[0])
    assert session.catalogue().table("_prisma_migrations") == theirs is not None


def test_a_failure_of_ours_stops_prisma_until_it_is_resolved(
    project: Project, session: Session
) -> None:
    one = project.add("one", "INSERT INTO missing VALUES (1);")
    with pytest.raises(MigrationFailed):
        project.apply(session, one)
    stopped = project.prisma("deploy")
    assert "P3009" in stopped.stderr + stopped.stdout
    resolved = project.prisma("resolve", "--rolled-back", one.name)
    assert resolved.returncode == 0, resolved.stdout + resolved.stderr
    assert project.states(session) == ["rolled_back"]


def test_a_mark_of_ours_settles_it_for_prisma(project: Project, session: Session) -> None:
    one = project.add("one", "INSERT INTO missing VALUES (1);")
    with pytest.raises(MigrationFailed):
        project.apply(session, one)
    HANDLER.mark(session, one, "applied", now=datetime.now(UTC))
    assert "up to date" in project.prisma("status").stdout
    again = project.prisma("resolve", "--applied", one.name)
    assert "P3008" in again.stderr + again.stdout


def test_a_failure_of_prismas_is_seen(project: Project, session: Session) -> None:
    project.add("one", "INSERT INTO missing VALUES (1);")
    failed = project.prisma("deploy")
    assert failed.returncode != 0
    assert project.states(session) == ["failed"]
    (row,) = HANDLER.ledger(session)
    assert row.log
    assert not row.finished


@pytest.mark.parametrize(
    "project", ["postgresql"], indirect=True
)  # SQLite has only the file's lock
def test_two_deployers_meet(project: Project, session: Session) -> None:
    """While we hold Prisma's lock its CLI waits, and then finds nothing left to do."""
    one = project.add("one", "CREATE TABLE t (a integer);")
    with HANDLER.lock(session, wait=timedelta(0)):
        with ThreadPoolExecutor(1) as other:
            deploy = other.submit(project.prisma, "deploy")
            _until_somebody_waits(session)
            project.apply(session, one)
            session.query("SELECT pg_advisory_unlock(%s)", (LOCK_KEY,))
            done = deploy.result()
        assert "No pending migrations" in done.stdout, done.stdout + done.stderr
        session.query("SELECT pg_advisory_lock(%s)", (LOCK_KEY,))  # what the block gives back
    assert len(HANDLER.ledger(session)) == 1


def _until_somebody_waits(session: Session) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until:
        waiting = session.query(
            "SELECT 1 FROM pg_locks WHERE objid = %s AND NOT granted", (LOCK_KEY,)
        )
        if waiting:
            return
        time.sleep(0.05)
    pytest.fail("the CLI never asked for its lock")
