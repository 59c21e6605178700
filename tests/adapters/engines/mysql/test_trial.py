"""What a trial run says, against a real server."""

import re
from collections.abc import Callable, Iterator

import pytest

from faber_db.adapters.engines.mysql import Mysql, address
from faber_db.adapters.shadows import MariadbShadow
from faber_db.errors import NotSupported
from faber_db.model import online_ddl as way
from faber_db.model.dialect import Dialect
from faber_db.services.ports import Session, Tried
from faber_db.sql.script import parse
from tests.safety.mysql_waits import connect, waits

Fill = Callable[[str], str]

SHOP = """
CREATE TABLE users (id int AUTO_INCREMENT PRIMARY KEY, name varchar(40), email varchar(200), n int, city varchar(20) CHARACTER SET latin1, KEY n (n))
CREATE TABLE orders (id int PRIMARY KEY, user_id int, note text)
CREATE TABLE words (id int PRIMARY KEY, body text, FULLTEXT KEY body (body))
CREATE TABLE days (d int NOT NULL) PARTITION BY RANGE (d) (PARTITION p0 VALUES LESS THAN (10), PARTITION p1 VALUES LESS THAN (20))
CREATE TABLE old (a int) ENGINE=MyISAM
CREATE VIEW names AS SELECT name FROM users
"""


@pytest.fixture
def copy(filled: Fill) -> Iterator[Session]:
    with MariadbShadow(None).copy_of(filled(SHOP)) as session:
        yield session


def tried(session: Session, text: str, *, wrap: bool = False, queries: tuple[str, ...] = ()) -> tuple[Tried, ...]:  # fmt: skip
    return session.try_out(parse(text, Dialect.MARIADB), wrap=wrap, queries=queries)


INSTANT, ONLINE, REBUILT = (way.BRIEF, False, False), (way.INPLACE, False, True), (way.INPLACE, True, True)  # fmt: skip
COPIED = (way.COPY, True, True)
CASES = {
    "ALTER TABLE users ADD COLUMN c int": INSTANT,
    "ALTER TABLE users ADD COLUMN c int FIRST": INSTANT,
    "ALTER TABLE users DROP COLUMN name": INSTANT,
    "ALTER TABLE users RENAME COLUMN name TO full_name": INSTANT,
    "ALTER TABLE users ALTER n SET DEFAULT 5": INSTANT,
    "ALTER TABLE users MODIFY name varchar(60)": INSTANT,
    "ALTER TABLE users MODIFY name varchar(64)": COPIED,
    "ALTER TABLE users MODIFY city varchar(200) CHARACTER SET latin1": INSTANT,
    "ALTER TABLE users MODIFY n bigint": COPIED,
    "ALTER TABLE users MODIFY n int NOT NULL": REBUILT,
    "ALTER TABLE users ADD COLUMN c int AS (n + 1) STORED": COPIED,
    "ALTER TABLE users ADD COLUMN c varchar(40) DEFAULT (uuid())": COPIED,
    "ALTER TABLE users ADD CHECK (n > 0)": COPIED,
    "ALTER TABLE users CONVERT TO CHARACTER SET utf8mb3": COPIED,
    "ALTER TABLE users FORCE": REBUILT,
    "ALTER TABLE users ENGINE=MyISAM": COPIED,
    "ALTER TABLE users ENGINE=InnoDB": REBUILT,
    "ALTER TABLE users PARTITION BY HASH (id) PARTITIONS 4": COPIED,
    "ALTER TABLE users ORDER BY n": COPIED,
    "ALTER TABLE users DROP PRIMARY KEY, ADD PRIMARY KEY (id, name)": REBUILT,
    "ALTER TABLE users COMMENT = 'people'": INSTANT,
    "ALTER TABLE users RENAME TO people": INSTANT,
    "CREATE INDEX i ON users (email)": ONLINE,
    "CREATE UNIQUE INDEX i ON users (email) USING BTREE": ONLINE,
    "ALTER TABLE users ADD INDEX (email), ADD UNIQUE (name)": ONLINE,
    "CREATE FULLTEXT INDEX i ON users (email)": (way.INPLACE_SHARED, False, True),
    "DROP INDEX n ON users": INSTANT,
    "ALTER TABLE users ADD COLUMN c int, ADD INDEX (c)": REBUILT,
    "ALTER TABLE users ADD COLUMN c int, ALGORITHM=COPY": COPIED,
    "ALTER TABLE users ADD INDEX (email), LOCK=SHARED": (way.INPLACE_SHARED, False, True),
    "ALTER TABLE users FORCE, LOCK=EXCLUSIVE": (way.EXCLUSIVE, True, True),
    "OPTIMIZE TABLE users": REBUILT,
    "TRUNCATE TABLE users": INSTANT,
    "DROP TABLE users": INSTANT,
    "RENAME TABLE users TO people": INSTANT,
    "CREATE TRIGGER g BEFORE INSERT ON users FOR EACH ROW SET NEW.n = 1": INSTANT,
    "LOCK TABLES users WRITE": (way.EXCLUSIVE, False, False),
    "LOCK TABLES users READ": (way.READ_LOCK, False, False),
}  # fmt: skip


