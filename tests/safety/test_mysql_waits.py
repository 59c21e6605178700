"""A second session writes while MariaDB changes a table: it waits where we say so, and only there."""

from collections.abc import Callable

import pytest

from faber_db.model.dialect import Dialect
from faber_db.model.finding import Kind, Risk
from faber_db.services import analyze
from tests.safety.mysql_waits import connect, waits

pytestmark = pytest.mark.alone  # what is measured here is no other test's

SCHEMA = """
CREATE TABLE parent (id INT NOT NULL PRIMARY KEY) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
CREATE TABLE big (
  id INT NOT NULL AUTO_INCREMENT PRIMARY KEY, n INT NOT NULL DEFAULT 0, parent_id INT NOT NULL,
  word VARCHAR(50) NOT NULL DEFAULT '', txt VARCHAR(100) NULL,
  level ENUM('a','b') NOT NULL DEFAULT 'a', KEY big_parent (parent_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;
"""
PARENTS = "INSERT INTO parent SELECT seq FROM seq_1_to_100"
FILL = "INSERT INTO big (parent_id, word, txt) SELECT 1 + seq % 100, CONCAT('word ', seq), REPEAT('x', 90) FROM seq_1_to_{rows}"
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


@pytest.mark.slow
@pytest.mark.parametrize("statement", STATEMENTS)
def test_writers_wait_where_we_say_so(new_mariadb: Callable[[], str], statement: str) -> None:
    def made(rows: int) -> str:
        url = new_mariadb()
        with connect(url) as connection, connection.cursor() as cursor:
            for each in (*SCHEMA.strip().split(";\n"), PARENTS, FILL.format(rows=rows)):
                cursor.execute(each.rstrip("; \n"))
        return url

    kept, seen = waits(made, statement, "UPDATE big SET n = n + 1 WHERE id = 500")
    assert kept is STATEMENTS[statement], seen
    request = analyze.Request(
        sql=statement, dialect=Dialect.MARIADB.value, before=SCHEMA, transaction="none"
    )
    details = analyze.run(request, None).details
    assert details is not None
    said = [f for f in details.findings if f.kind is Kind.BLOCKING and f.risk.at_least(Risk.MEDIUM)]
    assert bool(said) is kept
