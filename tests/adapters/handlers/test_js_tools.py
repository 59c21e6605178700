"""TypeORM, Sequelize and Knex: what their files, configurations and ledgers say."""

from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from time import process_time

import pytest

from faber_db.adapters.engines.sqlite import Sqlite
from faber_db.adapters.handlers import detect_handler, handler_for, in_project
from faber_db.adapters.handlers.js_writing import statements_of
from faber_db.errors import (
    LedgerError,
    LedgerForeign,
    MigrationNotRecorded,
    MigrationUnreadable,
    NotSupported,
)
from faber_db.model.migration import Migration, SourceFile, recorded_file
from faber_db.services.ports import Session
from faber_db.sql.script import parse as parse_sql

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
FILES = {
    "typeorm": (
        "src/migrations",
        "1795424400000-AddUsers.ts",
        'import { MigrationInterface, QueryRunner } from "typeorm";\n'
        "export class AddUsers1795424400000 implements MigrationInterface {\n"
        "  public async up(queryRunner: QueryRunner) { await queryRunner.query(`SELECT 1`) }\n"
        "  public async down(queryRunner: QueryRunner) {}\n}\n",
    ),
    "sequelize": (
        "db/migrations",
        "20261123090000-add-users.js",
        "module.exports = { up: (queryInterface, Sequelize) => {}, down: () => {} };\n",
    ),
    "knex": (
        "migrations",
        "20261123090000_add_users.ts",
        'import { Knex } from "knex";\nexport async function up(knex: Knex) {}\n',
    ),
}
TOOLS = [pytest.param(tool, id=tool) for tool in FILES]
tools = pytest.mark.parametrize("tool", TOOLS)


def parsed(tool: str, **files: str) -> tuple[Migration, ...]:
    return handler_for(tool).parse([SourceFile(p, t.encode()) for p, t in files.items()])


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    with Sqlite(tmp_path / "locks").connect(str(tmp_path / "a.db"), create=True) as session:
        yield session


# --- files -------------------------------------------------------------------------------------


@tools
def test_discover(tool: str, tmp_path: Path) -> None:
    folder, file, text = FILES[tool]
    (tmp_path / folder).mkdir(parents=True)
    (tmp_path / folder / file).write_text(text)
    (tmp_path / folder / "README.md").write_text("knex")
    found = detect_handler(tmp_path)
    assert found is not None
    assert (found.handler, found.folder, found.engine) == (tool, tmp_path / folder, "")
    assert found.evidence.startswith("1 program written for ")


@pytest.mark.parametrize(
    ("tool", "file", "text"),
    [
        ("typeorm", "data-source.ts", "new DataSource({ migrations: [__dirname + '/db/changes/*{.ts,.js}'] })"),
        ("typeorm", "ormconfig.json", '{"migrations": ["db/changes/*.js"]}'),
        ("sequelize", ".sequelizerc", "module.exports = { 'migrations-path': path.resolve('db', 'changes'),\n 'x': 1 }"),
        ("knex", "knexfile.ts", "export default { migrations: { extension: 'ts', directory: './db/changes' } }"),
        ("knex", "src/knexfile.js", "module.exports = { migrations: { directory: path.join(__dirname, '..', 'db/changes') } }"),
    ],
)  # fmt: skip
def test_a_folder_that_the_project_names(tool: str, file: str, text: str, tmp_path: Path) -> None:
    (tmp_path / "db/changes").mkdir(parents=True)
    (tmp_path / "src").mkdir()
    (tmp_path / file).write_text(text)
    assert handler_for(tool).discover(tmp_path) == []  # nothing is in it
    (tmp_path / "db/changes" / FILES[tool][1]).write_text(FILES[tool][2])
    (found,) = handler_for(tool).discover(tmp_path)
    assert found.folder == tmp_path / "db/changes"
    others = [t for t in FILES if t != tool]
    assert not any(handler_for(other).discover(tmp_path) for other in others)


