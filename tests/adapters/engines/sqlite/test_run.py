import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from faber_db.adapters.engines.sqlite import Sqlite
from faber_db.errors import FaberDbError, LockTimeout, MigrationFailed, NotSupported
from faber_db.model.dialect import Dialect
from faber_db.model.migration import StatementRun
from faber_db.services.ports import Bound, Limits
from faber_db.sql.script import Script, parse

QUICK = Limits(lock_timeout=timedelta(milliseconds=50), lock_retries=1)


def script(text: str) -> Script:
    return parse(text, Dialect.SQLITE)


@pytest.fixture
def engine(tmp_path: Path) -> Sqlite:
    return Sqlite(tmp_path / "locks")


# As Prisma writes it for a change of a column, except that the PRAGMA is inside a transaction.
REBUILD = """
-- RedefineTables
PRAGMA defer_foreign_keys=ON;
PRAGMA foreign_keys=OFF;
CREATE TABLE "new_User" ("id" INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, "email" TEXT NOT NULL);
INSERT INTO "new_User" ("email", "id") SELECT coalesce("email", ''), "id" FROM "User";
DROP TABLE "User";
ALTER TABLE "new_User" RENAME TO "User";
PRAGMA foreign_keys=ON;
PRAGMA defer_foreign_keys=OFF;
"""
FAMILY = """
CREATE TABLE "User" ("id" INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, "email" TEXT);
CREATE TABLE "Post" ("id" INTEGER PRIMARY KEY, "userId" INTEGER NOT NULL
    REFERENCES "User" ("id") ON DELETE CASCADE);
INSERT INTO "User" VALUES (1, 'a'), (2, NULL);
INSERT INTO "Post" VALUES (10, 1), (11, 1), (12, 2);
"""
REBUILDS = {
    "wrapped": (REBUILD, True),
    "own transaction": ("BEGIN;" + REBUILD + "COMMIT;", True),
    "not wrapped": (REBUILD, False),
    "own transaction, not wrapped": ("BEGIN;" + REBUILD + "COMMIT;", False),
}


@pytest.mark.parametrize("keys_on", [False, True])
@pytest.mark.parametrize(("text", "wrap"), REBUILDS.values(), ids=REBUILDS)
def test_rebuild_keeps_every_child_row(
    engine: Sqlite, sqlite_url: str, text: str, wrap: bool, keys_on: bool
) -> None:
    with engine.connect(sqlite_url, create=True) as session:
        session.run(script(FAMILY), wrap=True)
        session.execute(f"PRAGMA foreign_keys = {int(keys_on)}")
        session.run(script(text), wrap=wrap)
        assert session.row_counts(["User", "Post"]) == {"User": 2, "Post": 3}
        assert session.query("PRAGMA foreign_key_check") == []
        assert session.query("PRAGMA foreign_keys") == [(int(keys_on),)]
        columns = session.catalogue().table("User")
        assert columns is not None
        assert columns.column("email") is not None
        assert not columns.columns[1].nullable


def test_the_danger_is_real(sqlite_url: str, tmp_path: Path) -> None:
    """Without the care above the same script empties the child table."""
    with closing(sqlite3.connect(tmp_path / "plain.db", isolation_level=None)) as plain:
        plain.executescript(FAMILY)
        plain.execute("PRAGMA foreign_keys = ON")
        plain.executescript("BEGIN;" + REBUILD + "COMMIT;")
        assert plain.execute('SELECT count(*) FROM "Post"').fetchone() == (0,)


FAILS = {
    "bad statement": ("CREATE TABLE t (a);\nINSERT INTO missing VALUES (1);", True, 2, True),
    "new orphan": ('DELETE FROM "User" WHERE id = 1', True, 0, True),
    "new orphan, not wrapped": ('DELETE FROM "User" WHERE id = 1', False, 0, False),
    "after a commit": ("BEGIN; CREATE TABLE t (a); COMMIT;\nSELECT nothing", True, 2, False),
    "first of several": ("BEGIN; SELECT nothing; COMMIT;\nSELECT 1", True, 1, True),
}


@pytest.mark.parametrize(("text", "wrap", "line", "rolled_back"), FAILS.values(), ids=FAILS)
def test_failure_says_what_was_kept(
    engine: Sqlite, sqlite_url: str, text: str, wrap: bool, line: int, rolled_back: bool
) -> None:
    with engine.connect(sqlite_url, create=True) as session:
        session.run(script(FAMILY), wrap=True)
        before = (session.catalogue().fingerprint(), session.row_counts(["User", "Post"]))
        with pytest.raises(MigrationFailed) as caught:
            session.run(
                script(text), wrap=wrap, then=[Bound('INSERT INTO "User" VALUES (9, %s)', ("x",))]
            )
        assert (caught.value.line, caught.value.rolled_back) == (line, rolled_back)
        after = (session.catalogue().fingerprint(), session.row_counts(["User", "Post"]))
        assert (after == before) is rolled_back


