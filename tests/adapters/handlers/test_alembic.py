"""What is peculiar to Alembic: the graph, the rows, files that are read and never run, the settings."""

import ast
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from faber_db.adapters.engines.sqlite import Sqlite
from faber_db.adapters.handlers import detect_handler, handler_for, in_project
from faber_db.adapters.handlers.alembic import Alembic
from faber_db.adapters.handlers.alembic_files import revisions
from faber_db.adapters.handlers.alembic_new import new_revision
from faber_db.errors import (
    FaberDbError,
    LedgerError,
    LedgerForeign,
    MigrationNotRecorded,
    MigrationOutOfOrder,
    MigrationUnreadable,
    ToolMissing,
)
from faber_db.model.migration import Migration, SourceFile, recorded_file
from faber_db.services.ports import Limits, Session, ToolPlace
from faber_db.sql.script import parse

NOW = datetime(2026, 11, 23, tzinfo=UTC)
ALEMBIC = Alembic()


@pytest.fixture
def session(tmp_path: Path, sqlite_url: str) -> Iterator[Session]:
    with Sqlite(tmp_path / "locks").connect(sqlite_url, create=True) as session:
        yield session


def revision(name: str, down: object = None, body: str = "pass", more: str = "") -> SourceFile:
    text = f"revision = {name!r}\ndown_revision = {down!r}\n{more}\ndef upgrade():\n    {body}\n"
    return SourceFile(f"versions/{name}_x.py", text.encode())


def history(*files: SourceFile) -> tuple[Migration, ...]:
    return ALEMBIC.parse(files)


def apply(session: Session, *migrations: Migration) -> None:
    for migration in migrations:
        script = parse(migration.up, session.dialect)
        ALEMBIC.apply_one(session, migration, script, now=NOW)


def rows(session: Session) -> list[str]:
    return [row.version for row in ALEMBIC.ledger(session)]


DIAMOND = (
    revision("a"),
    revision("b1", "a"),
    revision("b2", "a"),
    revision("m", ("b1", "b2")),
    revision("z", "m"),
)


def test_the_rows_are_the_ends_of_what_is_applied(session: Session) -> None:
    a, b1, b2, m, z = history(*DIAMOND)
    for migration, then in ((a, ["a"]), (b1, ["b1"]), (b2, ["b1", "b2"]), (m, ["m"]), (z, ["z"])):
        apply(session, migration)
        assert rows(session) == then
    for migration, then in ((z, ["m"]), (m, ["b1", "b2"]), (b1, ["b2"]), (b2, ["a"]), (a, [])):
        ALEMBIC.roll_back(session, migration, parse("", session.dialect), now=NOW)
        assert rows(session) == then


def test_marks_are_one_at_a_time(session: Session) -> None:
    a, b1, _, m, _ = history(*DIAMOND)
    with pytest.raises(MigrationOutOfOrder, match="comes after a, which is not applied"):
        ALEMBIC.mark(session, b1, "applied", now=NOW)
    for migration in (a, b1):
        ALEMBIC.mark(session, migration, "applied", now=NOW)
    ALEMBIC.mark(session, a, "applied", now=NOW)
    assert rows(session) == ["b1"]
    with pytest.raises(MigrationOutOfOrder, match="what comes after it too"):
        ALEMBIC.mark(session, a, "rolled_back", now=NOW)
    with pytest.raises(LedgerError, match="does not stand in alembic_version"):
        ALEMBIC.mark(session, m, "rolled_back", now=NOW)
    ALEMBIC.mark(session, b1, "rolled_back", now=NOW)
    assert rows(session) == ["a"]


def test_what_another_depends_on_has_no_row_of_its_own(session: Session) -> None:
    found = history(
        revision("core", more="branch_labels = ['core']"),
        revision("shop", more="branch_labels = ('shop',)\ndepends_on = 'core'"),
        revision("shop2", "shop"),
    )
    apply(session, *found)
    assert rows(session) == ["shop2"]
    assert [s.state for s in ALEMBIC.status(found, ALEMBIC.ledger(session))] == ["applied"] * 3
    ALEMBIC.roll_back(session, found[2], parse("", session.dialect), now=NOW)
    ALEMBIC.roll_back(session, found[1], parse("", session.dialect), now=NOW)
    assert rows(session) == ["core"]


