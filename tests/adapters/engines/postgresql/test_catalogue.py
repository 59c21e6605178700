from collections.abc import Callable
from time import monotonic
from typing import Any

import pytest

from faber_db.adapters.engines.postgresql import Postgresql, catalogue
from faber_db.model.catalogue import (
    Catalogue,
    Check,
    Column,
    EnumType,
    ForeignKey,
    Index,
    Key,
    OtherObject,
    Sequence,
    Table,
    View,
)

A = Column("a", "integer")
NN = Column("a", "integer", nullable=False)
CASES: dict[str, tuple[str, Catalogue]] = {
    "columns": (
        "CREATE TABLE t (a int GENERATED ALWAYS AS IDENTITY, b varchar(80) NOT NULL DEFAULT 'x',"
        " c text COLLATE \"C\", d int GENERATED ALWAYS AS (a * 2) STORED, e timestamptz DEFAULT now());"
        " COMMENT ON TABLE t IS 'of t'; COMMENT ON COLUMN t.b IS 'of b'",
        Catalogue(tables=(Table("t", columns=(
            Column("a", "integer", nullable=False, identity="always"),
            Column("b", "character varying(80)", nullable=False, default="'x'::character varying",
                comment="of b"),
            Column("c", "text", collation="C"),
            Column("d", "integer", generated="stored:(a * 2)"),
            Column("e", "timestamp with time zone", default="now()"),
        ), comment="of t"),)),
    ),
    "serial": (
        "CREATE TABLE t (a serial)",
        Catalogue(
            tables=(Table("t", columns=(Column("a", "integer", nullable=False,
                default="nextval('t_a_seq'::regclass)"),)),),
            sequences=(Sequence("t_a_seq", "integer", owned_by="t.a"),),
        ),
    ),
    "constraints": (
        "CREATE TABLE p (a int PRIMARY KEY, b int, CONSTRAINT pu UNIQUE (b, a));"
        " CREATE TABLE t (a int CONSTRAINT tc CHECK (a > 0), b int, CONSTRAINT tf FOREIGN KEY (b, a)"
        " REFERENCES p (b, a) ON DELETE CASCADE DEFERRABLE);"
        " ALTER TABLE t ADD CONSTRAINT tv CHECK (a < 9) NOT VALID",
        Catalogue(tables=(
            Table("p", columns=(NN, Column("b", "integer")), primary_key=Key("p_pkey", ("a",)),
                uniques=(Key("pu", ("b", "a")),)),
            Table("t", columns=(A, Column("b", "integer")),
                foreign_keys=(ForeignKey("tf", ("b", "a"), "p", ("b", "a"), on_delete="CASCADE",
                    deferrable="deferrable"),),
                checks=(Check("tc", "(a > 0)"), Check("tv", "(a < 9)", validated=False))),
        )),
    ),
    "indexes": (
        "CREATE TABLE t (a int, b text); CREATE UNIQUE INDEX i ON t (a DESC, lower(b)) WHERE a > 0;"
        " CREATE INDEX j ON t USING hash (b); CREATE INDEX k ON t (b text_pattern_ops, a NULLS FIRST);"
        " CREATE INDEX l ON t (b COLLATE \"C\")",
        Catalogue(tables=(Table("t", columns=(A, Column("b", "text")), indexes=(
            Index("i", ("a DESC", "lower(b)"), unique=True, predicate="(a > 0)"),
            Index("j", ("b",), method="hash"),
            Index("k", ("b text_pattern_ops", "a NULLS FIRST")),
            Index("l", ('b COLLATE "C"',)),
        )),)),
    ),
    "an index with more than the model": (
        "CREATE TABLE t (a int, b int); CREATE INDEX i ON t (a) INCLUDE (b)",
        Catalogue(
            tables=(Table("t", columns=(A, Column("b", "integer")), indexes=(Index("i", ("a",)),)),),
            others=(OtherObject("index", "t.i",
                "CREATE INDEX i ON public.t USING btree (a) INCLUDE (b)", "t"),),
        ),
    ),
    "another schema": (
        "CREATE SCHEMA app; CREATE TYPE app.mood AS ENUM ('ok', 'bad');"
        " CREATE TABLE app.t (a app.mood); CREATE VIEW v AS SELECT a FROM app.t",
        Catalogue(
            tables=(Table("t", schema="app", columns=(Column("a", "app.mood"),)),),
            views=(View("v", "SELECT t.a\n   FROM app.t"),),
            enums=(EnumType("mood", ("ok", "bad"), schema="app"),),
            others=(OtherObject("schema", "app", ""),),
        ),
    ),
    "partitions": (
        "CREATE TABLE t (a int PRIMARY KEY) PARTITION BY RANGE (a); CREATE INDEX i ON t (a);"
        " CREATE TABLE t1 PARTITION OF t FOR VALUES FROM (0) TO (9)",
        Catalogue(tables=(
            Table("t", columns=(NN,), primary_key=Key("t_pkey", ("a",)),
                indexes=(Index("i", ("a",)),), options=("partitioned by RANGE (a)",)),
            Table("t1", columns=(NN,), options=("partition of t FOR VALUES FROM (0) TO (9)",)),
        )),
    ),
    "other objects": (
        "CREATE DOMAIN positive AS int NOT NULL CONSTRAINT pos CHECK (VALUE > 0);"
        " CREATE TYPE pair AS (x int, y text); CREATE TABLE t (a int);"
        " ALTER TABLE t ENABLE ROW LEVEL SECURITY; CREATE POLICY p ON t FOR SELECT USING (a > 0)",
        Catalogue(
            tables=(Table("t", columns=(A,), options=("ROW LEVEL SECURITY",)),),
            others=(
                OtherObject("composite type", "pair", "x integer, y text"),
                OtherObject("domain", "positive", "integer NOT NULL CONSTRAINT pos CHECK ((VALUE > 0))"),
                OtherObject("policy", "t.p", "PERMISSIVE FOR SELECT TO public USING ((a > 0))", "t"),
            ),
        ),
    ),
    "left out": (
        "CREATE TABLE ledger (a serial, CONSTRAINT u UNIQUE (a) INCLUDE (a)); CREATE TEMP TABLE x (a int);"
        " CREATE SCHEMA faber_db; CREATE TABLE faber_db.marker (a int); CREATE EXTENSION IF NOT EXISTS plpgsql",
        Catalogue(),
    ),
}  # fmt: skip


