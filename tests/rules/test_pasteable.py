"""Remedies can be pasted: they name what the statement names, a server takes them, nothing waits."""

from collections.abc import Callable

import psycopg
import pytest

from faber_db.model.dialect import Dialect
from faber_db.model.finding import Finding, Kind, Risk
from faber_db.rules import RULES, Context, analyze
from faber_db.sql.schema import catalogue_of
from faber_db.sql.script import parse

SCHEMA = """
CREATE TABLE users (id bigint PRIMARY KEY, email text, age integer, code varchar(10), amount numeric(12,4));
CREATE TABLE "Order" (id integer PRIMARY KEY, "userId" bigint, total integer);
CREATE SCHEMA archive;
CREATE TABLE archive.entries (id integer PRIMARY KEY, note text);
"""
CASES: dict[str, tuple[str, str, str]] = {  # statement, code, remedy
    "not null": (
        "ALTER TABLE users ALTER COLUMN email SET NOT NULL",
        "set-not-null",
        "ALTER TABLE users ADD CONSTRAINT users_email_nn CHECK (email IS NOT NULL) NOT VALID;\n"
        "-- next migration, after the backfill:\n"
        "ALTER TABLE users VALIDATE CONSTRAINT users_email_nn;\n"
        "ALTER TABLE users ALTER COLUMN email SET NOT NULL;\n"
        "ALTER TABLE users DROP CONSTRAINT users_email_nn;",
    ),
    "names that have to be quoted": (
        'ALTER TABLE "Order" ALTER COLUMN "userId" SET NOT NULL',
        "set-not-null",
        'ALTER TABLE "Order" ADD CONSTRAINT order_userid_nn CHECK ("userId" IS NOT NULL) NOT VALID;\n'
        "-- next migration, after the backfill:\n"
        'ALTER TABLE "Order" VALIDATE CONSTRAINT order_userid_nn;\n'
        'ALTER TABLE "Order" ALTER COLUMN "userId" SET NOT NULL;\n'
        'ALTER TABLE "Order" DROP CONSTRAINT order_userid_nn;',
    ),
    "NULLs": (
        "ALTER TABLE users ALTER COLUMN email SET NOT NULL",
        "may-fail-on-data",
        "SELECT count(*) FROM users WHERE email IS NULL;",
    ),
    "an index": (
        'CREATE UNIQUE INDEX  "Order_key" ON "Order" ("userId") WHERE total > 0',
        "create-index",
        "-- in a migration of its own, outside a transaction:\n"
        'CREATE UNIQUE INDEX CONCURRENTLY "Order_key" ON "Order" ("userId") WHERE total > 0;',
    ),
    "repeated keys": (
        'CREATE UNIQUE INDEX k ON "Order" ("userId", lower(\'X\')) WHERE total > 0',
        "may-fail-on-data",
        'SELECT "userId", (lower(\'X\')), count(*) FROM "Order" WHERE total > 0'
        " GROUP BY \"userId\", (lower('X')) HAVING count(*) > 1;",
    ),
    "a foreign key": (
        'ALTER TABLE "Order" ADD FOREIGN KEY ("userId") REFERENCES users (id)'
        " ON DELETE SET NULL DEFERRABLE",
        "add-foreign-key",
        'ALTER TABLE "Order" ADD CONSTRAINT order_userid_fkey FOREIGN KEY ("userId")'
        " REFERENCES users (id) ON DELETE SET NULL DEFERRABLE NOT VALID;\n"
        "-- next migration:\n"
        'ALTER TABLE "Order" VALIDATE CONSTRAINT order_userid_fkey;',
    ),
    "orphans": (
        'ALTER TABLE "Order" ADD CONSTRAINT f FOREIGN KEY ("userId") REFERENCES users (id)',
        "may-fail-on-data",
        'SELECT count(*) FROM "Order" c WHERE c."userId" IS NOT NULL AND NOT EXISTS'
        ' (SELECT 1 FROM users p WHERE p.id = c."userId");',
    ),
    "a check": (
        "ALTER TABLE archive.entries ADD CONSTRAINT short CHECK (length(note) < 9)",
        "add-check",
        "ALTER TABLE archive.entries ADD CONSTRAINT short CHECK (length(note) < 9) NOT VALID;\n"
        "-- next migration:\n"
        "ALTER TABLE archive.entries VALIDATE CONSTRAINT short;",
    ),
    "rows that break it": (
        "ALTER TABLE archive.entries ADD CONSTRAINT short CHECK (length(note) < 9)",
        "may-fail-on-data",
        "SELECT count(*) FROM archive.entries WHERE NOT (length(note) < 9);",
    ),
    "a unique constraint": (
        "ALTER TABLE users ADD UNIQUE (email, code)",
        "add-unique",
        "-- in a migration of its own, outside a transaction:\n"
        "CREATE UNIQUE INDEX CONCURRENTLY users_email_code_key ON users (email, code);\n"
        "-- next migration:\n"
        "ALTER TABLE users ADD CONSTRAINT users_email_code_key UNIQUE USING INDEX users_email_code_key;",
    ),
    "a default that differs": (
        "ALTER TABLE users ADD COLUMN token uuid NOT NULL DEFAULT gen_random_uuid()",
        "add-column-rewrites",
        "ALTER TABLE users ADD COLUMN token uuid;\n"
        "ALTER TABLE users ALTER COLUMN token SET DEFAULT gen_random_uuid();\n"
        "-- then in batches by key, each in a transaction of its own:\n"
        "UPDATE users SET token = gen_random_uuid() WHERE id BETWEEN 1 AND 10000 AND token IS NULL;\n"
        "ALTER TABLE users ADD CONSTRAINT users_token_nn CHECK (token IS NOT NULL) NOT VALID;\n"
        "-- next migration, after the backfill:\n"
        "ALTER TABLE users VALIDATE CONSTRAINT users_token_nn;\n"
        "ALTER TABLE users ALTER COLUMN token SET NOT NULL;\n"
        "ALTER TABLE users DROP CONSTRAINT users_token_nn;",
    ),
    "a serial column": (
        "ALTER TABLE users ADD COLUMN place bigserial",
        "add-column-rewrites",
        "ALTER TABLE users ADD COLUMN place bigint;\n"
        "CREATE SEQUENCE users_place_seq OWNED BY users.place;\n"
        "ALTER TABLE users ALTER COLUMN place SET DEFAULT nextval('users_place_seq');\n"
        "-- then in batches by key, each in a transaction of its own:\n"
        "UPDATE users SET place = nextval('users_place_seq') WHERE id BETWEEN 1 AND 10000"
        " AND place IS NULL;\n"
        "ALTER TABLE users ADD CONSTRAINT users_place_nn CHECK (place IS NOT NULL) NOT VALID;\n"
        "-- next migration, after the backfill:\n"
        "ALTER TABLE users VALIDATE CONSTRAINT users_place_nn;\n"
        "ALTER TABLE users ALTER COLUMN place SET NOT NULL;\n"
        "ALTER TABLE users DROP CONSTRAINT users_place_nn;",
    ),
    "a type": (
        "ALTER TABLE users ALTER COLUMN age TYPE bigint",
        "change-type",
        "ALTER TABLE users ADD COLUMN age_new bigint;\n"
        "-- deploy code that writes both columns;\n"
        "-- then in batches by key, each in a transaction of its own:\n"
        "UPDATE users SET age_new = age::bigint WHERE id BETWEEN 1 AND 10000 AND age_new IS NULL;\n"
        "-- when code reads the new one only, in a later migration:\n"
        "ALTER TABLE users DROP COLUMN age;",
    ),
    "a cast that rounds": (
        "ALTER TABLE users ALTER COLUMN amount TYPE numeric(12,2)",
        "lossy-type-change",
        "-- how many values change:\n"
        "SELECT count(*) FROM users WHERE (amount::numeric(12,2))::numeric(12,4)"
        " IS DISTINCT FROM amount;\n"
        "-- if any does, fill a column of the new type instead, and drop the old one later",
    ),
    "a column that goes": (
        "ALTER TABLE users DROP COLUMN code",
        "drop-column",
        "-- stop reading and writing it, deploy, and drop it in a later migration;"
        " keep the values:\n"
        "CREATE TABLE users_code_kept AS SELECT id, code FROM users WHERE code IS NOT NULL;\n"
        "ALTER TABLE users DROP COLUMN code;",
    ),
    "a table that goes": (
        'DROP TABLE "Order"',
        "drop-table",
        '-- rename it, and drop it when nothing broke:\nALTER TABLE "Order" RENAME TO order_old;',
    ),
    "a table's name": (
        "ALTER TABLE users RENAME TO people",
        "rename-breaks-code",
        "ALTER TABLE users RENAME TO people;\n"
        "-- in the same transaction, until no running code uses the old name:\n"
        "CREATE VIEW users AS SELECT * FROM people;",
    ),
    "a column's name": (
        "ALTER TABLE users RENAME COLUMN email TO mail",
        "rename-breaks-code",
        "ALTER TABLE users ADD COLUMN mail text;\n"
        "-- deploy code that writes both columns;\n"
        "-- then in batches by key, each in a transaction of its own:\n"
        "UPDATE users SET mail = email WHERE id BETWEEN 1 AND 10000 AND mail IS NULL;\n"
        "-- when code uses the new one only, in a later migration:\n"
        "ALTER TABLE users DROP COLUMN email;",
    ),
    "a required column": (
        "ALTER TABLE users ADD COLUMN born date NOT NULL",
        "add-required-column",
        "ALTER TABLE users ADD COLUMN born date;\n"
        "-- deploy code that writes it, and fill the old rows in batches; then:\n"
        "ALTER TABLE users ADD CONSTRAINT users_born_nn CHECK (born IS NOT NULL) NOT VALID;\n"
        "-- next migration, after the backfill:\n"
        "ALTER TABLE users VALIDATE CONSTRAINT users_born_nn;\n"
        "ALTER TABLE users ALTER COLUMN born SET NOT NULL;\n"
        "ALTER TABLE users DROP CONSTRAINT users_born_nn;",
    ),
    "rows that go": (
        "DELETE FROM users u WHERE u.age < 18",
        "delete-rows",
        "-- count first, and keep them in a table of their own:\n"
        "SELECT count(*) FROM users u WHERE u.age < 18;\n"
        "CREATE TABLE users_before AS SELECT * FROM users u WHERE u.age < 18;",
    ),
}


