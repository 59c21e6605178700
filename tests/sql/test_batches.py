"""Statements that ask for batches: what is split, and what is refused."""

import pytest

from faber_db.model.dialect import Dialect
from faber_db.sql.batches import NotBatched, batched
from faber_db.sql.script import Statement, parse


def statement(text: str, dialect: Dialect = Dialect.POSTGRESQL) -> Statement:
    (found,) = parse(f"-- faber-db: batch 10\n{text}", dialect).statements
    return found


SPLIT = {
    "update": (
        "UPDATE t SET a = 1 WHERE b = 2 OR c",
        "UPDATE t SET a = 1 WHERE k AND ( b = 2 OR c\n)",
    ),
    "every row": ("UPDATE t SET a = '5%'", "UPDATE t SET a = '5%%'\nWHERE k"),
    "a comment at the end": ("DELETE FROM t -- all\n", "DELETE FROM t -- all\nWHERE k"),
    "a comment in the condition": (
        "DELETE FROM t WHERE a -- b\n",
        "DELETE FROM t WHERE k AND ( a -- b\n)",
    ),
    "another table": (
        "UPDATE t SET a = u.a FROM u WHERE u.id = t.id",
        "UPDATE t SET a = u.a FROM u WHERE k AND ( u.id = t.id\n)",
    ),
    "a word in brackets": (
        "UPDATE t SET a = (SELECT max(b) FROM u WHERE c)",
        "UPDATE t SET a = (SELECT max(b) FROM u WHERE c)\nWHERE k",
    ),
    "its own row in brackets": (
        "UPDATE t SET a = (SELECT max(b) FROM u WHERE u.id = t.id)",
        "UPDATE t SET a = (SELECT max(b) FROM u WHERE u.id = t.id)\nWHERE k",
    ),
    "insert": (
        "INSERT INTO d (a) SELECT a FROM t WHERE b",
        "INSERT INTO d (a) SELECT a FROM t WHERE k AND ( b\n)",
    ),
}
REFUSED = {
    "another statement": "SELECT 1",
    "a definition": "ALTER TABLE t ADD a int",
    "rows that are asked for": "UPDATE t SET a = 1 RETURNING a",
    "a limit": "INSERT INTO d SELECT a FROM t ORDER BY a LIMIT 5",
    "an aggregate": "INSERT INTO d SELECT count(*) FROM t",
    "groups": "INSERT INTO d SELECT a FROM t GROUP BY a",
    "distinct rows": "INSERT INTO d SELECT DISTINCT a FROM t",
    "two tables": "INSERT INTO d SELECT a FROM t, u",
    "a join": "INSERT INTO d SELECT a FROM t JOIN u ON t.id = u.id",
    "values": "INSERT INTO d VALUES (1)",
    "itself": "INSERT INTO t SELECT a FROM s.t",
    "what batches before changed": "UPDATE t SET a = (SELECT max(b) FROM t) + 1",
    "the same in another schema's name": 'DELETE FROM s.t WHERE 5 < (SELECT count(*) FROM "t" AS x)',
    "a target that is read": "INSERT INTO d SELECT a FROM t WHERE a NOT IN (SELECT a FROM d)",
    "with": "WITH x AS (SELECT 1) DELETE FROM t",
}


@pytest.mark.parametrize(("text", "wanted"), SPLIT.values(), ids=SPLIT)
def test_where_the_range_goes(text: str, wanted: str) -> None:
    found = statement(text)
    assert (found.batch, found.transactional) == (10, False)
    assert batched(found).text("k") == wanted


@pytest.mark.parametrize("text", REFUSED.values(), ids=REFUSED)
def test_what_is_not_split(text: str) -> None:
    with pytest.raises(NotBatched):
        batched(statement(text))


@pytest.mark.parametrize(
    ("comment", "size"),
    [
        ("-- faber-db: batch 5000", 5000),
        ("--faber-db:batch 7", 7),
        ("-- faber-db: batch", -1),
        ("-- faber-db: batch many", -1),
        ("-- faber-db: batch 0", -1),
        ("-- we say faber-db: batch 5", 0),
        ("SELECT '-- faber-db: batch 5';", 0),
        ("-- faber-db: allow update-rows: batch 5", 0),
    ],
)
def test_the_comment(comment: str, size: int) -> None:
    *_, found = parse(f"{comment}\nUPDATE t SET a = 1", Dialect.POSTGRESQL).statements
    assert found.batch == size


def test_names() -> None:
    found = batched(statement('UPDATE ONLY s."T" AS x SET "A" = 1, b = 2'))
    assert (found.table, found.name, found.assigned) == ('s."T"', "x", frozenset({"a", "b"}))
    found = batched(statement("DELETE FROM `a b` WHERE c", Dialect.MARIADB))
    assert (found.table, found.name) == ("`a b`", "`a b`")
