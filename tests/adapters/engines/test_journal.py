"""Scripts that are not one transaction: what is told after the process was killed, and going on."""

import json
import os
import pkgutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest

from faber_db.adapters.engines.mysql import Mysql
from faber_db.adapters.engines.postgresql import Postgresql
from faber_db.adapters.engines.sqlite import Sqlite
from faber_db.errors import MigrationFailed, ResumeUnsafe
from faber_db.model.dialect import Dialect
from faber_db.model.migration import StatementRun
from faber_db.services.ports import Bound, Engine, Limits, Session
from faber_db.sql.script import parse

LEDGER = [Bound("INSERT INTO ledger VALUES (%s)", ("one",))]
QUICK = Limits(lock_timeout=timedelta(milliseconds=200), lock_retries=0)
PREPARE = "CREATE TABLE t (a int PRIMARY KEY, b int); CREATE TABLE ledger (v varchar(9))"

WORK = """
import json, sys
from datetime import timedelta
from pathlib import Path
from faber_db.adapters.engines.mysql import Mysql
from faber_db.adapters.engines.postgresql import Postgresql
from faber_db.adapters.engines.sqlite import Sqlite
from faber_db.services.ports import Bound
from faber_db.sql.script import parse
product, url, text, wrap, resume, locks = json.loads(sys.argv[1])
engine = {"postgresql": Postgresql, "mariadb": Mysql}.get(product, lambda: Sqlite(Path(locks)))()
def wait(run):
    print(run.line, flush=True)
    sys.stdin.readline()
with engine.connect(url) as session, session.deploy_lock(wait=timedelta(seconds=20)):
    session.run(
        parse(text, session.dialect), wrap=wrap, name="one", resume=resume,
        then=[Bound("INSERT INTO ledger VALUES (%s)", ("one",))], observe=wait,
    )
"""


class Place:
    def __init__(self, product: str, engine: Engine, url: str, locks: Path) -> None:
        self.product, self.engine, self.url, self.locks = product, engine, url, locks

    def killed_after(self, line: int, text: str, *, wrap: bool, resume: bool = False) -> None:
        """Run a script in a process of its own, and kill that once the statement of a line ran."""
        given = json.dumps([self.product, self.url, text, wrap, resume, str(self.locks)])
        command = [sys.executable, "-c", WORK, given]
        with subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as work:
            assert work.stdin
            assert work.stdout
            while (said := work.stdout.readline().strip()) != str(line):
                assert said, "it ended before"
                work.stdin.write("\n")
                work.stdin.flush()
            os.kill(work.pid, signal.SIGKILL)

    def session(self) -> Any:
        return self.engine.connect(self.url, create=self.product == "sqlite")


@pytest.fixture(
    params=["sqlite", *(pytest.param(p, marks=pytest.mark.slow) for p in ("postgresql", "mariadb"))]
)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    url: str = request.getfixturevalue(f"{request.param}_url")
    engines: dict[str, Engine] = {"postgresql": Postgresql(), "mariadb": Mysql()}
    engine = engines.get(request.param, Sqlite(tmp_path / "locks"))
    place = Place(request.param, engine, url, tmp_path / "locks")
    with place.session() as session:
        for statement in PREPARE.split(";"):
            session.execute(statement)
    return place


def resumed(session: Session, text: str, *, wrap: bool) -> list[int]:
    """Lines that ran when it went on."""
    ran = session.run(parse(text, session.dialect), wrap=wrap, then=LEDGER, name="one", resume=True)
    return [run.line for run in ran.statements]


def journal_is_gone(session: Session) -> bool:
    where = {
        Dialect.POSTGRESQL: "SELECT count(*) FROM pg_namespace WHERE nspname = 'faber_db'",
        Dialect.SQLITE: "SELECT count(*) FROM sqlite_schema WHERE name LIKE '_faber_db%%'",
    }.get(
        session.dialect,
        "SELECT count(*) FROM information_schema.tables"
        " WHERE table_schema = database() AND table_name LIKE '\\_faber\\_db%%'",
    )
    return session.query(where.replace("%%", "%")) == [(0,)]


STEPS = "INSERT INTO t VALUES (1, 1);\nCREATE TABLE n (a int);\nINSERT INTO t VALUES (2, 2);\nINSERT INTO n VALUES (3);"