def test_violations_that_were_there_do_not_block(engine: Sqlite, sqlite_url: str) -> None:
    with engine.connect(sqlite_url, create=True) as session:
        session.run(script(FAMILY), wrap=True)
        session.execute('INSERT INTO "Post" VALUES (99, 77)')
        session.run(script("CREATE TABLE t (a)"), wrap=True)
        with pytest.raises(MigrationFailed):
            session.run(script('INSERT INTO "Post" VALUES (98, 76)'), wrap=True)


def test_ledger_rows_share_the_transaction(engine: Sqlite, sqlite_url: str) -> None:
    with engine.connect(sqlite_url, create=True) as session:
        session.execute("CREATE TABLE ledger (v)")
        row = Bound("INSERT INTO ledger VALUES (%s)", ("1",))
        with pytest.raises(MigrationFailed):
            session.run(script("CREATE TABLE t (a); SELECT nothing"), wrap=True, first=[row])
        assert session.query("SELECT * FROM ledger") == []
        seen: list[StatementRun] = []
        ran = session.run(
            script("CREATE TABLE t (a);\nINSERT INTO t VALUES (1), (2)"),
            wrap=True,
            then=[row],
            observe=seen.append,
        )
        assert session.query("SELECT * FROM ledger") == [("1",)]
        assert [(s.line, s.rows) for s in ran.statements] == [(1, -1), (2, 2)]
        assert tuple(seen) == ran.statements


def test_rehearsal_leaves_nothing(engine: Sqlite, sqlite_url: str) -> None:
    with engine.connect(sqlite_url, create=True) as session:
        session.run(script(FAMILY), wrap=True)
        before = session.catalogue()
        for text in (REBUILD, "BEGIN;" + REBUILD + "COMMIT;"):
            assert session.run(script(text), wrap=True, rehearse=True).statements
            assert session.catalogue() == before
        with pytest.raises(NotSupported):
            session.run(script("VACUUM"), wrap=True, rehearse=True)


def test_runs_inside_an_open_transaction(engine: Sqlite, sqlite_url: str) -> None:
    with engine.connect(sqlite_url, create=True) as session:
        with pytest.raises(MigrationFailed), session.transaction():
            session.run(script("CREATE TABLE t (a); SELECT nothing"), wrap=True)
        assert session.catalogue().table("t") is None
        with session.transaction():
            session.run(script("CREATE TABLE t (a)"), wrap=True)
        assert session.catalogue().table("t")


def test_lock_timeout_keeps_nothing_and_later_succeeds(
    engine: Sqlite, sqlite_url: str, tmp_path: Path
) -> None:
    with engine.connect(sqlite_url, create=True, limits=QUICK) as session:
        session.execute("CREATE TABLE t (a)")
        with closing(sqlite3.connect(tmp_path / "test.db", isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            with pytest.raises(LockTimeout):
                session.run(script("CREATE TABLE u (a)"), wrap=True)
            with pytest.raises(LockTimeout):
                session.run(script("INSERT INTO t VALUES (1)"), wrap=False)
            other.execute("ROLLBACK")
        session.run(script("CREATE TABLE u (a)"), wrap=True)


def test_a_retry_succeeds_once_the_lock_is_free(
    engine: Sqlite, sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The pause between two tries is the moment when the other writer ends."""
    from faber_db.adapters.engines.sqlite import run

    with (
        engine.connect(sqlite_url, create=True, limits=QUICK) as session,
        closing(sqlite3.connect(tmp_path / "test.db", isolation_level=None)) as other,
    ):
        session.execute("CREATE TABLE t (a)")
        other.execute("BEGIN IMMEDIATE")
        paused: list[float] = []

        def pause(seconds: float) -> None:
            paused.append(seconds)
            other.execute("COMMIT")

        monkeypatch.setattr(run, "sleep", pause)
        session.run(script("INSERT INTO t VALUES (1)"), wrap=True)
        assert len(paused) == 1
        assert session.row_counts(["t"]) == {"t": 1}


def test_statement_timeout(engine: Sqlite, sqlite_url: str) -> None:
    endless = (
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"
    )
    limits = Limits(statement_timeout=timedelta(milliseconds=100))
    with engine.connect(sqlite_url, create=True, limits=limits) as session:
        with pytest.raises(MigrationFailed) as caught:
            session.run(script(f"CREATE TABLE t (a);\n{endless}"), wrap=True)
        assert caught.value.rolled_back
        assert session.catalogue().tables == ()
        with pytest.raises(FaberDbError) as plain:
            session.query(endless)
        assert plain.value.code == "connection-statement-timeout"
