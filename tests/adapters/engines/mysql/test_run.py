"""Scripts on MariaDB: what is kept after a failure is what the error and the journal say."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from faber_db.adapters.engines.mysql import Mysql, evidence
from faber_db.errors import (
    ConnectionLost,
    LockBusy,
    LockTimeout,
    MigrationFailed,
    NotSupported,
    StatementFailed,
)
from faber_db.model.dialect import Dialect
from faber_db.model.migration import StatementRun
from faber_db.model.target import Marker
from faber_db.services.ports import Bound, Limits, Session
from faber_db.sql.script import Script, parse

QUICK = Limits(lock_timeout=timedelta(seconds=1), lock_retries=0)
LEDGER = [Bound("INSERT INTO ledger VALUES (%s)", ("1",))]
MARKER = Marker(
    target_id="t1", environment="production", database="main", approvers=(), policy_digest="p",
    server_digest="s",
)  # fmt: skip


def script(text: str) -> Script:
    return parse(text, Dialect.MARIADB)


def prepare(session: Session) -> None:
    session.execute("CREATE TABLE t (a int PRIMARY KEY, b int) ENGINE=InnoDB")
    session.execute("INSERT INTO t VALUES (1, 5), (2, 5)")
    session.execute("CREATE TABLE plain (a int) ENGINE=MyISAM")
    session.execute("CREATE TABLE ledger (v varchar(9)) ENGINE=InnoDB")


# text, wrap, line that fails, whether nothing was kept, what the message says
FAILS = {
    "rows alone, in one transaction": (
        "INSERT INTO t VALUES (3, 3);\nINSERT INTO t VALUES (1, 1);", True, 2, True, "nothing was kept",
    ),
    "rows alone, each by itself": (
        "INSERT INTO t VALUES (3, 3);\nINSERT INTO t VALUES (1, 1);", False, 2, False,
        "in the database: line 1",
    ),
    "the first definition": ("ALTER TABLE t ADD c missing;\nSELECT 1;", True, 1, True, "nothing was kept"),
    "the second definition": (
        "CREATE TABLE n (a int);\nALTER TABLE t ADD c missing;", True, 2, False,
        "in the database: line 1; nothing of line 2, as the catalogue shows",
    ),
    "rows after a definition": (
        "CREATE TABLE n (a int);\nINSERT INTO n VALUES (1);\nINSERT INTO t VALUES (1, 1);", True, 3,
        False, "in the database: line 1; nothing of line 3",
    ),
    "a drop that does the half of it": (
        "DROP TABLE plain, missing;", True, 1, False, "of line 1: a part of it in the catalogue",
    ),
    "or replace, after the drop": (
        "CREATE OR REPLACE TABLE plain (a int, a int);",
        True,
        1,
        False,
        "of line 1: a part of it in the catalogue",
    ),
    "rows without transactions": (
        "INSERT INTO plain VALUES (7);\nINSERT INTO t VALUES (1, 1);", True, 2, False,
        "of line 2: rows in a table whose storage engine has no transactions",
    ),
    "own transaction": (
        "BEGIN;\nINSERT INTO t VALUES (3, 3);\nINSERT INTO t VALUES (1, 1);\nCOMMIT;", True, 3, True,
        "nothing was kept",
    ),
    "own transaction, cut by a definition": (
        "START TRANSACTION;\nINSERT INTO t VALUES (3, 3);\nCREATE TABLE n (a int);\n"
        "INSERT INTO t VALUES (1, 1);\nCOMMIT;", True, 4, False, "in the database: lines 2, 3",
    ),
    "setting a variable changes nothing": (
        "SET foreign_key_checks = 0;\nALTER TABLE t ADD c missing;", True, 2, True, "nothing was kept",
    ),
    "accounts are not in the catalogue that is looked at": (
        "CREATE USER one_of_two@nowhere, root@localhost;",
        True,
        1,
        False,
        "of line 1: not known",
    ),
    "what a procedure did is not known": ("CALL missing();", True, 1, False, "of line 1: not known"),
}  # fmt: skip


@pytest.mark.parametrize(("text", "wrap", "line", "rolled_back", "said"), FAILS.values(), ids=FAILS)
def test_failure_says_what_was_kept(
    mariadb_url: str, text: str, wrap: bool, line: int, rolled_back: bool, said: str
) -> None:
    counts = ["t", "plain"]
    with Mysql().connect(mariadb_url) as session:
        prepare(session)
        before = session.catalogue()
        rows = session.row_counts(counts)
        with pytest.raises(MigrationFailed) as caught:
            session.run(script(text), wrap=wrap, then=LEDGER, name="one")
        assert (caught.value.line, caught.value.rolled_back) == (line, rolled_back)
        assert said in caught.value.message
        same = session.catalogue() == before and session.row_counts(counts) == rows
        session.execute("DROP USER IF EXISTS one_of_two@nowhere")
        if "not known" not in said:
            assert same is rolled_back
        assert session.query("SELECT * FROM ledger") == []
        assert bool(session.interrupted()) is (not rolled_back and "plain VALUES" not in text)


def test_what_somebody_else_made_meanwhile_is_not_ours(
    mariadb_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another tool, which knows no lock of ours, makes the table just before our statement."""
    looks = evidence.look

    def look(connection: Any, names: tuple[str, ...]) -> str:
        digest = looks(connection, names)
        with Mysql().connect(mariadb_url) as other:
            other.execute("CREATE TABLE IF NOT EXISTS n (a int)")
        return digest

    monkeypatch.setattr(evidence, "look", look)
    with Mysql().connect(mariadb_url) as session:
        with pytest.raises(MigrationFailed, match="nothing was kept"):
            session.run(script("CREATE TABLE n (a int);"), wrap=True, then=(), name="one")
        assert not session.interrupted()