def test_a_row_that_no_file_is(session: Session) -> None:
    apply(session, *history(revision("a"), revision("b", "a")))
    before = history(revision("a"))
    states = ALEMBIC.status(before, ALEMBIC.ledger(session))
    assert [(s.version, s.state) for s in states] == [("a", "pending"), ("b", "missing")]
    assert states[0].detail == "Not known, since the ledger has b and the folder does not."


HEADS = {
    "one": (DIAMOND, "", False),
    "two of one branch": (DIAMOND[:3], "2 heads: b1, b2", True),
    "two of two first ones": ((revision("a"), revision("b")), "each a branch of its own", False),
    "labelled": (
        (
            revision("a"),
            revision("b", "a", more="branch_labels = LABEL"),
            revision("c", "a", more="branch_labels = 'c'"),
        ),
        "each a branch of its own",
        False,
    ),
    "one of them labelled": (
        (revision("a"), revision("b", "a"), revision("c", "a", more="branch_labels = 'c'")),
        "2 heads: b, c",
        True,
    ),
}


@pytest.mark.parametrize(("files", "said", "blocks"), HEADS.values(), ids=HEADS)
def test_several_heads(
    session: Session, files: tuple[SourceFile, ...], said: str, blocks: bool
) -> None:
    notes = ALEMBIC.notes(session, history(*files), ())
    assert [(said in n.message, n.blocks) for n in notes] == ([(True, blocks)] if said else [])
    assert all("alembic merge -m merge" in note.hint for note in notes if blocks)


BAD = {
    "not Python": (b"revision = ", MigrationUnreadable, "cannot be read as Python"),
    "a null byte": (b"revision = 'a'\x00", MigrationUnreadable, "cannot be read as Python"),
    "not UTF-8": (b"revision = 'a'  # \xff", MigrationUnreadable, "cannot be read as Python"),
    "computed": (b"revision = make()", MigrationUnreadable, "is not a plain text"),
    "a number": (b"revision = 12", MigrationUnreadable, "is not a plain text"),
    "none": (b"down_revision = None", MigrationUnreadable, "names no `revision`"),
    "computed down": (b"revision = 'a'\ndown_revision = x()", MigrationUnreadable, "no list of"),
    "gone": (b"revision = 'a'\ndown_revision = 'b'", MigrationUnreadable, "after b, which no file"),
    "itself": (b"revision = 'a'\ndown_revision = 'a'", MigrationUnreadable, "in a circle: a"),
    "depends": (b"revision = 'a'\ndepends_on = 'b'", MigrationUnreadable, "depends on b, which no"),
    "Django's": (b"class Migration(migrations.Migration): pass", LedgerForeign, "Django"),
}


@pytest.mark.parametrize(("content", "error", "said"), BAD.values(), ids=BAD)
def test_bad_files(content: bytes, error: type[FaberDbError], said: str) -> None:
    with pytest.raises(error, match=said):
        history(SourceFile("versions/x_y.py", content))


def test_two_of_one_id() -> None:
    with pytest.raises(MigrationUnreadable, match="are both revision a"):
        history(revision("a"), SourceFile("versions/b.py", b"revision = 'a'"))


def test_nothing_of_a_file_is_run(tmp_path: Path) -> None:
    witness = tmp_path / "ran"
    found = history(
        revision("a", more=f"open({str(witness)!r}, 'w')", body="op.add_column('t', c)")
    )
    assert found[0].code
    assert not witness.exists()


def test_annotated_and_named_values() -> None:
    text = b"from typing import Union\nPREV: str = 'a'\nrevision: str = 'b'\ndown_revision: Union[str, None] = PREV\n"
    found = history(revision("a"), SourceFile("versions/b.py", text))
    assert [(m.version, m.needs) for m in found] == [("a", ()), ("b", ("a",))]