def _findings(sql: str, schema: str = SCHEMA) -> tuple[Finding, ...]:
    context = Context(
        dialect=Dialect.POSTGRESQL,
        server_version=170_000,
        catalogue=catalogue_of(schema, Dialect.POSTGRESQL),
    )
    return analyze(parse(sql, Dialect.POSTGRESQL), context).findings


@pytest.mark.parametrize(("sql", "code", "remedy"), CASES.values(), ids=CASES)
def test_it_names_what_the_statement_names(sql: str, code: str, remedy: str) -> None:
    (found,) = {f.remedy for f in _findings(sql) if f.code == code}
    assert found == remedy


@pytest.mark.parametrize(("sql", "code", "remedy"), CASES.values(), ids=CASES)
def test_a_server_takes_it(
    sql: str, code: str, remedy: str, new_postgresql: Callable[..., str]
) -> None:
    with psycopg.connect(new_postgresql(17), autocommit=True) as connection:
        connection.execute(SCHEMA.encode())
        for statement in parse(remedy, Dialect.POSTGRESQL).statements:
            connection.execute(statement.text.encode())


CALM = ("set-not-null", "create-index", "add-foreign-key", "add-check", "add-unique",
        "add-column-rewrites", "add-required-column", "rename-breaks-code")  # fmt: skip