@pytest.mark.parametrize("folder", ["migrations/postgres", "a/b/c/d/e/db-migrations"])
def test_other_places(folder: str, tmp_path: Path) -> None:
    (tmp_path / folder).mkdir(parents=True)
    (tmp_path / folder / FILES["typeorm"][1]).write_text(FILES["typeorm"][2])
    (found,) = handler_for("typeorm").discover(tmp_path)
    assert found.engine == ("postgresql" if "postgres" in folder else "")


@tools
def test_a_program_is_named_and_not_recorded(tool: str, session: Session) -> None:
    _, file, text = FILES[tool]
    (one,) = parsed(tool, **{file: text})
    assert (one.version, one.path, one.code, one.up) == (file.rpartition(".")[0], file, True, "")
    with pytest.raises(MigrationNotRecorded, match="is a program"):
        handler_for(tool).apply_one(session, one, parse_sql("", session.dialect), now=NOW)
    assert session.catalogue().tables == ()


@tools
def test_what_is_recorded_is_what_runs(tool: str) -> None:
    _, file, text = FILES[tool]
    version = file.rpartition(".")[0]
    files = [
        SourceFile(file, text.encode()),
        recorded_file(version, "CREATE TABLE t (a int);"),
        recorded_file(version, "DROP TABLE t;", back=True),
    ]
    (one,) = handler_for(tool).parse(files)
    assert (one.up, one.content) == ("CREATE TABLE t (a int);", b"CREATE TABLE t (a int);")
    assert (one.recorded_path, one.down_path) == (files[1].path, files[2].path)
    assert one.down == "DROP TABLE t;"
    assert not handler_for(tool).wants(files[1].path)


@tools
def test_a_recording_without_its_program_is_nothing(tool: str) -> None:
    assert handler_for(tool).parse([recorded_file("20261123090000-x", "SELECT 1")]) == ()


@tools
def test_another_tools_program_is_refused(tool: str) -> None:
    for other, (_, file, text) in FILES.items():
        if other != tool:
            with pytest.raises(LedgerForeign, match="is written for") as caught:
                parsed(tool, **{file: text})
            assert f'"handler": "{other}"' in caught.value.hint


@tools
def test_what_is_generated_is_read_again(tool: str) -> None:
    handler, history = handler_for(tool), parsed(tool, **{FILES[tool][1]: FILES[tool][2]})
    up = "CREATE TABLE a (b text DEFAULT 'x;`${y}?');\nCREATE TABLE\n  c (d int);"
    (file,) = handler.generate("Add 2 more!", up, "", now=NOW, existing=history, wrap=False)
    text = file.content.decode()
    assert text.count("await ") == 2
    assert "no way back" in text
    both = handler.parse([SourceFile(FILES[tool][1], FILES[tool][2].encode()), file])
    assert [m.version for m in both] == [history[0].version, file.path.rpartition(".")[0]]
    assert file.path.rpartition(".")[2] == FILES[tool][1].rpartition(".")[2]
    assert both[1].wrap is (tool == "sequelize")


def test_what_knex_cannot_say() -> None:
    with pytest.raises(NotSupported, match="backslash"):
        handler_for("knex").generate("a", "SELECT '\\?'", "", now=NOW, existing=())


@tools
def test_a_new_project_in_typescript_or_not(tool: str, tmp_path: Path) -> None:
    handler = in_project(handler_for(tool), tmp_path, tmp_path / "migrations")
    (one,) = handler.generate("a", "SELECT 1", "", now=NOW, existing=())
    (tmp_path / "tsconfig.json").write_text("{}")
    (two,) = handler.generate("a", "SELECT 1", "", now=NOW, existing=())
    assert (one.path[-3:], two.path[-3:]) == (".js", ".ts")


