"""A ledger under a name that its project gave it: the database is not taken for an empty one."""

import sqlite3
from collections.abc import Callable
from contextlib import AbstractContextManager, closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from faber_db.adapters.engines.mysql import Mysql
from faber_db.adapters.engines.postgresql import Postgresql
from faber_db.adapters.engines.sqlite import Sqlite
from faber_db.adapters.handlers import HANDLERS, handler_for, in_project
from faber_db.errors import ConfigError, LedgerError, LedgerForeign
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


SAID = {  # by what a project's own files say, and what that means on PostgreSQL
    "flyway.conf": ("flyway", {"flyway.conf": "# x\nflyway.table = Done\n"}, "Done"),
    "flyway.conf, schema": (
        "flyway",
        {"flyway.conf": "flyway.schemas=ops,b\n"},
        "ops.flyway_schema_history",
    ),
    "flyway.toml": (
        "flyway",
        {"flyway.toml": '[flyway]\ntable = "done"\ndefaultSchema = "ops"\n'},
        "ops.done",
    ),
    "flyway.toml, environment": (
        "flyway",
        {"flyway.toml": '[environments.x]\nschemas = ["ops"]\n[flyway]\ntable = "done"\n'},
        "ops.done",
    ),
    "flyway in Spring": (
        "flyway",
        {"src/main/resources/application.properties": "spring.flyway.table=done\n"},
        "done",
    ),
    "flyway in .env": (
        "flyway",
        {".env": "FLYWAY_TABLE=done\nFLYWAY_DEFAULT_SCHEMA=public\n"},
        "done",
    ),
    "goose in .env": ("goose", {".env": "#GOOSE_TABLE=not\nGOOSE_TABLE=ops.Done\n"}, "ops.done"),
    "goose in a Makefile": ("goose", {"Makefile": "up:\n\tgoose -dir m -table done up\n"}, "done"),
    "goose in Go": ("goose", {"main.go": '\tgoose.SetTableName("done")\n'}, "done"),
    "dbmate in .env": ("dbmate", {".env": 'DBMATE_MIGRATIONS_TABLE="ops.Done"\n'}, "ops.Done"),
    "dbmate in Compose": (
        "dbmate",
        {"compose.yml": 'command: ["dbmate", "--migrations-table", "done", "up"]\n'},
        "done",
    ),
    "golang-migrate": (
        "golang-migrate",
        {"Makefile": "DB=postgres://a@b/c?x-migrations-table=Done&sslmode=disable\n"},
        "Done",
    ),
    "golang-migrate, quoted": (
        "golang-migrate",
        {
            ".env": "D=postgres://b/c?x-migrations-table=%22ops%22.%22done%22"
            "&x-migrations-table-quoted=true\n"
        },
        "ops.done",
    ),
    "yoyo.ini": ("yoyo", {"yoyo.ini": "[DEFAULT]\nmigration_table = Done\n"}, "Done"),
    "drizzle.config.ts": (
        "drizzle",
        {
            "drizzle.config.ts": "export default defineConfig({ schema: './s.ts', dialect: 'postgresql',"
            " migrations: { table: 'Done', schema: 'ops' } });\n"
        },
        "ops.Done",
    ),
    "drizzle.config.ts, table": (
        "drizzle",
        {
            "drizzle.config.ts": "export default { migrations: { table: `done` }, dialect: 'postgresql' }"
        },
        "drizzle.done",
    ),
    "drizzle.config.js, SQLite": (
        "drizzle",
        {
            "drizzle.config.js": "module.exports = { dialect: 'sqlite', migrations: { table: 'done' } };\n"
        },
        "done",
    ),
    "our configuration": ("goose", {"faber-db": "ops.done"}, "ops.done"),
    "our configuration before theirs": (
        "dbmate",
        {"faber-db": "done", ".env": "DBMATE_MIGRATIONS_TABLE=not"},
        "done",
    ),
}


def in_folder(name: str, files: dict[str, str], root: Path) -> Handler:
    files = {"m/.gitkeep": ""} | files
    ours = files.pop("faber-db", "")
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    return in_project(handler_for(name), root, root / "m", ledger=ours)


