"""`-- faber-db: allow CODE: reason` beside a statement: where it counts, and what it cannot hide."""

import pytest

from faber_db.adapters.handlers.prisma import Prisma
from faber_db.adapters.handlers.sql import SqlFiles
from faber_db.model.dialect import Dialect
from faber_db.model.finding import Analysis
from faber_db.model.migration import SourceFile
from faber_db.rules import Context, analyze
from faber_db.services.ports import Handler
from faber_db.sql.script import parse

A, B = "DROP TABLE a", "DROP TABLE b"
ALLOW = "faber-db: allow drop-table: it is empty"
PLACES: dict[str, tuple[str, set[str]]] = {  # sql, tables whose loss is allowed
    "above": (f"{A};\n-- {ALLOW}\n{B};", {"b"}),
    "above, with a blank line": (f"{A};\n\n-- {ALLOW}\n\n{B};", {"b"}),
    "above, as a block": (f"{A};\n/* {ALLOW} */\n{B};", {"b"}),
    "behind, before the semicolon": (f"{A} -- {ALLOW}\n;\n{B};", {"a"}),
    "behind": (f"{A}; -- {ALLOW}\n{B};", {"a"}),
    "behind, as a block": (f"{A}; /* {ALLOW} */\n{B};", {"a"}),
    "behind two on one line": (f"{A}; {B}; -- {ALLOW}\n", {"b"}),
    "between two on one line": (f"{A}; /* {ALLOW} */ {B};", {"b"}),
    "before two on one line": (f"/* {ALLOW} */ {A}; {B};", {"a"}),
    "inside": (f"{A};\nDROP TABLE -- {ALLOW}\n  b;", {"b"}),
    "inside, as a block": (f"DROP /* {ALLOW} */ TABLE a; {B};", {"a"}),
    "several lines": (
        f"{A};\n/*\n * faber-db: allow drop-table:\n *   it is empty\n */\n{B};",
        {"b"},
    ),
    "other capitals": (f"-- FABER-DB: ALLOW drop-table: it is empty\n{A}; {B};", {"a"}),
    "with words before it": (f"-- see 12; {ALLOW}\n{A};\n{B};", {"a"}),
    "lone carriage returns": (f"{A};\r-- {ALLOW}\r\n{B};", {"b"}),
    "in a string": (f"INSERT INTO t VALUES ('-- {ALLOW}');\n{A}; {B};", set()),
    "in a quoted name": (f'CREATE TABLE "-- {ALLOW}" (i int);\n{A}; {B};', set()),
    "one for two, on one only": (f"-- {ALLOW}\n{A};\n{B};", {"a"}),
}


def _analysis(
    sql: str, *, dialect: Dialect = Dialect.POSTGRESQL, protected: bool = False
) -> Analysis:
    return analyze(parse(sql, dialect), Context(dialect=dialect, protected=protected))


def _allowed(analysis: Analysis, code: str = "drop-table") -> set[str]:
    return {n for f in analysis.findings if f.code == code and f.allowed for n in f.objects}


IN_EACH = {
    f"{name}-{dialect}": (sql, tables, dialect)
    for name, (sql, tables) in PLACES.items()
    for dialect in (Dialect.POSTGRESQL, Dialect.MARIADB, Dialect.SQLITE)
    if "\r--" not in sql or dialect is Dialect.POSTGRESQL  # which alone ends a comment at one
}


@pytest.mark.parametrize(("sql", "tables", "dialect"), IN_EACH.values(), ids=IN_EACH)
def test_places(sql: str, tables: set[str], dialect: Dialect) -> None:
    analysis = _analysis(sql, dialect=dialect)
    assert _allowed(analysis) == tables
    assert {n for f in analysis.findings if f.code == "drop-table" for n in f.objects} == {"a", "b"}


def test_a_body_belongs_to_its_statement() -> None:
    body = f"DO $do$ BEGIN\n  -- {ALLOW}\n  DROP TABLE a;\nEND $do$;\n{B};"
    assert _allowed(_analysis(body)) == {"a"}


def test_mysql_comments() -> None:
    sql = f"{A};\n# {ALLOW}\n{B};"
    assert _allowed(_analysis(sql, dialect=Dialect.MARIADB)) == {"b"}


def test_one_comment_allows_several_codes() -> None:
    sql = f"/* {ALLOW}\n   faber-db: allow drop-breaks-code: nobody uses it */\n{A};"
    found = {f.code: f.allowed for f in _analysis(sql).findings}
    assert found["drop-table"] == "it is empty"
    assert found["drop-breaks-code"] == "nobody uses it"


HISTORIES: dict[str, tuple[Handler, dict[str, str]]] = {
    "prisma": (
        Prisma(),
        {
            "migration_lock.toml": 'provider = "postgresql"\n',
            "20261101000000_a/migration.sql": f"-- AlterTable\n-- {ALLOW}\n{A};\n{B};\n",
        },
    ),
    "pairs": (
        SqlFiles(),
        {"001_a.up.sql": f"{A}; -- {ALLOW}\n{B};\n", "001_a.down.sql": "SELECT 1;\n"},
    ),
}


@pytest.mark.parametrize(("handler", "files"), HISTORIES.values(), ids=HISTORIES)
def test_formats(handler: Handler, files: dict[str, str]) -> None:
    sources = [SourceFile(path=p, content=text.encode()) for p, text in files.items()]
    (migration,) = handler.parse(sources)
    assert _allowed(_analysis(migration.up)) == {"a"}


def test_it_names_who_has_to_be_asked_in_a_protected_environment() -> None:
    sql = f"-- {ALLOW}\n{A};\n-- faber-db: allow create-index: small\nCREATE INDEX i ON t (c);"
    analysis = _analysis(sql, protected=True)
    assert _allowed(analysis) == set()
    assert _allowed(analysis, "create-index") == {"t"}
    (loss,) = [f for f in analysis.findings if f.code == "drop-table"]
    assert loss.effect.endswith(
        "Data loss in a protected environment cannot be allowed by a comment."
    )
    assert "suppression-unused" not in {f.code for f in analysis.findings}


@pytest.mark.parametrize("protected", [True, False])
def test_it_cannot_hide_what_is_critical(protected: bool) -> None:
    sql = "-- faber-db: allow drop-database: go\nDROP DATABASE shop;"
    (found,) = [
        f for f in _analysis(sql, protected=protected).findings if f.code == "drop-database"
    ]
    assert found.allowed == ""
    assert "cannot be allowed" in found.effect
    assert _analysis(sql, protected=protected).risk.value == "critical"


def test_what_is_wrong_with_one_is_a_finding_each() -> None:
    sql = (
        "-- faber-db: allow drop-table\nDROP TABLE a;\n"
        "-- faber-db: allow create-index: no index here\nDROP TABLE b;\n"
        "-- faber-db: allow drop-table: nothing follows"
    )
    found = [(f.code, f.line) for f in _analysis(sql).findings if f.code.startswith("suppression")]
    assert found == [
        ("suppression-without-reason", 1),
        ("suppression-unused", 3),
        ("suppression-unused", 5),
    ]


def test_what_is_allowed_does_not_count_for_the_risk() -> None:
    sql = "-- faber-db: allow create-index: ten rows\nCREATE INDEX i ON t (c);"
    assert _analysis(sql).risk.value == "low"
    assert _analysis("CREATE INDEX i ON t (c);").risk.value == "medium"