READ = {
    "plain": ("op.execute('CREATE TABLE t (a int)')", "CREATE TABLE t (a int);"),
    "a cast": ('op.execute("SELECT 1::int")', "SELECT 1::int;"),
    "an escaped colon": (r'op.execute("SELECT \'a\\:b\'")', "SELECT 'a:b';"),
    "nothing": ("pass", ""),
    "several": ("op.execute('SELECT 1;'); op.execute('SELECT 2 -- x')", "SELECT 1;\nSELECT 2 -- x\n;"),
    "a parameter": ("op.execute('SELECT :a')", None),
    "an f-string": ("op.execute(f'SELECT {a}')", None),
    "other arguments": ("op.execute('SELECT 1', execution_options={})", None),
    "a condition": ("if x: op.execute('SELECT 1')", None),
    "an operation": ("op.drop_table('t')", None),
    "SQLAlchemy's": ("op.execute(sa.text('SELECT 1'))", "SELECT 1;"),
    "and its DDL": ("op.execute(sa.DDL('SELECT 5 %% 2, :x'))", "SELECT 5 % 2, :x;"),
    "with names": ("op.execute(sa.DDL('DROP TABLE %(table)s'))", None),
    "a call": ("op.execute(make('SELECT 1'))", None),
    "another name": ("operations.execute('SELECT 1')", None),
}  # fmt: skip


@pytest.mark.parametrize(("body", "sql"), READ.values(), ids=READ)
def test_what_is_read_as_sql(body: str, sql: str | None) -> None:
    (found,) = history(revision("a", body=body))
    assert found.code is (sql is None)
    assert found.up.strip() == (sql or "")


def test_statements_stand_on_their_lines_in_the_file() -> None:
    body = (
        'op.execute("""\n    CREATE TABLE t (\n      a int\n    )""")\n    op.execute("SELECT 1")'
    )
    (found,) = history(revision("a", body=body))
    lines = found.content.decode().splitlines()
    for statement in parse(found.up, Sqlite(Path()).dialect).statements:
        assert statement.text.splitlines()[0] in lines[statement.line - 1]


def test_a_block_that_commits_by_itself_is_not_wrapped() -> None:
    body = (
        "with op.get_context().autocommit_block():\n        op.execute('CREATE INDEX i ON t (a)')"
    )
    (found,) = history(revision("a", body=body))
    assert (found.code, found.wrap) == (False, False)


def test_a_program_needs_its_recording(session: Session) -> None:
    file = revision("a", body="op.create_table('t')")
    (unrecorded,) = history(file)
    with pytest.raises(MigrationNotRecorded):
        apply(session, unrecorded)
    up, down = "CREATE TABLE t (a integer);", "DROP TABLE t;"
    (recorded,) = history(file, recorded_file("a", up), recorded_file("a", down, back=True))
    assert (recorded.up, recorded.down, recorded.recorded_path) == (up, down, "recorded/a.sql")
    apply(session, recorded)
    assert rows(session) == ["a"]
    ALEMBIC.roll_back(session, recorded, parse(down, session.dialect), now=NOW)
    assert rows(session) == []


@given(st.text(alphabet="ab:\\'%\" \n1_é", max_size=30))
@settings(max_examples=50)
def test_any_text_survives_the_file(text: str) -> None:
    sql = f"SELECT '{text.replace(chr(39), '')}'".replace("--", "")
    file = new_revision("x", sql, "", now=NOW, heads=(), folder="versions", wrap=True)
    ast.parse(file.content)
    (found,) = revisions([file])
    assert not found.code
    assert found.up.strip().removesuffix(";") == sql


def test_generated_over_several_heads() -> None:
    with pytest.raises(MigrationOutOfOrder, match="one of 2 heads: b1, b2"):
        ALEMBIC.generate("x", "SELECT 1", "", now=NOW, existing=history(*DIAMOND[:3]))


