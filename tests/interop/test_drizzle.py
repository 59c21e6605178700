"""The real drizzle-kit and Drizzle's migrator take our rows for their own, and we theirs."""

import json
import os
import shutil
import subprocess
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from faber_db.adapters.engines.postgresql import Postgresql
from faber_db.adapters.engines.sqlite import Sqlite
from faber_db.adapters.handlers.drizzle import Drizzle
from faber_db.adapters.handlers.drizzle_journal import JOURNAL
from faber_db.errors import FaberDbError
from faber_db.model.migration import Migration, SourceFile
from faber_db.model.target import Marker
from faber_db.services.ports import Engine, Limits, Session
from faber_db.sql.script import parse
from tests.interop.npm_packages import installed, postgresql_for_go

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("node") is None, reason="needs node"),
]
PINNED = ("drizzle-orm@0.45.4", "drizzle-kit@0.31.11", "pg@8.16.3", "sql.js@1.13.0")
PINNED_1 = ("drizzle-orm@1.0.0-rc.5", "drizzle-kit@1.0.0-rc.5", "pg@8.16.3", "sql.js@1.13.0")
MIGRATE = Path(__file__).with_name("drizzle_migrate.mjs")
HANDLER = Drizzle()
LIMITS = Limits(lock_timeout=timedelta(seconds=10), lock_retries=0)
TYPES = {"sqlite": ("sqlite", "sqliteTable"), "postgresql": ("pg", "pgTable")}


@pytest.fixture(scope="session")
def packages() -> Path:
    return installed("drizzle", PINNED)


@pytest.fixture(scope="session")
def packages_of_1() -> Path:
    return installed("drizzle-1", PINNED_1)


