"""What is peculiar to goose; the rest is in the contract suite."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from faber_db.adapters.engines.sqlite import Sqlite
from faber_db.adapters.handlers import detect_handler
from faber_db.adapters.handlers.goose import Goose
from faber_db.errors import LedgerForeign, MigrationUnreadable
from faber_db.model.migration import Migration, SourceFile
from faber_db.sql.script import parse as script_of

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
BOTH = "-- +goose Up\nCREATE TABLE t (a int);\n\n-- +goose Down\nDROP TABLE t;\n"
BLOCK = """-- a remark
-- +goose NO TRANSACTION
-- +goose Up
-- +goose StatementBegin
CREATE FUNCTION f() RETURNS int AS $$
BEGIN RETURN 1; END
$$ LANGUAGE plpgsql
-- +goose StatementEnd
SELECT 1; -- why
-- +goose down
-- +goose statementbegin
DROP FUNCTION f;
-- +goose statementend
"""


def parse(**files: str) -> tuple[Migration, ...]:
    return Goose().parse([SourceFile(path, text.encode()) for path, text in files.items()])


def test_both_directions_keep_the_lines_of_the_file() -> None:
    (one,) = parse(**{"00001_a.sql": BOTH})
    assert (one.version, one.name, one.wrap) == ("1", "00001_a", True)
    assert one.up.split("\n")[1] == "CREATE TABLE t (a int);"
    assert one.down is not None
    assert one.down.split("\n")[4] == "DROP TABLE t;"
    assert "DROP" not in one.up


def test_blocks_and_no_transaction() -> None:
    (one,) = parse(**{"1_a.sql": BLOCK})
    assert not one.wrap
    assert one.up.strip().endswith("SELECT 1; -- why")
    assert one.down is not None
    assert one.down.strip() == "DROP FUNCTION f;"


def test_windows_line_ends() -> None:
    (one,) = parse(**{"1_a.sql": BLOCK.replace("\n", "\r\n")})
    assert "LANGUAGE plpgsql" in one.up


def test_order_is_that_of_the_numbers() -> None:
    files = {f"{n}_x.sql": BOTH for n in ("10", "9", "20200101000000", "002")}
    assert [m.version for m in parse(**files)] == ["2", "9", "10", "20200101000000"]


def test_no_way_back() -> None:
    for text in ("-- +goose Up\nSELECT 1;\n", "-- +goose Up\nSELECT 1;\n-- +goose Down\n-- none\n"):
        (one,) = parse(**{"1_a.sql": text})
        assert one.down is None


UNREADABLE = {
    "no marker": {"1_a.sql": "SELECT 1;"},
    "no number": {"a.sql": BOTH},
    "number zero": {"000_a.sql": BOTH},
    "number too large": {"9223372036854775808_a.sql": BOTH},
    "number of 4,000 digits": {"9" * 4000 + "_a.sql": BOTH},
    "no underscore": {"1-a.sql": BOTH},
    "one number twice": {"1_a.sql": BOTH, "01_b.sql": BOTH},
    "in Go": {"1_a.sql": BOTH, "2_b.go": "package migrations"},
    "down first": {"1_a.sql": "-- +goose Down\nSELECT 1;\n-- +goose Up\n"},
    "up twice": {"1_a.sql": BOTH + "-- +goose Up\n"},
    "down twice": {"1_a.sql": BOTH + "-- +goose Down\n"},
    "statement before": {"1_a.sql": "SELECT 1;\n" + BOTH},
    "unknown annotation": {"1_a.sql": BOTH + "-- +goose Sideways\n"},
    "empty annotation": {"1_a.sql": BOTH + "-- +goose\n"},
    "indented annotation": {"1_a.sql": BOTH + "  -- +goose StatementBegin\n"},
    "no semicolon before down": {"1_a.sql": "-- +goose Up\nSELECT 1\n-- +goose Down\n"},
    "no semicolon at the end": {"1_a.sql": "-- +goose Up\nSELECT 1\n"},
    "no semicolon but in a comment": {"1_a.sql": "-- +goose Up\nSELECT 1 -- one;\n"},
    "block without an end": {"1_a.sql": "-- +goose Up\n-- +goose StatementBegin\nSELECT 1;\n"},
    "block in a block": {"1_a.sql": "-- +goose Up\n" + "-- +goose StatementBegin\n" * 2},
    "block before up": {"1_a.sql": "-- +goose StatementBegin\n" + BOTH},
    "end without a block": {"1_a.sql": "-- +goose Up\n-- +goose StatementEnd\n"},
    "variable": {"1_a.sql": "-- +goose ENVSUB ON\n-- +goose Up\nSELECT '${A}';\n"},
}


@pytest.mark.parametrize("files", UNREADABLE.values(), ids=UNREADABLE)
def test_unreadable(files: dict[str, str]) -> None:
    with pytest.raises(MigrationUnreadable) as caught:
        parse(**files)
    assert caught.value.hint


def test_variables_that_are_none_are_let_alone() -> None:
    text = "-- +goose Up\n-- +goose ENVSUB ON\nSELECT 1;\n-- +goose ENVSUB OFF\nSELECT '${A}';\n"
    (one,) = parse(**{"1_a.sql": text})
    assert "${A}" in one.up


def test_what_is_no_migration_is_not_wanted() -> None:
    ignored = ["README.md", "old/1_a.sql", "embed.go", "1_a_test.go", ".gitkeep"]
    assert not any(Goose().wants(path) for path in ignored)


def test_another_tools_folder() -> None:
    with pytest.raises(LedgerForeign, match="Flyway"):
        parse(**{"1_a.sql": BOTH, "V1__a.sql": "SELECT 1"})


def test_discover(tmp_path: Path) -> None:
    for folder, text in {"sql/goose": BOTH, "plain/migrations": "SELECT 1;"}.items():
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "00001_a.sql").write_text(text)
    (found,) = Goose().discover(tmp_path)
    assert (found.folder, found.evidence) == (
        tmp_path / "sql/goose",
        "1 file with -- +goose Up",
    )
    (tmp_path / "plain/migrations/00001_a.sql").unlink()
    assert detect_handler(tmp_path) == found


def test_sums_that_atlas_keeps_beside_are_no_migration(tmp_path: Path) -> None:
    for name, text in {"1_a.sql": BOTH, "atlas.sum": "h1:x\n1_a.sql h1:y\n"}.items():
        (tmp_path / name).write_text(text)
    assert detect_handler(tmp_path) is not None
    assert not Goose().wants("atlas.sum")


GENERATED = {
    "plain": ("SELECT 1", "-- +goose Up\nSELECT 1;\n\n-- +goose Down\n"),
    "a function": (
        "CREATE FUNCTION f() RETURNS int AS $$\nBEGIN\nRETURN 1;\nEND $$;",
        "-- +goose Up\n-- +goose StatementBegin\nCREATE FUNCTION f() RETURNS int AS $$\nBEGIN\n"
        "RETURN 1;\nEND $$;\n-- +goose StatementEnd\n\n-- +goose Down\n",
    ),
    "a comment last": (
        "SELECT 1 -- one",
        "-- +goose Up\n-- +goose StatementBegin\nSELECT 1 -- one\n-- +goose StatementEnd\n\n"
        "-- +goose Down\n",
    ),
}


@pytest.mark.parametrize(("up", "text"), GENERATED.values(), ids=GENERATED)
def test_generate(up: str, text: str) -> None:
    (file,) = Goose().generate("Add it!", up, "", now=NOW, existing=())
    assert (file.path, file.content.decode()) == ("20261123090000_add_it.sql", text)
    assert Goose().parse([file])[0].up.strip().startswith(up.splitlines()[0])


def test_counted_versions_go_on() -> None:
    (file,) = Goose().generate(
        "b", "VACUUM;", "", now=NOW, existing=parse(**{"00009_a.sql": BOTH}), wrap=False
    )
    assert file.path == "00010_b.sql"
    assert Goose().parse([file])[0].wrap is False


def test_rows_of_old_and_new_goose(tmp_path: Path) -> None:
    """A table begins with version 0; old versions added a row where new ones delete them all."""
    handler, history = Goose(), parse(**{"1_a.sql": BOTH, "2_b.sql": "-- +goose Up\nSELECT 1;\n"})
    with Sqlite(tmp_path / "locks").connect(str(tmp_path / "a.db"), create=True) as session:
        for migration in history:
            script = script_of(migration.up, session.dialect)
            handler.apply_one(session, migration, script, now=NOW)
        rows = "SELECT id, version_id, is_applied, tstamp IS NULL FROM goose_db_version ORDER BY id"
        assert session.query(rows) == [(1, 0, 1, 0), (2, 1, 1, 0), (3, 2, 1, 0)]
        session.execute("INSERT INTO goose_db_version (version_id, is_applied) VALUES (2, 0)")
        found = handler.status(history, handler.ledger(session))
        assert [s.state.value for s in found] == ["applied", "rolled_back"]
        assert "`goose up` passes over it" in found[1].detail
        handler.roll_back(
            session, history[0], script_of(history[0].down or "", session.dialect), now=NOW
        )
        assert session.query("SELECT count(*) FROM goose_db_version WHERE version_id = 1") == [(0,)]
