import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from faber_db.adapters.engines.sqlite import Sqlite
from faber_db.errors import (
    BackupDamaged,
    ConnectionFailed,
    FaberDbError,
    LockBusy,
    LockTimeout,
    MarkerUnreadable,
    RestoreFailed,
    StatementFailed,
)
from faber_db.model.target import Marker
from faber_db.services.ports import Limits, Session, never, silent

QUICK = Limits(lock_timeout=timedelta(milliseconds=50), lock_retries=0)
MARKER = Marker(
    target_id="t1", environment="production", database="main", approvers=(), policy_digest="p",
    server_digest="s",
)  # fmt: skip


@pytest.fixture
def engine(tmp_path: Path) -> Sqlite:
    return Sqlite(tmp_path / "locks", limits=QUICK)


ADDRESSES = {
    "plain": ("data/a.db", "data/a.db"),
    "sqlite": ("sqlite:data/a.db", "data/a.db"),
    "three slashes are relative": ("sqlite:///data/a.db", "data/a.db"),
    "file": ("file:./a.db", "a.db"),
    "Prisma's parameters": ("file:./a.db?connection_limit=1", "a.db"),
    "dots": ("sqlite:data/../b.db", "b.db"),
}


@pytest.mark.parametrize(("url", "path"), ADDRESSES.values(), ids=ADDRESSES)
def test_normalise_resolves_against_the_root(
    engine: Sqlite, tmp_path: Path, url: str, path: str
) -> None:
    assert engine.accepts(url)
    assert engine.normalise(url, tmp_path) == f"sqlite:{(tmp_path / path).resolve()}"


def test_absolute_forms(engine: Sqlite, tmp_path: Path) -> None:
    file = tmp_path / "a.db"
    file.touch()
    forms = [str(file), f"sqlite:{file}", f"sqlite:///{file}", f"sqlite://{file}", f"file:{file}"]
    for form in [*forms, f"file://{file}"]:
        assert engine.normalise(form, Path("/nowhere")) == f"sqlite:{file.resolve()}", form


def test_prisma_resolves_beside_its_schema(engine: Sqlite, tmp_path: Path) -> None:
    (tmp_path / "prisma").mkdir()
    (tmp_path / "prisma" / "schema.prisma").write_text(
        'datasource db {\n  provider = "sqlite"\n  url      = env("DATABASE_URL")\n}\n'
    )
    assert engine.normalise("file:./dev.db", tmp_path).endswith("/prisma/dev.db")
    (tmp_path / "dev.db").touch()
    assert engine.normalise("file:./dev.db", tmp_path) == f"sqlite:{tmp_path.resolve()}/dev.db"


def test_prisma_7_resolves_against_the_root(engine: Sqlite, tmp_path: Path) -> None:
    """It has no `url` in the schema; what another block says is not it."""
    (tmp_path / "prisma").mkdir()
    (tmp_path / "prisma" / "schema.prisma").write_text(
        'datasource db {\n  provider = "sqlite"\n}\nmodel Page {\n  url String @default("a=b")\n}\n'
    )
    root = tmp_path.resolve()
    assert engine.normalise("file:./dev.db", tmp_path) == f"sqlite:{root}/dev.db"
    (tmp_path / "prisma" / "dev.db").touch()
    assert engine.normalise("file:./dev.db", tmp_path) == f"sqlite:{root}/prisma/dev.db"
    (tmp_path / "dev.db").touch()
    assert engine.normalise("file:./dev.db", tmp_path) == f"sqlite:{root}/dev.db"


@pytest.mark.parametrize("url", ["postgresql://h/d", "mysql://h/d", "host=h dbname=d", ""])
def test_not_ours(engine: Sqlite, url: str) -> None:
    assert not engine.accepts(url)


BAD = {
    "missing file": "missing.db",
    "missing folder": "nowhere/missing.db",
    "folder": ".",
    "memory": ":memory:",
    "memory by URL": "file:x?mode=memory",
    "no database": "text.db",
}


@pytest.mark.parametrize("url", BAD.values(), ids=BAD)
def test_cannot_connect(
    engine: Sqlite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "text.db").write_text("no database at all, but longer than a header is\n" * 9)
    before = set(tmp_path.iterdir())
    with pytest.raises(ConnectionFailed) as caught, engine.connect(url):
        pass
    assert caught.value.hint
    assert set(tmp_path.iterdir()) == before


