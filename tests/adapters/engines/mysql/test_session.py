import threading
from collections.abc import Callable
from datetime import timedelta

import pytest

from faber_db.adapters.engines.mysql import Mysql, address
from faber_db.adapters.engines.mysql.connect import server_of
from faber_db.errors import (
    ConnectionFailed,
    ConnectionRefusedByServer,
    FaberDbError,
    LockTimeout,
    MarkerUnreadable,
    NotSupported,
    PermissionMissing,
    StatementFailed,
    StatementTimeout,
)
from faber_db.model.dialect import Dialect
from faber_db.services.ports import Limits, TableSize

Fill = Callable[[str], str]
SHORT = Limits(lock_timeout=timedelta(milliseconds=900), statement_timeout=timedelta(seconds=3))


def test_who_answers(mariadb_url: str) -> None:
    with Mysql().connect(mariadb_url) as session:
        assert session.dialect is Dialect.MARIADB
        assert session.server_version >= 100600
        assert session.server_label.startswith("MariaDB ")
        identity = session.identity()
    assert identity.product == "mariadb"
    assert identity.parts["database"] == address.parse(mariadb_url).database
    assert identity.parts["server_uid"]
    assert identity.missing == ()
    assert set(identity.bound) >= {"role", "sql_mode", "timezone"}


def test_identity_is_of_the_database(new_mariadb: Callable[[], str]) -> None:
    digests = []
    for url in (one := new_mariadb(), one, new_mariadb()):
        with Mysql().connect(url) as session:
            digests.append(session.identity().server_digest)
    assert digests[0] == digests[1] != digests[2]


SERVERS = {
    "10.11.19-MariaDB-0+deb12u1": (Dialect.MARIADB, 101119, "MariaDB 10.11.19"),
    "5.5.5-11.4.2-MariaDB": (Dialect.MARIADB, 110402, "MariaDB 11.4.2"),
    "8.0.36-28": (Dialect.MYSQL, 80036, "MySQL 8.0.36"),
    "8.4.0": (Dialect.MYSQL, 80400, "MySQL 8.4.0"),
}


@pytest.mark.parametrize("version", SERVERS)
def test_versions(version: str) -> None:
    found = server_of(version)
    assert (found.dialect, found.version, found.label) == SERVERS[version]


@pytest.mark.parametrize("version", ["8.0.11-TiDB-v7.5.1", "5.7.44", "10.3.39-MariaDB", "shell"])
def test_other_servers_are_refused(version: str) -> None:
    with pytest.raises(NotSupported):
        server_of(version)


def test_limits_are_in_force(filled: Fill) -> None:
    url = filled("CREATE TABLE t (a int PRIMARY KEY)\nINSERT INTO t VALUES (1)")
    with Mysql().connect(url, limits=SHORT) as session, Mysql().connect(url) as other:
        with pytest.raises(StatementTimeout):
            session.query("SELECT sleep(30) FROM t")
        other.execute("BEGIN")
        other.execute("UPDATE t SET a = 2")
        with pytest.raises(LockTimeout):
            session.execute("UPDATE t SET a = 3")
        with pytest.raises(LockTimeout):
            session.execute("ALTER TABLE t ADD b int")
        other.execute("ROLLBACK")


def test_read_only(filled: Fill) -> None:
    url = filled("CREATE TABLE t (a int PRIMARY KEY)")
    with Mysql().connect(url, read_only=True) as session:
        for text in ("INSERT INTO t VALUES (1)", "DROP TABLE t", "CREATE TABLE u (a int)"):
            with pytest.raises(StatementFailed) as caught:
                session.execute(text)
            assert caught.value.state == "1792"
        assert session.query("SELECT count(*) FROM t WHERE a = %s", (1,)) == [(0,)]


FAILURES = {
    "no table": ("SELECT * FROM nowhere", "1146"),
    "syntax": ("SELEC 1", "1064"),
    "duplicate": ("INSERT INTO t VALUES (1, 'hush', NULL)", "1062"),
    "key of a text": ("INSERT INTO t VALUES (3, 'hush', NULL)", "1062"),
    "conversion": ("UPDATE t SET a = 'hush'", "1366"),
    "date": ("UPDATE t SET d = 'hush'", "1292"),
    "function": ("INSERT INTO t VALUES (str_to_date('hush', '%Y'), 'b', NULL)", "1411"),
    "check": ("UPDATE t SET a = -1", "4025"),
    "too long": ("INSERT INTO t VALUES (9, 'hush hush hush', NULL)", "1406"),
}  # fmt: skip


@pytest.mark.parametrize(("text", "state"), FAILURES.values(), ids=FAILURES)
def test_failures_hold_no_values(filled: Fill, text: str, state: str) -> None:
    url = filled(
        "CREATE TABLE t (a int PRIMARY KEY CHECK (a > 0), b varchar(5) UNIQUE, d date)\n"
        "INSERT INTO t VALUES (1, 'hush', NULL)"
    )
    with Mysql().connect(url) as session, pytest.raises(StatementFailed) as caught:
        session.execute(text)
    assert caught.value.state == state
    assert "hush" not in str(caught.value)


