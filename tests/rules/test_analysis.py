"""The verdict as a whole: levels, sizes, suppression, quiet on what is safe, and no crash."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from faber_db.model.catalogue import Catalogue, Column, Index, Table
from faber_db.model.dialect import Dialect
from faber_db.model.finding import Confidence, Risk
from faber_db.rules import Context, analyze, touched
from faber_db.sql.script import parse
from tests.rules.judging import Rows, judge, only, serious, shop

SAFE = {
    "new table and all about it": """
        CREATE TABLE t (id serial PRIMARY KEY, c bigint REFERENCES customers (id));
        CREATE INDEX i ON t (c); ALTER TABLE t ALTER c SET NOT NULL;
        INSERT INTO t (c) VALUES (1); UPDATE t SET c = 2; DELETE FROM t; DROP TABLE t""",
    "nullable and constant columns": """
        ALTER TABLE customers ADD COLUMN a int, ADD COLUMN b text DEFAULT 'x',
        ADD COLUMN c timestamptz NOT NULL DEFAULT now()""",
    "wider varchar": "ALTER TABLE customers ALTER email TYPE varchar(200)",
    "enum value": "ALTER TYPE order_state ADD VALUE 'late'",
    "words in comments and strings": """
        -- DROP TABLE customers
        COMMENT ON TABLE customers IS 'DROP TABLE customers; DELETE FROM orders'; /* TRUNCATE x */""",
    "qualified update": "UPDATE customers SET points = 1 WHERE id = 5",
    "guarded type": """
        DO $$ BEGIN CREATE TYPE x AS ENUM ('a'); EXCEPTION WHEN duplicate_object THEN null; END $$""",
    "limits": "SET lock_timeout = '2s'; SET LOCAL statement_timeout = 0",
    "insert": "INSERT INTO products VALUES (1, 'x', 2) ON CONFLICT DO NOTHING",
}


@pytest.mark.parametrize("sql", SAFE.values(), ids=SAFE)
def test_quiet_on_what_is_safe(sql: str) -> None:
    assert serious(judge(sql)) == []


CRITICAL = {
    "unparseable": "DROP TABL x",
    "dynamic": "DO $$ BEGIN EXECUTE 'DROP TABLE ' || current_setting('a.b'); END $$",
    "unknown function": "SELECT clean_up()",
    "program": "COPY products FROM PROGRAM 'sh'",
    "server file": "COPY products FROM '/etc/passwd'",
    "system": "ALTER SYSTEM SET x = 1",
    "superuser": "CREATE ROLE r SUPERUSER",
    "schema": "DROP SCHEMA public CASCADE",
    "hidden in a function that is called": """
        CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$ BEGIN EXECUTE 'x' || 'y'; END $$;
        SELECT f()""",
}


@pytest.mark.parametrize("sql", CRITICAL.values(), ids=CRITICAL)
def test_critical(sql: str) -> None:
    assert judge(sql).risk is Risk.CRITICAL


def test_size_moves_blocking_but_not_loss() -> None:
    index, drop = "CREATE INDEX i ON products (title)", "DROP TABLE products"
    small, large = {"products": Rows(100)}, {"products": Rows(5_000_000)}
    assert only(judge(index, sizes=small), "create-index").risk is Risk.LOW
    assert only(judge(index), "create-index").risk is Risk.MEDIUM
    assert only(judge(index, sizes=large), "create-index").risk is Risk.HIGH
    assert only(judge(drop, sizes=small), "drop-table").risk is Risk.HIGH


def test_a_reason_suppresses_one_finding() -> None:
    sql = (
        "-- faber-db: allow create-index: products has ten rows\nCREATE INDEX i ON products (title)"
    )
    analysis = judge(sql)
    assert only(analysis, "create-index").allowed == "products has ten rows"
    assert analysis.risk is Risk.LOW


def test_a_suppression_behind_the_statement_counts() -> None:
    sql = "CREATE INDEX i ON products (title); -- faber-db: allow create-index: small\nSELECT 1"
    assert only(judge(sql), "create-index").allowed == "small"


def test_loss_cannot_be_hidden_in_a_protected_environment() -> None:
    sql = "-- faber-db: allow drop-table: not used\nDROP TABLE products"
    assert only(judge(sql, protected=True), "drop-table").allowed == ""
    assert only(judge(sql), "drop-table").allowed == "not used"


@pytest.mark.parametrize(
    ("comment", "code"),
    [
        ("-- faber-db: allow create-index", "suppression-without-reason"),
        ("-- faber-db: allow drop-table: no", "suppression-unused"),
    ],
)
def test_bad_suppressions_are_findings(comment: str, code: str) -> None:
    analysis = judge(f"{comment}\nCREATE INDEX i ON products (title)")
    assert only(analysis, code).line == 1
    assert only(analysis, "create-index").allowed == ""


def test_earlier_pending_files_count() -> None:
    assert serious(judge("CREATE INDEX i ON t (a)", earlier=("CREATE TABLE t (a int)",))) == []
    found = judge("UPDATE products SET x = 1", earlier=("ALTER TABLE products ADD COLUMN x int",))
    assert serious(found) == ["update-new-column"]


def test_what_was_not_run_here_says_so() -> None:
    sql = "DROP TABLE products"
    assert only(judge(sql, version=140_000), "drop-table").confidence is Confidence.DOCUMENTED
    assert only(judge(sql), "drop-table").confidence is Confidence.PARSED


def test_the_report_names_brief_locks() -> None:
    report = judge("ALTER TABLE customers ADD COLUMN c int").statements[0]
    assert [(lock.table, lock.mode) for lock in report.locks] == [("customers", "ACCESS EXCLUSIVE")]
    assert (report.rewrite, report.scan, report.data_loss) == (False, False, False)


UNTIL = {
    "alone": ("ALTER TABLE customers ADD c int", True, [0]),
    "wrapped": ("ALTER TABLE customers ADD c int;\nSELECT 1;\nSELECT 2", True, [3]),
    "not wrapped": ("ALTER TABLE customers ADD c int;\nSELECT 1", False, [0]),
    "explicit": ("BEGIN;\nALTER TABLE customers ADD c int;\nCOMMIT;\nSELECT 1", False, [3]),
    "savepoint": (
        "SAVEPOINT a;\nALTER TABLE customers ADD c int;\nRELEASE a;\nSELECT 1",
        True,
        [4],
    ),
    "commit in a wrapped file": (
        "ALTER TABLE customers ADD c int;\nCOMMIT;\nALTER TABLE orders ADD c int;\nSELECT 1",
        True,
        [2, 0],
    ),
    "outside a transaction by nature": (
        "CREATE INDEX CONCURRENTLY i ON products (title);\nSELECT 1",
        False,
        [0],
    ),
}


@pytest.mark.parametrize(("sql", "wrap", "lines"), UNTIL.values(), ids=UNTIL)
def test_until_when_a_lock_is_held(sql: str, wrap: bool, lines: list[int]) -> None:
    reports = judge(sql, wrap=wrap).statements
    assert [lock.until_line for r in reports for lock in r.locks] == lines


def test_an_invalid_index_is_not_there() -> None:
    left = Index("i", ("title",), unique=True, valid=False)
    catalogue = Catalogue(
        tables=(Table("products", columns=(Column("title", "text"),), indexes=(left,)),)
    )
    context = Context(Dialect.POSTGRESQL, 170_010, catalogue, wrap=False)
    again = "CREATE INDEX CONCURRENTLY IF NOT EXISTS i ON products (title)"
    assert serious(analyze(parse(again, Dialect.POSTGRESQL), context)) == ["already-exists"]
    first = f"DROP INDEX CONCURRENTLY i; {again}"
    assert serious(analyze(parse(first, Dialect.POSTGRESQL), context)) == []
    key = "ALTER TABLE products ADD CONSTRAINT k UNIQUE USING INDEX i"
    assert serious(analyze(parse(key, Dialect.POSTGRESQL), context)) == ["refused"]


PRODUCTS = "CREATE TABLE p (id int, CONSTRAINT p_key PRIMARY KEY (id)); "
RENAMED_KEYS = {
    "a constraint": (
        f"{PRODUCTS} ALTER TABLE p RENAME CONSTRAINT p_key TO q; ALTER TABLE p DROP CONSTRAINT q",
        [],
    ),
    "an index": (
        f"{PRODUCTS} ALTER INDEX p_key RENAME TO q; ALTER TABLE p DROP CONSTRAINT q",
        [],
    ),
    "its table": (
        "CREATE TABLE q (id int PRIMARY KEY); ALTER TABLE q RENAME TO p;"
        " ALTER TABLE p DROP CONSTRAINT q_pkey",
        [],
    ),
    "another one": (
        f"{PRODUCTS} ALTER TABLE p ADD CONSTRAINT u UNIQUE (id);"
        " ALTER TABLE p RENAME CONSTRAINT u TO q; ALTER TABLE p DROP CONSTRAINT q",
        ["refused"],
    ),
}


@pytest.mark.parametrize(("before", "codes"), RENAMED_KEYS.values(), ids=RENAMED_KEYS)
def test_a_renamed_key_is_dropped_by_its_new_name(before: str, codes: list[str]) -> None:
    sql = f"{before}; ALTER TABLE p ADD PRIMARY KEY (id)"
    assert serious(analyze(parse(sql, Dialect.POSTGRESQL), Context(Dialect.POSTGRESQL))) == codes


VIEWS = {
    "of another table": ("SELECT o.id, c.name FROM orders o JOIN customers c ON true", []),
    "by its alias": ("SELECT p.title FROM products p", ["has-dependants"]),
    "without one": ("SELECT title FROM products, orders", ["has-dependants"]),
    "every column": ("SELECT p.* FROM products p", ["has-dependants"]),
    "a count": ("SELECT count(*) FROM products", []),
    "a whole row": ("SELECT p FROM products p", ["has-dependants"]),
}


@pytest.mark.parametrize(("query", "codes"), VIEWS.values(), ids=VIEWS)
def test_which_columns_a_view_needs(query: str, codes: list[str]) -> None:
    sql = f"CREATE VIEW v AS {query}; ALTER TABLE products ALTER title TYPE varchar"
    assert [c for c in serious(judge(sql)) if c == "has-dependants"] == codes


def test_a_quoted_column_of_an_index_is_a_key_to_refer_to() -> None:
    index = Index("k", ('"clientId"',), unique=True)
    columns = (Column("clientId", "text"), Column("id", "bigint"))
    tables = (Table("clients", columns=columns, indexes=(index,)), Table("tokens", columns=columns))
    context = Context(Dialect.POSTGRESQL, 170_010, Catalogue(tables=tables))
    sql = (
        'ALTER TABLE tokens ADD FOREIGN KEY ("clientId") REFERENCES clients ("clientId") NOT VALID'
    )
    assert serious(analyze(parse(sql, Dialect.POSTGRESQL), context)) == []
    other = sql.replace('clients ("clientId")', "clients (id)").replace('("clientId")', "(id)")
    assert serious(analyze(parse(other, Dialect.POSTGRESQL), context)) == ["refused"]


def test_touched_tables() -> None:
    script = parse("CREATE TABLE a (id int); DROP TABLE s.b; SELECT * FROM c", Dialect.POSTGRESQL)
    assert touched(script) == ("a", "s.b", "c")


WORDS = st.lists(
    st.sampled_from(
        ["ALTER", "TABLE", "customers", "ADD", "COLUMN", "x", "int", "NOT", "NULL", "DEFAULT", "(", ")", ";", ",", "DROP", "CREATE", "INDEX", "ON", "orders", "id", "UPDATE", "SET", "=", "1", "WHERE", "DELETE", "FROM", "INSERT", "INTO", "VALUES", "SELECT", "*", "TYPE", "text", "USING", "MODIFY", "RENAME", "TO", "CHECK", ">", "BEGIN", "END", "COMMIT", "PRIMARY", "KEY", "REFERENCES", "CASCADE", "'", '"', "`", "[", "]", "$$", "--", "/*", "*/", "PRAGMA", "foreign_keys", "TRIGGER", "REPLACE"]
    ),
    max_size=14,
).map(" ".join)  # fmt: skip


@pytest.mark.parametrize("dialect", list(Dialect))
@settings(max_examples=200, deadline=None)
@given(text=WORDS | st.text(max_size=40))
def test_no_input_crashes(dialect: Dialect, text: str) -> None:
    script = parse(text, dialect)
    analysis = analyze(script, Context(dialect))
    assert len(analysis.statements) == len(script.statements)
    assert all(f.risk is Risk.CRITICAL for f in analysis.findings if f.code == "not-understood")


@pytest.mark.parametrize(
    ("sql", "dialect", "unknown"),
    [
        ("UPDATE customers SET name = lower(replace(name, 'a', hex(name)))", Dialect.SQLITE, []),
        ("SELECT value FROM json_each('[1]')", Dialect.SQLITE, []),
        ("INSERT INTO customers (name) SELECT printf('%d', id) FROM orders", Dialect.SQLITE, []),
        ("UPDATE customers SET name = my_own(name)", Dialect.SQLITE, ["my_own"]),
        ("UPDATE customers SET name = SUBSTRING_INDEX(LCASE(name), '@', 1)", Dialect.MYSQL, []),
        ("REPLACE customers (id) VALUES (CAST(1 AS DECIMAL(10,2)))", Dialect.MYSQL, []),
        ("WITH x (a) AS (SELECT 1) SELECT IF(a IN (1), 2, 3) FROM x", Dialect.MYSQL, []),
        ("SELECT shop.clean_up(1), clean_up(2)", Dialect.MYSQL, ["clean_up", "shop.clean_up"]),
    ],
)
def test_functions_of_the_product_are_known(sql: str, dialect: Dialect, unknown: list[str]) -> None:
    found = [f for f in judge(sql, dialect).findings if f.code == "unknown-function"]
    assert sorted(o for f in found for o in f.objects) == unknown


def test_a_unique_index_that_another_key_doubles_is_not_missed() -> None:
    doubled = "CREATE UNIQUE INDEX customers_id_key ON customers (id)"
    assert serious(judge("DROP INDEX customers_id_key", earlier=(doubled,))) == []
    partial = "CREATE UNIQUE INDEX customers_email_open ON customers (email) WHERE points > 0"
    assert serious(judge("DROP INDEX orders_code", earlier=(partial,))) == ["drop-unique"]
    found = only(judge("DROP INDEX orders_code"), "drop-unique")
    assert ": INSERT … ON CONFLICT" in found.effect


TAKEN_OUT = {
    "by itself": ("CREATE INDEX CONCURRENTLY i ON products (title)", []),
    "locks of before are gone": (
        "ALTER TABLE customers ADD COLUMN z int; CREATE INDEX CONCURRENTLY i ON products (title);",
        [],
    ),
    "wrapped again behind it": (
        """CREATE INDEX CONCURRENTLY i ON products (title); ALTER TABLE customers ADD COLUMN z int;
        UPDATE products SET title = 'x' WHERE title IS NULL""",
        ["lock-held"],
    ),
    "the script's own transaction": (
        "BEGIN; CREATE INDEX CONCURRENTLY i ON products (title); COMMIT;",
        ["concurrently-in-transaction"],
    ),
    "a block that commits": ("DO $$ BEGIN PERFORM 1; COMMIT; END $$", []),
}


@pytest.mark.parametrize(("sql", "codes"), TAKEN_OUT.values(), ids=TAKEN_OUT)
def test_a_runner_that_takes_statements_out_of_the_transaction(sql: str, codes: list[str]) -> None:
    script = parse(sql, Dialect.POSTGRESQL)
    context = Context(Dialect.POSTGRESQL, 170_010, shop(Dialect.POSTGRESQL), takes_out=True)
    assert serious(analyze(script, context)) == codes


def test_a_block_that_commits_refuses_a_transaction() -> None:
    assert serious(judge("DO $$ BEGIN PERFORM 1; COMMIT; END $$")) == [
        "concurrently-in-transaction"
    ]
    assert serious(judge("DO $$ BEGIN PERFORM 1; COMMIT; END $$", wrap=False)) == []
    assert serious(judge("DO $$ BEGIN PERFORM 'commit'; END $$")) == []


_LOCKED = "ALTER TABLE customers ADD COLUMN nick text;"


@pytest.mark.parametrize(
    ("sql", "held"),
    [
        (f"{_LOCKED} DELETE FROM products WHERE id IN (1, 2, 3)", False),
        (f"{_LOCKED} DELETE FROM products WHERE title IN ('a', 'b')", True),
        (f"{_LOCKED} UPDATE orders SET amount = 1 WHERE amount = 2 AND id = 7", False),
        (f"{_LOCKED} SELECT count(*) FROM pg_constraint WHERE conname = 'x'", False),
        (f"{_LOCKED} SELECT count(*) FROM information_schema.columns", False),
        (
            "CREATE TABLE t (id int, c bigint, p int);"
            "ALTER TABLE t ADD FOREIGN KEY (c) REFERENCES customers (id);"
            "ALTER TABLE t ADD FOREIGN KEY (p) REFERENCES products (id)",
            False,
        ),
        (
            "ALTER TABLE orders ADD FOREIGN KEY (customer_id) REFERENCES customers (id) NOT VALID;"
            "ALTER TABLE orders ADD p int REFERENCES products (id);"
            "ALTER TABLE orders ADD FOREIGN KEY (id) REFERENCES products (id)",
            True,
        ),
    ],
)
def test_what_counts_as_work_under_a_lock(sql: str, *, held: bool) -> None:
    assert ("lock-held" in serious(judge(sql))) is held


def test_a_view_follows_a_renamed_table() -> None:
    renamed = "ALTER TABLE orders RENAME TO purchases"
    assert "has-dependants" in serious(judge("DROP TABLE purchases", earlier=(renamed,)))
    stand_in = f"{renamed}; CREATE VIEW orders AS SELECT * FROM purchases"
    assert "has-dependants" not in serious(judge("DROP VIEW orders", earlier=(stand_in,)))