def test_done(mariadb_url: str) -> None:
    """Statements are sent as they are, the ledger follows, and nothing of ours is left."""
    text = "CREATE TABLE n (a varchar(20));\nINSERT INTO n VALUES ('100%s; \\\\ é') -- %d\n;"
    with Mysql().connect(mariadb_url) as session, session.deploy_lock(wait=timedelta(0)):
        prepare(session)
        seen: list[StatementRun] = []
        ran = session.run(script(text), wrap=True, then=LEDGER, observe=seen.append)
        assert session.query("SELECT a FROM n") == [("100%s; \\ é",)]
        assert [(s.line, s.rows) for s in ran.statements] == [(1, 0), (2, 1)]
        assert tuple(seen) == ran.statements
        assert session.query("SELECT v FROM ledger") == [("1",)]
        assert session.interrupted() == {}
    with Mysql().connect(mariadb_url) as session:
        assert session.query("SHOW TABLES LIKE '\\_faber%'") == []


def test_rows_and_ledger_in_one_transaction(mariadb_url: str) -> None:
    with Mysql().connect(mariadb_url) as session:
        prepare(session)
        with pytest.raises(MigrationFailed, match="nothing was kept"):
            session.run(
                script("INSERT INTO t VALUES (3, 3)"),
                wrap=True,
                then=[Bound("INSERT INTO ledger VALUES (%s)", ("x" * 99,))],
            )
        assert session.row_counts(["t"]) == {"t": 2}


REFUSED = {
    "tables locked": "LOCK TABLES t WRITE",
    "autocommit": "SET autocommit = 0",
    "chained commits": "SET SESSION completion_type = 1",
    "another database": "USE mysql",
    "a distributed transaction": "XA START 'a'",
    "limits of one statement": "SET STATEMENT max_statement_time = 0 FOR ALTER TABLE t ADD c int",
    "limits in a block": "BEGIN NOT ATOMIC SET lock_wait_timeout = 9000; ALTER TABLE t ADD c int; END",
    "a longer wait": "ALTER TABLE t WAIT 60 ADD c int",
    "a commit without a beginning": "COMMIT",
    "a transaction in another": "BEGIN; BEGIN; COMMIT",
    "the end of the session": "BEGIN; COMMIT RELEASE",
}


