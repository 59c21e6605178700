"""A ledger under a name that its project gave it: the database is not taken for an empty one."""

import sqlite3
from collections.abc import Callable
from contextlib import AbstractContextManager, closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from faber_db.adapters.engines.postgresql import Postgresql
from faber_db.adapters.engines.sqlite import Sqlite
from faber_db.adapters.handlers import HANDLERS, handler_for, in_project
from faber_db.errors import LedgerError
from faber_db.model.migration import Migration, SourceFile, recorded_file
from faber_db.services.ports import Handler, Session
from faber_db.sql.script import parse

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
FIXED = {"prisma", "sql", "django"}  # nobody can give these another name
RENAMED = [handler for handler in HANDLERS if handler.name not in FIXED]
UP = "CREATE TABLE one (a integer);"


def apply(handler: Handler, session: Session) -> Migration:
    files: list[SourceFile] = [*handler.generate("one", UP, "", now=NOW, existing=())]
    if handler.code:
        files.append(recorded_file(handler.parse(files)[-1].version, UP))
    (migration,) = handler.parse(files)
    with handler.lock(session, wait=timedelta(0)):
        handler.apply_one(session, migration, parse(UP, session.dialect), now=NOW)
    return migration


@pytest.mark.parametrize("handler", RENAMED, ids=lambda handler: handler.name)
def test_on_sqlite(handler: Handler, tmp_path: Path) -> None:
    file = tmp_path / "a.db"
    with Sqlite(tmp_path).connect(str(file), create=True) as session:
        migration = apply(handler, session)
    with closing(sqlite3.connect(file)) as connection:
        there = {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}
        for table in there & set(handler.ledger_tables):
            connection.execute(f'ALTER TABLE "{table}" RENAME TO "a ""{table}"')
        connection.commit()
    refuse(handler, lambda: Sqlite(tmp_path).connect(str(file)), migration)


@pytest.mark.slow
@pytest.mark.parametrize("handler", RENAMED, ids=lambda handler: handler.name)
def test_on_postgresql(handler: Handler, new_postgresql: Callable[[], str]) -> None:
    url = new_postgresql()
    with Postgresql().connect(url) as session:
        migration = apply(handler, session)
        for name in handler.ledger_tables:
            schema, _, table = name.rpartition(".")
            there = session.query(
                "SELECT to_regclass(%s)::text", (f'{schema or "public"}."{table}"',)
            )
            if there[0][0]:
                session.execute(f'ALTER TABLE {there[0][0]} RENAME TO "a ""{table}"')
    refuse(handler, lambda: Postgresql().connect(url), migration)


def refuse(
    handler: Handler, connect: Callable[[], AbstractContextManager[Session]], migration: Migration
) -> None:
    with connect() as session:
        with pytest.raises(LedgerError, match="is not there, and"):
            handler.ledger(session)
        with pytest.raises(LedgerError, match="is not there, and"):
            handler.apply_one(session, migration, parse(UP, session.dialect), now=NOW)


@pytest.mark.parametrize("name", ["dbmate", "drizzle"])
def test_a_table_of_the_application_is_no_ledger(name: str, tmp_path: Path) -> None:
    handler = next(handler for handler in HANDLERS if handler.name == name)
    with Sqlite(tmp_path).connect(str(tmp_path / "a.db"), create=True) as session:
        session.execute("CREATE TABLE app (version text)")
        session.execute("INSERT INTO app VALUES ('2.1')")
        session.execute("CREATE TABLE files (id integer, hash text, created_at integer)")
        session.execute("INSERT INTO files VALUES (1, 'crc:1', 2)")
        assert handler.ledger(session) == ()


NAMED = {
    "sequelize": (".sequelizerc", "migrationStorageTableName: 'customers'", "20260101000000-a.js"),
    "knex": ("knexfile.js", "migrations: { tableName: 'customers' }", "20260101000000_a.js"),
    "typeorm": ("ormconfig.js", "migrationsTableName: 'customers'", "1700000000000-A.js"),
    "alembic": (
        "alembic.ini",
        "[alembic]\nscript_location = m\nversion_table = customers",
        "env.py",
    ),
}


@pytest.mark.parametrize("name", NAMED)
def test_a_table_of_the_application_is_not_named_as_one(name: str, tmp_path: Path) -> None:
    """Else its rows would be shown, and it would be left out of what is compared and signed."""
    file, text, migration = NAMED[name]
    (tmp_path / "package.json").write_text("{}")
    (tmp_path / "m").mkdir()
    (tmp_path / "m" / migration).write_text("")
    (tmp_path / file).write_text(text if name == "alembic" else f"module.exports = {{ {text} }}\n")
    handler = in_project(handler_for(name), tmp_path, tmp_path / "m")
    assert "customers" in handler.ledger_tables
    with Sqlite(tmp_path).connect(str(tmp_path / "a.db"), create=True) as session:
        session.execute(
            "CREATE TABLE customers (id integer, name text, batch integer, migration_time integer,"
            " timestamp integer, version_num text, card text)"
        )
        with pytest.raises(LedgerError, match=r"has the columns .*card.* besides"):
            handler.ledger(session)
