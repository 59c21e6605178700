"""Every claim about a lock or a rewrite, held against a real server with rows in its tables."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass

import psycopg
import pytest

from faber_db.model.dialect import Dialect
from faber_db.rules import Context, analyze
from faber_db.rules.effects import strength
from faber_db.sql.schema import catalogue_of
from faber_db.sql.script import parse
from tests.rules.judging import HERE

SCHEMA = (HERE / "schemas" / "postgresql.sql").read_text("utf-8")
ROWS = """
INSERT INTO customers (email, name, balance) SELECT 'c' || g, 'n' || g, g % 90 FROM generate_series(1, 500) g;
INSERT INTO orders SELECT g, g, 'open', 'k' || g, g FROM generate_series(1, 500) g;
INSERT INTO products SELECT g, 't' || g, g FROM generate_series(1, 500) g;
INSERT INTO logs SELECT '2025-01-01'::timestamptz + g * interval '1 hour', 'l' FROM generate_series(1, 500) g;
INSERT INTO logs_2026 SELECT '2026-01-02'::timestamptz + g * interval '1 hour', 'l' FROM generate_series(1, 500) g;
"""

# name: (what comes before, the statement)
CLAIMS: dict[str, tuple[str, str]] = {
    "add nullable column": ("", "ALTER TABLE customers ADD COLUMN c int"),
    "add constant default": ("", "ALTER TABLE customers ADD COLUMN c int NOT NULL DEFAULT 1"),
    "add stable default": ("", "ALTER TABLE customers ADD COLUMN c timestamptz DEFAULT now()"),
    "add volatile default": ("", "ALTER TABLE customers ADD COLUMN c uuid DEFAULT gen_random_uuid()"),
    "add serial": ("", "ALTER TABLE products ADD COLUMN c serial"),
    "add identity": ("", "ALTER TABLE products ADD COLUMN c int GENERATED ALWAYS AS IDENTITY"),
    "add stored generated": ("", "ALTER TABLE products ADD COLUMN c int GENERATED ALWAYS AS (id + 1) STORED"),
    "add with check": ("", "ALTER TABLE products ADD COLUMN c int CHECK (c > 0)"),
    "add with reference": ("", "ALTER TABLE products ADD COLUMN c bigint REFERENCES orders (id)"),
    "add immutable function": (
        "CREATE FUNCTION one() RETURNS int LANGUAGE plpgsql IMMUTABLE AS 'BEGIN RETURN 1; END';",
        "ALTER TABLE products ADD COLUMN c int DEFAULT one()",
    ),
    "add volatile function": (
        "CREATE FUNCTION one() RETURNS int LANGUAGE plpgsql AS 'BEGIN RETURN 1; END';",
        "ALTER TABLE products ADD COLUMN c int DEFAULT one()",
    ),
    "add inlined function": (
        "CREATE FUNCTION one() RETURNS int LANGUAGE sql AS 'SELECT 1';",
        "ALTER TABLE products ADD COLUMN c int DEFAULT one()",
    ),
    "drop column": ("", "ALTER TABLE customers DROP COLUMN note"),
    "set not null": ("", "ALTER TABLE customers ALTER name SET NOT NULL"),
    "drop not null": ("", "ALTER TABLE customers ALTER points DROP NOT NULL"),
    "set default": ("", "ALTER TABLE customers ALTER name SET DEFAULT 'x'"),
    "varchar wider": ("", "ALTER TABLE customers ALTER email TYPE varchar(200)"),
    "varchar to text": ("", "ALTER TABLE customers ALTER email TYPE text"),
    "varchar narrower": ("", "ALTER TABLE customers ALTER email TYPE varchar(40)"),
    "text to varchar": ("", "ALTER TABLE customers ALTER name TYPE varchar(40)"),
    "numeric wider": ("", "ALTER TABLE customers ALTER balance TYPE numeric(14, 2)"),
    "numeric unbounded": ("", "ALTER TABLE customers ALTER balance TYPE numeric"),
    "numeric scale": ("", "ALTER TABLE customers ALTER balance TYPE numeric(12, 3)"),
    "integer to bigint": ("", "ALTER TABLE customers ALTER points TYPE bigint"),
    "integer to text": ("", "ALTER TABLE customers ALTER points TYPE text"),
    "timestamp precision": ("", "ALTER TABLE customers ALTER joined TYPE timestamptz(3)"),
    "enum to text": ("DROP VIEW open_orders; ALTER TABLE orders ALTER state DROP DEFAULT;", "ALTER TABLE orders ALTER state TYPE text"),
    "unique": ("", "ALTER TABLE products ADD CONSTRAINT u UNIQUE (title)"),
    "unique using index": ("CREATE UNIQUE INDEX u ON products (title);", "ALTER TABLE products ADD CONSTRAINT u UNIQUE USING INDEX u"),
    "check": ("", "ALTER TABLE products ADD CONSTRAINT c CHECK (id > 0)"),
    "check not valid": ("", "ALTER TABLE products ADD CONSTRAINT c CHECK (id > 0) NOT VALID"),
    "validate": ("ALTER TABLE products ADD CONSTRAINT c CHECK (id > 0) NOT VALID;", "ALTER TABLE products VALIDATE CONSTRAINT c"),
    "foreign key": ("", "ALTER TABLE products ADD CONSTRAINT f FOREIGN KEY (id) REFERENCES orders (id)"),
    "foreign key not valid": ("", "ALTER TABLE products ADD CONSTRAINT f FOREIGN KEY (id) REFERENCES orders (id) NOT VALID"),
    "drop foreign key": ("", "ALTER TABLE orders DROP CONSTRAINT orders_customer_id_fkey"),
    "create index": ("", "CREATE INDEX i ON products (title)"),
    "create table with reference": ("", "CREATE TABLE t (id int, o bigint REFERENCES orders (id))"),
    "create partition": ("", "CREATE TABLE l27 PARTITION OF logs FOR VALUES FROM ('2027-01-01') TO ('2028-01-01')"),
    "attach": ("", "ALTER TABLE logs ATTACH PARTITION logs_2026 FOR VALUES FROM ('2026-01-01') TO ('2027-01-01')"),
    "detach": ("", "ALTER TABLE logs DETACH PARTITION logs_2025"),
    "create trigger": ("", "CREATE TRIGGER t BEFORE INSERT ON products FOR EACH ROW EXECUTE FUNCTION stamp()"),
    "disable trigger": ("", "ALTER TABLE orders DISABLE TRIGGER orders_stamp"),
    "drop trigger": ("", "DROP TRIGGER orders_stamp ON orders"),
    "rename column": ("", "ALTER TABLE products RENAME title TO name"),
    "rename table": ("", "ALTER TABLE products RENAME TO things"),
    "rename constraint": ("", "ALTER TABLE customers RENAME CONSTRAINT customers_email_key TO k"),
    "set schema": ("CREATE SCHEMA s;", "ALTER TABLE products SET SCHEMA s"),
    "owner": ("", "ALTER TABLE products OWNER TO CURRENT_USER"),
    "fillfactor": ("", "ALTER TABLE products SET (fillfactor = 90)"),
    "statistics": ("", "ALTER TABLE products ALTER title SET STATISTICS 200"),
    "storage": ("", "ALTER TABLE products ALTER title SET STORAGE EXTERNAL"),
    "set unlogged": ("", "ALTER TABLE products SET UNLOGGED"),
    "replica identity": ("", "ALTER TABLE products REPLICA IDENTITY FULL"),
    "row security": ("", "ALTER TABLE customers ENABLE ROW LEVEL SECURITY"),
    "create policy": ("", "CREATE POLICY p ON customers USING (true)"),
    "cluster": ("", "CLUSTER orders USING orders_customer"),
    "reindex index": ("", "REINDEX INDEX orders_customer"),
    "refresh": ("", "REFRESH MATERIALIZED VIEW totals"),
    "refresh concurrently": ("REFRESH MATERIALIZED VIEW totals;", "REFRESH MATERIALIZED VIEW CONCURRENTLY totals"),
    "domain": ("", "ALTER DOMAIN code ADD CONSTRAINT c CHECK (VALUE <> '')"),
    "truncate": ("", "TRUNCATE products"),
    "drop table": ("", "DROP TABLE products"),
    "drop referencing table": ("DROP VIEW open_orders CASCADE; DROP MATERIALIZED VIEW totals;", "DROP TABLE orders"),
    "drop index": ("", "DROP INDEX orders_customer"),
    "delete": ("", "DELETE FROM products WHERE id = 1"),
    "update": ("", "UPDATE products SET title = 'x'"),
    "insert": ("", "INSERT INTO products SELECT id + 1000, 'x' FROM products"),
    "create table as": ("", "CREATE TABLE t AS SELECT * FROM products"),
    "lock": ("", "LOCK TABLE products IN SHARE MODE"),
    "select for update": ("", "SELECT * FROM products FOR UPDATE"),
}  # fmt: skip
MAJORS = (15, 17, 18)
_MODES = {
    "AccessShareLock": "ACCESS SHARE",
    "RowShareLock": "ROW SHARE",
    "RowExclusiveLock": "ROW EXCLUSIVE",
    "ShareUpdateExclusiveLock": "SHARE UPDATE EXCLUSIVE",
    "ShareLock": "SHARE",
    "ShareRowExclusiveLock": "SHARE ROW EXCLUSIVE",
    "ExclusiveLock": "EXCLUSIVE",
    "AccessExclusiveLock": "ACCESS EXCLUSIVE",
}


@dataclass
class Seen:
    """What the server did."""

    locks: dict[str, str]  # the strongest per table that existed, strong enough to matter
    rewritten: set[str]


Connection = psycopg.Connection[tuple[object, ...]]


def _filled(url: str, stack: ExitStack) -> Connection:
    connection = stack.enter_context(psycopg.connect(url, autocommit=True))
    connection.execute(SCHEMA.encode())
    connection.execute(ROWS.encode())
    connection.execute("REFRESH MATERIALIZED VIEW totals")
    return connection


def _files(connection: Connection) -> dict[int, tuple[str, int]]:
    rows = connection.execute(
        "SELECT oid::int, relname, relfilenode::int FROM pg_class"
        " WHERE relkind IN ('r', 'p', 'm') AND relnamespace = 'public'::regnamespace"
    ).fetchall()
    return {int(str(oid)): (str(name), int(str(node))) for oid, name, node in rows}


def _seen(connection: Connection, statement: str) -> Seen:
    before = _files(connection)
    with connection.transaction(force_rollback=True):
        connection.execute(statement.encode())
        rows = connection.execute(
            "SELECT relation::int, mode FROM pg_locks WHERE pid = pg_backend_pid()"
            " AND locktype = 'relation' AND relation IS NOT NULL"
        ).fetchall()
        after = _files(connection)
    locks: dict[str, str] = {}
    for oid, mode in rows:
        found = before.get(int(str(oid)))
        name = found[0] if found else ""
        word = _MODES[str(mode)]
        if name and strength(word) >= strength(locks.get(name, "ACCESS SHARE")):
            locks[name] = word
    moved = {name for oid, (name, node) in before.items() if oid in after and after[oid][1] != node}
    return Seen(locks, moved)


@pytest.mark.parametrize("major", MAJORS)
def test_claims(
    major: int, new_postgresql: Callable[..., str], postgresql_majors: tuple[int, ...]
) -> None:
    """Each claim in a transaction that is rolled back; what needs a preparation has its own database."""
    if major not in postgresql_majors:
        pytest.skip(f"no PostgreSQL {major} here")
    with ExitStack() as stack:
        shared = _filled(new_postgresql(major), stack)
        wrong: list[str] = []
        for name, (before, statement) in CLAIMS.items():
            connection = shared
            if before:
                connection = _filled(new_postgresql(major), stack)
                connection.execute(before.encode())
            wrong += _disagreements(name, before, statement, major, connection)
    assert not wrong, "\n".join(wrong)


def _disagreements(
    name: str, before: str, statement: str, major: int, connection: Connection
) -> Iterator[str]:
    script = parse(statement, Dialect.POSTGRESQL)
    catalogue = catalogue_of(f"{SCHEMA};{before}", Dialect.POSTGRESQL)
    context = Context(Dialect.POSTGRESQL, major * 10_000, catalogue)
    report = analyze(script, context).statements[0]
    seen = _seen(connection, statement)
    claimed = {lock.table: lock.mode for lock in report.locks}
    strong = {t: m for t, m in seen.locks.items() if strength(m) > strength("ROW EXCLUSIVE")}
    for table in {*claimed, *strong}:
        mode, real = claimed.get(table, "none"), seen.locks.get(table, "none")
        if mode != real and not (table not in strong and mode.startswith(("ACCESS S", "ROW"))):
            yield f"{name}: {table} claimed {mode}, is {real}"
    rewritten = seen.rewritten - ({"products"} if name == "truncate" else set())
    if report.rewrite != bool(rewritten):
        yield f"{name}: rewrite claimed {report.rewrite}, is {rewritten}"