@pytest.mark.parametrize("line", [2, *(pytest.param(n, marks=pytest.mark.slow) for n in (1, 3, 4))])
def test_killed_after_any_statement(place: Place, line: int) -> None:
    """What is told is what is there, and going on does the rest, once."""
    place.killed_after(line, STEPS, wrap=False)
    with place.session() as session, session.deploy_lock(wait=timedelta(seconds=20)):
        there = [
            ("line 1 ", bool(session.query("SELECT 1 FROM t WHERE a = 1"))),
            ("line 2 ", "n" in [t.name for t in session.catalogue().tables]),
            ("line 3 ", bool(session.query("SELECT 1 FROM t WHERE a = 2"))),
        ]
        said = session.interrupted().get("one", "")
        told = said.split("; ") if said else []
        for line_is, is_there in there:
            words = [part for part in told if part.startswith(line_is)]
            assert ("is in the database" in str(words)) is is_there, said
        ran = resumed(session, STEPS, wrap=False) if said else None
        if ran is not None:
            assert session.query("SELECT a FROM t ORDER BY a") == [(1,), (2,)]
            assert session.query("SELECT a FROM n") == [(3,)]
            assert session.query("SELECT v FROM ledger") == [("one",)]
            assert session.interrupted() == {}
    with place.session() as session:
        if said:
            assert journal_is_gone(session)


def test_nothing_is_left_of_a_run_that_ends_well(place: Place) -> None:
    with place.session() as session, session.deploy_lock(wait=timedelta(0)):
        session.run(parse(STEPS, session.dialect), wrap=False, then=LEDGER, name="one")
        assert session.interrupted() == {}
    with place.session() as session:
        assert journal_is_gone(session)


def test_a_failure_is_told_and_settled(place: Place) -> None:
    text = "CREATE TABLE n (a int);\nINSERT INTO missing VALUES (1);"
    with place.session() as session, session.deploy_lock(wait=timedelta(0)):
        with pytest.raises(MigrationFailed, match="in the database: line 1"):
            session.run(parse(text, session.dialect), wrap=False, then=LEDGER, name="one")
        said = "line 1 is in the database; line 2 failed, and left nothing"
        assert session.interrupted() == {"one": said}
        assert [t.name for t in session.catalogue().tables] == ["ledger", "n", "t"]
        session.settle("other")
        assert session.interrupted() == {"one": said}
        session.settle("one")
        assert session.interrupted() == {}
    with place.session() as session:
        assert journal_is_gone(session)


def test_no_going_on_without_a_journal(place: Place) -> None:
    with place.session() as session, pytest.raises(ResumeUnsafe):
        resumed(session, STEPS, wrap=False)


@pytest.mark.parametrize(
    "changed",
    [
        STEPS.replace("(1, 1)", "(1, 9)"),
        pytest.param(STEPS.partition("\n")[2], marks=pytest.mark.slow),
    ],
    ids=["another value", "a statement less"],
)
def test_no_going_on_with_another_script(sqlite_url: str, tmp_path: Path, changed: str) -> None:
    """The same code decides on every product."""
    place = Place("sqlite", Sqlite(tmp_path / "locks"), sqlite_url, tmp_path / "locks")
    with place.session() as session:
        for statement in PREPARE.split(";"):
            session.execute(statement)
    place.killed_after(3, STEPS, wrap=False)
    with place.session() as session:
        with pytest.raises(ResumeUnsafe, match="its text changed"):
            resumed(session, changed, wrap=False)
        assert session.query("SELECT v FROM ledger") == []


SESSION = {
    "a variable": ("SET search_path = s, public;\nCREATE TABLE n (a int);\nSELECT 1;", [3]),
    "a temporary table": ("CREATE TEMP TABLE n (a int);\nSELECT 1;\nSELECT 2;", None),
    "a function that sets": ("SELECT set_config('search_path', 's', false);\nSELECT 1;", None),
}


@pytest.mark.slow
@pytest.mark.parametrize(("text", "goes_on"), SESSION.values(), ids=SESSION)
def test_what_belongs_to_a_session(
    postgresql_url: str, tmp_path: Path, text: str, goes_on: list[int] | None
) -> None:
    place = Place("postgresql", Postgresql(), postgresql_url, tmp_path)
    with place.session() as session:
        session.execute("CREATE TABLE ledger (v text)")
        session.execute("CREATE SCHEMA s")
    place.killed_after(max(2, text.count("\n") + 1), text, wrap=False)
    with place.session() as session, session.deploy_lock(wait=timedelta(seconds=20)):
        if goes_on is None:
            with pytest.raises(ResumeUnsafe, match="for its session"):
                resumed(session, text, wrap=False)
        else:
            seen: list[object] = []
            script = parse(text, session.dialect)
            ran = session.run(
                script, wrap=False, then=LEDGER, name="one", resume=True,
                observe=lambda _: seen.extend(session.query("SHOW search_path")),
            )  # fmt: skip
            assert [run.line for run in ran.statements] == goes_on
            assert seen[-1] == ("s, public",)