@pytest.fixture(scope="module")
def answers(mariadb_server: str) -> dict[str, Tried]:
    """Each statement on a table of its own, all in one copy."""
    url = address.url_of(address.parse(mariadb_server).to_database("t_trial_answers"))
    Mysql().create_database(url)
    users = SHOP.strip().splitlines()[0]
    texts = {text: re.sub(r"\b(users|people)\b", rf"\1_{n}", text) for n, text in enumerate(CASES)}
    try:
        with Mysql().connect(url) as session:
            for n in range(len(CASES)):
                session.execute(users.replace("TABLE users", f"TABLE users_{n}"))
        with MariadbShadow(None).copy_of(url) as copy:
            found = tried(copy, ";\n".join(f"{text}; UNLOCK TABLES" for text in texts.values()))
    finally:
        with Mysql().connect(url) as session:
            session.execute("DROP DATABASE t_trial_answers")
    return dict(zip(texts, found[::2], strict=True))


@pytest.mark.parametrize("text", CASES)
def test_what_it_takes(text: str, answers: dict[str, Tried]) -> None:
    answer = answers[text]
    assert answer.error == answer.not_tried == answer.unseen == ""
    word, rewritten, scanned = CASES[text]
    assert list(dict(answer.locks).values()) == [word]
    assert answer.locks[0][0] == f"users_{list(CASES).index(text)}"
    assert bool(answer.rewritten) is rewritten
    assert bool(answer.scanned) is scanned


def test_a_foreign_key_takes_both_tables(copy: Session) -> None:
    text = "ALTER TABLE orders ADD FOREIGN KEY (user_id) REFERENCES users (id)"
    (answer,) = tried(copy, text)
    assert dict(answer.locks) == {"orders": way.COPY, "users": way.BRIEF}


def test_a_session_setting_counts(copy: Session) -> None:
    text = "SET foreign_key_checks = 0; ALTER TABLE orders ADD FOREIGN KEY (user_id) REFERENCES users (id)"
    assert dict(tried(copy, text)[1].locks)["orders"] == way.BRIEF


def test_a_fulltext_index_makes_what_was_instant_a_rebuild(copy: Session) -> None:
    (answer,) = tried(copy, "ALTER TABLE words ADD COLUMN c int")
    assert dict(answer.locks) == {"words": way.INPLACE_SHARED}


UNSEEN = {
    "UPDATE users SET n = 1": "rows",
    "DELETE FROM users WHERE id = 1": "rows",
    "INSERT INTO orders SELECT id, id, name FROM users": "rows",
    "ALTER TABLE days ADD PARTITION (PARTITION p2 VALUES LESS THAN (30))": "could not be asked",
    "ALTER TABLE days DROP PARTITION p0": "could not be asked",
    "ANALYZE TABLE users": "could not be asked",
    "EXECUTE IMMEDIATE 'ALTER TABLE users ADD c int'": "could not be asked",
}