@pytest.mark.parametrize("text", REFUSED.values(), ids=REFUSED)
def test_refused_before_anything_runs(mariadb_url: str, text: str) -> None:
    with Mysql().connect(mariadb_url) as session:
        prepare(session)
        before = session.catalogue()
        with pytest.raises(MigrationFailed) as caught:
            session.run(script(f"CREATE TABLE n (a int);\n{text};"), wrap=True, then=LEDGER)
        assert caught.value.rolled_back
        assert caught.value.line == 2
        assert session.catalogue() == before


STOPPED = {
    "quotes": "SET sql_mode = 'ANSI_QUOTES'",
    "character set": "SET NAMES latin1",
    "the lock": "SELECT release_all_locks()",
}


@pytest.mark.parametrize("text", STOPPED.values(), ids=STOPPED)
def test_stopped_before_the_next_statement(mariadb_url: str, text: str) -> None:
    with (
        Mysql().connect(mariadb_url) as session,
        session.deploy_lock(wait=timedelta(0)),
    ):
        prepare(session)
        with pytest.raises(MigrationFailed) as caught:
            session.run(script(f"{text};\nCREATE TABLE n (a int);"), wrap=False, then=LEDGER)
        assert caught.value.line == 2
        assert "n" not in [t.name for t in session.catalogue().tables]
        assert session.query("SELECT * FROM ledger") == []


def test_variables_are_put_back_and_limits_hold(mariadb_url: str) -> None:
    limits = Limits(lock_timeout=timedelta(seconds=3), statement_timeout=timedelta(seconds=60))
    names = (
        "@@sql_mode, @@time_zone, @@foreign_key_checks, @@lock_wait_timeout, @@max_statement_time"
    )
    text = (
        "SET foreign_key_checks = 0, sql_mode = '', time_zone = '+05:00';\n"
        "SET lock_wait_timeout = 9999, max_statement_time = 0;\n"
        "CREATE TABLE seen AS SELECT @@lock_wait_timeout l, @@max_statement_time m,"
        " @@foreign_key_checks f;"
    )
    with Mysql().connect(mariadb_url, limits=limits) as session:
        prepare(session)
        before = session.query(f"SELECT {names}")
        session.run(
            script(text),
            wrap=True,
            then=[Bound("INSERT INTO ledger SELECT @@foreign_key_checks WHERE 1 = %s", (1,))],
        )
        assert session.query(f"SELECT {names}") == before
        assert session.query("SELECT * FROM seen WHERE (l, m, f) = (3, 60, 0)")
        assert session.query("SELECT v FROM ledger") == [("1",)]


def test_a_statement_takes_too_long(mariadb_url: str) -> None:
    """The limit holds for a definition too, which MySQL's own would not."""
    limits = Limits(statement_timeout=timedelta(seconds=1))
    with Mysql().connect(mariadb_url, limits=limits) as session:
        prepare(session)
        before = session.catalogue()
        start = time.monotonic()
        with pytest.raises(MigrationFailed) as caught:
            session.run(script("CREATE TABLE n AS SELECT sleep(60);"), wrap=True)
        assert time.monotonic() - start < 30
        assert caught.value.rolled_back
        assert session.catalogue() == before


@pytest.mark.parametrize("text", ["ALTER TABLE t ADD c int", "UPDATE t SET b = 6"])
def test_a_busy_table(mariadb_url: str, text: str) -> None:
    with (
        Mysql().connect(mariadb_url) as other,
        Mysql().connect(mariadb_url, limits=QUICK) as session,
    ):
        prepare(session)
        with other.transaction():
            other.execute("UPDATE t SET b = 7 WHERE a = 1")
            with pytest.raises(LockTimeout, match="nothing was kept"):
                session.run(script(text), wrap=True, then=LEDGER)
        assert session.interrupted() == {}
        session.run(script(text), wrap=True, then=LEDGER)
        assert session.query("SELECT count(*) FROM ledger") == [(1,)]


