"""What has no safe form says why; what stays keeps its words and its order."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from faber_db.model.dialect import Dialect
from faber_db.recipes import plan
from faber_db.recipes.names import constraint_name, index_name, object_name
from faber_db.rules import Context, analyze
from faber_db.sql.schema import catalogue_of
from faber_db.sql.script import parse
from tests.recipes.proving import SHOP, plan_of

MORE = """
CREATE DOMAIN positive AS integer CHECK (VALUE > 0);
CREATE VIEW adults AS SELECT id, age FROM users WHERE age > 17;
CREATE TABLE numbered (n serial, owner text, id int PRIMARY KEY);
CREATE POLICY own ON numbered USING (owner = current_user);
CREATE TABLE days (at date) PARTITION BY RANGE (at);
CREATE TABLE days_rest PARTITION OF days DEFAULT;
CREATE TABLE days_1 (at date);
ALTER TABLE orders ADD CONSTRAINT total_range CHECK (total < 1000000);
"""
CATALOGUE = catalogue_of(SHOP + MORE, Dialect.POSTGRESQL)

UNSOLVED = {
    "exclude": ("ALTER TABLE orders ADD EXCLUDE USING gist (id WITH =)", "no other way is known"),
    "stored": (
        "ALTER TABLE orders ADD t numeric GENERATED ALWAYS AS (total * 2) STORED",
        "trigger",
    ),
    "identity": ("ALTER TABLE orders ADD n int GENERATED ALWAYS AS IDENTITY", "identity"),
    "domain": ("ALTER TABLE orders ADD n positive", "base type"),
    "required": ("ALTER TABLE orders ADD n int NOT NULL", "constant DEFAULT"),
    "no key": ("ALTER TABLE keyless ADD u uuid DEFAULT gen_random_uuid()", "no primary key"),
    "maybe there": ("ALTER TABLE orders ADD IF NOT EXISTS n int UNIQUE", "IF NOT EXISTS"),
    "include": ("ALTER TABLE users ADD UNIQUE (email) INCLUDE (name)", "INCLUDE"),
    "cluster": ("CLUSTER orders USING orders_state", "pg_repack"),
    "vacuum": ("VACUUM FULL orders", "pg_repack"),
    "unique of partitions": ("ALTER TABLE events ADD UNIQUE (at)", "partition"),
    "default partition": ("ALTER TABLE days DETACH PARTITION days_rest", "default partition"),
    "attach by default": (
        "ALTER TABLE days ATTACH PARTITION days_1 FOR VALUES FROM ('2025-01-01') TO ('2026-01-01')",
        "default partition",
    ),
    "key of another table": ("ALTER TABLE users ALTER id TYPE numeric", "constraint users_pkey"),
    "checked": ("ALTER TABLE orders ALTER total TYPE numeric(8, 1)", "check total_range"),
    "changed before": (
        "ALTER TABLE users ADD x int; ALTER TABLE users ALTER zip TYPE integer USING zip::integer",
        "an earlier statement changes the table",
    ),
    "type in partitions": ("ALTER TABLE events ALTER body TYPE varchar(9)", "has partitions"),
    "sequence": ("ALTER TABLE numbered ALTER n TYPE bigint", "sequence"),
    "policy": ("ALTER TABLE numbered ALTER owner TYPE varchar(9)", "policy numbered.own"),
    "viewed": ("ALTER TABLE users ALTER age TYPE bigint", "view adults"),
    "in a block": ("DO $$ BEGIN CREATE INDEX i ON orders (total); END $$", "block"),
    "guarded": (
        "DO $$ BEGIN IF true THEN ALTER TABLE users ALTER name SET NOT NULL; END IF; END $$",
        "block",
    ),
    "filled with a default": (
        "ALTER TABLE users ADD n int DEFAULT 0; UPDATE users SET n = age",
        "add it without one",
    ),
}


@pytest.mark.parametrize(("sql", "words"), UNSOLVED.values(), ids=UNSOLVED)
def test_no_way_says_why(sql: str, words: str) -> None:
    found = plan_of(sql, CATALOGUE, 17)
    assert len(found.unsolved) == 1
    assert words in found.unsolved[0].why


REFUSED = {
    "old name again": (
        "ALTER TABLE users RENAME zip TO code; ALTER TABLE users ADD zip text",
        "line 1 touches users, which is renamed above",
    ),
    "old table again": (
        "ALTER TABLE orders RENAME TO purchases;\nCREATE TABLE orders (id int)",
        "line 2 touches orders",
    ),
    "tables swapped": (
        "ALTER TABLE orders RENAME TO orders_old;\nALTER TABLE keyless RENAME TO orders;",
        "line 2 touches orders",
    ),
    "default given back": (
        "ALTER TABLE users ALTER age DROP DEFAULT, ALTER age TYPE bigint, ALTER age SET DEFAULT 1",
        "line 1 gives back what line 1 takes away (users default of age)",
    ),
    "view given back": (
        "DROP VIEW v;\nALTER TABLE users ALTER zip TYPE integer USING 1;\nCREATE VIEW v AS SELECT 1",
        "line 3 gives back what line 1 takes away (v)",
    ),
    "constraint replaced": (
        "ALTER TABLE orders DROP CONSTRAINT c; ALTER TABLE orders ADD CONSTRAINT c CHECK (total > 1)",
        "line 1 gives back what line 1 takes away (orders c)",
    ),
    "cannot be read": ("CREATE INDEX ON orders (total);\nALTER TABL x", "line 2 cannot be read"),
    "session": ("SET ROLE x; CREATE INDEX ON orders (total)", "line 1 sets role"),
    "own transaction": (
        "CREATE INDEX ON orders (total);\nBEGIN;\nSELECT 1;\nCOMMIT;",
        "line 2 begins or ends a transaction",
    ),
}


@pytest.mark.parametrize(("sql", "words"), REFUSED.values(), ids=REFUSED)
def test_a_script_that_cannot_be_cut_is_left_alone(sql: str, words: str) -> None:
    catalogue = catalogue_of(SHOP.replace("CREATE MATERIALIZED", "-- "), Dialect.POSTGRESQL)
    found = plan_of(sql, catalogue, 17)
    assert found.steps == ()
    assert found.refused.startswith(words)


NAMES = {
    "short": (("users", "email", "key"), "users_email_key"),
    "long table": (("t" * 70, "c", "fkey"), "t" * 56 + "_c_fkey"),
    "both long": (("t" * 50, "c" * 50, "idx"), "t" * 29 + "_" + "c" * 29 + "_idx"),
    "no second": (("users", "", "pkey"), "users_pkey"),
}


@pytest.mark.parametrize(("parts", "name"), NAMES.values(), ids=NAMES)
def test_names_are_cut_as_the_server_cuts_them(parts: tuple[str, str, str], name: str) -> None:
    assert object_name(*parts) == name


def test_names_of_expressions() -> None:
    assert index_name("users", ("lower(email)", "(age + 1)"), ()) == "users_lower_expr_idx"
    from faber_db.model.statement import Constraint

    unique = Constraint("unique", columns=("a", "b"))
    assert constraint_name("s.t", unique, {"t_a_b_key"}) == "t_a_b_key1"


POOL = (
    "ALTER TABLE users ADD COLUMN note text DEFAULT 'a; b' -- why, indeed",
    "ALTER TABLE orders ADD CHECK (total > 0), ADD note2 text /* ; */, ALTER note SET DEFAULT ','",
    "CREATE INDEX ON orders (user_id) WHERE state = 'x;y'",
    "COMMENT ON TABLE users IS 'it''s; fine'",
    "DO $$ BEGIN PERFORM 1; END $$",
    "ALTER TABLE users ALTER name SET NOT NULL",
    "UPDATE users SET name = 'x' WHERE name IS NULL",
    "ALTER TABLE users RENAME TO people",
    "INSERT INTO keyless VALUES (1, 2)",
    "DROP TABLE keyless",
    "SELECT 1",
    "ALTER TABLE users ALTER age TYPE bigint USING age::bigint",
    "ALTER TABL users",
    "BEGIN",
    "COMMIT",
    "ALTER TABLE nowhere ADD a int UNIQUE",
)


@given(st.lists(st.sampled_from(POOL), max_size=6), st.booleans(), st.booleans())
@settings(max_examples=60, deadline=None)
def test_what_stays_keeps_its_words_and_its_order(
    texts: list[str], wrap: bool, known: bool
) -> None:
    script = parse("\n;\n".join(texts), Dialect.POSTGRESQL)
    catalogue = catalogue_of(SHOP, Dialect.POSTGRESQL) if known else None
    context = Context(Dialect.POSTGRESQL, 170_000, catalogue, wrap=wrap)
    findings = analyze(script, context).findings
    found = plan(script, context, findings)
    if not found.steps:
        return
    asked = {(f.line, f.statement) for f in findings if f.risk.rank > 0}
    whole = "\n".join(step.sql for step in found.steps)
    at = 0
    for statement in script.statements:
        if (statement.line, statement.text[:300]) in asked or statement.transaction_control:
            continue
        at = whole.index(statement.text.split(" --")[0], at)
