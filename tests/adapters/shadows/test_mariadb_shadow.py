"""Throw-away databases on MariaDB: empty ones, and copies of a schema."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from faber_db.adapters.engines.mysql import Mysql, address, binaries
from faber_db.adapters.shadows import MariadbShadow
from faber_db.adapters.shadows.private_mariadb import PrivateMariadb
from faber_db.errors import ConnectionFailed, FaberDbError, PermissionMissing, ShadowUnavailable
from faber_db.model.catalogue import Catalogue
from faber_db.model.dialect import Dialect
from faber_db.services.ports import Session, Tried
from faber_db.sql.script import parse

pytestmark = pytest.mark.usefixtures("mariadb_server")  # skips or fails where there is none


@pytest.fixture
def server(mariadb_server: str) -> Iterator[Session]:
    """A session that may look at the whole server."""
    url = address.url_of(address.parse(mariadb_server).to_database("mysql"))
    with Mysql().connect(url) as session:
        yield session


def filled(url: str, text: str) -> str:
    with Mysql().connect(url) as session:
        for line in text.strip().splitlines():
            session.execute(line)
    return url


SHOP = r"""
CREATE TABLE z_users (id int AUTO_INCREMENT PRIMARY KEY, name varchar(40) CHARACTER SET latin1 DEFAULT 'a', made datetime DEFAULT '0000-00-00 00:00:00', n int CHECK (n > 0), w int AS (n * 2) STORED, FULLTEXT KEY ft (name))
CREATE TABLE a_orders (id int PRIMARY KEY, user_id int, CONSTRAINT fk FOREIGN KEY (user_id) REFERENCES z_users (id) ON DELETE CASCADE)
CREATE TABLE days (d int) PARTITION BY RANGE (d) (PARTITION p0 VALUES LESS THAN (10))
CREATE TABLE notes (a int) ENGINE=MyISAM
CREATE VIEW b AS SELECT id FROM z_users
CREATE VIEW a AS SELECT id FROM b
CREATE FUNCTION plus(a int) RETURNS int RETURN a + 1
CREATE PROCEDURE wipe() DELETE FROM days
CREATE TRIGGER g BEFORE INSERT ON z_users FOR EACH ROW SET NEW.n = plus(1)
CREATE SEQUENCE numbers
INSERT INTO z_users (name) VALUES ('hush')
"""


@pytest.mark.parametrize("private", [True, False])
def test_each_is_empty_and_gone_afterwards(
    private: bool, mariadb_server: str, server: Session
) -> None:
    shadow = MariadbShadow(lambda: mariadb_server, private=private)
    with shadow.new() as one, shadow.new() as two:
        one.execute("CREATE TABLE t (a int)")
        assert two.catalogue() == Catalogue()
        names = [str(s.identity().parts["database"]) for s in (one, two)]
        assert len(set(names)) == 2
    with pytest.raises(FaberDbError), shadow.new() as three:
        three.execute("CREATE TABLE nothing")
    assert server.query("SHOW DATABASES LIKE 'faber%'") == []
    assert server.query("SELECT user FROM mysql.user WHERE user LIKE 'faber%'") == []


def test_what_it_is_made_of(mariadb_server: str) -> None:
    assert MariadbShadow(None).label.startswith("private MariaDB 1")
    assert MariadbShadow(lambda: mariadb_server, private=False).label == "scratch database"
    assert MariadbShadow(None, private=False).label == "none"
    with (
        pytest.raises(ShadowUnavailable, match="no unprotected"),
        MariadbShadow(None, private=False).new(),
    ):
        pass


def test_its_account_has_rights_on_it_alone(
    mariadb_server: str, new_mariadb: Callable[[], str]
) -> None:
    other = address.parse(new_mariadb()).database
    with MariadbShadow(lambda: mariadb_server, private=False).new() as session:
        for text in (
            "SELECT 1 INTO OUTFILE '/tmp/faber_db_out'",
            f"CREATE TABLE {other}.t (a int)",
            "SET GLOBAL max_connections = 5",
            "CREATE USER ann",
            "SELECT * FROM mysql.user",
        ):
            with pytest.raises((PermissionMissing, FaberDbError)) as caught:
                session.execute(text)
            assert "denied" in str(caught.value)


def test_a_copy_has_the_schema_and_no_rows(new_mariadb: Callable[[], str]) -> None:
    url = new_mariadb()
    with Mysql().connect(url) as session:
        session.execute(
            "SET sql_mode = ''"
        )  # as an older server had it, so that such a default is there
        for line in SHOP.strip().splitlines():
            session.execute(line)
        original = session.catalogue()
    with MariadbShadow(None).copy_of(url) as copy:
        assert copy.catalogue() == original
        assert copy.row_counts(["z_users"]) == {"z_users": 0}
        assert copy.query("SELECT database()") != [(address.parse(url).database,)]
        assert copy.query("SELECT plus(1)") == [(2,)]


def test_a_copy_reads_statements_as_the_original_would(
    new_mariadb: Callable[[], str], server: Session
) -> None:
    before = server.query("SELECT @@GLOBAL.sql_mode, @@GLOBAL.time_zone")[0]
    url = new_mariadb()
    with Mysql().connect(url) as session:
        session.execute("ALTER DATABASE CHARACTER SET latin1 COLLATE latin1_bin")
    try:
        server.execute("SET GLOBAL sql_mode = 'NO_ZERO_DATE', GLOBAL time_zone = '+02:00'")
        with MariadbShadow(None).copy_of(url) as copy:
            asked = "SELECT @@sql_mode, @@time_zone, @@collation_database, @@foreign_key_checks"
            assert copy.query(asked) == [("NO_ZERO_DATE", "+02:00", "latin1_bin", 1)]
    finally:
        server.execute("SET GLOBAL sql_mode = %s, GLOBAL time_zone = %s", before)


def test_what_is_not_in_a_copy_is_not_tried_on(new_mariadb: Callable[[], str]) -> None:
    url = filled(
        new_mariadb(),
        """
