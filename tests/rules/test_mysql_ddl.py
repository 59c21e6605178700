"""ALTERs of MySQL and MariaDB by version, character set, session and what the statement demands."""

import pytest

from faber_db.model.dialect import Dialect
from faber_db.model.finding import Confidence
from faber_db.rules import Context, analyze
from faber_db.sql.schema import catalogue_of
from faber_db.sql.script import parse
from tests.rules.judging import only, serious

M, A = Dialect.MYSQL, Dialect.MARIADB
SCHEMA = """
CREATE TABLE b (x VARBINARY(100) NULL, y BLOB NULL);
CREATE TABLE parent (id INT NOT NULL PRIMARY KEY) DEFAULT CHARSET=utf8mb4;
CREATE TABLE t (
  id INT NOT NULL AUTO_INCREMENT PRIMARY KEY, parent_id INT NOT NULL, short VARCHAR(30) NOT NULL DEFAULT '',
  word VARCHAR(50) NULL, n INT NULL, d DECIMAL(10,4) NULL, j JSON NULL, e ENUM('a','it''s, b') NULL,
  UNIQUE KEY t_word (word), KEY t_parent (parent_id), UNIQUE (d), KEY (n)
) DEFAULT CHARSET=utf8mb4;
CREATE TABLE f (id INT NOT NULL PRIMARY KEY, n INT NULL, body TEXT, FULLTEXT KEY f_body (body));
CREATE TABLE l (id INT NOT NULL PRIMARY KEY, word VARCHAR(200) NULL) DEFAULT CHARSET=latin1;
"""
COPY, REFUSED = "mysql-table-copy", "online-refused"
FAILS, LOSES, BREAKS = "may-fail-on-data", "redefine-loses", "type-change-breaks-code"

