"""What a session asked, as a script; no server is needed to tell the statements apart."""

import pytest

from faber_db.errors import MigrationNotRecorded, MigrationNotReproducible
from faber_db.model.dialect import Dialect
from faber_db.services.ports import Heard
from faber_db.services.recorded_script import script_of

_ROW = "INSERT INTO alembic_version (version_num) VALUES ('a')"
_KEPT = {
    "one transaction": (["BEGIN", "CREATE TABLE t (a int)", _ROW, "COMMIT"], "CREATE TABLE t (a int);\n"),
    "none": (["CREATE TABLE t (a int)", _ROW], "CREATE TABLE t (a int);\n"),
    "each by itself": (
        ["ALTER TABLE t ADD a int", "CREATE INDEX CONCURRENTLY i ON t (a)", _ROW],
        "BEGIN;\nALTER TABLE t ADD a int;\nCOMMIT;\nCREATE INDEX CONCURRENTLY i ON t (a);\n",
    ),
    "two transactions": (
        ["BEGIN", "LOCK TABLE t", "DROP TABLE a",
         "COMMIT", "BEGIN", "DROP TABLE b", _ROW, "COMMIT"],
        "BEGIN;\nLOCK TABLE t;\nDROP TABLE a;\nCOMMIT;\nBEGIN;\nDROP TABLE b;\nCOMMIT;\n",
    ),
    "the tool's own": (
        ["SELECT pg_advisory_lock(7)", "CREATE TABLE alembic_version (version_num text)",
         "SELECT * FROM alembic_version", "DROP TABLE x", _ROW, "SELECT pg_advisory_unlock(7)"],
        "DROP TABLE x;\n",
    ),
    "what comes after the row": (
        ["BEGIN", "DROP TABLE x", _ROW, "COMMIT", "SELECT * FROM django_content_type",
         "INSERT INTO django_content_type VALUES (1)"],
        "DROP TABLE x;\n",
    ),
    "questions": (
        ["SELECT version()", "SHOW server_version", "SELECT c.relname FROM pg_catalog.pg_class c",
         "SELECT 1 FROM information_schema.tables", "DROP TABLE x", _ROW],
        "DROP TABLE x;\n",
    ),
    "a function that does something": (
        ["SELECT setval('s', 10)", _ROW], "SELECT setval('s', 10);\n",
    ),
    "an extension's": (["SELECT create_hypertable('t', 'c')", _ROW], "SELECT create_hypertable('t', 'c');\n"),
    "rows moved on the server": (
        ["WITH m AS (DELETE FROM a RETURNING *) INSERT INTO b SELECT * FROM m", _ROW],
        "WITH m AS (DELETE FROM a RETURNING *) INSERT INTO b SELECT * FROM m;\n",
    ),
    "numbers of new rows": (
        ["INSERT INTO t (a) SELECT * FROM unnest(ARRAY[1, 2]) RETURNING id", _ROW],
        "INSERT INTO t (a) SELECT * FROM unnest(ARRAY[1, 2]) RETURNING id;\n",
    ),
    "limits of the session": (
        ["SET lock_timeout = '5s'", "SET client_encoding TO 'UTF8'", "DROP TABLE x", _ROW],
        "DROP TABLE x;\n",
    ),
    "a setting that changes what is meant": (
        ["SET search_path TO app", "DROP TABLE x", "DROP TABLE y", _ROW],
        "SET search_path TO app;",
    ),
    "a setting that nothing follows": (["DROP TABLE x", "SET TIME ZONE 'UTC'", _ROW], "DROP TABLE x;\n"),
    "savepoints": (
        ["BEGIN", "SAVEPOINT a", "DROP TABLE x", "RELEASE SAVEPOINT a", _ROW, "COMMIT"],
        "DROP TABLE x;\n",
    ),
    "several in one message": (["DROP TABLE x; DROP TABLE y", _ROW], "DROP TABLE x;\nDROP TABLE y;\n"),
    "a comment at the end": (["DROP TABLE x -- gone", _ROW], "DROP TABLE x -- gone\n;\n"),
}  # fmt: skip
_REFUSED = {
    "reads rows": (["SELECT * FROM t", _ROW], "reads t"),
    "reads through a cursor": (["DECLARE c CURSOR FOR SELECT * FROM t", _ROW], "reads t"),
    "reads what it deletes": (
        ["WITH m AS (DELETE FROM t RETURNING *) SELECT * FROM m", _ROW], "reads back rows of t",
    ),
    "an upsert that gives back": (
        ["INSERT INTO t VALUES (1) ON CONFLICT DO NOTHING RETURNING id", _ROW], "reads back",
    ),
    "an insert from another table that gives back": (
        ["INSERT INTO t (a) SELECT a FROM u RETURNING a", _ROW], "reads back",
    ),
    "copies": (["COPY t FROM STDIN", _ROW], "copies rows"),
    "rolls back": (["BEGIN", "DROP TABLE x", "ROLLBACK", _ROW], "rolls back what"),
    "rolls back a part": (
        ["BEGIN", "SAVEPOINT a", "DROP TABLE x", "ROLLBACK TO SAVEPOINT a", _ROW, "COMMIT"],
        "rolls back a part",
    ),
    "prepares": (["BEGIN", "DROP TABLE x", "PREPARE TRANSACTION 'p'", _ROW], "prepares"),
    "the tool's table too": (["CREATE VIEW v AS SELECT 1 FROM alembic_version, t", _ROW], "own table"),
}  # fmt: skip


def _heard(texts: list[str]) -> list[Heard]:
    return [Heard("1", text) for text in texts]


