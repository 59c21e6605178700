"""A second session writes while MariaDB changes a table: it waits where we say so, and only there."""

import threading
import time
from collections.abc import Callable

import pymysql
import pytest

from faber_db.adapters.engines.mysql.address import parse
from faber_db.model.dialect import Dialect
from faber_db.model.finding import Kind, Risk
from faber_db.services import analyze

SCHEMA = """
CREATE TABLE parent (id INT NOT NULL PRIMARY KEY) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
CREATE TABLE big (
  id INT NOT NULL AUTO_INCREMENT PRIMARY KEY, n INT NOT NULL DEFAULT 0, parent_id INT NOT NULL,
  word VARCHAR(50) NOT NULL DEFAULT '', txt VARCHAR(100) NULL,
  level ENUM('a','b') NOT NULL DEFAULT 'a', KEY big_parent (parent_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
"""
ROWS = (
    "INSERT INTO parent SELECT seq FROM seq_1_to_100",
    "INSERT INTO big (parent_id, word, txt) SELECT 1 + seq % 100, CONCAT('word ', seq), REPEAT('x', 90) FROM seq_1_to_200000",
)
STATEMENTS = {
    "ALTER TABLE big MODIFY n BIGINT NOT NULL DEFAULT 0": True,
    "ALTER TABLE big MODIFY word VARCHAR(80) NOT NULL DEFAULT ''": True,
    "ALTER TABLE big ADD COLUMN c CHAR(36) NOT NULL DEFAULT (UUID())": True,
    "ALTER TABLE big ADD CONSTRAINT f FOREIGN KEY (parent_id) REFERENCES parent (id)": True,
    "ALTER TABLE big ADD CHECK (n >= 0)": True,
    "ALTER TABLE big ADD FULLTEXT INDEX words (txt)": True,
    "ALTER TABLE big MODIFY level ENUM('b','a') NOT NULL DEFAULT 'a'": True,
    "ALTER TABLE big ADD INDEX by_word (word), LOCK=SHARED": True,
    "ALTER TABLE big PARTITION BY HASH (id) PARTITIONS 4": True,
    "ALTER TABLE big ADD INDEX by_word (word)": False,
    "ALTER TABLE big FORCE": False,
    "ALTER TABLE big MODIFY txt VARCHAR(100) NOT NULL": False,
    "ALTER TABLE big ADD COLUMN c INT NOT NULL DEFAULT 7 FIRST": False,
    "ALTER TABLE big MODIFY level ENUM('a','b','c') NOT NULL DEFAULT 'a'": False,
    "ALTER TABLE big DROP COLUMN txt": False,
    "OPTIMIZE TABLE big": False,
}
_SHARE = 0.5  # of the time of the statement: from there on a writer counts as kept waiting
_BRIEF = 0.15  # seconds; a metadata lock at the end of a short statement is no wait


def _connect(url: str) -> "pymysql.Connection[pymysql.cursors.Cursor]":
    address = parse(url)
    return pymysql.connect(
        unix_socket=address.socket or None,
        host=address.host or None,
        port=address.port,
        user=address.user,
        password=address.password,
        database=address.database,
        autocommit=True,
    )


def _longest_wait(url: str, statement: str) -> tuple[float, float]:
    """How long the statement took, and the longest that a writer waited meanwhile, in seconds."""
    over, writing, longest = threading.Event(), threading.Event(), [0.0]

    def write() -> None:
        with _connect(url) as connection, connection.cursor() as cursor:
            key = 0
            while not over.is_set():
                key = key % 1_000 + 1
                begun = time.monotonic()
                cursor.execute("UPDATE big SET n = n + 1 WHERE id = %s", (key,))
                longest[0] = max(longest[0], time.monotonic() - begun)
                writing.set()

    writer = threading.Thread(target=write)
    with _connect(url) as connection, connection.cursor() as cursor:
        writer.start()
        assert writing.wait(20)
        longest[0] = 0.0
        begun = time.monotonic()
        cursor.execute(statement)
        took = time.monotonic() - begun
    over.set()
    writer.join(60)
    return took, longest[0]


@pytest.mark.slow
@pytest.mark.parametrize("statement", STATEMENTS)
def test_writers_wait_where_we_say_so(new_mariadb: Callable[[], str], statement: str) -> None:
    url = new_mariadb()
    with _connect(url) as connection, connection.cursor() as cursor:
        for each in (*SCHEMA.strip().split(";\n"), *ROWS):
            cursor.execute(each.rstrip("; \n"))
    took, waited = _longest_wait(url, statement)
    waits = waited >= _SHARE * took and waited >= _BRIEF
    assert waits is STATEMENTS[statement], f"it took {took:.2f} s, a writer waited {waited:.2f} s"
    request = analyze.Request(
        sql=statement, dialect=Dialect.MARIADB.value, before=SCHEMA, transaction="none"
    )
    details = analyze.run(request, None).details
    assert details is not None
    said = [f for f in details.findings if f.kind is Kind.BLOCKING and f.risk.at_least(Risk.MEDIUM)]
    assert bool(said) is waits