def test_read_only_refuses_writes(engine: Sqlite, sqlite_url: str) -> None:
    with engine.connect(sqlite_url, create=True) as session:
        session.execute("CREATE TABLE t (a)")
    with engine.connect(sqlite_url, read_only=True) as session:
        assert session.query("SELECT count(*) FROM t") == [(0,)]
        with pytest.raises(FaberDbError, match="connection-permission"):
            session.execute("INSERT INTO t VALUES (1)")


def test_query_and_execute(engine: Sqlite, sqlite_url: str) -> None:
    with engine.connect(sqlite_url, create=True) as session:
        session.execute("CREATE TABLE t (a, b)")
        assert session.execute("INSERT INTO t VALUES (%s, '100%%'), (%s, 'x')", (1, 2)) == 2
        assert session.query("SELECT b FROM t WHERE a = %s", (1,)) == [("100%",)]
        assert session.query("SELECT a FROM t WHERE b LIKE '%s'") == []
        with pytest.raises(StatementFailed):
            session.query("SELECT nothing")
        assert session.server_version > 3_000_000
        assert session.database_size() > 0
        assert session.sizes()["t"].rows == 2


def test_transaction_and_savepoint(engine: Sqlite, sqlite_url: str) -> None:
    with engine.connect(sqlite_url, create=True) as session:
        with session.transaction():
            session.execute("CREATE TABLE t (a)")
            with pytest.raises(StatementFailed), session.transaction():
                _insert_and_fail(session)
        assert session.row_counts(["t"]) == {"t": 0}


def test_identity_is_the_file(engine: Sqlite, tmp_path: Path) -> None:
    one, two = f"sqlite:{tmp_path / 'one.db'}", f"sqlite:{tmp_path / 'two.db'}"
    with engine.connect(one, create=True) as a, engine.connect(two, create=True) as b:
        assert a.identity() == a.identity()
        assert a.identity().server_digest != b.identity().server_digest
        a.write_marker(MARKER)
        assert a.identity().marker_id == "t1"


def test_marker_and_nonces(engine: Sqlite, sqlite_url: str) -> None:
    with engine.connect(sqlite_url, create=True) as session:
        assert session.read_marker() is None
        assert session.used_nonces() == []
        session.write_marker(MARKER)
        session.write_marker(MARKER.model_copy(update={"policy_digest": "q"}))
        assert session.use_nonce("n", "d", "2026-01-01T00:00:00Z")
        assert not session.use_nonce("n", "e", "2026-01-02T00:00:00Z")
        with session.transaction(), pytest.raises(StatementFailed):
            session.use_nonce("m", "d", "2026-01-01T00:00:00Z")
    with engine.connect(sqlite_url) as session:
        marker = session.read_marker()
        assert marker is not None
        assert marker.policy_digest == "q"
        assert session.used_nonces() == [("n", "d", "2026-01-01T00:00:00Z")]
        assert session.catalogue().tables == ()
        session.execute("UPDATE _faber_db_marker SET marker = '{}'")
        with pytest.raises(MarkerUnreadable):
            session.read_marker()


HOLD = """
import sys
from datetime import timedelta
from pathlib import Path
from faber_db.adapters.engines.sqlite import Sqlite
with Sqlite(Path(sys.argv[1])).connect(sys.argv[2]) as session:
    with session.deploy_lock(wait=timedelta(0)):
        print("held", flush=True)
        sys.stdin.read()
"""


def test_deploy_lock_names_its_holder_and_dies_with_it(
    engine: Sqlite, sqlite_url: str, tmp_path: Path
) -> None:
    with engine.connect(sqlite_url, create=True) as session:
        command = [sys.executable, "-c", HOLD, str(tmp_path / "locks"), sqlite_url]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
            assert holder.stdout is not None
            assert holder.stdout.readline() == b"held\n"
            found = session.deploy_lock_holder()
            assert found is not None
            assert found.who == f"process {holder.pid}"
            assert found.since is not None
            wait = timedelta(milliseconds=100)
            with (
                pytest.raises(LockBusy, match=f"process {holder.pid} since"),
                session.deploy_lock(wait=wait),
            ):
                pass
            holder.kill()
        with session.deploy_lock(wait=timedelta(seconds=5)):
            pass
        assert session.deploy_lock_holder() is None


def filled(engine: Sqlite, url: str, rows: int = 1000) -> None:
    with engine.connect(url, create=True) as session:
        session.execute("CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT)")
        session.execute("CREATE INDEX i ON t (b)")
        session.execute(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %s)"
            " INSERT INTO t SELECT i, hex(randomblob(40)) FROM n",
            (rows,),
        )


