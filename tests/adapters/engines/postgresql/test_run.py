import threading
from collections.abc import Callable
from datetime import timedelta

import psycopg
import pytest

from faber_db.adapters.engines.postgresql import Postgresql, run
from faber_db.errors import ConnectionLost, LockTimeout, MigrationFailed, NotSupported
from faber_db.model.dialect import Dialect
from faber_db.model.migration import StatementRun
from faber_db.services.ports import Bound, Limits
from faber_db.sql.script import Script, parse

QUICK = Limits(lock_timeout=timedelta(milliseconds=100), lock_retries=1)


def script(text: str) -> Script:
    return parse(text, Dialect.POSTGRESQL)


FAILS = {
    "bad statement": ("CREATE TABLE n (a int);\nSELECT 1/0", True, 2, True),
    "not wrapped": ("CREATE TABLE n (a int);\nSELECT 1/0", False, 2, False),
    "after a commit": ("BEGIN; CREATE TABLE n (a int); COMMIT;\nSELECT 1/0", True, 2, False),
    "own transaction": ("BEGIN;\nCREATE TABLE n (a int); SELECT 1/0; COMMIT", True, 2, True),
    "after what stands alone": (
        "CREATE INDEX CONCURRENTLY i ON t (a);\nSELECT 1/0",
        True,
        2,
        False,
    ),
    "deferred constraint": (
        "CREATE TABLE n (a int REFERENCES t DEFERRABLE INITIALLY DEFERRED);"
        "\nINSERT INTO n VALUES (77)",
        True,
        0,
        True,
    ),
    "unique index that cannot be": (
        "CREATE UNIQUE INDEX CONCURRENTLY i ON t (b)",
        True,
        1,
        True,
    ),
}


@pytest.mark.parametrize(("text", "wrap", "line", "rolled_back"), FAILS.values(), ids=FAILS)
def test_failure_says_what_was_kept(
    engine: Postgresql, postgresql_url: str, text: str, wrap: bool, line: int, rolled_back: bool
) -> None:
    ledger = [Bound("INSERT INTO ledger VALUES (%s)", ("1",))]
    with engine.connect(postgresql_url) as session:
        session.execute("CREATE TABLE t (a int PRIMARY KEY, b int)")
        session.execute("INSERT INTO t VALUES (1, 5), (2, 5)")
        session.execute("CREATE TABLE ledger (v text)")
        before = session.catalogue()
        with pytest.raises(MigrationFailed) as caught:
            session.run(script(text), wrap=wrap, then=ledger)
        assert (caught.value.line, caught.value.rolled_back) == (line, rolled_back)
        assert (session.catalogue() == before) is rolled_back
        assert session.query("SELECT * FROM ledger") == []


def test_statements_are_sent_as_they_are(engine: Postgresql, postgresql_url: str) -> None:
    text = "CREATE TABLE t (a text);\nINSERT INTO t VALUES ('100%s; \\ é') -- %d\n;"
    with engine.connect(postgresql_url) as session:
        seen: list[StatementRun] = []
        ran = session.run(script(text), wrap=True, observe=seen.append)
        assert session.query("SELECT a FROM t") == [("100%s; \\ é",)]
        assert [(s.line, s.rows) for s in ran.statements] == [(1, -1), (2, 1)]
        assert tuple(seen) == ran.statements


def test_the_ledger_stands_in_the_last_transaction(engine: Postgresql, postgresql_url: str) -> None:
    row = Bound("INSERT INTO ledger SELECT txid_current()::text WHERE 'a' = %s", ("a",))
    text = "CREATE TABLE t (x text); CREATE INDEX CONCURRENTLY i ON t (x); INSERT INTO t SELECT txid_current()::text"  # fmt: skip
    with engine.connect(postgresql_url) as session:
        session.execute("CREATE TABLE ledger (v text)")
        session.run(script(text), wrap=True, first=[row], then=[row])
        ((last,),) = session.query("SELECT x FROM t")
        assert session.query("SELECT v FROM ledger") == [(last,), (last,)]


LEAKS = {
    "search_path": "SELECT set_config('search_path', '', false)",
    "lock_timeout": "SET lock_timeout = 0",
    "statement_timeout": "SET statement_timeout = '99h'",
    "TimeZone": "SET TimeZone = 'Asia/Tokyo'",
    "role": "SET ROLE pg_monitor",
}


@pytest.mark.parametrize(("name", "text"), LEAKS.items(), ids=LEAKS)
def test_a_script_changes_nothing_for_the_ledger_or_the_next_one(
    engine: Postgresql, postgresql_url: str, name: str, text: str
) -> None:
    with engine.connect(postgresql_url) as session:
        session.execute("CREATE TABLE ledger (v text)")
        before = session.query(f"SHOW {name}")
        ledger = Bound(f"INSERT INTO ledger SELECT current_setting('{name}')")
        session.run(script(text), wrap=True, then=[ledger])
        assert session.query("SELECT v FROM ledger") == before
        assert session.query(f"SHOW {name}") == before
        session.run(script(text), wrap=False)
        assert session.query(f"SHOW {name}") == before


