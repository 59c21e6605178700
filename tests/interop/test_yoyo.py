"""The real yoyo accepts what the `yoyo` handler writes, and the other way round."""

import os
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import quote, urlencode

import pytest
from psycopg.conninfo import conninfo_to_dict

from faber_db.adapters.engines.mysql import Mysql, address
from faber_db.adapters.engines.postgresql import Postgresql
from faber_db.adapters.engines.sqlite import Sqlite
from faber_db.adapters.handlers.renamed_ledger import required_name
from faber_db.adapters.handlers.yoyo import Yoyo
from faber_db.errors import LockBusy
from faber_db.model.migration import Migration, SourceFile
from faber_db.services.ports import Engine, Session
from faber_db.sql.script import parse

pytestmark = pytest.mark.slow

PLACE = Path(__file__).parents[2] / ".cache" / "venv-yoyo"
PINNED = ("yoyo-migrations==9.0.0", "psycopg[binary]==3.3.9", "PyMySQL==1.2.4")
HANDLER = Yoyo()
FILES = {
    "0001.one.sql": "-- depends:\nCREATE TABLE one (a integer);",
    "0001.one.rollback.sql": "DROP TABLE one;",
    "0003.later.sql": "CREATE TABLE later (a integer);",
    "0002.two.sql": "-- why\n-- depends: 0001.one 0003.later\nALTER TABLE one ADD COLUMN b integer;",
    "0002.two.rollback.sql": "ALTER TABLE one DROP COLUMN b;",
}
ORDER = ["0001.one", "0003.later", "0002.two"]


@pytest.fixture(scope="session")
def python() -> Path:
    """An interpreter that has yoyo, installed once into the cache folder of the repository."""
    found = PLACE / "bin" / "python"
    if not (PLACE / "done").exists():
        subprocess.run([sys.executable, "-m", "venv", PLACE], check=True)
        command = [str(found), "-m", "pip", "install", "-q", *PINNED]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            if os.environ.get("CI"):
                pytest.fail(f"pip install failed: {done.stderr[-500:]}")
            pytest.skip("the pinned packages cannot be installed here")
        (PLACE / "done").touch()
    return found