def test_what_cannot_be_seen_is_said(copy: Session) -> None:
    for (text, why), answer in zip(UNSEEN.items(), tried(copy, ";\n".join(UNSEEN)), strict=True):
        assert why in answer.unseen, text
        assert answer.locks == ()


REFUSED = (
    "INSERT INTO elsewhere.t VALUES (1)",
    "ALTER TABLE elsewhere.t ADD c int",
    "DROP TABLE users, elsewhere.t",
    "USE elsewhere",
    "CREATE DATABASE elsewhere",
    "DROP DATABASE elsewhere",
    "GRANT SELECT ON users TO ann",
    "CREATE USER ann",
    "DROP USER ann",
    "SET GLOBAL max_connections = 5",
    "LOAD DATA INFILE '/etc/passwd' INTO TABLE users",
    "SELECT load_file('/etc/passwd')",
    "CREATE EVENT e ON SCHEDULE EVERY 1 DAY DO DELETE FROM users",
    "CREATE TABLE f (a int) ENGINE=FEDERATED CONNECTION='mysql://h/d/t'",
    "CREATE TABLE f (a int) DATA DIRECTORY='/tmp'",
    "CREATE SERVER s FOREIGN DATA WRAPPER mysql OPTIONS (HOST 'h')",
    "INSTALL SONAME 'metadata_lock_info'",
    "FLUSH TABLES WITH READ LOCK",
    "KILL 3",
    "SHUTDOWN",
    "EXECUTE IMMEDIATE concat('DROP TABLE ', database(), '.users')",
    "SELECT name INTO OUTFILE '/tmp/faber_db_out' FROM users",  # the server refuses these two
    "CREATE DEFINER=root@localhost VIEW v AS SELECT 1",
)


def test_not_tried(copy: Session) -> None:
    *refused, last = tried(copy, ";\n".join((*REFUSED, "ALTER TABLE users ADD c int")))
    for text, answer in zip(REFUSED, refused, strict=True):
        assert answer.not_tried, text
        assert "left out" not in answer.not_tried, text
        assert answer.locks == ()
    assert dict(last.locks) == {"users": way.BRIEF}


def test_a_failure_ends_it(copy: Session) -> None:
    answers = tried(
        copy, "ALTER TABLE users ADD c int; ALTER TABLE users ADD c int; DROP TABLE users"
    )
    assert len(answers) == 2
    assert answers[1].error.startswith("1060: ")
    assert answers[1].locks == ()


def test_a_failure_behind_something_left_out_proves_nothing(copy: Session) -> None:
    first, second, third = tried(
        copy, "CREATE DATABASE d; ALTER TABLE nowhere ADD c int; ALTER TABLE users ADD c int"
    )
    assert first.not_tried
    assert "left out" in second.not_tried
    assert third.locks


def test_what_the_script_made_is_not_told(copy: Session) -> None:
    text = (
        "CREATE TABLE fresh (a int, FOREIGN KEY (a) REFERENCES users (id));"
        "ALTER TABLE fresh ADD b int; RENAME TABLE orders TO sales; ALTER TABLE sales ADD c int;"
        "DROP TABLE users; CREATE TABLE users (a int); ALTER TABLE users MODIFY a bigint"
    )
    with_foreign_key = text.replace("FOREIGN KEY (a) REFERENCES users (id)", "KEY (a)")
    locks = [dict(answer.locks) for answer in tried(copy, with_foreign_key)]
    assert locks == [
        {},
        {},
        {"orders": way.BRIEF},
        {"sales": way.BRIEF},
        {"users": way.BRIEF},
        {},
        {},
    ]
    again = tried(copy, "ALTER TABLE sales ADD d int; ALTER TABLE fresh ADD d int")
    assert [dict(answer.locks) for answer in again] == [{"sales": way.BRIEF}, {}]