@pytest.mark.parametrize(
    ("sql", "statements"),
    [
        ("SELECT 1; SELECT 2", ["SELECT 1", "SELECT 2"]),
        ("SELECT ';' -- a;\n;", ["SELECT ';'"]),
        (
            "-- one\n/* a; */ SELECT 1;\n\n-- two\nSELECT 2;\n-- end\n",
            ["-- one\n/* a; */ SELECT 1", "-- two\nSELECT 2"],
        ),
        ("DELIMITER //\nSELECT 1//\nSELECT 2//\n", ["SELECT 1", "SELECT 2"]),
        ("CREATE FUNCTION f() RETURNS int AS $$ SELECT 1; $$ LANGUAGE sql; SELECT 2", None),
        ("CREATE TABLE `a;b` (c int) ENGINE=InnoDB; SELECT 2", None),
        ("INSERT INTO t VALUES ('it\\'s; one'); SELECT 2", None),
    ],
)
def test_sql_of_an_unnamed_product_is_cut(sql: str, statements: list[str] | None) -> None:
    assert statements_of(sql) == (statements or [sql.removesuffix("; SELECT 2"), "SELECT 2"])


CLASSES = {
    "plain": ("class A1795424400000 implements MigrationInterface {}", ["1795424400000-A"]),
    "its own name": (
        "class A implements MigrationInterface { name = 'B1795424400000' }",
        ["1795424400000-B"],
    ),
    "a base class": ("class A1795424400000 extends Base {}", ["1795424400000-A"]),
    "compiled": (
        "class A1795424400000 {\n constructor() { this.name = 'A1795424400000'; }\n}\n"
        "exports.A1795424400000 = A1795424400000; // MigrationInterface",
        ["1795424400000-A"],
    ),
    "old JavaScript": (
        "var A1795424400000 = (function () { function A1795424400000() {} })();",
        ["1795424400000-A"],
    ),
    "two": (
        "export class B1795424400002 implements MigrationInterface {}\n"
        "export class A1795424400001 implements MigrationInterface {}",
        ["1795424400001-A", "1795424400002-B"],
    ),
    "in a comment": (
        "// class Old1795424400000 implements MigrationInterface {\n"
        "class A1795424400001 implements MigrationInterface {}",
        ["1795424400001-A"],
    ),
    "a local name": (
        "class A1795424400000 implements MigrationInterface { up() {"
        " const name = 'x1795424400009'; } }",
        ["1795424400000-A"],
    ),
    "no migration": ("export const helper = (queryRunner) => 1;", []),
}


@pytest.mark.parametrize(("text", "versions"), CLASSES.values(), ids=CLASSES)
def test_classes_of_typeorm(text: str, versions: list[str]) -> None:
    assert [m.version for m in parsed("typeorm", **{"x/a.ts": text})] == versions


def test_typeorm_sorts_by_the_time_stamp_and_takes_a_compiled_twin_for_the_same() -> None:
    text = "class {} implements MigrationInterface {{}}".format
    history = parsed(
        "typeorm",
        **{
            "a.ts": text("Late1795424400009"),
            "b.ts": text("Early1795424400001"),
            "b.js": "class Early1795424400001 {}",
        },
    )
    assert [m.name for m in history] == ["Early1795424400001", "Late1795424400009"]


UNREADABLE = {
    "no time stamp": ("typeorm", {"a.ts": "class A implements MigrationInterface {}"}),
    "no class": ("typeorm", {"1795424400000-A.ts": "export default (queryRunner) => 1"}),
    "a class twice": (
        "typeorm",
        dict.fromkeys(("a.ts", "b.ts"), "class A1795424400000 implements MigrationInterface {}"),
    ),
    "one name, two endings": ("sequelize", {"1-a.js": "", "1-a.ts": ""}),
    "no room in the ledger": ("knex", {"1_" + "a" * 260 + ".js": ""}),
}


@pytest.mark.parametrize(("tool", "files"), UNREADABLE.values(), ids=UNREADABLE)
def test_unreadable(tool: str, files: dict[str, str]) -> None:
    with pytest.raises(MigrationUnreadable) as caught:
        parsed(tool, **files)
    assert caught.value.hint


@pytest.mark.parametrize(
    ("tool", "text", "wrap"),
    [
        ("typeorm", "class A1795424400000 implements MigrationInterface { transaction = false }", False),
        ("typeorm", "class A1795424400000 implements MigrationInterface { }", True),
        ("knex", "exports.up = knex => 1; exports.config = { transaction: false };", False),
        ("knex", "export const config = { transaction: true }", True),
        ("knex", "exports.up = (knex) => knex.transaction(false)", True),
    ],
)  # fmt: skip
def test_a_program_that_wants_no_transaction(tool: str, text: str, wrap: bool) -> None:
    (one,) = parsed(tool, **{"1795424400000.ts": text})
    assert one.wrap is wrap


