"""What statements of MySQL and MariaDB are read as."""

import pytest

from faber_db.model.dialect import Dialect
from faber_db.model.statement import (
    Action,
    AddColumn,
    AddConstraint,
    AlterSequence,
    Calls,
    CreateIndex,
    CreateRoutine,
    CreateTable,
    CreateTrigger,
    CreateView,
    Delete,
    Drop,
    DropColumn,
    Dynamic,
    Harmless,
    Insert,
    NotUnderstood,
    Outside,
    Query,
    Raise,
    Rename,
    TableSetting,
    Truncate,
    Update,
)
from faber_db.sql.script import parse


def read(text: str, dialect: Dialect = Dialect.MYSQL) -> tuple[Action, ...]:
    statements = parse(text, dialect).statements
    assert len(statements) == 1
    return statements[0].actions


def written(text: str) -> list[tuple[str, str, tuple[str, ...], bool]]:
    return [
        (type(a).__name__, a.table, getattr(a, "columns", ()), a.qualified)
        for a in read(text)
        if isinstance(a, Update | Delete)
    ]


TARGETS = {
    "DELETE l FROM lines l JOIN orders o ON o.id = l.o WHERE o.x = 1": [
        ("Delete", "lines", (), True)
    ],
    "DELETE a, b FROM t1 a JOIN t2 b ON a.id = b.id": [
        ("Delete", "t1", (), False),
        ("Delete", "t2", (), False),
    ],
    "DELETE FROM l USING lines AS l JOIN items i ON i.id = l.i WHERE i.n = 0": [
        ("Delete", "lines", (), True)
    ],
    "DELETE FROM a, b USING t1 AS a JOIN b ON a.id = b.id": [
        ("Delete", "t1", (), False),
        ("Delete", "b", (), False),
    ],
    "DELETE t.*, u.* FROM t, u WHERE t.id = u.id": [
        ("Delete", "t", (), False),
        ("Delete", "u", (), False),
    ],
    "DELETE LOW_PRIORITY QUICK IGNORE FROM t WHERE a > 1": [("Delete", "t", (), True)],
    "DELETE FROM t PARTITION (p1)": [("Delete", "t", (), False)],
    "DELETE FROM t ORDER BY a LIMIT 5": [("Delete", "t", (), True)],
    "UPDATE LOW_PRIORITY IGNORE t SET a = 1": [("Update", "t", ("a",), False)],
    "UPDATE a, b SET a.x = 1, b.y = 2 WHERE a.id = b.id": [
        ("Update", "a", ("x",), False),
        ("Update", "b", ("y",), False),
    ],
    "UPDATE a JOIN b ON a.id = b.id SET b.y = a.x WHERE a.z > 0": [("Update", "b", ("y",), True)],
    "UPDATE t x JOIN t y ON x.id = y.up SET x.n = y.n": [("Update", "t", ("n",), False)],
    "UPDATE t SET a = 1 WHERE b = b": [("Update", "t", ("a",), False)],
    "UPDATE t SET a = 1 /*! WHERE b = 2 */": [("Update", "t", ("a",), True)],
    "UPDATE t SET a = 1 /*!999999 WHERE b = 2 */": [("Update", "t", ("a",), False)],
}


@pytest.mark.parametrize("text", TARGETS)
def test_which_tables_are_written(text: str) -> None:
    assert written(text) == TARGETS[text]


CONFLICTS = {
    "REPLACE INTO t SET a = 1": "replace",
    "REPLACE LOW_PRIORITY t (a) VALUES (1)": "replace",
    "INSERT IGNORE INTO t (a) VALUES (1)": "nothing",
    "INSERT HIGH_PRIORITY INTO t (a) VALUES (1)": "",
    "INSERT INTO t (a, b) VALUES (1, 2) ON DUPLICATE KEY UPDATE b = VALUES(b)": "update",
    "INSERT INTO t (a, b) VALUES (1, 2) ON DUPLICATE KEY UPDATE a = a": "nothing",
    "INSERT INTO t (a, b) VALUES (1, 2) ON DUPLICATE KEY UPDATE a = a, b = 3": "update",
}


@pytest.mark.parametrize("text", CONFLICTS)
def test_what_happens_to_a_row_that_is_there(text: str) -> None:
    assert [a.conflict for a in read(text) if isinstance(a, Insert)] == [CONFLICTS[text]]


TYPES = {
    "BINARY(16)": ("binary", ("16",)),
    "CHARACTER(3)": ("char", ("3",)),
    "CHARACTER VARYING(9)": ("varchar", ("9",)),
    "NATIONAL CHARACTER VARYING(9)": ("varchar", ("9",)),
    "VARCHAR(9) BINARY": ("varchar", ("9",)),
    "CHAR(9) CHARACTER SET ascii": ("char", ("9",)),
    "DOUBLE PRECISION": ("double", ()),
    "INT8": ("bigint", ()),
    "BOOLEAN": ("tinyint", ("1",)),
    "ENUM('a,b', 'it''s')": ("enum", ("a,b", "it's")),
}


@pytest.mark.parametrize("text", TYPES)
def test_types(text: str) -> None:
    (action,) = read(f"ALTER TABLE t ADD c {text} NOT NULL")
    assert isinstance(action, AddColumn)
    assert (action.column.type.name, action.column.type.arguments) == TYPES[text]


