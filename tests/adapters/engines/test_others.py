"""Sessions in the way of a migration are named and waited for; so are replicas that are behind."""

import os
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest

from faber_db.adapters.engines.mysql import Mysql
from faber_db.adapters.engines.postgresql import Postgresql, binaries
from faber_db.adapters.shadows.private_postgresql import PrivatePostgresql
from faber_db.errors import LockBlocked, ReplicaBehind
from faber_db.executor.quiet import Patience, wait_for_blockers, wait_for_replicas
from faber_db.services.ports import Session, never, silent

pytestmark = pytest.mark.slow

AT_ONCE = Patience(
    old=timedelta(0), blockers=timedelta(0), replicas=timedelta(0), behind_bytes=100_000
)


@pytest.fixture
def postgresql(postgresql_url: str) -> Iterator[tuple[Session, str]]:
    with Postgresql().connect(postgresql_url) as session:
        session.execute("CREATE TABLE t (a int)")
        session.execute("CREATE TABLE u (a int)")
        session.execute("CREATE SCHEMA s")
        session.execute("CREATE TABLE s.v (a int)")
        yield session, postgresql_url


def test_who_is_in_the_way_on_postgresql(postgresql: tuple[Session, str]) -> None:
    session, url = postgresql
    with (
        psycopg.connect(url, application_name="metabase") as reader,
        psycopg.connect(url, application_name="elsewhere") as other,
    ):
        reader.execute("SELECT * FROM t WHERE 'postgresql://u:secret@h/d' <> ''")
        reader.execute("SELECT * FROM s.v")
        other.execute("SELECT * FROM u")
        (found,) = session.blockers(["t", "s.v"])
        assert (found.session, found.application) == (str(reader.info.backend_pid), "metabase")
        assert (found.idle, found.tables, found.user) == (True, ("s.v", "t"), "postgres")
        assert found.since is not None
        assert "SELECT * FROM s.v" in found.doing
        assert [b.application for b in session.blockers(["u"])] == ["elsewhere"]
        assert session.blockers(["nothing"]) == session.blockers([]) == ()
        reader.execute("SELECT 'postgresql://u:secret@h/d', * FROM t")
        assert "secret" not in session.blockers(["t"])[0].doing
        reader.rollback()
        assert session.blockers(["t"]) == ()


def test_a_prepared_transaction_is_in_the_way(postgresql: tuple[Session, str]) -> None:
    session, url = postgresql
    with psycopg.connect(url, autocommit=True) as other:
        other.execute("BEGIN")
        other.execute("INSERT INTO t VALUES (1)")
        other.execute("PREPARE TRANSACTION 'left behind'")
        found = session.blockers(["t"])
        other.execute("ROLLBACK PREPARED 'left behind'")
        assert [(b.session, b.idle) for b in found] == [("prepared left behind", True)]
        assert session.blockers(["t"]) == ()


def test_who_is_in_the_way_on_mariadb(new_mariadb: Callable[[], str]) -> None:
    url = new_mariadb()
    with (
        Mysql().connect(url) as session,
        Mysql().connect(url) as reader,
        Mysql().connect(new_mariadb()) as elsewhere,
    ):
        session.execute("CREATE TABLE t (a int) ENGINE=InnoDB")
        elsewhere.execute("CREATE TABLE t (a int) ENGINE=InnoDB")
        assert session.blockers(["t"]) == ()
        with reader.transaction(), elsewhere.transaction():
            reader.query("SELECT * FROM t")
            elsewhere.query("SELECT * FROM t")
            ((number,),) = reader.query("SELECT connection_id()")
            until(lambda: bool(session.blockers(["t"])))
            (found,) = session.blockers(["t"])
            assert found.session == str(number)
            assert found.since is not None
            with pytest.raises(LockBlocked, match=f"session {number} "):
                wait_for_blockers(
                    session, ["t"], progress=silent, cancelled=never, patience=AT_ONCE
                )
            session.execute("INSTALL SONAME 'metadata_lock_info'")
            try:
                assert [b.tables for b in session.blockers(["t", "u"])] == [("t",)]
                assert session.blockers(["u"]) == ()
            finally:
                session.execute("UNINSTALL SONAME 'metadata_lock_info'")
        until(lambda: session.blockers(["t"]) == ())