HOSTILE = {  # each would take minutes where a text is looked through from every place anew
    "quotes that never end": "'" + "\\'" * 300_000,
    "a pattern that never ends": "`" + "\\`" * 300_000,
    "comments that never end": "/*" * 300_000,
    "classes without a body": "class a " * 100_000,
    "config without a body": "config " * 100_000,
    "names": "name " * 100_000 + "transaction " * 100_000,
    "digits": "class A" + "1" * 500_000,
}


@tools
@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_no_text_keeps_us_busy(tool: str, text: str) -> None:
    began = process_time()
    with suppress(MigrationUnreadable):
        parsed(tool, **{FILES[tool][1]: text})
    assert process_time() - began < 10  # of this process alone; otherwise minutes


def test_no_comments_keep_us_busy() -> None:
    began = process_time()
    assert statements_of("/* */" * 2_000 + " SELECT 1")
    assert process_time() - began < 10


# --- ledgers -----------------------------------------------------------------------------------

CONFIGURED = {
    "typeorm": ("data-source.ts", "new DataSource({ migrationsTableName: 'done', type: 'postgres' })"),
    "sequelize": ("config/config.json", '{"dev": {"migrationStorageTableName": "done"}}'),
    "knex": ("knexfile.js", "module.exports = { migrations: { tableName: 'done' }, client: 'pg' }"),
}  # fmt: skip


def configured(tool: str, root: Path, text: str | None = None) -> None:
    folder, file, program = FILES[tool]
    (root / folder).mkdir(parents=True, exist_ok=True)
    (root / folder / file).write_text(program)
    path, plain = CONFIGURED[tool]
    (root / path).parent.mkdir(exist_ok=True)
    (root / path).write_text(plain if text is None else text)


@tools
def test_the_ledger_that_the_project_names(tool: str, tmp_path: Path, session: Session) -> None:
    configured(tool, tmp_path)
    handler = in_project(handler_for(tool), tmp_path, tmp_path / FILES[tool][0])
    assert handler.ledger_tables[0] == "done"
    assert handler.discover(tmp_path)[0].engine == ("" if tool == "sequelize" else "postgresql")
    (one,) = parsed(tool, **{FILES[tool][1]: FILES[tool][2]})
    handler.mark(session, one, "applied", now=NOW)
    assert [row.version for row in handler.ledger(session)] == [one.version]
    assert session.catalogue().table("done")


@tools
def test_a_ledger_under_another_name_is_not_overlooked(
    tool: str, tmp_path: Path, session: Session
) -> None:
    configured(tool, tmp_path)
    named = in_project(handler_for(tool), tmp_path, tmp_path / FILES[tool][0])
    (one,) = parsed(tool, **{FILES[tool][1]: FILES[tool][2]})
    named.mark(session, one, "applied", now=NOW)
    with pytest.raises(LedgerError, match="done has the columns of"):
        handler_for(tool).ledger(session)
    with pytest.raises(LedgerError, match="done has the columns of"):
        handler_for(tool).mark(session, one, "applied", now=NOW)


@tools
def test_a_name_that_has_to_be_run_to_be_known(tool: str, tmp_path: Path, session: Session) -> None:
    computed = CONFIGURED[tool][1].replace("'done'", "process.env.X").replace('"done"', "x()")
    configured(tool, tmp_path, computed)
    handler = in_project(handler_for(tool), tmp_path, tmp_path / FILES[tool][0])
    with pytest.raises(LedgerError, match="not a plain string"):
        handler.ledger(session)


@tools
def test_several_names(tool: str, tmp_path: Path, session: Session) -> None:
    text = CONFIGURED[tool][1]
    configured(tool, tmp_path, f"{text}\n{text.replace('done', 'other')}")
    handler = in_project(handler_for(tool), tmp_path, tmp_path / FILES[tool][0])
    with pytest.raises(LedgerError, match=r"several ledgers \(done, other\)"):
        handler.ledger(session)