KINDS: dict[str, list[type[Action]]] = {
    "SET STATEMENT max_statement_time = 1, a = 2 FOR TRUNCATE t": [Truncate],
    "EXECUTE IMMEDIATE 'DROP TABLE `t`'": [Drop],
    "PREPARE s FROM 'TRUNCATE t'": [Truncate],
    "PREPARE s FROM @sql": [Dynamic],
    "EXECUTE s": [Dynamic],
    "/*!999999 DROP TABLE t */": [Harmless],
    "/*!40101 DROP TABLE t */": [Drop],
    "/*M!100100 DROP TABLE t */": [Drop],
    "ALTER TABLE t ADD a INT /*!50000 , DROP b */": [AddColumn, DropColumn],
    "SELECT a INTO @x FROM t": [Query],
    "SELECT a, b FROM t LIMIT 1 INTO @x, y": [Query],
    "SELECT * INTO OUTFILE '/x' FIELDS TERMINATED BY ',' FROM t": [Query, Outside],
    "SELECT * FROM t INTO DUMPFILE '/x'": [Query, Outside],
    "ALTER TABLE t ADD SYSTEM VERSIONING": [TableSetting],
    "ALTER TABLE t ADD PARTITION PARTITIONS 2": [TableSetting],
    "ALTER ONLINE TABLE t ADD a INT": [TableSetting, AddColumn],
    "ALTER TABLE t WAIT 5 ADD a INT": [AddColumn],
    "ALTER TABLE t ORDER BY a DESC, b": [TableSetting],
    "ALTER TABLE t ADD (a INT, INDEX (a), UNIQUE (b))": [AddColumn, CreateIndex, AddConstraint],
    "ALTER TABLE t CONVERT PARTITION p TO TABLE x": [TableSetting],
    "ALTER TABLE t ADD c VARCHAR(9) CHARACTER SET = 'ascii' COLLATE 'ascii_bin'": [AddColumn],
    "ALTER SEQUENCE s RESTART 5": [AlterSequence],
    "CREATE TABLE t (a INT) WITH SYSTEM VERSIONING": [CreateTable],
    "RENAME TABLES a TO b, c TO d": [Rename, Rename],
    "SELECT NEXT VALUE FOR s": [Query],
    "DROP INDEX i ON t ALGORITHM=INPLACE LOCK=NONE": [Drop, TableSetting, TableSetting],
    "DROP INDEX i ON t ALGORITHM=INPLACE oops": [NotUnderstood],
    "SIGNAL SQLSTATE '45000'": [Raise],
}


@pytest.mark.parametrize("text", KINDS)
def test_kinds_of_actions(text: str) -> None:
    assert [type(a) for a in read(text)] == KINDS[text]


BODIES: dict[str, list[type[Action]]] = {
    "CREATE PROCEDURE p() DELETE FROM t": [Delete],
    "CREATE PROCEDURE p() MODIFIES SQL DATA UPDATE t SET a = 1": [Update],
    "CREATE PROCEDURE p() COMMENT 'x' TRUNCATE t": [Truncate],
    "CREATE PROCEDURE p() BEGIN SELECT count(*) INTO n FROM t; IF n > 1 THEN TRUNCATE t; END IF; END": [
        Query, Calls, Truncate,
    ],
    "CREATE EVENT e ON SCHEDULE EVERY 1 DAY DO DELETE FROM t": [Delete],
    "CREATE FUNCTION f() RETURNS INT DETERMINISTIC RETURN 1": [],
    "CREATE TRIGGER g AFTER DELETE ON t FOR EACH ROW FOLLOWS h DELETE FROM u": [Delete],
    "CREATE TRIGGER g BEFORE UPDATE ON t FOR EACH ROW SET NEW.a = 1": [],
    "CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW BEGIN SIGNAL SQLSTATE '45000'; END": [Raise],
}  # fmt: skip


@pytest.mark.parametrize("text", BODIES)
def test_bodies(text: str) -> None:
    (action,) = read(text)
    assert isinstance(action, CreateRoutine | CreateTrigger)
    assert [type(a) for a in action.body] == BODIES[text]


def test_a_comment_for_newer_mysql_is_none_for_mariadb() -> None:
    text = "/*!80013 DROP TABLE t */"
    assert [type(a) for a in read(text, Dialect.MYSQL)] == [Drop]
    assert [type(a) for a in read(text, Dialect.MARIADB)] == [Harmless]


VIEWS: dict[str, tuple[str, ...]] = {
    "CREATE VIEW v AS SELECT a, b + 1 AS c FROM t": ("a", "c"),
    "CREATE VIEW v (x, y) AS SELECT a, b FROM t": ("x", "y"),
    "CREATE VIEW v AS SELECT * FROM t": (),
}


@pytest.mark.parametrize("text", VIEWS)
def test_columns_of_a_view(text: str) -> None:
    assert [a.columns for a in read(text) if isinstance(a, CreateView)] == [VIEWS[text]]


PARTITIONING = {
    "ALTER TABLE t ADD c int PARTITION BY HASH (a)": ["c"],
    "ALTER TABLE t ADD c int, ADD d text PARTITION BY RANGE (a) (PARTITION p VALUES LESS THAN (1), PARTITION q VALUES LESS THAN (2))": ["c", "d"],
    "ALTER TABLE t ADD c int REMOVE PARTITIONING": ["c"],
    "ALTER TABLE t PARTITION BY KEY (a)": [],
}  # fmt: skip


@pytest.mark.parametrize("text", PARTITIONING)
def test_partitioning_behind_other_changes(text: str) -> None:
    """No comma stands before it, so the type of a column must not swallow it."""
    *added, last = read(text)
    assert [
        (a.column.name, a.column.type.arguments) for a in added if isinstance(a, AddColumn)
    ] == [(name, ()) for name in PARTITIONING[text]]
    assert last == TableSetting("t", "partition")