def test_a_script_chooses_the_isolation_of_its_transaction(
    engine: Postgresql, postgresql_url: str
) -> None:
    """Nothing of ours stands before it: it has to come before any query."""
    level = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ;\n"
    made = "CREATE TABLE t AS SELECT current_setting('transaction_isolation') AS level;\n"
    with engine.connect(postgresql_url) as session:
        session.run(parse(f"BEGIN;\n{level}{made}COMMIT;\n", session.dialect), wrap=True)
        assert session.query("SELECT level FROM t") == [("repeatable read",)]


def test_a_stricter_limit_is_kept(engine: Postgresql, postgresql_url: str) -> None:
    text = (
        "SET LOCAL lock_timeout = '5ms'; CREATE TABLE t AS SELECT current_setting('lock_timeout') v"
    )
    with engine.connect(postgresql_url) as session:
        session.run(script(text), wrap=True)
        assert session.query("SELECT v FROM t") == [("5ms",)]


BLOCKED = {
    "wrapped": ("ALTER TABLE t ADD b int", True),
    "own transaction": ("BEGIN; ALTER TABLE t ADD b int; COMMIT", True),
    "not wrapped": ("ALTER TABLE t ADD b int", False),
}
BUILDS = {
    "index": ("CREATE INDEX CONCURRENTLY i ON t (a)", True),
    "index without a name": ("CREATE INDEX CONCURRENTLY ON t (a)", True),
}


@pytest.mark.parametrize(("text", "wrap"), BLOCKED.values(), ids=BLOCKED)
def test_lock_timeout_keeps_nothing(
    engine: Postgresql, postgresql_url: str, text: str, wrap: bool
) -> None:
    with (
        engine.connect(postgresql_url, limits=QUICK) as session,
        psycopg.connect(postgresql_url) as other,
    ):
        session.execute("CREATE TABLE t (a int)")
        before = session.catalogue()
        other.execute("INSERT INTO t VALUES (1)")
        with pytest.raises(LockTimeout):
            session.run(script(text), wrap=wrap)
        other.rollback()
        assert session.catalogue() == before


def test_an_index_that_stays_blocked_is_named_and_replaced_later(
    engine: Postgresql, postgresql_url: str
) -> None:
    """Dropping it waits for the same writer, so it cannot be cleaned away at once."""
    with (
        engine.connect(postgresql_url, limits=QUICK) as session,
        psycopg.connect(postgresql_url) as other,
    ):
        session.execute("CREATE TABLE t (a int)")
        other.execute("INSERT INTO t VALUES (1)")
        with pytest.raises(MigrationFailed, match=r"invalid index public\.i") as caught:
            session.run(script("CREATE INDEX CONCURRENTLY i ON t (a)"), wrap=True)
        assert not caught.value.rolled_back
        other.commit()
        session.run(script("CREATE INDEX CONCURRENTLY i ON t (a)"), wrap=True)
        table = session.catalogue().table("t")
        assert table is not None
        assert [index.valid for index in table.indexes] == [True]


@pytest.mark.parametrize(("text", "wrap"), (BLOCKED | BUILDS).values(), ids=BLOCKED | BUILDS)
def test_a_retry_succeeds_once_the_lock_is_free(
    engine: Postgresql,
    postgresql_url: str,
    monkeypatch: pytest.MonkeyPatch,
    text: str,
    wrap: bool,
) -> None:
    """The pause between two tries is the moment when the other session ends."""
    with (
        engine.connect(postgresql_url, limits=QUICK) as session,
        psycopg.connect(postgresql_url) as other,
    ):
        session.execute("CREATE TABLE t (a int)")
        session.execute("CREATE TABLE ledger (v text)")
        other.execute("INSERT INTO t VALUES (1)")
        paused: list[float] = []

        def pause(seconds: float) -> None:
            paused.append(seconds)
            other.commit()

        monkeypatch.setattr(run, "sleep", pause)
        session.run(script(text), wrap=wrap, then=[Bound("INSERT INTO ledger VALUES ('x')")])
        assert len(paused) == 1
        assert session.query("SELECT * FROM ledger") == [("x",)]
        table = session.catalogue().table("t")
        assert table is not None
        assert [index.valid for index in table.indexes] == ([True] if "INDEX" in text else [])