def test_an_applications_table_of_that_shape_is_no_ledger(session: Session) -> None:
    session.execute('CREATE TABLE events (id integer, "timestamp" bigint, name text)')
    session.execute("INSERT INTO events VALUES (1, 2, 'click')")
    session.execute("CREATE TABLE tags (name text)")
    session.execute("INSERT INTO tags VALUES ('red.js')")
    session.execute("INSERT INTO tags VALUES ('red')")
    assert handler_for("typeorm").ledger(session) == ()
    assert handler_for("sequelize").ledger(session) == ()


@pytest.mark.parametrize("tool", ["sequelize", "knex"])
def test_a_ledger_of_compiled_names(tool: str, session: Session) -> None:
    """What runs is JavaScript, what lies in the folder is TypeScript: the same migrations."""
    handler = handler_for(tool)
    one, two = parsed(tool, **{"1_a.ts": "", "2_b.ts": ""})
    handler.mark(session, one, "applied", now=NOW)
    session.execute(f"UPDATE \"{handler.ledger_tables[0]}\" SET name = '1_a.js'")
    handler.mark(session, two, "applied", now=NOW)
    assert [row.name for row in handler.ledger(session)] == ["1_a.js", "2_b.js"]
    states = handler.status((one, two), handler.ledger(session))
    assert [s.state.value for s in states] == ["applied", "applied"]
    handler.mark(session, two, "rolled_back", now=NOW)
    assert [row.version for row in handler.ledger(session)] == ["1_a"]


@pytest.mark.parametrize(
    ("tool", "says"),
    [("typeorm", "says nothing"), ("sequelize", "says nothing"), ("knex", "refuses to run")],
)
def test_a_row_without_a_file(tool: str, says: str, session: Session) -> None:
    handler = handler_for(tool)
    (one,) = parsed(tool, **{FILES[tool][1]: FILES[tool][2]})
    handler.mark(session, one, "applied", now=NOW)
    (found,) = handler.status((), handler.ledger(session))
    assert found.state.value == "missing"
    assert says in found.detail


def test_a_ledger_of_names_without_endings(session: Session) -> None:
    """As umzug writes them where a project names its migrations itself."""
    handler = handler_for("sequelize")
    one, two = parsed("sequelize", **{"1.0-a.js": "", "1.1-b.js": ""})
    handler.mark(session, one, "applied", now=NOW)
    session.execute("UPDATE \"SequelizeMeta\" SET name = '1.0-a'")
    handler.mark(session, two, "applied", now=NOW)
    assert session.query('SELECT name FROM "SequelizeMeta" ORDER BY name') == [
        ("1.0-a",),
        ("1.1-b",),
    ]
    handler.mark(session, one, "rolled_back", now=NOW)
    assert [row.version for row in handler.ledger(session)] == ["1.1-b"]


def test_a_ledger_that_is_no_table(tmp_path: Path, session: Session) -> None:
    configured("sequelize", tmp_path, '{"dev": {"migrationStorage": "json"}}')
    handler = in_project(handler_for("sequelize"), tmp_path, tmp_path / FILES["sequelize"][0])
    with pytest.raises(LedgerError, match="'json', not in a table"):
        handler.ledger(session)
    (one,) = parsed("sequelize", **{FILES["sequelize"][1]: FILES["sequelize"][2]})
    with pytest.raises(LedgerError, match="'json', not in a table"):
        handler.mark(session, one, "applied", now=NOW)


def test_batches_of_knex(session: Session) -> None:
    handler = handler_for("knex")
    for migration in parsed("knex", **{"1_a.js": "", "2_b.js": ""}):
        for _ in range(2):  # marking again moves nothing to another batch
            handler.mark(session, migration, "applied", now=NOW)
    rows = session.query("SELECT name, batch, migration_time FROM knex_migrations")
    moment = int(NOW.timestamp() * 1000)
    assert rows == [("1_a.js", 1, moment), ("2_b.js", 2, moment)]
    assert session.query("SELECT is_locked FROM knex_migrations_lock") == [(0,)]