BUILD = "INSERT INTO t VALUES (1, 1);\nCREATE INDEX CONCURRENTLY i ON t (b);\nINSERT INTO t VALUES (2, 2);"


@pytest.fixture
def busy(postgresql_url: str, tmp_path: Path) -> Iterator[tuple[Place, "psycopg.Connection"]]:
    """A table with a writer in a transaction, for which concurrent work waits."""
    with psycopg.connect(postgresql_url) as other:
        other.execute(PREPARE.encode())
        other.commit()
        other.execute("INSERT INTO t VALUES (7, 7)")
        yield Place("postgresql", Postgresql(), postgresql_url, tmp_path), other


def until(holds: Callable[[], object]) -> None:
    deadline = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)


WAITS = "SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE %s"


def cut_off(place: Place, text: str, statement: str, how: str) -> None:
    """Kill the process, or end its session, while the statement waits for the writer."""
    given = json.dumps([place.product, place.url, text, True, False, str(place.locks)])
    with (
        psycopg.connect(place.url, autocommit=True) as watch,
        subprocess.Popen(
            [sys.executable, "-c", WORK, given],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        ) as work,
    ):
        assert work.stdin
        work.stdin.write("\n\n\n")
        work.stdin.flush()
        until(lambda: watch.execute(WAITS, (f"%{statement}%",)).fetchall())
        if how == "killed":
            work.kill()
        else:
            watch.execute(
                "SELECT pg_terminate_backend(pid) FROM (" + WAITS + ") x", (f"%{statement}%",)
            )


CUT = {
    "its session ends": (
        "ended",
        "line 2 was under way, and left the invalid index public.i",
        [2, 3],
    ),
    "its client is killed": ("killed", "its index public.i is there and valid", [3]),
}


@pytest.mark.slow
@pytest.mark.parametrize(("how", "said", "lines"), CUT.values(), ids=CUT)
def test_a_concurrent_build_is_cut_off(
    busy: tuple[Place, "psycopg.Connection"], how: str, said: str, lines: list[int]
) -> None:
    """The server ends a build whose client is gone; an invalid index is built anew."""
    place, writer = busy
    cut_off(place, BUILD, "CREATE INDEX", how)
    writer.commit()
    with place.session() as session, session.deploy_lock(wait=timedelta(seconds=30)):
        told = session.interrupted()["one"]
        assert told.startswith("line 1 is in the database; ")
        assert said in told
        assert resumed(session, BUILD, wrap=True) == lines
        (index,) = [i for t in session.catalogue().tables for i in t.indexes]
        assert index.valid
        assert session.query("SELECT a FROM t ORDER BY a") == [(1,), (2,), (7,)]
        assert journal_is_gone(session)


@pytest.mark.slow
def test_a_concurrent_drop_is_cut_off(busy: tuple[Place, "psycopg.Connection"]) -> None:
    place, writer = busy
    writer.commit()
    text = "INSERT INTO t VALUES (1, 1);\nDROP INDEX CONCURRENTLY i;"
    with place.session() as session:
        session.execute("CREATE INDEX i ON t (b)")
    writer.execute("SELECT * FROM t")
    writer.execute("INSERT INTO t VALUES (8, 8)")
    cut_off(place, text, "DROP INDEX", "ended")
    writer.commit()
    with place.session() as session, session.deploy_lock(wait=timedelta(seconds=30)):
        assert "its index is still there" in session.interrupted()["one"]
        assert resumed(session, text, wrap=True) == [2]
        assert not [i for t in session.catalogue().tables for i in t.indexes]


@pytest.mark.slow
def test_what_a_block_did_is_not_known(busy: tuple[Place, "psycopg.Connection"]) -> None:
    place, writer = busy
    text = "INSERT INTO t VALUES (1, 1);\nDO $$ BEGIN COMMIT; UPDATE t SET b = 0; LOCK TABLE t; END $$;"
    cut_off(place, text, "DO ", "ended")
    writer.commit()
    with place.session() as session, session.deploy_lock(wait=timedelta(seconds=30)):
        assert "what it did is not known" in session.interrupted()["one"]
        with pytest.raises(ResumeUnsafe, match="line 2"):
            resumed(session, text, wrap=True)