class Project:
    """A Drizzle project on disk, seen by its own programs and by our handler."""

    def __init__(self, root: Path, packages: Path, engine: Engine, url: str) -> None:
        self.root, self.packages, self.engine, self.url = root, packages, engine, url
        self.folder = root / "drizzle"
        (root / "node_modules").symlink_to(packages / "node_modules")
        (root / "drizzle.config.js").write_text(
            "module.exports = { schema: './schema.js', out: './drizzle',"
            f" dialect: '{engine.name}', dbCredentials: {{ url: {json.dumps(self.theirs)} }} }};\n"
        )

    @property
    def theirs(self) -> str:
        if self.engine.name == "sqlite":
            return self.url.removeprefix("sqlite:")
        return postgresql_for_go(self.url).replace("&sslmode=disable", "")

    def kit(self, *words: str) -> str:
        return self._node("node_modules/drizzle-kit/bin.cjs", *words)

    def migrate(self) -> str:
        return self._node(str(MIGRATE), str(self.folder), self.engine.name, self.theirs)

    def draw(self, **tables: str) -> None:
        """The project's TypeScript, as far as drizzle-kit needs it: tables of integer columns."""
        kind, function = TYPES[self.engine.name]
        lines = [f"const {{ {function}, integer }} = require('drizzle-orm/{kind}-core');"]
        for name, columns in tables.items():
            inner = ", ".join(f"{c}: integer('{c}')" for c in columns.split())
            lines.append(f"exports.{name} = {function}('{name}', {{ {inner} }});")
        (self.root / "schema.js").write_text("\n".join(lines))

    def add(self, name: str, up: str, down: str = "") -> Migration:
        now = datetime.now(UTC)
        for file in HANDLER.generate(name, up, down, now=now, existing=self.history()):
            (self.folder / file.path).parent.mkdir(parents=True, exist_ok=True)
            (self.folder / file.path).write_bytes(file.content)
        return self.history()[-1]

    def history(self) -> tuple[Migration, ...]:
        paths = sorted(p for p in self.folder.rglob("*") if p.is_file())
        files = [SourceFile(p.relative_to(self.folder).as_posix(), p.read_bytes()) for p in paths]
        return HANDLER.parse([file for file in files if HANDLER.wants(file.path)])

    def states(self, session: Session) -> list[str]:
        return [s.state.value for s in HANDLER.status(self.history(), HANDLER.ledger(session))]

    def apply(self, session: Session, migration: Migration) -> None:
        script = parse(migration.up, session.dialect)
        HANDLER.apply_one(session, migration, script, now=datetime.now(UTC))

    def _node(self, *words: str) -> str:
        environ = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.root),
            "PACKAGES": str(self.packages),
            "NO_COLOR": "1",
        }
        done = subprocess.run(
            ["node", *words],
            cwd=self.root, env=environ, capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
        return done.stdout + done.stderr


@pytest.fixture(params=["sqlite", "postgresql"])
def project(request: pytest.FixtureRequest, tmp_path: Path, packages: Path) -> Project:
    return made(request, tmp_path, packages)


@pytest.fixture(params=["sqlite", "postgresql"])
def project_of_1(request: pytest.FixtureRequest, tmp_path: Path, packages_of_1: Path) -> Project:
    return made(request, tmp_path, packages_of_1)


def made(request: pytest.FixtureRequest, tmp_path: Path, packages: Path) -> Project:
    url: str = request.getfixturevalue(f"{request.param}_url")
    engine: Engine = Postgresql() if request.param == "postgresql" else Sqlite(tmp_path / "locks")
    root = tmp_path / "project"
    root.mkdir()
    return Project(root, packages, engine, url)


def names(session: Session) -> list[str]:
    return [t.name for t in session.catalogue(leave_out=HANDLER.ledger_tables).tables]


def test_what_drizzle_kit_generates_is_applied_by_either(project: Project) -> None:
    project.draw(users="id")
    assert "Your SQL migration file" in project.kit("generate", "--name", "first")
    (first,) = project.history()
    assert first.provider == project.engine.name
    with project.engine.connect(project.url, create=True) as session:
        project.apply(session, first)
    assert project.migrate() == "done\n"  # it finds nothing to do: the table would be there twice
    project.draw(users="id age", posts="id")
    assert "Your SQL migration file" in project.kit("generate", "--name", "second")
    assert project.migrate() == "done\n"
    with project.engine.connect(project.url) as session:
        assert project.states(session) == ["applied", "applied"]
        assert names(session) == ["posts", "users"]


def test_the_ledgers_are_equal(project: Project) -> None:
    """Made by the migrator, and made by us: read with the same eyes."""
    one = project.add("one", "CREATE TABLE one (a integer);")

    def shape(session: Session) -> str:
        return repr([t for t in session.catalogue().tables if t.name == "__drizzle_migrations"])

    def rows(session: Session) -> list[tuple[object, ...]]:
        schema = "" if project.engine.name == "sqlite" else "drizzle."
        found = f"SELECT id, hash, created_at FROM {schema}__drizzle_migrations"
        return session.query(found)

    assert project.migrate() == "done\n"
    with project.engine.connect(project.url) as session:
        theirs = (shape(session), rows(session))
        schema = "" if project.engine.name == "sqlite" else "drizzle."
        session.execute(f"DROP TABLE {schema}__drizzle_migrations")
        session.execute("DROP TABLE one")
        project.apply(session, one)
        assert (shape(session), rows(session)) == theirs


def test_a_migration_of_ours_runs_there_and_drizzle_kit_goes_on(project: Project) -> None:
    """It has an entry and no snapshot."""
    project.draw(users="id")
    project.kit("generate", "--name", "first")
    ours = project.add("backfill", "INSERT INTO users VALUES (1);", "DELETE FROM users;")
    assert ours.name == "0001_backfill"
    assert project.migrate() == "done\n"
    assert "Everything's fine" in project.kit("check")
    assert "No schema changes" in project.kit("generate", "--name", "nothing")
    project.draw(users="id age")
    assert "0002_third.sql" in project.kit("generate", "--name", "third")
    with project.engine.connect(project.url) as session:
        assert project.states(session) == ["applied", "applied", "pending"]
        project.apply(session, project.history()[-1])
        assert session.query("SELECT id, age FROM users") == [(1, None)]
    assert project.migrate() == "done\n"


def test_what_it_skips_in_silence_is_told(project: Project) -> None:
    project.add("one", "CREATE TABLE one (a integer);")
    project.add("three", "CREATE TABLE three (a integer);")
    assert project.migrate() == "done\n"
    project.add("two", "CREATE TABLE two (a integer);")
    whole = json.loads((project.folder / JOURNAL).read_text())
    first, second, late = whole["entries"]
    late["when"] = first["when"] + 1 if first["when"] + 1 < second["when"] else first["when"] - 1
    (project.folder / JOURNAL).write_text(json.dumps(whole))
    assert project.migrate() == "done\n"
    with project.engine.connect(project.url) as session:
        assert names(session) == ["one", "three"]
        assert project.states(session) == ["applied", "applied", "skipped_by_tool"]
        *_, skipped = HANDLER.status(project.history(), HANDLER.ledger(session))
    late["when"] = int(skipped.detail.partition("Set it to ")[2].split()[0])
    (project.folder / JOURNAL).write_text(json.dumps(whole))
    assert project.migrate() == "done\n"
    with project.engine.connect(project.url) as session:
        assert names(session) == ["one", "three", "two"]
        assert project.states(session) == ["applied"] * 3


def test_it_stays_content_beside_our_own_tables(project: Project) -> None:
    project.draw(users="id")
    project.kit("generate", "--name", "first")
    with project.engine.connect(project.url, create=True) as session:
        project.apply(session, project.history()[0])
        marker = Marker(
            target_id="0" * 32, database="main", environment="production", approvers=(),
            policy_digest="", server_digest="",
        )  # fmt: skip
        session.write_marker(marker)
    project.draw(users="id age")
    project.kit("generate", "--name", "second")
    assert project.migrate() == "done\n"
    with project.engine.connect(project.url) as session:
        assert project.states(session) == ["applied", "applied"]
        assert session.read_marker() == marker


def test_both_deploy_at_once(postgresql_url: str, tmp_path: Path, packages: Path) -> None:
    """Drizzle has no lock: one of the two fails whole, and each migration stands once."""
    (tmp_path / "project").mkdir()
    project = Project(tmp_path / "project", packages, Postgresql(), postgresql_url)
    for number in range(3):
        project.add(f"t{number}", f"CREATE TABLE t{number} (a integer);\nSELECT pg_sleep(0.2);")
    with project.engine.connect(project.url, limits=LIMITS) as session:
        with ThreadPoolExecutor(1) as threads:
            theirs = threads.submit(project.migrate)
            for migration in project.history():
                if migration.version not in {r.version for r in HANDLER.ledger(session)}:
                    try:
                        project.apply(session, migration)
                    except FaberDbError:
                        break  # Drizzle was there first
            theirs.result()
        assert project.migrate() == "done\n"
        assert project.states(session) == ["applied"] * 3
        rows = Counter(session.query("SELECT created_at FROM drizzle.__drizzle_migrations"))
        assert set(rows.values()) == {1}
        assert names(session) == ["t0", "t1", "t2"]


def test_each_takes_the_others_rows_of_1_for_its_own(project_of_1: Project) -> None:
    """What drizzle-kit generates, what we apply, what the migrator then finds to do, and back."""
    project = project_of_1
    project.draw(users="id")
    project.kit("generate", "--name", "first")
    (first,) = project.history()
    with project.engine.connect(project.url, create=True) as session:
        project.apply(session, first)
        ours = (shape_of_1(session), rows_of_1(session))
    assert project.migrate() == "done\n"  # it finds nothing to do: the table would be there twice
    with project.engine.connect(project.url) as session:
        table = session.query("SELECT count(*) FROM users")
        assert table == [(0,)]
        for name in reversed([*names(session), *project_tables(session)]):
            session.execute(f"DROP TABLE {name}")
    assert project.migrate() == "done\n"
    with project.engine.connect(project.url) as session:
        assert (shape_of_1(session), rows_of_1(session)) == ours
        assert project.states(session) == ["applied"]
    added = project.add("backfill", "INSERT INTO users VALUES (1);", "DELETE FROM users;")
    assert project.migrate() == "done\n"
    project.draw(users="id age")
    wait_past(added.version)
    project.kit("generate", "--name", "third")  # it goes on from its last snapshot
    with project.engine.connect(project.url) as session:
        assert session.query("SELECT id FROM users") == [(1,)]
        *_, last = project.history()
        assert last.version.endswith("third")
        assert sorted(project.states(session)) == ["applied", "applied", "pending"]
        project.apply(session, last)
        assert names(session) == ["users"]
    assert project.migrate() == "done\n"


def wait_past(version: str) -> None:
    """Until another second than that of a folder: drizzle-kit names by the clock alone."""
    while version >= f"{datetime.now(UTC):%Y%m%d%H%M%S}":
        time.sleep(0.1)


def project_tables(session: Session) -> list[str]:
    return [t.full_name for t in session.catalogue().tables if t.name == "__drizzle_migrations"]


def shape_of_1(session: Session) -> str:
    return repr([t for t in session.catalogue().tables if t.name == "__drizzle_migrations"])


def rows_of_1(session: Session) -> list[tuple[object, ...]]:
    (table,) = project_tables(session)
    return session.query(
        f"SELECT id, hash, created_at, name, applied_at IS NULL FROM {table} ORDER BY id"
    )


def test_1_runs_in_its_renamed_ledger(
    postgresql_url: str, tmp_path: Path, packages_of_1: Path
) -> None:
    """As drizzle-kit reads `migrations` of its configuration."""
    (tmp_path / "project").mkdir()
    project = Project(tmp_path / "project", packages_of_1, Postgresql(), postgresql_url)
    config = project.root / "drizzle.config.js"
    renamed = "migrations: { table: 'Done', schema: 'ops' } };"
    config.write_text(config.read_text().replace("} };", "}, " + renamed))
    project.draw(users="id")
    project.kit("generate", "--name", "first")
    handler = HANDLER.in_project(project.root, project.folder)
    (first,) = project.history()
    with project.engine.connect(project.url) as session:
        script = parse(first.up, session.dialect)
        handler.apply_one(session, first, script, now=datetime.now(UTC))
    said = project.kit("migrate")
    assert "applied successfully" in said, said
    with project.engine.connect(project.url) as session:
        assert session.query('SELECT name FROM ops."Done"') == [(first.name,)]