@pytest.mark.slow  # loads 12,000 rows
def test_sizes_of_more_than_a_few_rows(filled: Fill) -> None:
    url = filled(
        "CREATE TABLE big (a int PRIMARY KEY)\nINSERT INTO big SELECT seq FROM seq_1_to_12000"
    )
    with Mysql().connect(url, read_only=True) as session:
        found = session.sizes()["big"]
        assert found.rows > 10_000
        assert not found.exact
        assert session.row_counts(["big"]) == {"big": 12_000}


def test_sizes(filled: Fill) -> None:
    url = filled("CREATE TABLE a (a int)\nCREATE TABLE b (a int)\nINSERT INTO b VALUES (1), (2)")
    with Mysql().connect(url, read_only=True) as session:
        found = session.sizes()
        assert {name: (size.rows, size.exact) for name, size in found.items()} == {
            "a": (0, True),
            "b": (2, True),
        }
        assert session.database_size() > 0
        with pytest.raises(StatementFailed, match="no table c"):
            session.row_counts(["a", "c"])


def test_a_locked_table_has_no_size(filled: Fill) -> None:
    url = filled("CREATE TABLE a (a int)\nCREATE TABLE b (a int)")
    with Mysql().connect(url) as other, Mysql().connect(url, limits=SHORT) as session:
        other.execute("LOCK TABLES a WRITE")
        assert session.sizes() == {"b": TableSize(0, 16384, exact=True)}


UNREACHABLE = {
    "no server": ("mysql://root:hush@127.0.0.1:1/shop", ConnectionFailed),
    "no socket": ("mysql://root:hush@/shop?socket=/nowhere", ConnectionFailed),
    "no host": ("mysql://root:hush@host.invalid/shop", ConnectionFailed),
    "no database": ("mysql://root:hush@127.0.0.1:1", ConnectionFailed),
    "no certificate": ("mysql://root:hush@127.0.0.1:1/shop?ssl-ca=/nowhere", ConnectionFailed),
}


@pytest.mark.parametrize(("url", "error"), UNREACHABLE.values(), ids=UNREACHABLE)
def test_unreachable(url: str, error: type[FaberDbError]) -> None:
    with pytest.raises(error) as caught, Mysql().connect(url):
        pass
    assert "hush" not in str(caught.value)
    assert caught.value.hint


def test_refused(mariadb_url: str) -> None:
    at = address.parse(mariadb_url)
    for wrong in (
        address.url_of(at.to_database("nowhere")),
        mariadb_url.replace("root@", "nobody:hush@"),
    ):
        with pytest.raises(ConnectionRefusedByServer) as caught, Mysql().connect(wrong):
            pass
        assert "hush" not in str(caught.value)


def test_a_session_that_reads_sql_in_another_way(mariadb_url: str) -> None:
    with Mysql().connect(mariadb_url) as session:
        ((mode,),) = session.query("SELECT @@GLOBAL.sql_mode")
        session.execute("SET GLOBAL sql_mode = concat(@@sql_mode, ',ANSI_QUOTES')")
        try:
            with pytest.raises(NotSupported, match="ANSI_QUOTES"), Mysql().connect(mariadb_url):
                pass
        finally:
            session.execute("SET GLOBAL sql_mode = %s", (mode,))


def test_an_account_without_rights(filled: Fill, mariadb_server: str) -> None:
    url = filled("CREATE TABLE t (a int)\nCREATE FUNCTION f() RETURNS int RETURN 1")
    at = address.parse(url)
    with Mysql().connect(url) as session:
        session.execute("CREATE USER reader@localhost")
        try:
            session.execute(f"GRANT SELECT ON `{at.database}`.* TO reader@localhost")
            with Mysql().connect(url.replace("root@", "reader@"), read_only=True) as reading:
                assert [t.name for t in reading.catalogue().tables] == ["t"]
                assert reading.sizes()["t"].rows == 0
                assert reading.identity().parts["database"] == at.database
            with (
                Mysql().connect(url.replace("root@", "reader@")) as reading,
                pytest.raises(PermissionMissing),
            ):
                reading.execute("INSERT INTO t VALUES (1)")
        finally:
            session.execute("DROP USER reader@localhost")


def test_a_database_is_made_once(mariadb_server: str) -> None:
    url = address.url_of(address.parse(mariadb_server).to_database("made_once"))
    try:
        assert Mysql().create_database(url)
        assert not Mysql().create_database(url)
    finally:
        with Mysql().connect(url) as session:
            session.execute("DROP DATABASE made_once")


def test_a_marker_that_cannot_be_understood_stops(filled: Fill) -> None:
    url = filled("CREATE TABLE _faber_db_marker (one int, marker text)")
    with Mysql().connect(url) as session:
        with pytest.raises(MarkerUnreadable, match="empty"):
            session.read_marker()
        session.execute("INSERT INTO _faber_db_marker VALUES (1, '{}')")
        with pytest.raises(MarkerUnreadable):
            session.identity()


def test_a_session_is_left_when_the_server_ends_it(mariadb_url: str) -> None:
    with Mysql().connect(mariadb_url) as other, Mysql().connect(mariadb_url) as session:
        ((number,),) = session.query("SELECT connection_id()")
        waiting = threading.Timer(0.2, other.execute, (f"KILL {number}",))
        waiting.start()
        with pytest.raises(ConnectionFailed) as caught:
            session.query("SELECT sleep(20)")
        waiting.join()
        assert caught.value.code == "connection-lost"