@pytest.mark.parametrize(
    ("sql", "code", "remedy"),
    [case for case in CASES.values() if case[1] in CALM],
    ids=[name for name, case in CASES.items() if case[1] in CALM],
)
def test_nobody_waits_for_it(sql: str, code: str, remedy: str) -> None:
    """Each part as a migration of its own, the later ones knowing the earlier."""
    context = Context(
        dialect=Dialect.POSTGRESQL,
        server_version=170_000,
        catalogue=catalogue_of(SCHEMA, Dialect.POSTGRESQL),
        wrap=False,
    )
    blocking = [
        f
        for f in analyze(parse(remedy, Dialect.POSTGRESQL), context).findings
        if f.kind is Kind.BLOCKING and f.risk.at_least(Risk.MEDIUM)
    ]
    assert blocking == []


def test_every_rule_of_the_common_hazards_has_one() -> None:
    common = {code for _, code, _ in CASES.values()} | {
        "required-column-breaks-inserts", "update-all-rows",
    }  # fmt: skip
    assert common == {rule.code for rule in RULES if rule.paste is not None}


@pytest.mark.parametrize(
    "sql",
    [
        "ALTER TABLE t ADD COLUMN a int GENERATED ALWAYS AS (1) STORED",
        "CREATE INDEX i ON parted (day)",
        'DELETE FROM users USING "Order" o WHERE o."userId" = users.id',
        "ALTER TABLE users ADD COLUMN bad bigint NOT NULL CHECK (bad > 0)",
    ],
)
def test_where_none_fits_the_general_words_stand(sql: str) -> None:
    schema = SCHEMA + (
        "CREATE TABLE t (id int);CREATE TABLE parted (id int, day date) PARTITION BY RANGE (day);"
    )
    for finding in _findings(sql, schema):
        assert finding.remedy