def test_busy_in_the_second_step(mariadb_url: str) -> None:
    """A lock that is not had after a definition was kept is a failure that says so."""
    with (
        Mysql().connect(mariadb_url) as other,
        Mysql().connect(mariadb_url, limits=QUICK) as session,
    ):
        prepare(session)
        with other.transaction():
            other.execute("UPDATE t SET b = 7 WHERE a = 1")
            with pytest.raises(MigrationFailed) as caught:
                session.run(
                    script("CREATE TABLE n (a int);\nALTER TABLE t ADD c int;"), wrap=True, name="x"
                )
        assert not caught.value.rolled_back
        assert session.interrupted() == {
            "x": "line 1 is in the database; line 2 failed, and left nothing"
        }


def test_tried_again_until_the_lock_is_free(mariadb_url: str) -> None:
    limits = Limits(lock_timeout=timedelta(seconds=1), lock_retries=20)
    with (
        Mysql().connect(mariadb_url) as other,
        Mysql().connect(mariadb_url, limits=limits) as session,
    ):
        prepare(session)
        other.execute("BEGIN")
        other.execute("UPDATE t SET b = 7 WHERE a = 1")
        later = threading.Timer(1.5, lambda: other.execute("ROLLBACK"))
        later.start()
        session.run(script("ALTER TABLE t ADD c int"), wrap=True, then=LEDGER)
        later.join()
        assert session.query("SELECT count(*) FROM ledger") == [(1,)]


def test_two_deployers(mariadb_url: str, new_mariadb: Callable[[], str]) -> None:
    with (
        Mysql().connect(mariadb_url) as one,
        Mysql().connect(mariadb_url) as two,
        Mysql().connect(new_mariadb()) as elsewhere,
    ):
        ((number,),) = one.query("SELECT connection_id()")
        with one.deploy_lock(wait=timedelta(0)):
            assert one.deploy_lock_holder() is None  # nobody else
            held = two.deploy_lock_holder()
            assert held is not None
            assert held.who.startswith(f"session {number}, root@localhost")
            with (
                pytest.raises(LockBusy, match=f"session {number}, root@localhost"),
                two.deploy_lock(wait=timedelta(milliseconds=200)),
            ):
                pytest.fail("two sessions hold one lock")
            with elsewhere.deploy_lock(wait=timedelta(0)):
                pass
        assert two.deploy_lock_holder() is None
        with two.deploy_lock(wait=timedelta(0)):
            pass