def _script(heard: list[Heard]) -> str:
    tables = ("alembic_version", "public.alembic_version")
    return script_of(heard, tables, Dialect.POSTGRESQL).sql


@pytest.mark.parametrize(("texts", "script"), _KEPT.values(), ids=_KEPT)
def test_what_is_kept(texts: list[str], script: str) -> None:
    found = _script(_heard(texts))
    assert found == script or (script.endswith(";") and found.count(script) == 1)


@pytest.mark.parametrize(("texts", "why"), _REFUSED.values(), ids=_REFUSED)
def test_what_is_refused(texts: list[str], why: str) -> None:
    with pytest.raises(MigrationNotReproducible, match=why):
        _script(_heard(texts))


def test_a_tool_that_was_not_heard_was_not_recorded() -> None:
    with pytest.raises(MigrationNotRecorded):
        _script(_heard(["DROP TABLE x"]))


def test_a_failure_that_is_passed_over_is_refused() -> None:
    heard = [Heard("1", "DROP TABLE x", failed=True), Heard("1", _ROW)]
    with pytest.raises(MigrationNotReproducible, match="went on"):
        _script(heard)


def test_a_question_may_fail() -> None:
    heard = [Heard("1", "SELECT 1 FROM pg_catalog.nothing", failed=True), Heard("1", _ROW)]
    assert _script(heard) == ""


def test_two_connections_at_once_are_refused() -> None:
    heard = [
        Heard("1", "BEGIN"), Heard("1", "DROP TABLE x"), Heard("2", "DROP TABLE y"),
        Heard("1", "COMMIT"), Heard("1", _ROW),
    ]  # fmt: skip
    with pytest.raises(MigrationNotReproducible, match="several connections"):
        _script(heard)


def test_one_connection_after_another_is_one_script() -> None:
    heard = [
        Heard("1", "BEGIN"), Heard("1", "DROP TABLE x"), Heard("1", "COMMIT"),
        Heard("2", "DROP TABLE y"), Heard("2", _ROW),
    ]  # fmt: skip
    assert "DROP TABLE x;\nCOMMIT;\nBEGIN;\nDROP TABLE y;" in _script(heard)


def test_what_sqlite_is_asked_is_left_out_and_what_it_is_told_is_kept() -> None:
    texts = [
        'PRAGMA main.table_info("t")', "PRAGMA foreign_key_check", "PRAGMA foreign_keys = OFF",
        "BEGIN ", "CREATE TABLE n (a)", "INSERT INTO n SELECT a FROM t", "DROP TABLE t",
        "ALTER TABLE n RENAME TO t", "PRAGMA foreign_keys", _ROW, "COMMIT",
    ]  # fmt: skip
    found = script_of(_heard(texts), ("alembic_version",), Dialect.SQLITE).sql
    assert found == (
        "PRAGMA foreign_keys = OFF;\nCREATE TABLE n (a);\nINSERT INTO n SELECT a FROM t;\n"
        "DROP TABLE t;\nALTER TABLE n RENAME TO t;\n"
    )


def test_what_mariadb_is_asked_is_left_out() -> None:
    texts = [
        "SET AUTOCOMMIT = 0", "SET NAMES utf8mb4", "SELECT @@version", "SELECT DATABASE()",
        "SHOW FULL TABLES FROM `x`", "SHOW CREATE TABLE `t`", "SELECT GET_LOCK('x', 3)",
        "SELECT * FROM `INFORMATION_SCHEMA`.`TABLES`", "CREATE TABLE t (a int)",
        "INSERT INTO t VALUES (1)", _ROW, "COMMIT",
    ]  # fmt: skip
    found = script_of(_heard(texts), ("alembic_version",), Dialect.MARIADB).sql
    assert found == "CREATE TABLE t (a int);\nINSERT INTO t VALUES (1);\n"


def test_what_the_tool_applies_with_it_is_told_apart() -> None:
    texts = [
        "CREATE TABLE alembic_version (version_num text)", "SET TIME ZONE 'UTC'", "BEGIN",
        "CREATE TABLE auth (a int)",
        "SELECT * FROM auth", _ROW, "COMMIT", "BEGIN", "CREATE TABLE t (a int)", "COMMIT",
        _ROW.replace("'a'", "'b'"),
    ]  # fmt: skip
    found = script_of(_heard(texts), ("alembic_version",), Dialect.POSTGRESQL)
    assert found.sql == "SET TIME ZONE 'UTC';\nCREATE TABLE t (a int);\n"
    assert found.before == (
        "CREATE TABLE alembic_version (version_num text);\nSET TIME ZONE 'UTC';\nBEGIN;\n"
        f"CREATE TABLE auth (a int);\n{_ROW};\nCOMMIT;\n"
    )


def test_rows_that_are_changed_belong_to_one_migration() -> None:
    texts = ["DROP TABLE x", _ROW, "DELETE FROM alembic_version WHERE version_num = 'c'",
             "UPDATE alembic_version SET version_num = 'm' WHERE version_num = 'a'"]  # fmt: skip
    assert _script(_heard(texts)) == "DROP TABLE x;\n"


def test_a_lock_row_is_no_row_of_the_ledger() -> None:
    tables = ("knex_migrations", "knex_migrations_lock")
    texts = [
        "INSERT INTO knex_migrations_lock (is_locked) VALUES (0)",
        "UPDATE knex_migrations_lock SET is_locked = 1", "DROP TABLE x",
        "INSERT INTO knex_migrations (name) VALUES ('a')",
        "UPDATE knex_migrations_lock SET is_locked = 0",
    ]  # fmt: skip
    found = script_of(_heard(texts), tables, Dialect.POSTGRESQL)
    assert (found.sql, found.before) == ("DROP TABLE x;\n", "")