def test_an_account_without_the_right_to_make_it(
    postgresql_url: str, busy: tuple[Place, "psycopg.Connection"]
) -> None:
    """Nothing runs before the journal is there."""
    _, writer = busy
    writer.commit()
    writer.execute("CREATE ROLE may_little; GRANT ALL ON ledger TO may_little")
    writer.commit()
    try:
        with Postgresql().connect(postgresql_url) as session:
            session.execute("SET ROLE may_little")
            with pytest.raises(MigrationFailed, match="permission denied") as caught:
                session.run(
                    parse("INSERT INTO ledger VALUES ('two'); VACUUM", session.dialect),
                    wrap=True, then=LEDGER, name="one",
                )  # fmt: skip
            assert caught.value.rolled_back
            assert session.query("SELECT v FROM ledger") == []
    finally:
        writer.execute("REVOKE ALL ON ledger FROM may_little; DROP ROLE may_little")
        writer.commit()


BATCHES = (
    "INSERT INTO n VALUES (-1);\n"
    "-- faber-db: batch 10\nUPDATE t SET b = b + 100 WHERE a <> 7;\n"
    "-- faber-db: batch 10\nINSERT INTO n SELECT a FROM t WHERE a > 40;\n"
    "-- faber-db: batch 25\nDELETE FROM t WHERE a <= 10;"
)
KEYS = {"integers": "int", "texts": "varchar(9)"}
SLOW: dict[str, list[pytest.MarkDecorator]] = {"integers": [], "texts": [pytest.mark.slow]}


@pytest.fixture(
    params=[pytest.param(kind, id=name, marks=SLOW[name]) for name, kind in KEYS.items()]
)
def filled(request: pytest.FixtureRequest, place: Place) -> Place:
    with place.session() as session:
        session.execute("DROP TABLE t")
        session.execute(f"CREATE TABLE t (a {request.param} PRIMARY KEY, b int)")
        session.execute("CREATE TABLE n (a int)")
        rows = ", ".join(f"('{a}', {a})" for a in range(1, 51))
        session.execute(f"INSERT INTO t VALUES {rows}")
    return place


def by_number(text: str, session: Session) -> str:
    """Keys that are texts are compared as numbers, where the script means numbers."""
    cast = {Dialect.MARIADB: "unsigned"}.get(session.dialect, "int")
    return (
        text.replace("a <> 7", f"CAST(a AS {cast}) <> 7")
        .replace("a > 40", f"CAST(a AS {cast}) > 40")
        .replace("SELECT a", f"SELECT CAST(a AS {cast})")
        .replace("a <= 10", f"CAST(a AS {cast}) <= 10")
    )


def is_done(session: Session) -> None:
    """Every row once, whatever was cut off."""
    cast = {Dialect.MARIADB: "unsigned"}.get(session.dialect, "int")
    left = session.query(f"SELECT CAST(a AS {cast}), b FROM t ORDER BY 1")
    assert left == [(a, a + 100) for a in range(11, 51)]
    found = [row[0] for row in session.query("SELECT a FROM n ORDER BY a")]
    assert found == [-1, *range(41, 51)]
    assert session.query("SELECT v FROM ledger") == [("one",)]
    assert session.interrupted() == {}


def test_batches(filled: Place) -> None:
    with filled.session() as session, session.deploy_lock(wait=timedelta(0)):
        seen: list[tuple[int, int]] = []
        script = parse(by_number(BATCHES, session), session.dialect)
        ran = session.run(
            script, wrap=True, then=LEDGER, name="one",
            observe=lambda run: seen.append((run.line, run.rows)),
        )  # fmt: skip
        assert [(run.line, run.rows) for run in ran.statements] == [
            (1, 1),
            (3, 49),
            (5, 10),
            (7, 10),
        ]
        assert len([line for line, _ in seen if line == 3]) == 5
        is_done(session)
    with filled.session() as session:
        assert journal_is_gone(session)


@pytest.mark.parametrize("line", [3, pytest.param(5, marks=pytest.mark.slow)])
def test_batches_go_on_after_a_kill(filled: Place, line: int) -> None:
    """Each key is worked on once, also of the batch after which the process was killed."""
    with filled.session() as session:
        text = by_number(BATCHES, session)
    filled.killed_after(line, text, wrap=True)  # after the first batch of that statement
    with filled.session() as session, session.deploy_lock(wait=timedelta(seconds=20)):
        said = session.interrupted()["one"]
        assert f"line {line} was under way in batches; " in said
        assert session.query("SELECT v FROM ledger") == []
        ((changed,),) = session.query("SELECT count(*) FROM t WHERE b > 100")
        assert 0 < int(str(changed)) <= (10 if line == 3 else 49)
        resumed(session, text, wrap=True)
        is_done(session)


