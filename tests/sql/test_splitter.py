"""Splitting and joining gives the same text, and nothing that runs lies between two statements."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from faber_db.model.dialect import Dialect
from faber_db.model.finding import Risk
from faber_db.model.statement import Drop
from faber_db.rules import Context, analyze
from faber_db.sql.lexer import BAD, COMMENT, SPACE, tokens
from faber_db.sql.script import parse
from faber_db.sql.splitter import spans

P, M, S = Dialect.POSTGRESQL, Dialect.MYSQL, Dialect.SQLITE

CASES: dict[str, tuple[Dialect, str, list[str]]] = {
    "two": (P, "SELECT 1; SELECT 2;", ["SELECT 1", "SELECT 2"]),
    "semicolon in a string": (P, "SELECT ';' ; SELECT 2", ["SELECT ';'", "SELECT 2"]),
    "escape string": (P, r"SELECT E'\';' ; SELECT 2", [r"SELECT E'\';'", "SELECT 2"]),
    "dollar quotes": (P, "DO $a$ BEGIN; $$;$$ END $a$; SELECT 2", ["DO $a$ BEGIN; $$;$$ END $a$", "SELECT 2"]),
    "nested comment": (P, "/* a /* ; */ ; */ SELECT 1; -- ;\nSELECT 2", ["SELECT 1", "SELECT 2"]),
    "a comment ends at a lone carriage return": (P, "-- x\rDROP TABLE t", ["DROP TABLE t"]),
    "begin atomic": (
        P,
        "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT CASE WHEN true THEN 1 END; SELECT 2; END; SELECT 3",
        [
            "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT CASE WHEN true THEN 1 END; SELECT 2; END",
            "SELECT 3",
        ],
    ),
    "rule": (P, "CREATE RULE r AS ON INSERT TO t DO (SELECT 1; SELECT 2); SELECT 3", ["CREATE RULE r AS ON INSERT TO t DO (SELECT 1; SELECT 2)", "SELECT 3"]),
    "bad one between": (P, "SELECT 1; FOO ; SELECT 2", ["SELECT 1", "FOO", "SELECT 2"]),
    "unended string": (P, "SELECT 1; SELECT 'a; SELECT 2", ["SELECT 1", "SELECT 'a; SELECT 2"]),
    "byte order mark": (P, "\ufeffSELECT 1", ["SELECT 1"]),
    "umlauts": (P, "SELECT 'äöü'; SELECT 'ß' AS \"ß\"", ["SELECT 'äöü'", "SELECT 'ß' AS \"ß\""]),
    "delimiter": (
        M,
        "DELIMITER //\nCREATE PROCEDURE p() BEGIN SELECT 1; SELECT 2; END//\nDELIMITER ;\nSELECT 3;",
        ["CREATE PROCEDURE p() BEGIN SELECT 1; SELECT 2; END", "SELECT 3"],
    ),
    "delimiter of dollars": (
        M,
        "DELIMITER $$\nCREATE PROCEDURE p() BEGIN SELECT a$b; END$$\nSELECT 2 $$\nDELIMITER ;\nSELECT 3;",
        ["CREATE PROCEDURE p() BEGIN SELECT a$b; END", "SELECT 2", "SELECT 3"],
    ),
    "mysql body without delimiter": (
        M,
        "CREATE TRIGGER t BEFORE INSERT ON a FOR EACH ROW BEGIN IF NEW.a THEN SET NEW.b = IF(1,2,3); END IF; END; SELECT 1",
        [
            "CREATE TRIGGER t BEFORE INSERT ON a FOR EACH ROW BEGIN IF NEW.a THEN SET NEW.b = IF(1,2,3); END IF; END",
            "SELECT 1",
        ],
    ),
    "version comment": (M, "/*!40101 SET NAMES utf8 */; SELECT 1", ["/*!40101 SET NAMES utf8 */", "SELECT 1"]),
    "hash comment": (M, "# a;b\nSELECT 1", ["SELECT 1"]),
    "two dashes are an operator": (M, "SELECT 1--1; SELECT 2", ["SELECT 1--1", "SELECT 2"]),
    "mysql backslash": (M, r"SELECT '\';'; SELECT 2", [r"SELECT '\';'", "SELECT 2"]),
    "sqlite trigger": (
        S,
        "CREATE TRIGGER t AFTER INSERT ON a BEGIN UPDATE b SET x = CASE WHEN 1 THEN 2 END; DELETE FROM c; END; SELECT 1",
        [
            "CREATE TRIGGER t AFTER INSERT ON a BEGIN UPDATE b SET x = CASE WHEN 1 THEN 2 END; DELETE FROM c; END",
            "SELECT 1",
        ],
    ),
    "sqlite brackets": (S, "SELECT 1 AS [a;b]; SELECT 2", ["SELECT 1 AS [a;b]", "SELECT 2"]),
    "sqlite comment goes past a carriage return": (S, "-- x\rDROP TABLE t\nSELECT 1", ["SELECT 1"]),
    "psql command": (P, "SELECT 1;\n\\connect other\nDROP TABLE t", ["SELECT 1", "\\connect other", "DROP TABLE t"]),
    "psql command behind a statement": (P, "SELECT 1 \\gexec\nSELECT 2", ["SELECT 1", "\\gexec", "SELECT 2"]),
    "copied rows": (
        P,
        "COPY t (a, b) FROM stdin;\n1\t'; DROP TABLE u;\n\\N\t2\n\\.\n\nSELECT 2;",
        ["COPY t (a, b) FROM stdin;\n1\t'; DROP TABLE u;\n\\N\t2\n\\.", "SELECT 2"],
    ),
    "copy without rows": (P, "COPY t FROM stdin;\nSELECT 2;\n\\q", ["COPY t FROM stdin", "SELECT 2", "\\q"]),
    "version comment around code": (M, "/*!50000 DROP TABLE t */; SELECT 1", ["/*!50000 DROP TABLE t */", "SELECT 1"]),
    "delimiter in lower case, two characters": (M, "delimiter $$\nSELECT 1; SELECT 2$$\nSELECT 3$$\ndelimiter ;\nSELECT 4;", ["SELECT 1; SELECT 2", "SELECT 3", "SELECT 4"]),
    "rows of plain values": (S, "INSERT INTO t VALUES (1, ';'), (2, 'a'';'), (3, NULL); SELECT 1", ["INSERT INTO t VALUES (1, ';'), (2, 'a'';'), (3, NULL)", "SELECT 1"]),
    "sqlite trigger with case at the end": (
        S,
        "CREATE TEMP TRIGGER t AFTER INSERT ON a BEGIN SELECT CASE WHEN 1 THEN RAISE(ABORT, 'no') END; END; DROP TABLE b",
        ["CREATE TEMP TRIGGER t AFTER INSERT ON a BEGIN SELECT CASE WHEN 1 THEN RAISE(ABORT, 'no') END; END", "DROP TABLE b"],
    ),
    "nothing": (P, " ; -- only\n ;", []),
}  # fmt: skip


@pytest.mark.parametrize(("dialect", "text", "expected"), CASES.values(), ids=CASES)
def test_statements(dialect: Dialect, text: str, expected: list[str]) -> None:
    assert [s.text for s in parse(text, dialect).statements] == expected


@pytest.mark.parametrize(("dialect", "text", "expected"), CASES.values(), ids=CASES)
def test_positions(dialect: Dialect, text: str, expected: list[str]) -> None:
    for statement in parse(text, dialect).statements:
        assert text[statement.start : statement.end] == statement.text
    assert [text[a:b] for a, b in spans(text, dialect)] == expected


def test_lines_end_in_every_known_way() -> None:
    script = parse("SELECT 1;\r\nSELECT 2;\rSELECT 3;\n\nSELECT 4", P)
    assert [s.line for s in script.statements] == [1, 2, 3, 5]


def test_what_only_psql_understands_is_said() -> None:
    script = parse("\\i other.sql\nCOPY t FROM stdin;\n1\n\\.\n", P)
    assert [s.understood for s in script.statements] == [False, False]
    assert ["psql" in s.problem for s in script.statements] == [True, True]


@pytest.mark.parametrize("dialect", [M, Dialect.MARIADB])
def test_a_version_comment_is_code(dialect: Dialect) -> None:
    actions = parse("/*!40101 DROP TABLE t */", dialect).statements[0].actions
    assert [type(a) for a in actions] == [Drop]


FRAGMENTS = st.lists(
    st.sampled_from(
        ["SELECT 1", ";", "'", '"', "$$", "$a$", "--", "/*", "*/", "\n", "\r", "BEGIN", "END", "ATOMIC",
         "CREATE TRIGGER t", "DELIMITER //\n", "//", "`", "[", "]", "(", ")", "\\", "é", "\0", "#", "CASE",
         "DROP TABLE t", " ", "E'", "/*!50000 ", "\ufeff", "VALUES (1, 'a'), ", "(2, NULL)", "\\.",
         "COPY t FROM stdin;\n", "\\connect x\n"]
    )
    | st.text(max_size=6),
    max_size=30,
).map("".join)  # fmt: skip


def test_a_no_break_space_belongs_to_the_statement() -> None:
    text = "VALUES (1, 'a'), \xa0"
    assert list(spans(text, Dialect.POSTGRESQL)) == [(0, len(text))]


@pytest.mark.parametrize("dialect", list(Dialect))
@settings(max_examples=150, deadline=None)
@given(text=FRAGMENTS)
def test_splitting_and_joining_gives_the_same_text(dialect: Dialect, text: str) -> None:
    """Between the statements lies nothing that a server would run."""
    position, joined = 0, ""
    for start, end in spans(text, dialect):
        assert position <= start < end <= len(text)
        joined += text[position:start] + text[start:end]
        _nothing_runs(text[position:start], dialect)
        position = end
    _nothing_runs(text[position:], dialect)
    assert joined + text[position:] == text


def _nothing_runs(gap: str, dialect: Dialect) -> None:
    if dialect in (Dialect.MYSQL, Dialect.MARIADB):
        gap = re.sub(r"(?i)delimiter[ \t]+\S+[^\n]*", "", gap)
        gap = gap.replace("//", "")
    for token in tokens(gap, dialect):
        assert token.kind in (SPACE, COMMENT) or gap[token.start : token.end] == ";", (gap, token)
        assert token.kind != BAD


@pytest.mark.parametrize("dialect", list(Dialect))
@settings(max_examples=150, deadline=None)
@given(text=FRAGMENTS)
def test_parse_takes_anything(dialect: Dialect, text: str) -> None:
    script = parse(text, dialect)
    for statement in script.statements:
        assert text[statement.start : statement.end] == statement.text
        assert statement.line == len(re.split(r"\r\n|\r|\n", text[: statement.start]))
        assert statement.actions


@pytest.mark.parametrize("dialect", list(Dialect))
@settings(max_examples=80, deadline=None)
@given(text=FRAGMENTS)
def test_analyze_takes_anything(dialect: Dialect, text: str) -> None:
    script = parse(text, dialect)
    analysis = analyze(script, Context(dialect=dialect))
    bad = {s.line for s in script.statements if not s.understood}
    assert bad <= {f.line for f in analysis.findings if f.risk is Risk.CRITICAL}
