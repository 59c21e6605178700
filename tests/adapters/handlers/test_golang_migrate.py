"""What is peculiar to golang-migrate: whose pairs they are, the one row, the lock. See also tests/contract."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from faber_db.adapters.engines.mysql import Mysql
from faber_db.adapters.engines.postgresql import Postgresql
from faber_db.adapters.engines.sqlite import Sqlite
from faber_db.adapters.handlers import detect_handler
from faber_db.adapters.handlers.golang_migrate import GolangMigrate
from faber_db.adapters.handlers.golang_migrate_lock import number_of
from faber_db.errors import (
    LedgerError,
    LedgerForeign,
    LockBusy,
    MigrationFailed,
    MigrationOutOfOrder,
    MigrationUnreadable,
)
from faber_db.model.migration import Migration, SourceFile
from faber_db.services.ports import Session
from faber_db.sql.script import parse

HANDLER = GolangMigrate()
NOW = datetime(2026, 11, 23, tzinfo=UTC)
PAIR = {"db/1_a.up.sql": "SELECT 1;", "db/1_a.down.sql": "SELECT 2;"}


def project(root: Path, files: dict[str, str]) -> Path:
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    return root


def history(*names: str) -> tuple[Migration, ...]:
    """Pairs that make and drop a table `t<number>` each."""
    files = []
    for name in names:
        table = f"t{int(name.partition('_')[0])}"
        files.append(SourceFile(f"{name}.up.sql", f"CREATE TABLE {table} (a int);".encode()))
        files.append(SourceFile(f"{name}.down.sql", f"DROP TABLE {table};".encode()))
    return HANDLER.parse(files)


OWNERS = {
    "nothing names it": ({}, "sql"),
    "go.mod": ({"go.mod": "require github.com/golang-migrate/migrate/v4 v4.18.1\n"}, "ours"),
    "go.mod, by way of another": (
        {"go.mod": "require github.com/golang-migrate/migrate/v4 v4.18.1 // indirect\n"},
        "sql",
    ),
    "a Makefile": ({"Makefile": 'up:\n\tmigrate -path migrations -database "$(DB)" up\n'}, "ours"),
    "a Makefile that makes files": (
        {"Makefile": "new:\n\tmigrate create -ext sql -dir db x\n"},
        "ours",
    ),
    "a Makefile of others": ({"Makefile": "migrate:\n\tpython manage.py migrate\n"}, "sql"),
    "a Compose file": ({"docker-compose.yml": "image: migrate/migrate:v4.18.1"}, "ours"),
}


@pytest.mark.parametrize(("files", "owner"), OWNERS.values(), ids=OWNERS)
def test_whose_pairs_they_are(files: dict[str, str], owner: str, tmp_path: Path) -> None:
    pairs = {path.replace("db/", "db/migrations/"): text for path, text in PAIR.items()}
    found = detect_handler(project(tmp_path, pairs | files))
    assert found is not None
    assert found.handler == ("golang-migrate" if owner == "ours" else owner)


def test_a_folder_of_any_name_where_a_build_file_names_the_tool(tmp_path: Path) -> None:
    files = PAIR | {"go.mod": "require github.com/golang-migrate/migrate/v4 v4.18.1\n"}
    (found,) = HANDLER.discover(project(tmp_path, files))
    assert found.folder == tmp_path / "db"
    assert found.evidence == "1 numbered .up.sql file, and go.mod names the tool"


def test_order_is_that_of_numbers() -> None:
    found = history("000010_c", "2_b", "000001_a")
    assert [(m.version, m.name) for m in found] == [
        ("1", "000001_a"),
        ("2", "2_b"),
        ("10", "000010_c"),
    ]


def test_a_missing_way_back_is_none() -> None:
    (one,) = HANDLER.parse([SourceFile("1_a.up.sql", b"SELECT 1;")])
    assert (one.down, one.down_path) == (None, "")


UNREADABLE = {
    "one number twice": ["1_a.up.sql", "001_b.up.sql"],
    "only a way back": ["1_a.down.sql"],
    "no SQL": ["1_a.up.sql", "2_b.up.json"],
    "a copy": ["1_a.up.sql", "1_a.up.sql.bak"],
    "a number too large": ["9223372036854775808_a.up.sql"],
}


@pytest.mark.parametrize("paths", UNREADABLE.values(), ids=UNREADABLE)
def test_unreadable(paths: list[str]) -> None:
    with pytest.raises(MigrationUnreadable):
        HANDLER.parse([SourceFile(path, b"SELECT 1;") for path in paths])


def test_another_tools_files_are_named() -> None:
    with pytest.raises(LedgerForeign, match="goose"):
        HANDLER.parse([SourceFile("1_a.up.sql", b"-- +goose Up\nSELECT 1;")])


COUNTED = {
    "none": ([], "20261123000000_new_table"),
    "counted": (["000001_a", "000009_b"], "000010_new_table"),
    "by time": (["20240101000000_a"], "20261123000000_new_table"),
    "in the future": (["20270101000000_a"], "20270101000001_new_table"),
}


@pytest.mark.parametrize(("names", "new"), COUNTED.values(), ids=COUNTED)
def test_a_new_pair_is_counted_as_the_others_are(names: list[str], new: str) -> None:
    up, down = HANDLER.generate("New table", "SELECT 1;", "", now=NOW, existing=history(*names))
    assert (up.path, down.path) == (f"{new}.up.sql", f"{new}.down.sql")
    assert HANDLER.parse([up, down])[0].down is None


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    with Sqlite(tmp_path / "locks").connect(str(tmp_path / "a.db"), create=True) as session:
        yield session


def stand_at(session: Session, version: int, dirty: bool) -> None:
    """As the tool leaves it."""
    session.execute("CREATE TABLE IF NOT EXISTS schema_migrations (version uint64, dirty bool)")
    session.execute("DELETE FROM schema_migrations")
    session.execute("INSERT INTO schema_migrations VALUES (%s, %s)", (version, dirty))


def states(session: Session, files: tuple[Migration, ...]) -> list[str]:
    return [s.state.value for s in HANDLER.status(files, HANDLER.ledger(session))]


def row(session: Session) -> list[tuple[object, ...]]:
    return session.query("SELECT version, dirty FROM schema_migrations")


ROWS = {
    "the second": ((2, False), ["applied", "applied", "pending"]),
    "the last": ((10, False), ["applied", "applied", "applied"]),
    "the second is dirty": ((2, True), ["applied", "failed", "pending"]),
    "before the first, dirty": ((-1, True), ["failed", "pending", "pending"]),
    "one without a file": ((5, False), ["applied", "applied", "pending", "missing"]),
    "one without a file, dirty": ((5, True), ["applied", "applied", "pending", "failed"]),
    "newer than all files": ((11, False), ["applied", "applied", "applied", "missing"]),
}


@pytest.mark.parametrize(("stands", "told"), ROWS.values(), ids=ROWS)
def test_what_one_row_says(stands: tuple[int, bool], told: list[str], session: Session) -> None:
    for number in (1, 2, 10):
        session.execute(f"CREATE TABLE t{number} (a int)")
    stand_at(session, *stands)
    assert states(session, history("1_a", "2_b", "10_c")) == told


LATE = {  # of 2, which came after 1 and 10 ran; and what came with it
    "a table": ("CREATE TABLE late (a int);", {}, "table late"),
    "a quoted one": ('CREATE TABLE "late" (a int);', {}, "table late"),
    "a column": ("ALTER TABLE t1 ADD COLUMN late int;", {}, "column t1.late"),
    "an index": ("CREATE INDEX late ON t1 (a);", {}, "index late"),
    "that one to come uses": (
        "CREATE TABLE late (a int);",
        {"11_d": "CREATE TABLE e (a int REFERENCES late);"},
        "table late",
    ),
    "it is there": ("CREATE TABLE t10 (a int);", {}, ""),
    "half of it is there": ("CREATE TABLE t10 (a int); CREATE TABLE late (a int);", {}, ""),
    "perhaps made": ("CREATE TABLE IF NOT EXISTS late (a int);", {}, ""),
    "dropped by one that ran": ("CREATE TABLE late (a int);", {"9_c": "DROP TABLE late;"}, ""),
    "renamed by one that ran": (
        "CREATE TABLE late (a int);",
        {"9_c": "ALTER TABLE late RENAME TO t1;"},
        "",
    ),
    "to be dropped": ("CREATE TABLE late (a int);", {"11_d": "DROP TABLE IF EXISTS late;"}, ""),
    "of a table that is gone": ("ALTER TABLE gone ADD COLUMN late int;", {}, ""),
    "rows": ("INSERT INTO t1 VALUES (1);", {}, ""),
    "not understood": ("CREATE TABLE late (a int); CREATE NONSENSE;", {}, ""),
}


@pytest.mark.parametrize(("late", "beside", "missing"), LATE.values(), ids=LATE)
def test_a_file_that_came_later_with_a_smaller_number(
    late: str, beside: dict[str, str], missing: str, session: Session
) -> None:
    files = history("1_a", "10_c")
    for migration in files:
        HANDLER.apply_one(session, migration, parse(migration.up, session.dialect), now=NOW)
    texts = {m.name: m.up for m in files} | {"2_late": late} | beside
    more = HANDLER.parse([SourceFile(f"{n}.up.sql", sql.encode()) for n, sql in texts.items()])
    found = {s.version: s for s in HANDLER.status(more, HANDLER.ledger(session))}
    assert found["2"].state.value == ("skipped_by_tool" if missing else "applied")
    assert f"but {missing} is not there" in found["2"].detail or not missing
    assert {found["1"].state.value, found["10"].state.value} == {"applied"}


def test_several_rows_are_no_ledger(session: Session) -> None:
    stand_at(session, 1, False)
    session.execute("INSERT INTO schema_migrations VALUES (2, 0)")
    with pytest.raises(LedgerError, match="several rows"):
        HANDLER.ledger(session)


def test_a_failed_script_leaves_the_row_dirty_as_the_tool_does(session: Session) -> None:
    (one,) = HANDLER.parse([SourceFile("1_a.up.sql", b"CREATE TABLE t (a int); DROP TABLE u;")])
    with pytest.raises(MigrationFailed):
        HANDLER.apply_one(session, one, parse(one.up, session.dialect), now=NOW)
    assert row(session) == [(1, 1)]
    with pytest.raises(LedgerError, match="dirty"):
        HANDLER.apply_one(session, one, parse(one.up, session.dialect), now=NOW)
    HANDLER.mark(session, one, "rolled_back", now=NOW)
    assert row(session) == []


def test_marks_move_the_row_by_one(session: Session) -> None:
    a, b, c = history("1_a", "2_b", "10_c")
    with pytest.raises(MigrationOutOfOrder):
        HANDLER.mark(session, b, "applied", now=NOW)
    for migration in (a, b, c):
        HANDLER.mark(session, migration, "applied", now=NOW)
    HANDLER.mark(session, a, "applied", now=NOW)  # it is
    assert row(session) == [(10, 0)]
    with pytest.raises(LedgerError, match="newest"):
        HANDLER.mark(session, b, "rolled_back", now=NOW)
    HANDLER.mark(session, c, "rolled_back", now=NOW)
    assert row(session) == [(2, 0)]


def test_the_newest_goes_back_first(session: Session) -> None:
    a, b = history("1_a", "2_b")
    for migration in (a, b):
        HANDLER.apply_one(session, migration, parse(migration.up, session.dialect), now=NOW)
    with pytest.raises(LedgerError, match="newest"):
        HANDLER.roll_back(session, a, parse(a.down or "", session.dialect), now=NOW)
    for migration in (b, a):
        HANDLER.roll_back(session, migration, parse(migration.down or "", session.dialect), now=NOW)
    assert row(session) == []
    assert states(session, (a, b)) == ["pending", "pending"]


def test_the_locks_number() -> None:
    """What golang-migrate 4.20 was seen to take in `pg_locks`, and with GET_LOCK, for these names."""
    assert number_of("public", "schema_migrations", "/shop") == LOCK_OF_SHOP
    assert number_of("shop:schema_migrations") == NAMED_LOCK_OF_SHOP


LOCK_OF_SHOP = 2_101_699_660
NAMED_LOCK_OF_SHOP = 2_821_548_460


def test_who_holds_the_lock_is_named(postgresql_url: str) -> None:
    with Postgresql().connect(postgresql_url) as one, Postgresql().connect(postgresql_url) as two:
        ((database, schema),) = one.query("SELECT current_database(), current_schema()")
        for name in (f"/{database}", database):  # of the command's URL, and asked of the server
            key = number_of(str(schema), "schema_migrations", str(name))
            one.query("SELECT pg_advisory_lock(%s)", (key,))
            (note,) = HANDLER.notes(two, (), ())
            assert "golang-migrate's migration lock is held by process" in note.message
            with (
                pytest.raises(LockBusy, match="golang-migrate's migration lock is held by process"),
                HANDLER.lock(two, wait=timedelta(milliseconds=150)),
            ):
                pytest.fail("two sessions hold one lock")
            one.query("SELECT pg_advisory_unlock(%s)", (key,))
        with HANDLER.lock(two, wait=timedelta(0)):
            (note,) = HANDLER.notes(one, (), ())
        assert HANDLER.notes(one, (), ()) == ()


@pytest.mark.slow
def test_who_holds_the_lock_is_named_on_mariadb(new_mariadb: Callable[[], str]) -> None:
    url = new_mariadb()
    with Mysql().connect(url) as one, Mysql().connect(url) as two:
        ((database,),) = one.query("SELECT database()")
        one.query("SELECT get_lock(%s, 0)", (str(number_of(f"{database}:schema_migrations")),))
        with (
            pytest.raises(LockBusy, match="golang-migrate's migration lock is held by session"),
            HANDLER.lock(two, wait=timedelta(milliseconds=150)),
        ):
            pytest.fail("two sessions hold one lock")