@pytest.mark.parametrize(("name", "files", "table"), SAID.values(), ids=SAID)
def test_the_projects_own_name(
    name: str, files: dict[str, str], table: str, tmp_path: Path
) -> None:
    """It is made, written, read and left out of the schema; the tool's usual one is not made."""
    handler = in_folder(name, files, tmp_path)
    assert table in handler.ledger_tables
    with Sqlite(tmp_path / "l").connect(str(tmp_path / "a.db"), create=True) as session:
        if "." in table or "SCHEMA" in str(files):
            with pytest.raises(LedgerError, match="SQLite has none"):
                apply(handler, session)
            return
        before_and_after(handler, session)
        made = [str(row[0]) for row in session.query("SELECT name FROM sqlite_master")]
    there = table.rpartition(".")[2].lower()
    assert there in [one.lower() for one in made]
    assert not set(made) & (set(handler_for(name).ledger_tables) - set(handler.ledger_tables))


def before_and_after(handler: Handler, session: Session) -> None:
    migration = apply(handler, session)
    (state,) = handler.status((migration,), handler.ledger(session))
    assert state.state.value == "applied"
    handler.mark(session, migration, "rolled_back", now=NOW)
    (state,) = handler.status((migration,), handler.ledger(session))
    assert state.state.value in ("pending", "rolled_back")
    handler.mark(session, migration, "applied", now=NOW)
    assert handler.notes(session, (migration,), handler.ledger(session)) == ()
    assert [t.name for t in session.catalogue(leave_out=handler.ledger_tables).tables] == ["one"]


@pytest.mark.slow
@pytest.mark.parametrize(("name", "files", "table"), SAID.values(), ids=SAID)
def test_the_projects_own_name_on_a_server(
    name: str, files: dict[str, str], table: str, tmp_path: Path, new_postgresql: Callable[[], str]
) -> None:
    handler = in_folder(name, files, tmp_path)
    schema, _, plain = table.rpartition(".")
    with Postgresql().connect(new_postgresql()) as session:
        if schema and not getattr(handler, "makes_schema", False):
            session.execute(f"CREATE SCHEMA {schema}")
        before_and_after(handler, session)
        rows = session.query("SELECT relname FROM pg_class WHERE relname = %s", (plain,))
        assert rows == [(plain,)]
        found = session.query(
            "SELECT to_regclass(%s) IS NOT NULL", (f'{schema or "public"}."{plain}"',)
        )
        assert found == [(True,)]


UNREAD = {
    "a variable": ("goose", {"Makefile": "up:\n\tgoose -table $(TABLE) up\n"}, "not a plain"),
    "a property's variable": ("flyway", {"flyway.conf": "flyway.table=${env.T}\n"}, "not a plain"),
    "a dot in a name": ("yoyo", {"yoyo.ini": "[DEFAULT]\nmigration_table = a.b\n"}, "not a plain"),
    "a dot in a URL": (
        "golang-migrate",
        {".env": "D=postgres://b/c?x-migrations-table=a.b\n"},
        "not a plain",
    ),
    "a quote": ("flyway", {"flyway.conf": 'flyway.table=a"; DROP TABLE b; --\n'}, "not a plain"),
    "too long a name": ("dbmate", {".env": f"DBMATE_MIGRATIONS_TABLE={'a' * 64}\n"}, "not a plain"),
    "a program's name": (
        "drizzle",
        {"drizzle.config.ts": "export default { migrations: { table: process.env.T } }\n"},
        "not a plain",
    ),
    "two names": (
        "dbmate",
        {".env": "DBMATE_MIGRATIONS_TABLE=a\n", ".env.test": "DBMATE_MIGRATIONS_TABLE=b\n"},
        "several names",
    ),
}