ENV = "from alembic import context\n"
SETTINGS = {
    "the usual": (ENV, "", "alembic_version", ""),
    "env.py": (
        ENV + "T = 'v'\ncontext.configure(url=u, version_table=T, version_table_schema='s')",
        "", "s.v", "",
    ),
    "none there": (ENV + "context.configure(version_table_schema=None)", "", "alembic_version", ""),
    "the configuration": (ENV, "version_table = v2", "v2", ""),
    "computed": (ENV + "context.configure(version_table=name())", "", "", "computes version_table"),
    "computed and said": (ENV + "context.configure(version_table=n())", "version_table = v3", "v3", ""),
    "in a mapping": (ENV + "kw = {'version_table': 'x'}", "", "", "computes version_table"),
    "twice": (
        ENV + "context.configure(version_table='a')\ncontext.configure(version_table='b')",
        "", "", "computes version_table",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("env", "ini", "table", "unknown"), SETTINGS.values(), ids=SETTINGS)
def test_how_the_ledger_is_called(
    tmp_path: Path, session: Session, env: str, ini: str, table: str, unknown: str
) -> None:
    project(tmp_path, env, f"script_location = %(here)s/migrations\n{ini}")
    found = detect_handler(tmp_path)
    assert found is not None
    handler = in_project(handler_for(found.handler), tmp_path, found.folder)
    assert found.folder == tmp_path / "migrations"
    if unknown:
        with pytest.raises(LedgerError, match=unknown):
            handler.ledger(session)
    else:
        assert handler.ledger_tables == (table,)


def project(root: Path, env: str = ENV, ini: str = "script_location = migrations") -> Path:
    folder = root / "migrations"
    (folder / "versions").mkdir(parents=True)
    (folder / "env.py").write_text(env)
    (root / "alembic.ini").write_text(f"[alembic]\n{ini}\n")
    return folder


def test_pyproject_and_folders_of_its_own(tmp_path: Path, session: Session) -> None:
    folder = project(tmp_path, ini="x = 1")
    (tmp_path / "pyproject.toml").write_text(
        '[tool.alembic]\nscript_location = "%(here)s/migrations"\n'
        'version_locations = ["%(here)s/migrations/shop", "%(here)s/migrations/core"]\n'
    )
    handler = in_project(ALEMBIC, tmp_path, folder)
    assert isinstance(handler, Alembic)
    wanted = [p for p in ("shop/a.py", "core/b.py", "shop/old/c.py", "versions/d.py", "shop/e.txt",
                          "shop/__init__.py") if handler.wants(p)]  # fmt: skip
    assert wanted == ["shop/a.py", "core/b.py"]
    (migration,) = handler.parse([SourceFile("shop/a.py", b"revision = 'a'\ndown_revision = None")])
    place = ToolPlace(tmp_path, folder, "sqlite:x", (), {}, Limits(timedelta(seconds=1)))
    with pytest.raises(ToolMissing, match="was not found in the project's own environment"):
        handler.run_tool(session, migration, place)


def test_a_numbered_program_beside_the_versions_is_not_djangos(tmp_path: Path) -> None:
    (project(tmp_path) / "0001_warning.py").write_text("print('run alembic')")
    found = detect_handler(tmp_path)
    assert found is not None
    assert found.handler == "alembic"


def test_what_flask_migrate_leaves_out_is_told(tmp_path: Path, session: Session) -> None:
    folder = project(tmp_path)
    ini = folder / "alembic.ini"
    (tmp_path / "alembic.ini").rename(ini)
    ini.write_text("[alembic]\n")
    place = ToolPlace(tmp_path, folder, "sqlite:x", (), {}, Limits(timedelta(seconds=1)))
    (migration,) = ALEMBIC.parse(
        [SourceFile("versions/a.py", b"revision = 'a'\ndown_revision = None")]
    )
    with pytest.raises(ToolMissing, match="Flask-Migrate") as caught:
        in_project(ALEMBIC, tmp_path, folder).run_tool(session, migration, place)  # type: ignore[attr-defined]
    assert "script_location" in caught.value.hint
    ini.write_text("[alembic]\nscript_location = %(here)s\n")
    with pytest.raises(ToolMissing, match="not found in the project's own environment"):
        in_project(ALEMBIC, tmp_path, folder).run_tool(session, migration, place)  # type: ignore[attr-defined]


def test_a_folder_without_a_configuration(tmp_path: Path) -> None:
    project(tmp_path)
    (tmp_path / "alembic.ini").unlink()
    found = detect_handler(tmp_path)
    assert found is not None
    assert (found.handler, found.evidence) == ("alembic", "env.py")