@pytest.mark.parametrize(("sql", "expected"), CASES.values(), ids=CASES)
def test_catalogue(
    sql: str,
    expected: Catalogue,
    engine: Postgresql,
    new_postgresql: Callable[..., str],
    postgresql_majors: tuple[int, ...],
) -> None:
    for major in postgresql_majors:
        with engine.connect(new_postgresql(major)) as session:
            session.execute(sql)
            session.execute("SET search_path = pg_catalog")
            found = session.catalogue(leave_out=["ledger"])
            assert session.query("SHOW search_path") == [("pg_catalog",)]
        views = tuple(
            View(v.name, v.definition.replace("SELECT a\n", "SELECT t.a\n"), v.schema)
            for v in found.views
        )  # 16 leaves the table's name out
        assert (
            Catalogue(found.tables, views, found.enums, found.sequences, found.others) == expected
        )


def test_functions_and_triggers_are_seen(engine: Postgresql, postgresql_url: str) -> None:
    with engine.connect(postgresql_url) as session:
        session.execute("CREATE TABLE t (a int, EXCLUDE (a WITH =))")
        session.execute(
            "CREATE FUNCTION f(x int) RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'".replace(
                "x int", ""
            )
        )
        session.execute("CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f()")
        session.execute("CREATE AGGREGATE total(int) (sfunc = int4pl, stype = int)")
        session.execute("CREATE RULE r AS ON DELETE TO t DO INSTEAD NOTHING")
        session.execute("CREATE MATERIALIZED VIEW m AS SELECT 1 AS one")
        found = session.catalogue()
        kinds = {(o.kind, o.name) for o in found.others}
        assert kinds == {
            ("exclusion constraint", "t.t_a_excl"), ("function", "f()"), ("trigger", "t.g"),
            ("aggregate", "total(integer)"), ("rule", "t.r"),
        }  # fmt: skip
        assert [(v.name, v.materialized) for v in found.views] == [("m", True)]
        before = found.fingerprint()
        session.execute("ALTER TABLE t DISABLE TRIGGER g")
        assert session.catalogue().fingerprint() != before


def test_a_thousand_tables(engine: Postgresql, postgresql_url: str) -> None:
    """They are read in less time than the server takes to make them."""
    with engine.connect(postgresql_url) as session:
        start = monotonic()
        session.execute(
            "DO $$ BEGIN FOR i IN 1..1000 LOOP EXECUTE format('CREATE TABLE t%s (a int PRIMARY KEY,"
            " b text NOT NULL, c int REFERENCES t1, CHECK (a > 0))', i); END LOOP; END $$"
        )
        made = monotonic()
        found = session.catalogue()
        read = monotonic()
        sizes = session.sizes()
        counted = monotonic()
    assert len(found.tables) == len(sizes) == 1000
    assert all(t.foreign_keys and t.checks and t.primary_key for t in found.tables)
    assert read - made < made - start
    assert counted - read < made - start


BEFORE = (
    "CREATE TABLE stays (a int PRIMARY KEY)",
    "CREATE TABLE goes (a int PRIMARY KEY, b int REFERENCES stays CHECK (b > 0))",
    "CREATE INDEX goes_b ON goes (b) WITH (fillfactor = 70)",
    "CREATE VIEW seen AS SELECT a, b FROM goes",
    "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "CREATE FUNCTION g() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
    "CREATE TRIGGER fires BEFORE INSERT ON goes FOR EACH ROW EXECUTE FUNCTION g()",
)
MEANWHILE = (
    "DROP FUNCTION f(); CREATE TABLE comes (a int PRIMARY KEY, b text UNIQUE);"
    " CREATE INDEX later ON stays (a)"
)
UNTIL_VIEWS = 5  # questions; that for views holds a lock on their tables until the last


@pytest.mark.slow
@pytest.mark.parametrize("number", range(8))
def test_it_is_of_one_moment(
    engine: Postgresql, postgresql_url: str, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    """Somebody changes the schema between two of the questions: it is the one before, or after."""
    with engine.connect(postgresql_url) as session, engine.connect(postgresql_url) as other:
        for statement in BEFORE:
            other.execute(statement)
        before = session.catalogue()
        asks, asked = catalogue._Reader._ask, list[str]()

        def ask(reader: catalogue._Reader, question: Any) -> list[Any]:
            if len(asked) == number:
                gone = "DROP VIEW seen; DROP TABLE goes; " if number < UNTIL_VIEWS else ""
                other.execute(gone + MEANWHILE)
            asked.append(question)
            return asks(reader, question)

        monkeypatch.setattr(catalogue._Reader, "_ask", ask)
        found = session.catalogue()
        assert len(asked) > number
        after = session.catalogue()
        assert before != after
        assert found in (before, after)