WORK = """
import sys
from datetime import timedelta
from faber_db.adapters.engines.mysql import Mysql
from faber_db.model.dialect import Dialect
from faber_db.services.ports import Bound
from faber_db.sql.script import parse
with Mysql().connect(sys.argv[1]) as session:
    with session.deploy_lock(wait=timedelta(0)):
        session.run(
            parse(sys.argv[2], Dialect.MARIADB), wrap=True, name="one",
            then=[Bound("INSERT INTO ledger VALUES (%s)", ("1",))],
            observe=lambda run: print(run.line, flush=True),
        )
        print("done", flush=True)
"""
SLOW = "CREATE TABLE slow AS SELECT sleep(2) s;"
STEPS = [
    "INSERT INTO t VALUES (3, 3);",
    "ALTER TABLE t ADD c int;",
    "INSERT INTO t VALUES (4, 4, 4);",
    "CREATE TABLE n (a int);",
]
# which step is slow, what the journal says when its session has ended, tables and rows then
KILLED = {
    "in the first transaction": (
        0, "INSERT INTO t SELECT 3, sleep(2);",
        "line 1 was under way in a transaction, which was rolled back", {"t"}, 2,
    ),
    "in the second definition": (
        3, SLOW,
        "line 1 is in the database; line 2 is in the database; line 3 is in the database;"
        " line 4 was under way, and the catalogue shows a change since: it is in the database",
        {"t", "slow"}, 4,
    ),
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize(("step", "text", "said", "tables", "rows"), KILLED.values(), ids=KILLED)
def test_the_client_is_killed(
    mariadb_url: str, step: int, text: str, said: str, tables: set[str], rows: int
) -> None:
    """The server goes on with a definition; the lock is held until it ends, then all is told."""
    steps = [*STEPS[:step], text, *STEPS[step + 1 :]]
    with Mysql().connect(mariadb_url) as session:
        prepare(session)
        command = [sys.executable, "-c", WORK, mariadb_url, "\n".join(steps)]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as work:
            until(lambda: "sleep" in str(session.query("SHOW PROCESSLIST")))
            os.kill(work.pid, signal.SIGKILL)
        assert "is under way, or its session has not ended yet" in str(session.interrupted())
        with pytest.raises(LockBusy), session.deploy_lock(wait=timedelta(0)):
            pass
        with session.deploy_lock(wait=timedelta(seconds=30)):
            assert session.interrupted() == {"one": said}
        there = {t.name for t in session.catalogue().tables}
        assert there == {*tables, "plain", "ledger"}
        assert session.row_counts(["t", "ledger"]) == {"t": rows, "ledger": 0}


@pytest.mark.slow
def test_the_client_is_killed_between_any_two_statements(mariadb_url: str) -> None:
    """After each step the journal says exactly what the catalogue and the rows say."""
    pause = "observe=lambda run: (print(run.line, flush=True), sys.stdin.readline()) and None"
    program = WORK.replace("observe=lambda run: print(run.line, flush=True)", pause)
    for killed_at in range(1, 5):
        with Mysql().connect(mariadb_url) as session:
            for table in ("t", "plain", "ledger", "n"):
                session.execute(f"DROP TABLE IF EXISTS {table}")
            prepare(session)
            command = [sys.executable, "-c", program, mariadb_url, "\n".join(STEPS)]
            with subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
            ) as work:
                assert work.stdin
                assert work.stdout
                for line in range(1, killed_at + 1):
                    assert work.stdout.readline() == f"{line}\n"
                    if line < killed_at:
                        work.stdin.write("\n")
                        work.stdin.flush()
                work.kill()
            with session.deploy_lock(wait=timedelta(seconds=30)):
                said = session.interrupted()["one"].split("; ")
            assert len(said) == killed_at
            columns = [c.name for c in session.catalogue().tables[-1].columns]
            tables = [t.name for t in session.catalogue().tables]
            facts = [
                bool(session.query("SELECT 1 FROM t WHERE a = 3")),
                "c" in columns,
                bool(session.query("SELECT 1 FROM t WHERE a = 4")),
                "n" in tables,
            ]
            claims = ["in the database" in words for words in said]
            assert claims == facts[:killed_at], said
            assert not any(facts[killed_at:])
            assert session.row_counts(["ledger"]) == {"ledger": 0}


