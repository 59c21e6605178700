"""Nothing that a migration says may change the records that releases are decided by."""

import pytest

from faber_db.model.dialect import Dialect
from faber_db.model.finding import Analysis, Risk
from faber_db.rules import Context, analyze
from faber_db.services.verdict import refusals
from faber_db.sql.script import parse
from tests.rules.judging import judge

SQLITE = {
    "drop": "DROP TABLE _faber_db_marker",
    "delete": "DELETE FROM _faber_db_used",
    "quoted, other case": 'DELETE FROM "_FABER_DB_used"',
    "brackets": "UPDATE [_faber_db_marker] SET marker = ''",
    "rename away": "ALTER TABLE _faber_db_marker RENAME TO x",
    "rename into": "ALTER TABLE orders RENAME TO _faber_db_marker",
    "trigger on it": "CREATE TRIGGER t BEFORE INSERT ON _faber_db_used BEGIN SELECT RAISE(IGNORE); END",
    "trigger that reaches it": "CREATE TRIGGER t AFTER INSERT ON orders BEGIN DELETE FROM _faber_db_used; END",
    "temporary shadow": "CREATE TEMP TABLE _faber_db_marker (one, marker)",
    "temporary view": "CREATE TEMP VIEW _faber_db_used AS SELECT 1",
    "forged use": "INSERT INTO _faber_db_used VALUES ('a', 'b', 'c')",
    "read out": "CREATE TABLE c AS SELECT * FROM _faber_db_marker",
    "comment inside the name's statement": "DELETE /* x */ FROM _faber_db_used -- y",
    "allowed by itself": "-- faber-db: allow own-records: please\nDELETE FROM _faber_db_used",
}
POSTGRESQL = {
    "drop": "DROP TABLE faber_db.marker",
    "unicode name": 'DELETE FROM U&"f\\0061ber_db".used_approvals',
    "search_path": "SET search_path = faber_db; DELETE FROM used_approvals",
    "set_config": "SELECT set_config('search_path', 'faber_db', false)",
    "local search_path": "SET LOCAL search_path TO public, faber_db",
    "role's search_path": "ALTER ROLE me SET search_path = faber_db",
    "rename the schema": "ALTER SCHEMA faber_db RENAME TO x",
    "rights": "GRANT ALL ON faber_db.marker TO PUBLIC",
    "taken rights": "REVOKE ALL ON ALL TABLES IN SCHEMA faber_db FROM me",
    "function body": "CREATE FUNCTION f() RETURNS void LANGUAGE sql AS 'DELETE FROM faber_db.used_approvals'",
    "plpgsql body": "CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$ BEGIN DELETE FROM faber_db.used_approvals; END $$",
    "row security": "ALTER TABLE faber_db.marker ENABLE ROW LEVEL SECURITY",
    "rule": "CREATE RULE r AS ON INSERT TO faber_db.used_approvals DO INSTEAD NOTHING",
    "inheritance": "ALTER TABLE t INHERIT faber_db.marker",
    "owned sequence": "ALTER SEQUENCE s OWNED BY faber_db.marker.one",
    "comment on it": "COMMENT ON TABLE faber_db.marker IS 'x'",
    "new table there": "CREATE TABLE faber_db.x (a int)",
    "the lock": "SELECT pg_advisory_unlock_all()",
    "one lock": "DO $$ BEGIN PERFORM pg_advisory_unlock(1); END $$",
    "discard": "DISCARD ALL",
}
HARMLESS = {
    "a comment": "-- faber_db.marker stays\nDELETE FROM products WHERE id = 1",
    "a role of that kind": "GRANT SELECT ON products TO faber_db_reader",
    "a lock of its own": "SELECT pg_advisory_xact_lock(7)",
}


def worst(analysis: Analysis) -> list[tuple[str, Risk, str]]:
    return [(f.code, f.risk, f.allowed) for f in analysis.findings if f.code == "own-records"]


@pytest.mark.parametrize("sql", SQLITE.values(), ids=SQLITE)
def test_sqlite(sql: str) -> None:
    assert ("own-records", Risk.CRITICAL, "") in worst(judge(sql, Dialect.SQLITE, protected=True))


@pytest.mark.parametrize("sql", POSTGRESQL.values(), ids=POSTGRESQL)
def test_postgresql(sql: str) -> None:
    assert ("own-records", Risk.CRITICAL, "") in worst(judge(sql, protected=True))


@pytest.mark.parametrize("sql", HARMLESS.values(), ids=HARMLESS)
def test_silent(sql: str) -> None:
    assert worst(judge(sql, protected=True)) == []


@pytest.mark.parametrize(
    "sql",
    [
        "DELETE FROM faber_migrations",
        'UPDATE main."Faber_Migrations" SET version = 1',
        "DROP TABLE faber_migrations",
        "CREATE TRIGGER t AFTER INSERT ON orders BEGIN DELETE FROM faber_migrations; END",
        "ALTER TABLE faber_migrations RENAME TO x",
        "INSERT INTO faber_migrations (version) VALUES ('9')",
    ],
)
@pytest.mark.parametrize("protected", [True, False])
def test_the_ledger_is_refused_everywhere(sql: str, protected: bool) -> None:
    context = Context(dialect=Dialect.SQLITE, ledgers=("faber_migrations",), protected=protected)
    analysis = analyze(parse(sql, Dialect.SQLITE), context)
    refused = refusals(analysis, protected=protected, allowed=[("own-records", ("orders",))])
    assert "own-records" in {f.code for f in refused}