CASES: dict[str, tuple[str, Dialect, int, list[str]]] = {
    "int to bigint": ("ALTER TABLE t MODIFY n BIGINT NULL", A, 101_100, [COPY]),
    "a copy is online from 11.2": ("ALTER TABLE t MODIFY n BIGINT NULL", A, 110_200, []),
    "but not where writes are to wait": (
        "ALTER TABLE t MODIFY n BIGINT NULL, LOCK=SHARED", A, 110_200, [COPY]),
    "LOCK=NONE on a copy": ("ALTER TABLE t MODIFY n BIGINT NULL, LOCK=NONE", A, 101_100, [REFUSED]),
    "LOCK=NONE on an online copy": ("ALTER TABLE t MODIFY n BIGINT NULL, LOCK=NONE", A, 110_200, []),
    "INPLACE on a copy": ("ALTER TABLE t MODIFY n BIGINT NULL, ALGORITHM=INPLACE", A, 0, [REFUSED]),
    "INSTANT index": ("ALTER TABLE t ADD INDEX i (n), ALGORITHM=INSTANT", M, 0, [REFUSED]),
    "INSTANT by the session": (
        "SET alter_algorithm = 'INSTANT'; ALTER TABLE t MODIFY n BIGINT NULL", A, 0, [REFUSED]),
    "the statement before the session": (
        "SET alter_algorithm = 'INSTANT'; ALTER TABLE t MODIFY n BIGINT NULL, ALGORITHM=COPY", A, 0, [COPY]),
    "COPY of what is instant": ("ALTER TABLE t ADD COLUMN c INT, ALGORITHM=COPY", A, 0, [COPY]),
    "BINARY to a BLOB that holds it": ("ALTER TABLE b MODIFY x BLOB", A, 101_100, [COPY]),
    "BLOB to a larger one": ("ALTER TABLE b MODIFY y MEDIUMBLOB", A, 101_100, [COPY]),
    "LOCK=SHARED of what is instant": ("ALTER TABLE t ADD COLUMN c INT, LOCK=SHARED", A, 0, []),
    "LOCK=EXCLUSIVE": ("CREATE INDEX i ON t (n) LOCK=EXCLUSIVE", A, 0, [COPY]),
    "fulltext with LOCK=NONE": ("CREATE FULLTEXT INDEX i ON t (word) LOCK=NONE", M, 0, [REFUSED]),
    "DROP COLUMN INSTANT, new": ("ALTER TABLE t DROP n, ALGORITHM=INSTANT", M, 80_029, ["drop-breaks-code", "drop-column"]),
    "DROP COLUMN INSTANT, old": ("ALTER TABLE t DROP n, ALGORITHM=INSTANT", M, 80_028, ["drop-breaks-code", "drop-column", REFUSED]),
    "ADD COLUMN beside a full text index": ("ALTER TABLE f ADD c INT", A, 0, [COPY]),
    "the same in MySQL, beside a full text index": ("ALTER TABLE f ADD c INT", M, 80_036, [COPY]),
    "the same, INSTANT": ("ALTER TABLE f ADD c INT, ALGORITHM=INSTANT", A, 0, [REFUSED]),
    "a virtual column beside it": ("ALTER TABLE f ADD c INT AS (n + 1) VIRTUAL", A, 0, []),
    "a default beside it": ("ALTER TABLE f ALTER n SET DEFAULT 1", A, 0, []),
    "a rebuild beside it": ("ALTER TABLE f FORCE", A, 0, [COPY]),
    "another index beside it": ("ALTER TABLE f ADD INDEX (n)", A, 0, []),
    "behind its drop": ("ALTER TABLE f DROP INDEX f_body; ALTER TABLE f ADD c INT", A, 0, []),
    "ADD COLUMN last INSTANT": ("ALTER TABLE t ADD c INT, ALGORITHM=INSTANT", M, 80_012, []),
    "ADD COLUMN FIRST INSTANT": ("ALTER TABLE t ADD c INT FIRST, ALGORITHM=INSTANT", M, 80_012, [REFUSED]),
    "ADD COLUMN FIRST INSTANT in MariaDB": ("ALTER TABLE t ADD c INT FIRST, ALGORITHM=INSTANT", A, 0, []),
    "one random value for all rows, MariaDB": ("ALTER TABLE t ADD c DOUBLE DEFAULT (RAND())", A, 0, []),
    "the same in MySQL": ("ALTER TABLE t ADD c DOUBLE DEFAULT (RAND())", M, 0, [COPY]),
    "a value for each row": ("ALTER TABLE t ADD c CHAR(36) DEFAULT (UUID())", A, 0, [COPY]),
    "the last key of a counter": ("ALTER TABLE t DROP PRIMARY KEY", A, 0, ["drop-unique", COPY, "refused"]),
    "another key for the counter": ("ALTER TABLE t DROP PRIMARY KEY, ADD KEY (id)", A, 0, ["drop-unique", COPY]),
    "a unique key without a name": ("DROP INDEX d ON t", A, 0, ["drop-unique"]),
    "an index without a name": ("DROP INDEX n ON t", A, 0, []),
    "names do not tell case": ("DROP INDEX T_Parent ON t", A, 0, []),
    "no such index": ("DROP INDEX n_2 ON t", A, 0, ["missing-object"]),
    "an index of the name on another table": ("DROP INDEX n ON l", A, 0, ["missing-object"]),
    "the index of a foreign key stays": (
        "ALTER TABLE l ADD p INT NULL, ADD CONSTRAINT l_fk FOREIGN KEY (p) REFERENCES parent (id);"
        "ALTER TABLE l DROP FOREIGN KEY l_fk; DROP INDEX l_fk ON l", A, 0, [COPY]),
    "virtual to stored": (
        "ALTER TABLE t ADD v INT AS (n) VIRTUAL; ALTER TABLE t MODIFY v INT AS (n) STORED", A, 0, [COPY, "refused"]),
    "a copy that takes the name has its rows": (
        "CREATE TABLE l2 LIKE l; INSERT INTO l2 SELECT * FROM l; DROP TABLE l; RENAME TABLE l2 TO l; ALTER TABLE l DROP word",
        A, 0, ["rebuild-forgets", "drop-breaks-code", "drop-column"]),
    "ADD COLUMN 5.7": ("ALTER TABLE t ADD c INT", M, 50_700, []),
    "REFERENCES beside a column, MariaDB": ("ALTER TABLE t ADD c INT NULL REFERENCES parent (id)", A, 0, [COPY]),
    "REFERENCES beside a column, MySQL": ("ALTER TABLE t ADD c INT NULL REFERENCES parent (id)", M, 80_036, []),
    "varchar from 30 over 63": ("ALTER TABLE t MODIFY short VARCHAR(90) NOT NULL DEFAULT ''", A, 0, []),
    "the same, MySQL": ("ALTER TABLE t MODIFY short VARCHAR(90) NOT NULL DEFAULT ''", M, 0, [COPY]),
    "varchar from 50 over 63": ("ALTER TABLE t MODIFY word VARCHAR(90) NULL", A, 0, [COPY]),
    "varchar within 63": ("ALTER TABLE t MODIFY word VARCHAR(60) NULL", A, 0, []),
    "latin1 within 255": ("ALTER TABLE l MODIFY word VARCHAR(250) NULL", A, 0, []),
    "latin1 over 255": ("ALTER TABLE l MODIFY word VARCHAR(260) NULL", A, 0, [COPY]),
    "latin1 to utf8mb4": ("ALTER TABLE l MODIFY word VARCHAR(200) CHARACTER SET utf8mb4 NULL", A, 0, [COPY]),
    "utf8mb4 to latin1": ("ALTER TABLE t MODIFY word VARCHAR(50) CHARSET latin1 NULL", A, 0, [COPY, LOSES]),
    "utf8mb4 named": ("ALTER TABLE t MODIFY word VARCHAR(50) COLLATE utf8mb4_general_ci NULL", A, 0, [COPY]),
    "cut, mode not known": ("ALTER TABLE t MODIFY word VARCHAR(9) NULL", A, 0, [FAILS, COPY, LOSES, BREAKS]),
    "cut, strict": ("SET sql_mode='STRICT_ALL_TABLES'; ALTER TABLE t MODIFY word VARCHAR(9) NULL", A, 0, [FAILS, COPY, BREAKS]),
    "cut, not strict": ("SET sql_mode=''; ALTER TABLE t MODIFY word VARCHAR(9) NULL", A, 0, [COPY, LOSES, BREAKS]),
    "rounded, strict": ("SET sql_mode='TRADITIONAL'; ALTER TABLE t MODIFY d DECIMAL(10,2) NULL", A, 0, [COPY, LOSES]),
    "text to json": ("ALTER TABLE l MODIFY word JSON NULL", A, 0, [FAILS, COPY, LOSES, BREAKS]),
    "enum label with a comma kept": ("ALTER TABLE t MODIFY e ENUM('a','it''s, b','c') NULL", A, 0, []),
    "foreign key": ("ALTER TABLE t ADD FOREIGN KEY (parent_id) REFERENCES parent (id)", A, 0, [FAILS, COPY]),
    "foreign key unchecked": ("SET foreign_key_checks=0; ALTER TABLE t ADD FOREIGN KEY (parent_id) REFERENCES parent (id)", A, 0, []),
    "unique over a new column": ("ALTER TABLE t ADD c INT NULL, ADD UNIQUE (c)", A, 0, []),
    "unique over a filled one": ("ALTER TABLE t ADD c INT NULL; UPDATE t SET c = 1 WHERE id = 1; ALTER TABLE t ADD UNIQUE (c)", A, 0, [FAILS]),
    "one value in every row": ("ALTER TABLE t ADD c INT NOT NULL DEFAULT 0 UNIQUE", A, 0, [FAILS]),
    "IF EXISTS of a column, MySQL": ("ALTER TABLE t DROP COLUMN IF EXISTS x", M, 80_036, ["needs-newer-server"]),
    "IF EXISTS of a column, MariaDB": ("ALTER TABLE t DROP COLUMN IF EXISTS x", A, 0, []),
    "IGNORE drops what collides": ("ALTER IGNORE TABLE t ADD UNIQUE (n)", A, 0, ["delete-rows", FAILS, COPY]),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_codes(name: str) -> None:
    sql, dialect, version, codes = CASES[name]
    context = Context(
        dialect=dialect,
        server_version=version or None,
        catalogue=catalogue_of(SCHEMA, dialect),
        wrap=False,
    )
    assert sorted(serious(analyze(parse(sql, dialect), context))) == sorted(codes)


CONFIDENT = {
    (M, 0): Confidence.DOCUMENTED,
    (M, 80_036): Confidence.DOCUMENTED,
    (M, 101_119): Confidence.PARSED,
    (A, 0): Confidence.PARSED,
    (A, 101_100): Confidence.PARSED,
    (A, 110_400): Confidence.DOCUMENTED,
}


@pytest.mark.parametrize(("dialect", "version"), CONFIDENT)
def test_what_a_finding_rests_on(dialect: Dialect, version: int) -> None:
    context = Context(dialect, version or None, catalogue_of(SCHEMA, dialect), wrap=False)
    found = only(analyze(parse("TRUNCATE t", dialect), context), "truncate")
    assert found.confidence is CONFIDENT[dialect, version]
