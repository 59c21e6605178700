from datetime import UTC, datetime
from pathlib import Path

import pytest

from faber_db.adapters.handlers.sql import SqlFiles
from faber_db.errors import LedgerForeign, MigrationOutOfOrder, MigrationUnreadable
from faber_db.model.migration import Migration, SourceFile

TWO_PARTS = "-- migrate:up\nCREATE TABLE t (a int);\n\n-- migrate:down\nDROP TABLE t;\n"


def parse(**files: str) -> tuple[Migration, ...]:
    return SqlFiles().parse([SourceFile(path, text.encode()) for path, text in files.items()])


def pair(version: str, down: str = "DROP TABLE t;") -> dict[str, str]:
    return {f"{version}.up.sql": "CREATE TABLE t (a int);", f"{version}.down.sql": down}


def test_a_pair() -> None:
    (one,) = parse(**pair("0001_init"))
    assert (one.version, one.path, one.up, one.down, one.down_path, one.wrap) == (
        "0001_init",
        "0001_init.up.sql",
        "CREATE TABLE t (a int);",
        "DROP TABLE t;",
        "0001_init.down.sql",
        True,
    )


def test_order_is_that_of_the_ids() -> None:
    files = pair("0002_b") | {"0001_a.sql": TWO_PARTS} | pair("0010_c")
    assert [m.version for m in parse(**files)] == ["0001_a", "0002_b", "0010_c"]


def test_two_parts_keep_the_lines_of_the_file() -> None:
    (one,) = parse(**{"1.sql": "-- why\n" + TWO_PARTS})
    assert one.up.split("\n")[2] == "CREATE TABLE t (a int);"
    assert one.down is not None
    assert one.down.split("\n")[5] == "DROP TABLE t;"
    assert "DROP" not in one.up
    assert one.content.startswith(b"-- why")


def test_without_transaction() -> None:
    (one,) = parse(**{"1.sql": TWO_PARTS.replace("migrate:up", "migrate:up transaction:false")})
    assert not one.wrap


def test_windows_line_ends() -> None:
    (one,) = parse(**{"1.sql": TWO_PARTS.replace("\n", "\r\n")})
    assert "CREATE TABLE" in one.up
    assert one.down is not None


def test_a_down_script_of_nothing_but_comments_is_none() -> None:
    (one,) = parse(**pair("1", down="-- no way back\n/* really; */ ;\n"))
    assert one.down is None
    assert one.down_path == "1.down.sql"


def test_an_up_script_alone_has_no_way_back() -> None:
    files = {"1_a.up.sql": "SELECT 1"} | pair("2_b")
    one, two = parse(**files)
    assert (one.version, one.up, one.down, one.down_path) == ("1_a", "SELECT 1", None, "")
    assert two.down is not None
    now = datetime(2026, 11, 23, tzinfo=UTC)
    new = SqlFiles().generate("c", "SELECT 2;", "", now=now, existing=[one])
    assert [file.path.partition(".")[2] for file in new] == ["up.sql", "down.sql"]


def test_where_nothing_goes_back_plain_scripts_stand_beside_up_scripts() -> None:
    history = parse(**{"001_a.up.sql": "SELECT 1", "002_b.sql": "SELECT 2", "003_c.up.sql": "A"})
    assert [(m.version, m.down) for m in history] == [
        ("001_a", None),
        ("002_b", None),
        ("003_c", None),
    ]
    now = datetime(2026, 11, 23, tzinfo=UTC)
    (new,) = SqlFiles().generate("d", "SELECT 4;", "SELECT 5;", now=now, existing=history)
    assert new.path == "004_d.sql"


def test_byte_order_mark_is_not_run_but_counted() -> None:
    (one,) = SqlFiles().parse([SourceFile("1.sql", b"\xef\xbb\xbf" + TWO_PARTS.encode())])
    assert one.up.startswith("\n")
    assert one.content.startswith(b"\xef\xbb\xbf")


UNREADABLE = {
    "no up": {"1.down.sql": "SELECT 1"},
    "neither": {"a.sql": "SELECT 1"},
    "plain beside a pair": {"2.sql": "SELECT 1"} | pair("1"),
    "plain beside two parts": {"1.sql": TWO_PARTS, "2.sql": "SELECT 1"},
    "plain with another's marker": {"1.sql": "-- +migrate Up\nA\n-- +migrate Down\nB"},
    "plain with a headline": {"1.sql": "A;\n-- ===== DOWN =====\nB;"},
    "plain of tern": {"1.sql": "A;\n---- create above / drop below ----\nB;"},
    "plain in two orders": {"9_a.sql": "SELECT 1", "10_b.sql": "SELECT 1"},
    "plain with one number twice": {"01_a.sql": "SELECT 1", "1_b.sql": "SELECT 1"},
    "no down marker": {"1.sql": "-- migrate:up\nSELECT 1"},
    "wrong order": {"1.sql": "-- migrate:down\n-- migrate:up\n"},
    "twice": {"1.sql": "-- migrate:up\n-- migrate:up\n-- migrate:down\n"},
    "statement before": {"1.sql": "SELECT 1;\n" + TWO_PARTS},
    "unknown option": {"1.sql": TWO_PARTS.replace("migrate:up", "migrate:up transaction:no")},
    "two files": {"1.sql": TWO_PARTS} | pair("1"),
    "two orders": pair("9_a") | pair("10_b"),
    "one number twice": pair("1_a") | pair("1_b"),
}