def until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("CREATE TABLE n (a int);\nUPDATE t SET b = sleep(60);", "in the database: line 1"),
        ("CREATE TABLE n (a int);\nALTER TABLE t ADD c int DEFAULT 1, ADD d int;", "line 2"),
    ],
    ids=["rows", "definition"],
)
def test_the_server_ends_the_session(mariadb_url: str, text: str, said: str) -> None:
    limits = Limits(lock_timeout=timedelta(seconds=60))
    with (
        Mysql().connect(mariadb_url) as other,
        Mysql().connect(mariadb_url, limits=limits) as session,
    ):
        prepare(session)
        ((number,),) = session.query("SELECT connection_id()")
        with other.transaction():
            other.execute("UPDATE t SET b = 7 WHERE a = 1")  # so that the definition waits

            def end() -> None:
                with Mysql().connect(mariadb_url) as third:
                    question = (
                        f"SELECT info FROM information_schema.processlist WHERE id = {number}"
                    )
                    until(lambda: any(w in str(third.query(question)) for w in ("ALTER", "UPDATE")))
                    third.execute(f"KILL CONNECTION {number}")

            ending = threading.Thread(target=end)
            ending.start()
            with pytest.raises(ConnectionLost, match=said):
                session.run(script(text), wrap=True, then=LEDGER, name="one")
            ending.join()
        with other.deploy_lock(wait=timedelta(seconds=20)):
            said = other.interrupted()["one"]
        assert said.startswith("line 1 is in the database; line 2 was under way")
        assert "as it was before" in said or "rolled back" in said
        assert other.query("SELECT * FROM ledger") == []


def test_rehearsal(mariadb_url: str) -> None:
    with Mysql().connect(mariadb_url) as session:
        prepare(session)
        session.run(script("UPDATE t SET b = 9; DELETE FROM t;"), wrap=True, rehearse=True)
        assert session.query("SELECT a, b FROM t") == [(1, 5), (2, 5)]
        with pytest.raises(NotSupported):
            session.run(script("UPDATE t SET b = 9; DROP TABLE t;"), wrap=True, rehearse=True)
        assert session.query("SELECT a, b FROM t") == [(1, 5), (2, 5)]


def test_transaction_and_savepoint(mariadb_url: str) -> None:
    with Mysql().connect(mariadb_url) as session:
        prepare(session)
        with session.transaction():
            session.execute("INSERT INTO t VALUES (3, 3)")
            with pytest.raises(StatementFailed), session.transaction():
                insert_and_fail(session)
        assert session.query("SELECT a FROM t ORDER BY a") == [(1,), (2,), (3,)]


def insert_and_fail(session: Session) -> None:
    session.execute("INSERT INTO t VALUES (4, 4)")
    session.query("SELECT nothing")


def test_marker_and_approvals(mariadb_url: str) -> None:
    with Mysql().connect(mariadb_url) as session:
        assert session.read_marker() is None
        assert session.used_nonces() == []
        session.write_marker(MARKER)
        session.write_marker(MARKER.model_copy(update={"policy_digest": "q"}))
        assert session.use_nonce("n", "d", "2026-01-01T00:00:00Z")
        assert not session.use_nonce("n", "e", "2026-01-02T00:00:00Z")
        with session.transaction(), pytest.raises(StatementFailed):
            session.use_nonce("m", "d", "2026-01-01T00:00:00Z")
    with Mysql().connect(mariadb_url) as session:
        marker = session.read_marker()
        assert marker is not None
        assert marker.policy_digest == "q"
        assert session.identity().marker_id == "t1"
        assert session.used_nonces() == [("n", "d", "2026-01-01T00:00:00Z")]
        assert session.catalogue().tables == ()
        session.free_nonce("n")
        assert session.used_nonces() == []


def test_an_account_that_may_not_flush(mariadb_url: str) -> None:
    """A used approval must be on disk at once; where that cannot be had, it is not used."""
    with Mysql().connect(mariadb_url) as root:
        ((each,),) = root.query("SELECT @@innodb_flush_log_at_trx_commit")
        assert each != 1  # as the private server of the tests is
        database = mariadb_url.split("?")[0].rpartition("/")[2]
        root.execute("CREATE OR REPLACE USER weak@localhost")
        root.execute(f"GRANT ALL ON `{database}`.* TO weak@localhost")
        try:
            with (
                Mysql().connect(mariadb_url.replace("root@", "weak@")) as session,
                pytest.raises(Exception, match="innodb_flush_log_at_trx_commit is"),
            ):
                session.use_nonce("n", "d", "2026-01-01T00:00:00Z")
        finally:
            root.execute("DROP USER weak@localhost")
