"""Too large or too deep is refused in bounded time, and never kills the process."""

import time

import pytest

from faber_db.errors import AnalysisTooLarge
from faber_db.model.dialect import Dialect
from faber_db.model.statement import Calls, Insert
from faber_db.rules import Context, analyze
from faber_db.sql.script import parse
from faber_db.sql.watch import Watch

pytestmark = pytest.mark.alone  # what is measured here is no other test's

TOO_LARGE = {
    "size": "SELECT '" + "x" * 50_000_000 + "'",
    "statements": "SELECT 1;" * 50_001,
    "parentheses": "SELECT " + "(" * 10_000 + "1" + ")" * 10_000,
    "unclosed parentheses": "SELECT " + "(" * 20_000,
    "identifier": "SELECT 1 AS " + "a" * 1_000_000,
    "quoted identifier": 'SELECT 1 AS "' + "a b" * 400_000 + '"',
    "chain of operators": "SELECT " + "1+" * 100_000 + "1",
    "chain of unions": "SELECT 1" + " UNION ALL SELECT 1" * 100_000,
    "chain of joins": "SELECT * FROM a" + " JOIN b USING (x)" * 50_000,
}


@pytest.mark.parametrize("text", TOO_LARGE.values(), ids=TOO_LARGE)
def test_refused(text: str) -> None:
    began = time.process_time()  # of this process: the machine may be busy with other things
    with pytest.raises(AnalysisTooLarge):
        parse(text, Dialect.POSTGRESQL)
    assert time.process_time() - began < 5


@pytest.mark.slow
@pytest.mark.parametrize("dialect", [Dialect.MYSQL, Dialect.SQLITE])
@pytest.mark.parametrize("name", TOO_LARGE)
def test_refused_in_every_dialect(name: str, dialect: Dialect) -> None:
    text = TOO_LARGE[name]
    if name == "quoted identifier" and dialect is Dialect.MYSQL:
        text = text.replace('"', "`")
    began = time.process_time()
    with pytest.raises(AnalysisTooLarge):
        parse(text, dialect)
    assert time.process_time() - began < 5


ROWS = {
    Dialect.POSTGRESQL: "(1, -2.5e3, 'it''s', E'\\'', NULL, x'1f', true)",
    Dialect.MYSQL: "(1, -2.5e3, 'it''s', '\\'', NULL, x'1f', \"a\", _utf8 'b', 0xff)",
    Dialect.SQLITE: "(1, -2.5e3, 'it''s \\', x'1f', NULL)",
}


@pytest.mark.parametrize("dialect", ROWS)
def test_millions_of_plain_rows_are_one_insert(dialect: Dialect) -> None:
    rows = ",\n".join([ROWS[dialect]] * 60_000)
    text = f"INSERT INTO t (a, b) VALUES {rows};\nDROP TABLE u"
    began = time.process_time()
    first, second = parse(text, dialect).statements
    assert time.process_time() - began < 5
    assert (first.understood, second.text) == (True, "DROP TABLE u")
    insert = first.actions[0]
    assert isinstance(insert, Insert)
    assert insert.table == "t"


@pytest.mark.parametrize("dialect", ROWS)
def test_a_call_among_plain_rows_is_seen(dialect: Dialect) -> None:
    rows = ",".join(["(1, 'a')"] * 5_000)
    text = f"INSERT INTO t VALUES {rows}, (f(1), 'b'), {rows}"
    actions = parse(text, dialect).statements[0].actions
    assert any("f" in a.functions for a in actions if isinstance(a, Calls))


def test_a_watch_refuses_what_takes_too_long() -> None:
    clock = iter(range(1_000))
    watch = Watch(0.0, clock=lambda: float(next(clock)))
    with pytest.raises(AnalysisTooLarge, match="processor time"):
        parse("SELECT 1;" * 10, Dialect.SQLITE, watch)


def test_comments_nested_for_the_sake_of_it() -> None:
    """PostgreSQL's own lexer takes quadratic time over them."""
    began = time.process_time()
    script = parse("DROP TABLE t; SELECT " + "/*" * 200_000, Dialect.POSTGRESQL)
    assert time.process_time() - began < 5
    assert [s.understood for s in script.statements] == [True, False]


DEEP = {
    "concatenation": "SELECT 'a'" + "||'b'" * 300,
    "unions": "INSERT INTO t SELECT 1" + " UNION ALL SELECT 1" * 200,
    "parentheses": "SELECT " + "(" * 900 + "1" + ")" * 900,
    "long list": "INSERT INTO t VALUES " + ",".join(["(1, 'x')"] * 20_000),
}


@pytest.mark.parametrize("text", DEEP.values(), ids=DEEP)
def test_deep_but_readable(text: str) -> None:
    statement = parse(text, Dialect.POSTGRESQL).statements[0]
    assert statement.understood, statement.problem


def test_deeper_than_the_decoder_is_a_finding() -> None:
    script = parse("SELECT 1" + "+1" * 4_000, Dialect.POSTGRESQL)
    analysis = analyze(script, Context(dialect=Dialect.POSTGRESQL))
    assert [f.code for f in analysis.findings] == ["not-understood"]


@pytest.mark.parametrize("dialect", [Dialect.MYSQL, Dialect.SQLITE])
def test_sqlglot_is_not_driven_into_recursion(dialect: Dialect) -> None:
    statement = parse("SELECT " + "(" * 3_000 + "1" + ")" * 3_000, dialect).statements[0]
    assert not statement.understood