@pytest.mark.parametrize(("name", "files", "why"), UNREAD.values(), ids=UNREAD)
def test_a_name_that_is_not_known_is_refused(
    name: str, files: dict[str, str], why: str, tmp_path: Path
) -> None:
    handler = in_folder(name, files, tmp_path)
    with Sqlite(tmp_path / "l").connect(str(tmp_path / "a.db"), create=True) as session:
        with pytest.raises(LedgerError, match=why):
            handler.ledger(session)
        with pytest.raises(LedgerError, match=why):
            apply(handler, session)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["flyway", "goose", "dbmate", "golang-migrate", "yoyo", "drizzle"])
def test_another_name_on_mariadb(name: str, tmp_path: Path, new_mariadb: Callable[[], str]) -> None:
    """A schema is a database there: only our own can hold the ledger."""
    with Mysql().connect(new_mariadb()) as session:
        ((database,),) = session.query("SELECT database()")
        before_and_after(in_folder(name, {"faber-db": f"{database}.Done"}, tmp_path), session)
        with pytest.raises(LedgerError, match="keeps its ledger in ops"):
            in_folder(name, {"faber-db": "ops.done"}, tmp_path).ledger(session)


@pytest.mark.parametrize("name", ["flyway", "goose", "dbmate", "golang-migrate", "yoyo", "drizzle"])
def test_setting_and_database_disagree(name: str, tmp_path: Path) -> None:
    """The usual ledger is there, and the project names another one: nothing is applied again."""
    with Sqlite(tmp_path / "l").connect(str(tmp_path / "a.db"), create=True) as session:
        apply(handler_for(name), session)
        renamed = in_folder(name, {"faber-db": "done"}, tmp_path)
        with pytest.raises((LedgerError, LedgerForeign)):
            renamed.ledger(session)


@pytest.mark.parametrize("name", ["a b", 'a"b', "a.b.c", "", "1a", "a" * 64, "a;b"])
def test_our_configuration_names_a_table(name: str, tmp_path: Path) -> None:
    if not name:
        assert in_folder("goose", {"faber-db": name}, tmp_path).ledger_tables == (
            "goose_db_version",
        )
        return
    with pytest.raises(ConfigError, match="no name of a table"):
        in_folder("goose", {"faber-db": name}, tmp_path)


def test_a_ledger_that_has_one_name_only(tmp_path: Path) -> None:
    named = in_folder("prisma", {"faber-db": "_prisma_migrations"}, tmp_path)
    assert named.ledger_tables == ("_prisma_migrations",)
    with pytest.raises(ConfigError, match="has no other name"):
        in_folder("prisma", {"faber-db": "done"}, tmp_path)


NAMED = {
    "dbmate": (".env", "DBMATE_MIGRATIONS_TABLE=customers", "20260101000000_a.sql"),
    "goose": (".env", "GOOSE_TABLE=customers", "1_a.sql"),
    "flyway": ("flyway.conf", "flyway.table=customers", "V1__a.sql"),
    "yoyo": ("yoyo.ini", "[DEFAULT]\nmigration_table=customers", "1_a.sql"),
    "golang-migrate": (".env", "D=x://b/c?x-migrations-table=customers", "1_a.up.sql"),
    "drizzle": (
        "drizzle.config.js",
        "dialect: 'sqlite', migrations: { table: 'customers' }",
        "0000_a.sql",
    ),
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
    program = file.endswith((".js", "rc"))
    (tmp_path / file).write_text(f"module.exports = {{ {text} }}\n" if program else text)
    handler = in_project(handler_for(name), tmp_path, tmp_path / "m")
    assert "customers" in handler.ledger_tables
    with Sqlite(tmp_path).connect(str(tmp_path / "a.db"), create=True) as session:
        session.execute(
            "CREATE TABLE customers (id integer, name text, batch integer, migration_time integer,"
            " timestamp integer, version_num text, card text, version text, dirty bool, version_id"
            " int, is_applied int, tstamp int, migration_hash text, migration_id text,"
            " applied_at_utc text, installed_rank int, description text, type text, script text,"
            " hash text, created_at int, checksum int, installed_by text, installed_on text, execution_time int, success int)"
        )
        with pytest.raises(LedgerError, match=r"has the columns .*card.* besides"):
            handler.ledger(session)