def test_a_parent_is_locked_by_a_new_child(copy: Session) -> None:
    (answer,) = tried(copy, "CREATE TABLE c (a int, FOREIGN KEY (a) REFERENCES users (id))")
    assert dict(answer.locks) == {"users": way.BRIEF}


def test_what_is_held(copy: Session) -> None:
    text = "UPDATE users SET n = 1 WHERE id = 1; UPDATE orders SET note = ''; ALTER TABLE orders ADD c int"
    assert [dict(a.held) for a in tried(copy, text, wrap=True)] == [{}, {"users": way.ROWS}, {}]
    assert [dict(a.held) for a in tried(copy, text.replace("c int", "d int"))] == [{}, {}, {}]
    locked = tried(
        copy, "LOCK TABLES users WRITE; ALTER TABLE users ADD e int; UNLOCK TABLES; SELECT 1"
    )
    assert [dict(a.held) for a in locked] == [
        {},
        {"users": way.EXCLUSIVE},
        {"users": way.EXCLUSIVE},
        {},
    ]


def test_queries_that_break_are_named(copy: Session) -> None:
    queries = (
        "SELECT name FROM users WHERE id = ?",
        "SELECT nothing FROM users",
        "INSERT INTO orders (id, note) VALUES (?, ?)",
        "SELECT name FROM names",
    )
    assert list(copy.unprepared(queries)) == [1]
    first, second = tried(
        copy,
        "ALTER TABLE orders ADD c int; ALTER TABLE users RENAME COLUMN name TO full_name",
        queries=queries,
    )
    assert first.breaks == ()
    assert {number: error.partition(":")[0] for number, error in second.breaks} == {
        0: "1054",
        3: "1356",
    }


def test_only_a_throw_away_database_is_tried_on(mariadb_url: str) -> None:
    with Mysql().connect(mariadb_url) as session, pytest.raises(NotSupported, match="throw-away"):
        tried(session, "CREATE TABLE t (a int)")
    with Mysql().connect(mariadb_url) as session:
        assert session.catalogue().tables == ()


# --- measured with a second session ------------------------------------------------------------

BIG = "CREATE TABLE big (id int AUTO_INCREMENT PRIMARY KEY, name varchar(80), n int)"
PROVEN = (
    "ALTER TABLE big ADD COLUMN c int",
    "ALTER TABLE big MODIFY n bigint",
    "ALTER TABLE big MODIFY n int NOT NULL",
    "ALTER TABLE big ENGINE=MyISAM",
    "ALTER TABLE big PARTITION BY HASH (id)",
    "ALTER TABLE big ORDER BY name",
    "CREATE INDEX i ON big (name)",
    "CREATE FULLTEXT INDEX i ON big (name)",
    "ALTER TABLE big ADD INDEX (name), LOCK=SHARED",
    "ALTER TABLE big FORCE, LOCK=EXCLUSIVE",
)


@pytest.mark.slow  # fills a table and changes it, ten times
@pytest.mark.parametrize("text", PROVEN)
def test_a_second_session_waits_as_it_was_said(text: str, new_mariadb: Callable[[], str]) -> None:
    def made(rows: int) -> str:
        url = new_mariadb()
        with connect(url) as connection, connection.cursor() as cursor:
            cursor.execute(BIG)
            cursor.execute(
                f"INSERT INTO big (name, n) SELECT concat('name ', seq), seq FROM seq_1_to_{rows}"
            )
        return url

    with MariadbShadow(None).copy_of(made(10_000)) as session:
        (answer,) = tried(session, text)
    word = dict(answer.locks)["big"]
    kept, seen = waits(made, text, "INSERT INTO big (name, n) VALUES ('x', 1)")
    assert kept is ("writes wait" in word or "reads wait" in word), (word, seen)
