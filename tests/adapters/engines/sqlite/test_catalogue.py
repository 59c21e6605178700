import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from faber_db.adapters.engines.sqlite import Sqlite
from faber_db.model.catalogue import (
    Catalogue,
    Check,
    Column,
    ForeignKey,
    Index,
    Key,
    OtherObject,
    Table,
    View,
)

A = Column("a", "INTEGER")
CASES: dict[str, tuple[str, Catalogue]] = {
    "columns": (
        "CREATE TABLE t (a INTEGER PRIMARY KEY AUTOINCREMENT, b VARCHAR(80) NOT NULL DEFAULT 'x,)',"
        " c TEXT COLLATE NOCASE, d REAL DEFAULT (1 + 2), \"e f\" BLOB)",
        Catalogue(tables=(Table("t", columns=(
            Column("a", "INTEGER", identity="autoincrement"),
            Column("b", "VARCHAR(80)", nullable=False, default="'x,)'"),
            Column("c", "TEXT", collation="NOCASE"),
            Column("d", "REAL", default="1 + 2"),
            Column("e f", "BLOB"),
        ), primary_key=Key("", ("a",))),)),
    ),
    "generated": (
        "CREATE TABLE t (a INTEGER, b INTEGER GENERATED ALWAYS AS (a * (2)) STORED, c AS (a+1))",
        Catalogue(tables=(Table("t", columns=(
            A, Column("b", "INTEGER", generated="stored:a * (2)"),
            Column("c", "", generated="virtual:a+1"),
        )),)),
    ),
    "checks": (
        "CREATE TABLE t (a INTEGER CHECK (a > 0 AND ')' <> '('), -- CHECK (no)\n"
        " CONSTRAINT small CHECK (a < 10 /* really */))",
        Catalogue(tables=(Table("t", columns=(A,), checks=(
            Check("", "a > 0 AND ')' <> '('"), Check("small", "a < 10"))),)),
    ),
    "options": (
        "CREATE TABLE t (a INTEGER, b INT, CONSTRAINT k PRIMARY KEY (b, a)) WITHOUT ROWID, STRICT",
        Catalogue(tables=(Table("t", columns=(
            Column("a", "INTEGER", nullable=False), Column("b", "INT", nullable=False)),
            primary_key=Key("k", ("b", "a")), options=("WITHOUT ROWID", "STRICT")),)),
    ),
    "references": (
        "CREATE TABLE p (x INTEGER PRIMARY KEY); CREATE TABLE t (a INTEGER REFERENCES p,"
        " b CONSTRAINT fk REFERENCES p (x) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,"
        " FOREIGN KEY (a) REFERENCES p (x) ON UPDATE SET NULL)",
        Catalogue(tables=(
            Table("p", columns=(Column("x", "INTEGER"),), primary_key=Key("", ("x",))),
            Table("t", columns=(A, Column("b", "")), foreign_keys=(
                ForeignKey("", ("a",), "p", ("x",)),
                ForeignKey("", ("a",), "p", ("x",), on_update="SET NULL"),
                ForeignKey("fk", ("b",), "p", ("x",), on_delete="CASCADE",
                    deferrable="initially deferred"),
            )),
        )),
    ),
    "indexes": (
        "CREATE TABLE t (a INTEGER, b TEXT, UNIQUE (b), CONSTRAINT u UNIQUE (a, b));"
        " CREATE UNIQUE INDEX i ON t (a DESC, b COLLATE NOCASE) WHERE a > 0 AND b <> 'WHERE';"
        " CREATE INDEX j ON t (lower(b), a)",
        Catalogue(tables=(Table("t", columns=(A, Column("b", "TEXT")),
            uniques=(Key("", ("b",)), Key("u", ("a", "b"))),
            indexes=(
                Index("i", ("a DESC", "b COLLATE NOCASE"), unique=True,
                    predicate="a > 0 AND b <> 'WHERE'"),
                Index("j", ("lower(b)", "a")),
            )),)),
    ),
    "views and triggers": (
        "CREATE TABLE t (a INTEGER); CREATE VIEW v AS SELECT a  FROM t;"
        " CREATE VIEW w (x) AS SELECT a FROM t;"
        " CREATE TRIGGER g AFTER INSERT ON t BEGIN DELETE FROM t; END",
        Catalogue(
            tables=(Table("t", columns=(A,)),),
            views=(View("v", "SELECT a FROM t"), View("w", "SELECT a FROM t")),
            others=(
                OtherObject("trigger", "t.g",
                    "CREATE TRIGGER g AFTER INSERT ON t BEGIN DELETE FROM t; END", "t"),
                OtherObject("view columns", "w", "(x)", "w"),
            ),
        ),
    ),
    "conflict clause": (
        "CREATE TABLE t (a INTEGER UNIQUE ON CONFLICT REPLACE)",
        Catalogue(
            tables=(Table("t", columns=(A,), uniques=(Key("", ("a",)),)),),
            others=(OtherObject("conflict clause", "t.0", "a INTEGER UNIQUE ON CONFLICT REPLACE", "t"),),
        ),
    ),
    "left out": (
        "CREATE TABLE ledger (a); CREATE TABLE sqlitelike (a);"
        " CREATE TRIGGER g AFTER INSERT ON ledger BEGIN SELECT 1; END",
        Catalogue(tables=(Table("sqlitelike", columns=(Column("a", ""),)),)),
    ),
}  # fmt: skip


@pytest.mark.parametrize(("sql", "expected"), CASES.values(), ids=CASES)
def test_catalogue(sql: str, expected: Catalogue, sqlite_url: str, tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "test.db")) as connection:
        connection.executescript(sql)
    with Sqlite(tmp_path).connect(sqlite_url) as session:
        found = session.catalogue(leave_out=["ledger"])
    assert found == expected


def test_a_virtual_table_hides_its_own_tables(sqlite_url: str, tmp_path: Path) -> None:
    with Sqlite(tmp_path).connect(sqlite_url, create=True) as session:
        session.execute("CREATE VIRTUAL TABLE f USING fts5(body)")
        found = session.catalogue()
    assert found.tables == ()
    assert [(o.kind, o.name) for o in found.others] == [("virtual table", "f")]