def test_the_invalid_index_of_an_earlier_try_is_replaced(
    engine: Postgresql, postgresql_url: str
) -> None:
    with engine.connect(postgresql_url) as session:
        session.execute("CREATE TABLE t (a int)")
        session.execute("INSERT INTO t VALUES (1), (1)")
        with (
            pytest.raises(psycopg.errors.UniqueViolation),
            psycopg.connect(postgresql_url, autocommit=True) as other,
        ):
            other.execute('CREATE UNIQUE INDEX CONCURRENTLY "I x" ON t (a)')
        session.execute("DELETE FROM t")
        text = 'CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS "I x" ON public.t (a)'
        session.run(script(text), wrap=True)
        table = session.catalogue().table("t")
        assert table is not None
        assert [index.valid for index in table.indexes] == [True]


def test_a_lost_connection_says_so(engine: Postgresql, postgresql_url: str) -> None:
    with engine.connect(postgresql_url) as session:
        ((process,),) = session.query("SELECT pg_backend_pid()")

        def kill(_: StatementRun) -> None:
            with psycopg.connect(postgresql_url) as other:
                other.execute("SELECT pg_terminate_backend(%s, 5000)", (process,))

        with pytest.raises(ConnectionLost, match="rolls back"):
            session.run(script("CREATE TABLE t (a int); SELECT 1"), wrap=True, observe=kill)
    with engine.connect(postgresql_url) as session:
        assert session.catalogue().tables == ()


def test_statement_timeout(engine: Postgresql, postgresql_url: str) -> None:
    limits = Limits(statement_timeout=timedelta(seconds=1))
    with engine.connect(postgresql_url, limits=limits) as session:
        with pytest.raises(MigrationFailed) as caught:
            session.run(script("CREATE TABLE t (a int); SELECT pg_sleep(30)"), wrap=True)
        assert caught.value.rolled_back
        assert isinstance(caught.value.__cause__, psycopg.errors.QueryCanceled)


def test_cancel_from_another_thread(engine: Postgresql, postgresql_url: str) -> None:
    with engine.connect(postgresql_url) as session:

        def cancel(_: StatementRun) -> None:
            threading.Timer(0.1, session.cancel).start()

        with pytest.raises(MigrationFailed):
            session.run(script("SELECT 1; SELECT pg_sleep(30)"), wrap=True, observe=cancel)


REHEARSED: dict[str, tuple[str, bool]] = {
    "plain": ("CREATE TABLE n (a int); DROP TABLE t", True),
    "own transaction": ("BEGIN; CREATE TABLE n (a int); COMMIT; DROP TABLE t", True),
    "not wrapped": ("CREATE TABLE n (a int); DROP TABLE t", False),
}


@pytest.mark.parametrize(("text", "wrap"), REHEARSED.values(), ids=REHEARSED)
def test_rehearsal_leaves_nothing(
    engine: Postgresql, postgresql_url: str, text: str, wrap: bool
) -> None:
    with engine.connect(postgresql_url) as session:
        session.execute("CREATE TABLE t (a int)")
        before = session.catalogue()
        assert len(session.run(script(text), wrap=wrap, rehearse=True).statements) == 2
        assert session.catalogue() == before


CANNOT_REHEARSE = {
    "stands alone": "VACUUM",
    "new enum value": "ALTER TYPE e ADD VALUE 'b'; SELECT 'b'::e",
}


@pytest.mark.parametrize("text", CANNOT_REHEARSE.values(), ids=CANNOT_REHEARSE)
def test_what_cannot_be_rehearsed(engine: Postgresql, postgresql_url: str, text: str) -> None:
    with engine.connect(postgresql_url) as session:
        session.execute("CREATE TYPE e AS ENUM ('a')")
        with pytest.raises(NotSupported):
            session.run(script(text), wrap=False, rehearse=True)


def test_rehearsal_finds_deferred_constraints(engine: Postgresql, postgresql_url: str) -> None:
    with engine.connect(postgresql_url) as session:
        session.execute("CREATE TABLE t (a int PRIMARY KEY)")
        with pytest.raises(MigrationFailed):
            session.run(script(FAILS["deferred constraint"][0]), wrap=True, rehearse=True)


def test_on_every_version(
    engine: Postgresql, new_postgresql: Callable[..., str], postgresql_majors: tuple[int, ...]
) -> None:
    for major in postgresql_majors:
        with engine.connect(new_postgresql(major)) as session:
            assert session.server_version // 10000 == major
            session.run(script("CREATE TABLE t (a int)"), wrap=True)
            assert session.catalogue().table("t")


def test_a_block_that_commits_runs_outside_of_the_transaction(
    engine: Postgresql, postgresql_url: str
) -> None:
    text = (
        "CREATE TABLE t (a int);\nDO $$ BEGIN INSERT INTO t VALUES (1); COMMIT; END $$;\nSELECT 1/0"
    )
    with engine.connect(postgresql_url) as session:
        with pytest.raises(MigrationFailed):
            session.run(script(text), wrap=True)
        assert session.query("SELECT a FROM t") == [(1,)]