CREATE TABLE gone (a int)
CREATE TABLE kept (a int)
CREATE VIEW broken AS SELECT a FROM gone
DROP TABLE gone
CREATE EVENT nightly ON SCHEDULE EVERY 1 DAY DO DELETE FROM kept
""",
    )
    with MariadbShadow(None).copy_of(url) as copy:
        answers = copy.try_out(
            parse(
                "DROP VIEW broken; DROP EVENT nightly; ALTER TABLE kept ADD b int", Dialect.MARIADB
            ),
            wrap=False,
        )
        assert [bool(a.not_tried) for a in answers] == [True, True, False]
        assert "not in the copy" in answers[0].not_tried
        assert isinstance(answers[2], Tried)
        assert dict(answers[2].locks) == {"kept": "metadata lock, brief"}


def test_what_a_dead_process_left_is_dropped(mariadb_server: str, server: Session) -> None:
    server.execute("CREATE DATABASE faber_db_shadow_1_dead")
    server.execute("CREATE USER faber_db_shadow_1_dead@localhost")
    shadow = MariadbShadow(lambda: mariadb_server, private=False)
    with shadow.new() as living, shadow.new():
        names = [str(name) for (name,) in server.query("SHOW DATABASES LIKE 'faber%'")]
        assert "faber_db_shadow_1_dead" not in names
        assert living.identity().parts["database"] in names
    assert server.query("SELECT user FROM mysql.user WHERE user LIKE 'faber%'") == []


def test_a_protected_server_is_refused(mariadb_server: str, new_mariadb: Callable[[], str]) -> None:
    url = filled(new_mariadb(), "CREATE TABLE _faber_db_marker (a int)\nCREATE TABLE t (a int)")
    scratch = MariadbShadow(lambda: mariadb_server, private=False)
    with pytest.raises(ShadowUnavailable, match="marker"), scratch.new():
        pass
    with MariadbShadow(None).copy_of(url) as copy:  # it is only read
        assert [t.name for t in copy.catalogue().tables] == ["t"]


def test_another_version_is_not_a_copy(mariadb_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    (found, *_) = binaries.find()
    other = replace(found, version="11.4.2")
    monkeypatch.setattr(binaries, "find", lambda: (other,))
    with pytest.raises(ShadowUnavailable) as caught, MariadbShadow(None).copy_of(mariadb_url):
        pass
    assert "MariaDB 11.4.2" in caught.value.message
    assert "MariaDB 10.11" in caught.value.message


def test_an_unreachable_original() -> None:
    url = "mysql://root:hush@127.0.0.1:1/shop"
    with pytest.raises(ConnectionFailed) as caught, MariadbShadow(None).copy_of(url):
        pass
    assert "hush" not in str(caught.value)


@pytest.mark.slow  # starts two servers
def test_names_fold_as_on_the_original() -> None:
    folding = {"lower-case-table-names": "1"}
    with PrivateMariadb(binaries.find()[0], settings=folding) as server:
        url = server.url("shop")
        Mysql().create_database(url)
        filled(url, "CREATE TABLE Users (a int)")
        with MariadbShadow(None).copy_of(url) as copy:
            script = parse("ALTER TABLE USERS ADD b int", Dialect.MARIADB)
            (answer,) = copy.try_out(script, wrap=False)
            assert dict(answer.locks) == {"users": "metadata lock, brief"}