@pytest.mark.parametrize("journal", ["DELETE", "WAL"])
def test_dump_restore_swap(engine: Sqlite, sqlite_url: str, tmp_path: Path, journal: str) -> None:
    filled(engine, sqlite_url)
    with closing(sqlite3.connect(tmp_path / "test.db")) as reader:
        reader.execute(f"PRAGMA journal_mode = {journal}")
        expected = reader.execute("SELECT * FROM t ORDER BY a").fetchall()
        backup = tmp_path / "b" / "backup.part"
        backup.parent.mkdir()
        info = engine.dump(sqlite_url, backup, progress=silent, cancelled=never)
        assert info.format == "sqlite"
        assert backup.stat().st_mode & 0o777 == 0o600
        assert list(backup.parent.iterdir()) == [backup]
        engine.decode(backup)
        with engine.connect(sqlite_url) as session:
            session.execute("DELETE FROM t WHERE a > 10")
        inode = (tmp_path / "test.db").stat().st_ino
        copy = engine.restore_beside(sqlite_url, backup, progress=silent, cancelled=never)
        assert reader.execute("SELECT count(*) FROM t").fetchone() == (10,)
        undo = engine.swap(sqlite_url, copy)
        assert (tmp_path / "test.db").stat().st_ino == inode
        assert reader.execute("SELECT * FROM t ORDER BY a").fetchall() == expected
    kept = next(tmp_path.glob("test.before-restore-*.db"))
    assert kept.name in undo
    assert kept.stat().st_mode & 0o777 == 0o600
    with engine.connect(str(kept)) as session:
        assert session.row_counts(["t"]) == {"t": 10}
    assert not list(tmp_path.glob("test.restored-*"))


def test_dump_of_a_file_that_stays_locked(engine: Sqlite, sqlite_url: str, tmp_path: Path) -> None:
    filled(engine, sqlite_url)
    with closing(sqlite3.connect(tmp_path / "test.db", isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        with pytest.raises(LockTimeout):
            engine.dump(sqlite_url, tmp_path / "b", progress=silent, cancelled=never)


def test_swap_that_cannot_lock_changes_nothing(
    engine: Sqlite, sqlite_url: str, tmp_path: Path
) -> None:
    filled(engine, sqlite_url)
    backup = tmp_path / "backup"
    engine.dump(sqlite_url, backup, progress=silent, cancelled=never)
    copy = engine.restore_beside(sqlite_url, backup, progress=silent, cancelled=never)
    with closing(sqlite3.connect(tmp_path / "test.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(RestoreFailed):
            engine.swap(sqlite_url, copy)
        other.execute("ROLLBACK")
        assert other.execute("SELECT count(*) FROM t").fetchone() == (1000,)
    assert not list(tmp_path.glob("*before-restore*"))
    engine.drop_copy(copy)
    assert not list(tmp_path.glob("*restored*"))


DAMAGE: dict[str, Callable[[bytes], bytes]] = {
    "cut": lambda data: data[: len(data) // 2],
    "zeroed": lambda data: bytes(len(data)),
    "page overwritten": lambda data: data[:8192] + b"\xff" * 4096 + data[12288:],
    "header only": lambda data: data[:100],
}


@pytest.mark.parametrize("harm", DAMAGE)
def test_damaged_backups_are_noticed(
    engine: Sqlite, sqlite_url: str, tmp_path: Path, harm: str
) -> None:
    filled(engine, sqlite_url)
    backup = tmp_path / "backup"
    engine.dump(sqlite_url, backup, progress=silent, cancelled=never)
    backup.write_bytes(DAMAGE[harm](backup.read_bytes()))
    with pytest.raises(BackupDamaged):
        engine.decode(backup)
    with pytest.raises(RestoreFailed):
        engine.restore_beside(sqlite_url, backup, progress=silent, cancelled=never)
    assert not list(tmp_path.glob("*restored*"))


def test_a_backup_with_orphans_is_not_sound(
    engine: Sqlite, sqlite_url: str, tmp_path: Path
) -> None:
    with engine.connect(sqlite_url, create=True) as session:
        session.execute("CREATE TABLE p (a INTEGER PRIMARY KEY)")
        session.execute("CREATE TABLE c (a REFERENCES p)")
        session.execute("INSERT INTO c VALUES (7)")
    engine.dump(sqlite_url, tmp_path / "b", progress=silent, cancelled=never)
    with pytest.raises(RestoreFailed, match="refers to nothing"):
        engine.restore_beside(sqlite_url, tmp_path / "b", progress=silent, cancelled=never)


def _insert_and_fail(session: Session) -> None:
    assert session.execute("INSERT INTO t VALUES (1)") == 1
    session.query("SELECT nothing")