REFUSED_BATCHES = {
    "no key": "-- faber-db: batch 10\nDELETE FROM n;",
    "it changes its key": "-- faber-db: batch 10\nUPDATE t SET a = b;",
    "another statement": "-- faber-db: batch 10\nDROP TABLE t;",
    "no number": "-- faber-db: batch\nUPDATE t SET b = 1;",
    "in a transaction": "BEGIN;\n-- faber-db: batch 10\nUPDATE t SET b = 1;\nCOMMIT;",
}


@pytest.mark.parametrize("text", REFUSED_BATCHES.values(), ids=REFUSED_BATCHES)
def test_batches_that_are_refused(place: Place, text: str) -> None:
    with place.session() as session:
        session.execute("CREATE TABLE n (a int)")
        session.execute("INSERT INTO t VALUES (1, 2)")
        with pytest.raises(MigrationFailed) as caught:
            session.run(parse(text, session.dialect), wrap=True, then=LEDGER, name="one")
        assert caught.value.rolled_back
        assert session.query("SELECT a, b FROM t") == [(1, 2)]
        assert session.interrupted() == {}
        assert session.query("SELECT v FROM ledger") == []


def test_a_batch_that_fails_is_told(place: Place) -> None:
    with place.session() as session:
        session.execute("INSERT INTO t VALUES (1, 1), (2, 2), (3, 3)")
        session.execute("CREATE TABLE n (a int NOT NULL)")
        text = "-- faber-db: batch 1\nINSERT INTO n SELECT nullif(a, 3) FROM t;"
        with pytest.raises(MigrationFailed) as caught:
            session.run(parse(text, session.dialect), wrap=True, then=LEDGER, name="one")
        assert not caught.value.rolled_back
        assert "2 rows of its first batches" in session.interrupted()["one"]
        session.execute("UPDATE t SET a = 4 WHERE a = 3")
        resumed(session, text, wrap=True)
        found = [row[0] for row in session.query("SELECT a FROM n ORDER BY a")]
        assert found == [1, 2]  # the row that came under a higher key is not of this run


def test_it_is_read_while_deployments_make_it_and_take_it_away(place: Place) -> None:
    over = threading.Event()

    def deploy() -> None:
        try:
            with place.session() as session:
                for number in range(20):
                    with session.deploy_lock(wait=timedelta(seconds=20)):
                        text = (
                            f"CREATE TABLE m{number} (a int);\nINSERT INTO t VALUES ({number}, 1);"
                        )
                        session.run(
                            parse(text, session.dialect), wrap=False, then=LEDGER, name="one"
                        )
        finally:
            over.set()

    with place.session() as session, ThreadPoolExecutor(1) as threads:
        deploying = threads.submit(deploy)
        while not over.is_set():
            session.interrupted()
        deploying.result()
        assert not session.interrupted()
        assert journal_is_gone(session)


AT_WORK = {
    "sqlite": "faber_db.adapters.engines.sqlite.session.SqliteSession._is_deployed_to",
    "postgresql": "faber_db.adapters.engines.postgresql.lock.is_held_by_another",
    "mariadb": "faber_db.adapters.engines.mysql.lock.is_held_by_another",
}
"""By product: what asks whether somebody deploys."""


def test_a_run_that_ends_well_while_it_is_read_was_not_cut_off(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its rows are seen, and then nobody deploys any more."""
    begun, go_on = threading.Event(), threading.Event()
    asks = pkgutil.resolve_name(AT_WORK[place.product])

    def pause(ran: StatementRun) -> None:
        if ran.line == 2:
            begun.set()
            assert go_on.wait(60)

    def deploy() -> None:
        with place.session() as session, session.deploy_lock(wait=timedelta(seconds=20)):
            alone = "CREATE TABLE o (a int)" if place.product == "mariadb" else "VACUUM"
            text = parse(f"CREATE TABLE n (a int);\n{alone};", session.dialect)
            session.run(text, wrap=False, then=LEDGER, name="one", observe=pause)

    with place.session() as session, ThreadPoolExecutor(1) as threads:
        deploying = threads.submit(deploy)
        assert begun.wait(60)
        assert "one" in session.interrupted()

        def asks_later(*given: object) -> bool:
            go_on.set()
            deploying.result()
            return bool(asks(*given))

        monkeypatch.setattr(AT_WORK[place.product], asks_later)
        assert session.interrupted() == {}