def test_an_old_transaction_is_waited_for_or_named(postgresql: tuple[Session, str]) -> None:
    session, url = postgresql
    with psycopg.connect(url, application_name="metabase") as other:
        other.execute("SELECT * FROM t")
        with pytest.raises(LockBlocked) as caught:
            wait_for_blockers(session, ["t"], progress=silent, cancelled=never, patience=AT_ONCE)
        for words in (str(other.info.backend_pid), "metabase", "idle in transaction since", " t"):
            assert words in caught.value.message
        young = Patience(blockers=timedelta(0))
        wait_for_blockers(session, ["t"], progress=silent, cancelled=never, patience=young)
        said: list[str] = []

        def progress(words: str) -> None:
            said.append(words)
            other.rollback()

        patient = Patience(old=timedelta(0))
        wait_for_blockers(session, ["t"], progress=progress, cancelled=never, patience=patient)
        (words,) = said
        assert words.startswith("waiting for session ")


_PAUSED = "SELECT pg_get_wal_replay_pause_state()"


@contextmanager
def standby(primary: PrivatePostgresql, folder: Path, bin_folder: Path) -> Iterator[str]:
    """A real replica that streams; the URL of its server."""
    folder.chmod(0o711)  # another account's server passes through it
    data = folder / "standby"
    with psycopg.connect(primary.url(), autocommit=True) as connection:
        connection.execute("SELECT pg_backup_start('standby', true)")
        shutil.copytree(primary.data, data, ignore=shutil.ignore_patterns("postmaster.*"))
        row = connection.execute("SELECT labelfile FROM pg_backup_stop()").fetchone()
        assert row
    (data / "backup_label").write_text(row[0])
    (data / "standby.signal").touch()
    host = primary.socket.parent
    with (data / "postgresql.auto.conf").open("a") as settings:
        settings.write(
            f"primary_conninfo = 'host={host} user=postgres application_name=replica_one'\n"
        )
    data.chmod(0o700)
    owner = primary.data.stat()
    for path in (data, *data.rglob("*")):
        os.chown(path, owner.st_uid, owner.st_gid)
    with PrivatePostgresql(bin_folder, data_folder=data) as server:
        yield server.url()


@pytest.mark.parametrize("major", [15, 17])
def test_a_replica_that_is_behind(major: int) -> None:
    fitting = [b for b in binaries.find("initdb") if b.major == major]
    assert fitting, f"no PostgreSQL {major} to start"
    folder = fitting[0].folder
    with (
        tempfile.TemporaryDirectory(prefix="fdbt") as kept,
        PrivatePostgresql(folder) as primary,
        standby(primary, Path(kept), folder) as replica_url,
        Postgresql().connect(primary.url()) as session,
        psycopg.connect(replica_url, autocommit=True) as replica,
    ):
        session.execute("CREATE TABLE t (a text)")
        until(lambda: bool(session.replica_lag()))
        until(lambda: (session.replica_lag()[0].bytes or 0) == 0)
        wait_for_replicas(session, progress=silent, cancelled=never, patience=AT_ONCE)
        replica.execute("SELECT pg_wal_replay_pause()")  # is a request
        until(lambda: replica.execute(_PAUSED).fetchone() == ("paused",))
        session.execute("INSERT INTO t SELECT repeat('x', 1000) FROM generate_series(1, 1000)")
        until(lambda: (session.replica_lag()[0].bytes or 0) > 100_000)  # once the WAL is written
        (lag,) = session.replica_lag()
        assert lag.name == "replica_one"
        with pytest.raises(ReplicaBehind, match="replica_one"):
            wait_for_replicas(session, progress=silent, cancelled=never, patience=AT_ONCE)
        going = threading.Timer(0.7, lambda: replica.execute("SELECT pg_wal_replay_resume()"))
        going.start()
        patient = Patience(behind_bytes=100_000)
        wait_for_replicas(session, progress=silent, cancelled=never, patience=patient)
        going.join()
        assert (session.replica_lag()[0].bytes or 0) <= 100_000


def until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.2)  # asked more often, MariaDB answers from its memory
