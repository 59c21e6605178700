"""Too large or too deep is refused in bounded time, and never kills the process."""

import time

import pytest

from faber_db.errors import AnalysisTooLarge
from faber_db.model.dialect import Dialect
from faber_db.rules import Context, analyze
from faber_db.sql.script import parse

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
    began = time.perf_counter()
    with pytest.raises(AnalysisTooLarge):
        parse(text, Dialect.POSTGRESQL)
    assert time.perf_counter() - began < 5


@pytest.mark.parametrize("dialect", [Dialect.MYSQL, Dialect.SQLITE])
@pytest.mark.parametrize("name", ["size", "parentheses", "identifier"])
def test_refused_in_every_dialect(name: str, dialect: Dialect) -> None:
    with pytest.raises(AnalysisTooLarge):
        parse(TOO_LARGE[name], dialect)


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