@pytest.mark.parametrize("files", UNREADABLE.values(), ids=UNREADABLE)
def test_unreadable(files: dict[str, str]) -> None:
    with pytest.raises(MigrationUnreadable) as caught:
        parse(**files)
    assert caught.value.hint


def test_not_utf8() -> None:
    with pytest.raises(MigrationUnreadable, match=r"1\.sql is not UTF-8"):
        SqlFiles().parse([SourceFile("1.sql", b"\xff")])


FOREIGN = {
    "Prisma": {"migration_lock.toml": ""},
    "Drizzle": {"meta/_journal.json": "{}"},
    "Flyway": {"V1__init.sql": "SELECT 1"},
    "goose": {"1_a.sql": "-- +goose Up\nSELECT 1;\n-- +goose Down\n"},
    "yoyo": {"1_a.sql": "-- depends: 0_b\nSELECT 1"},
    "Sqitch": {"sqitch.plan": "%syntax-version=1.0.0"},
    "Alembic": {"versions/abc_x.py": ""},
    "Django": {"0001_initial.py": ""},
    "Sequelize": {"20261123090000-x.js": ""},
    "Knex": {"20261123090000_x.ts": ""},
    "TypeORM": {"1795424400000-X.ts": ""},
    "Atlas": {"atlas.sum": ""},
    "Liquibase": {"1.sql": "--liquibase formatted sql\n"},
}


@pytest.mark.parametrize(("tool", "files"), FOREIGN.items(), ids=FOREIGN)
def test_another_tools_folder_is_named(tool: str, files: dict[str, str]) -> None:
    with pytest.raises(LedgerForeign, match=tool):
        parse(**files)


def test_what_is_no_migration_is_not_wanted() -> None:
    handler = SqlFiles()
    ignored = ["README.md", "old/1.up.sql", ".gitkeep", "__init__.py", "seed.csv"]
    assert not any(handler.wants(path) for path in ignored)


def test_discover(tmp_path: Path) -> None:
    for folder in ("db/migrations", "other/migrations", "node_modules/x/migrations"):
        (tmp_path / folder).mkdir(parents=True)
    (tmp_path / "db/migrations/1.up.sql").write_text("SELECT 1")
    (tmp_path / "node_modules/x/migrations/1.up.sql").write_text("SELECT 1")
    (found,) = SqlFiles().discover(tmp_path)
    assert (found.folder, found.evidence) == (
        tmp_path / "db/migrations",
        "1 .up.sql file, 1 without a .down.sql",
    )
    (tmp_path / "db/migrations/1.down.sql").write_text("SELECT 1")
    assert SqlFiles().discover(tmp_path)[0].evidence == "1 pair of .up.sql and .down.sql"


def test_a_new_two_part_file_says_that_it_runs_without_a_transaction() -> None:
    existing = parse(**{"1_a.sql": TWO_PARTS})
    now = datetime(2026, 11, 23, tzinfo=UTC)
    (file,) = SqlFiles().generate("b", "VACUUM;", "", now=now, existing=existing, wrap=False)
    assert file.content.startswith(b"-- migrate:up transaction:false\nVACUUM;\n")
    (new,) = SqlFiles().parse([file])
    assert (new.wrap, new.up.strip()) == (False, "VACUUM;")


def test_plain_numbered_scripts_only_go_up() -> None:
    first, second = parse(**{"001_a.sql": "-- down the drain\nSELECT 1;", "002.sql": "SELECT 2"})
    assert (first.version, first.up, first.down, first.wrap) == (
        "001_a",
        "-- down the drain\nSELECT 1;",
        None,
        True,
    )
    assert second.version == "002"


@pytest.mark.parametrize(
    ("names", "new"),
    {
        "counted": (["001_a", "002_b"], "003_c.sql"),
        "by time": (["20261101000000_a"], "20261123000000_c.sql"),
        "by a later time": (["20271231235959_a"], "20280101000000_c.sql"),
    }.values(),
    ids=("counted", "by time", "by a later time"),
)
def test_the_next_plain_one(names: list[str], new: str) -> None:
    existing = parse(**{f"{name}.sql": "SELECT 1" for name in names})
    now = datetime(2026, 11, 23, tzinfo=UTC)
    (file,) = SqlFiles().generate("c", "SELECT 3;", "SELECT 4;", now=now, existing=existing)
    assert (file.path, file.content) == (new, b"SELECT 3;")


def test_a_plain_number_that_would_not_sort_last() -> None:
    existing = parse(**{f"{n}.sql": "SELECT 1" for n in range(1, 10)})
    with pytest.raises(MigrationOutOfOrder, match="10_c"):
        SqlFiles().generate("c", "", "", now=datetime.now(UTC), existing=existing)


PLAIN = {
    "plain": ({"001_a.sql": "SELECT 1"}, True),
    "with a script that has no number": ({"001_a.sql": "SELECT 1", "seed.sql": ""}, False),
    "Drizzle's": ({"0000_a.sql": "SELECT 1", "meta/_journal.json": "{}"}, False),
    "yoyo's": ({"0000_a.sql": "SELECT 1", "0000_a.rollback.sql": ""}, False),
    "goose's": ({"0001_a.sql": "-- +goose Up\n"}, False),
}


@pytest.mark.parametrize(("files", "ours"), PLAIN.values(), ids=PLAIN)
def test_discover_plain(files: dict[str, str], ours: bool, tmp_path: Path) -> None:
    for name, text in files.items():
        file = tmp_path / "db/migrations" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    found = [history.evidence for history in SqlFiles().discover(tmp_path)]
    assert found == (["1 numbered SQL file"] if ours else [])