class Project:
    """A folder on disk, seen by yoyo and by our handler."""

    def __init__(self, root: Path, python: Path, engine: Engine, url: str) -> None:
        self.python, self.engine, self.url = python, engine, url
        self.folder = root / "migrations"
        self.folder.mkdir()
        for name, text in FILES.items():
            (self.folder / name).write_text(text)

    @property
    def yoyo_url(self) -> str:
        """The same database as yoyo writes it."""
        if isinstance(self.engine, Sqlite):
            return "sqlite:///" + self.url.removeprefix("sqlite:")
        if isinstance(self.engine, Mysql):
            parts = address.parse(self.url)
            query = urlencode({"unix_socket": parts.socket}) if parts.socket else ""
            where = "" if parts.socket else f"{parts.host}:{parts.port}"
            password = f":{quote(parts.password)}" if parts.password else ""
            return f"mysql://{quote(parts.user)}{password}@{where}/{parts.database}?{query}"
        found = conninfo_to_dict(self.url)
        name = found.pop("dbname")
        return f"postgresql+psycopg:///{name}?{urlencode(found)}"

    def yoyo(self, *words: str) -> str:
        command = [str(self.python), "-m", "yoyo", *words, "--batch", "--no-config-file", "-d"]
        done = subprocess.run(
            [*command, self.yoyo_url, str(self.folder)], capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def listed(self) -> str:
        """`AU-` for applied and unapplied, in yoyo's order."""
        lines = [line.split() for line in self.yoyo("list").splitlines()[2:]]
        return " ".join(f"{state}:{name}" for state, name, *_ in lines)

    def history(self) -> tuple[Migration, ...]:
        files = [SourceFile(p.name, p.read_bytes()) for p in sorted(self.folder.iterdir())]
        return HANDLER.parse(files)

    def states(self, session: Session) -> str:
        found = HANDLER.status(self.history(), HANDLER.ledger(session))
        return " ".join(f"{s.state.value[0].upper()}:{s.version}" for s in found)

    def apply(self, session: Session, migration: Migration) -> None:
        script = parse(migration.up, session.dialect)
        with HANDLER.lock(session, wait=timedelta(0)):
            HANDLER.apply_one(session, migration, script, now=datetime.now(UTC))


@pytest.fixture(params=["sqlite", "postgresql", "mariadb"])
def project(
    request: pytest.FixtureRequest, python: Path, tmp_path: Path
) -> Callable[[str], Project]:
    """Makes a project with a database of its own each time."""
    product: str = request.param
    engines: dict[str, Engine] = {"postgresql": Postgresql(), "mariadb": Mysql()}

    def make(name: str) -> Project:
        (tmp_path / name).mkdir()
        if product == "sqlite":
            url = f"sqlite:{tmp_path / name / 'a.db'}"
            return Project(tmp_path / name, python, Sqlite(tmp_path / "locks"), url)
        url = request.getfixturevalue(f"new_{product}")()
        return Project(tmp_path / name, python, engines[product], url)

    return make


def test_each_goes_on_where_the_other_stopped(project: Callable[[str], Project]) -> None:
    ours, theirs = project("ours"), project("theirs")
    with ours.engine.connect(ours.url, create=True) as session:
        first, second, third = ours.history()
        assert [m.version for m in ours.history()] == ORDER
        ours.apply(session, first)
        ours.apply(session, second)
        assert ours.listed() == "A:0001.one A:0003.later U:0002.two"
        ours.yoyo("apply")
        assert ours.states(session) == "A:0001.one A:0003.later A:0002.two"
        HANDLER.roll_back(
            session, third, parse(third.down or "", session.dialect), now=datetime.now(UTC)
        )
        assert ours.listed() == "A:0001.one A:0003.later U:0002.two"
        ours.yoyo("apply")
        log = "SELECT migration_id, operation FROM _yoyo_log ORDER BY created_at_utc"
        assert [f"{one} {two}" for one, two in session.query(log)] == [
            "0001.one apply",
            "0003.later apply",
            "0002.two apply",
            "0002.two rollback",
            "0002.two apply",
        ]
    theirs.yoyo("apply", "-m", "0001")
    with (
        theirs.engine.connect(theirs.url, create=True) as session,
        ours.engine.connect(ours.url) as other,
    ):
        assert theirs.states(session) == "A:0001.one P:0003.later P:0002.two"
        for migration in theirs.history()[1:]:
            theirs.apply(session, migration)
        assert theirs.listed() == "A:0001.one A:0003.later A:0002.two"
        at = [row.applied_at for row in HANDLER.ledger(session)]
        assert all(abs(datetime.now(UTC) - one) < timedelta(minutes=5) for one in at if one)
        made = {t.name: t for t in session.catalogue().tables if "yoyo" in t.name}
        same = {t.name: t for t in other.catalogue().tables if "yoyo" in t.name}
        assert set(made) == {*HANDLER.ledger_tables}
        assert made == same


LOCK = """
import sys, yoyo
backend = yoyo.get_backend(sys.argv[1])
try:
    with backend.lock(timeout=0.2):
        print("had it", flush=True)
        sys.stdin.readline()
except yoyo.exceptions.LockTimeout as error:
    print(error)
"""


def test_one_waits_for_the_lock_of_the_other(project: Callable[[str], Project]) -> None:
    one = project("one")
    one.yoyo("list")
    command = [str(one.python), "-c", LOCK, one.yoyo_url]
    with one.engine.connect(one.url) as session:
        with HANDLER.lock(session, wait=timedelta(0)):
            done = subprocess.run(
                command, capture_output=True, text=True, check=False, input="\n", timeout=60
            )
            assert f"Process {os.getpid()} has locked this database" in done.stdout, done.stderr
        with subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as holder:
            assert holder.stdout is not None
            assert holder.stdout.readline() == "had it\n"
            (note,) = HANDLER.notes(session, (), ())
            assert (note.code, note.blocks) == ("tool-lock-held", False)
            with (
                pytest.raises(LockBusy, match=f"process {holder.pid}, which lives"),
                HANDLER.lock(session, wait=timedelta(0)),
            ):
                pytest.fail("two hold one row")
            holder.kill()
        (note,) = HANDLER.notes(session, (), ())
        assert (note.code, note.blocks) == ("lock-row-stuck", True)
        assert f"process {holder.pid}, which does not live" in note.message
        one.yoyo("break-lock")
        assert HANDLER.notes(session, (), ()) == ()
        with HANDLER.lock(session, wait=timedelta(0)):
            pass


def test_in_a_ledger_of_another_name(project: Callable[[str], Project]) -> None:
    """As `--migration-table` has it; its other tables keep their names."""
    place = project("renamed")
    handler = HANDLER.with_ledger(required_name("Done"))
    with place.engine.connect(place.url, create=True) as session:
        first = place.history()[0]
        script = parse(first.up, session.dialect)
        handler.apply_one(session, first, script, now=datetime.now(UTC))
    said = place.yoyo("list", "--migration-table", "Done")
    assert [line.split()[0] for line in said.splitlines()[2:]] == ["A", "U", "U"]
    place.yoyo("apply", "--migration-table", "Done")
    with place.engine.connect(place.url) as session:
        states = handler.status(place.history(), handler.ledger(session))
        assert [s.state.value for s in states] == ["applied"] * 3
