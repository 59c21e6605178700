"""What is peculiar to Drizzle: the journal, pieces of scripts, silent skips. See also tests/contract."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faber_db.adapters.engines.sqlite import Sqlite
from faber_db.adapters.handlers import detect_handler
from faber_db.adapters.handlers.drizzle import Drizzle
from faber_db.adapters.handlers.drizzle_journal import BREAKPOINT, JOURNAL, separated
from faber_db.errors import LedgerError, LedgerForeign, MigrationUnreadable
from faber_db.model.dialect import Dialect
from faber_db.model.migration import Migration, MigrationStatus, SourceFile
from faber_db.services.ports import Session
from faber_db.sql.script import parse

HANDLER = Drizzle()
NOW = datetime(2026, 11, 23, tzinfo=UTC)


def journal(*entries: object, dialect: str = "sqlite") -> SourceFile:
    whole = {"version": "6", "dialect": dialect, "entries": list(entries)}
    return SourceFile(JOURNAL, json.dumps(whole).encode())


def entry(when: object, tag: object) -> dict[str, Any]:
    return {"idx": 0, "version": "6", "when": when, "tag": tag, "breakpoints": True}


def folder(**whens: int) -> list[SourceFile]:
    """Entries `0000_<name>` in the order given, each with a script that makes a table."""
    tags = {f"{i:04}_{name}": when for i, (name, when) in enumerate(whens.items())}
    scripts = [SourceFile(f"{t}.sql", f"CREATE TABLE {t[5:]} (a int);".encode()) for t in tags]
    return [journal(*(entry(when, tag) for tag, when in tags.items())), *scripts]


def test_discover(tmp_path: Path) -> None:
    place = tmp_path / "packages/db/migrations/sqlite"  # as deep as folders are looked for
    (place / "meta").mkdir(parents=True)
    (place / "meta/_journal.json").write_bytes(journal().content)
    (place / "0000_a.sql").write_text("SELECT 1;")
    found = detect_handler(tmp_path)
    assert found is not None
    assert (found.handler, found.engine) == ("drizzle", "sqlite")
    assert found.folder == place


def test_the_journal_is_the_order_and_the_version_is_its_time() -> None:
    found = HANDLER.parse(folder(b=300, a=100))
    assert [(m.version, m.name, m.provider) for m in found] == [
        ("300", "0000_b", "sqlite"),
        ("100", "0001_a", "sqlite"),
    ]


BAD = {
    "no journal": [SourceFile("0000_a.sql", b"SELECT 1;")],
    "no JSON": [SourceFile(JOURNAL, b"{")],
    "deep JSON": [SourceFile(JOURNAL, b"[" * 100_000)],
    "a list": [SourceFile(JOURNAL, b"[]")],
    "no entries": [SourceFile(JOURNAL, b'{"entries": 1}')],
    "an entry that is none": [journal(1)],
    "no file": [journal(entry(1, "0000_a"))],
    "no time": [journal(entry(None, "0000_a")), SourceFile("0000_a.sql", b"")],
    "a time that is none": [journal(entry(True, "0000_a")), SourceFile("0000_a.sql", b"")],
    "a tag outside": [journal(entry(1, "../0000_a")), SourceFile("0000_a.sql", b"")],
    "a tag twice": [journal(entry(1, "a"), entry(2, "a")), SourceFile("a.sql", b"")],
    "a time twice": [
        journal(entry(1, "a"), entry(1, "b")),
        SourceFile("a.sql", b""),
        SourceFile("b.sql", b""),
    ],
}


@pytest.mark.parametrize("files", BAD.values(), ids=BAD)
def test_unreadable(files: list[SourceFile]) -> None:
    with pytest.raises(MigrationUnreadable) as caught:
        HANDLER.parse(files)
    assert caught.value.hint


def test_another_tools_file_is_named() -> None:
    with pytest.raises(LedgerForeign, match="Prisma"):
        HANDLER.parse([*folder(a=1), SourceFile("migration_lock.toml", b"")])


@pytest.mark.parametrize("dialect", [Dialect.POSTGRESQL, Dialect.SQLITE, Dialect.MARIADB])
def test_pieces_without_a_semicolon_are_apart(dialect: Dialect) -> None:
    text = (
        f"CREATE TABLE a (x int)\n{BREAKPOINT}\nCREATE TABLE b (x int);{BREAKPOINT}\nDROP TABLE a"
    )
    assert "-->" not in separated(text)  # which is no comment on MariaDB
    statements = parse(separated(text), dialect).statements
    assert [(s.line, s.text.split("(")[0].strip()) for s in statements] == [
        (1, "CREATE TABLE a"),
        (3, "CREATE TABLE b"),
        (4, "DROP TABLE a"),
    ]


COMMENTS = {
    "a comment ends the piece": f"SELECT 1 -- one\n{BREAKPOINT}\nSELECT 2",
    "on the marker's own line": f"SELECT 1 -- one {BREAKPOINT}\nSELECT 2",
    "a comment alone": f"-- nothing\n{BREAKPOINT}\nSELECT 1;\n{BREAKPOINT}\nSELECT 2",
}


@pytest.mark.parametrize("text", COMMENTS.values(), ids=COMMENTS)
def test_pieces_that_end_in_a_comment(text: str) -> None:
    assert len(parse(separated(text), Dialect.POSTGRESQL).statements) == 2


@given(st.lists(st.sampled_from(["SELECT 1", "SELECT 1;", "", "-- x\n", "SELECT 1 -- x\n"])))
def test_as_many_statements_as_pieces_that_hold_one(pieces: list[str]) -> None:
    text = separated(f"\n{BREAKPOINT}\n".join(pieces))
    found = parse(text, Dialect.POSTGRESQL).statements
    assert len(found) == sum("SELECT" in piece for piece in pieces)


@pytest.fixture
def session(tmp_path: Path) -> Iterator[Session]:
    with Sqlite(tmp_path / "locks").connect(str(tmp_path / "a.db"), create=True) as session:
        yield session


def applied(session: Session, *whens: int, digest: str = "") -> None:
    """Rows as the migrator leaves them, with the checksums of `folder`."""
    session.execute(
        "CREATE TABLE IF NOT EXISTS __drizzle_migrations"
        " (id SERIAL PRIMARY KEY, hash text NOT NULL, created_at numeric)"
    )
    for when in whens:
        session.execute(
            "INSERT INTO __drizzle_migrations (hash, created_at) VALUES (%s, %s)", (digest, when)
        )


def look(session: Session, files: list[SourceFile]) -> list[MigrationStatus]:
    return list(HANDLER.status(HANDLER.parse(files), HANDLER.ledger(session)))


def states(session: Session, files: list[SourceFile]) -> list[str]:
    return [s.state.value for s in look(session, files)]


def digest_of(files: list[SourceFile], path: str) -> str:
    return hashlib.sha256(next(f.content for f in files if f.path == path)).hexdigest()


def test_what_drizzle_skips_in_silence_is_told(session: Session) -> None:
    files = folder(a=100, late=150, b=200, c=300)
    applied(session, 100, digest=digest_of(files, "0000_a.sql"))
    applied(session, 200, digest=digest_of(files, "0002_b.sql"))
    a, late, b, c = look(session, files)
    assert [s.state.value for s in (a, late, b, c)] == [
        "applied",
        "skipped_by_tool",
        "applied",
        "pending",
    ]
    assert "Set it to 201 or later" in late.detail
    (_, skipped, *_) = HANDLER.parse(files)
    HANDLER.mark(session, skipped, "applied", now=NOW)
    assert states(session, files) == ["applied", "applied", "applied", "pending"]


def test_with_an_empty_ledger_nothing_is_skipped_and_the_danger_is_told(session: Session) -> None:
    a, late = look(session, folder(a=100, late=50))
    assert [a.state.value, late.state.value] == ["pending", "pending"]
    assert "older than that of 0000_a" in late.detail


def test_an_entry_whose_time_was_changed_after_it_was_applied(session: Session) -> None:
    files = folder(a=100)
    applied(session, 90, digest=digest_of(files, "0000_a.sql"))
    again, _ = look(session, files)
    assert again.state.value == "edited"
    assert "at 90, and Drizzle would run it again" in again.detail


def test_files_that_no_entry_names_are_told(session: Session) -> None:
    files = [
        *folder(a=1),
        SourceFile("0001_b.sql", b"SELECT 1;"),
        SourceFile("0000_a.down.sql", b""),
    ]
    history = HANDLER.parse(files)
    assert [m.name for m in history] == ["0000_a"]
    (note,) = HANDLER.notes(session, history, ())
    assert (note.code, note.blocks) == ("file-not-in-journal", False)
    assert note.message.startswith("no entry of meta/_journal.json names 0001_b.sql: ")


def test_a_new_entry_is_newer_than_all_and_the_rest_of_the_journal_stays() -> None:
    existing = HANDLER.parse(folder(a=100, b=4_000_000_000_000))
    script, back, new = HANDLER.generate("c", "SELECT 1;", "SELECT 2;", now=NOW, existing=existing)
    assert (script.path, back.path, new.path) == ("0002_c.sql", "0002_c.down.sql", JOURNAL)
    whole = json.loads(new.content)
    assert (whole["version"], whole["dialect"]) == ("6", "sqlite")
    assert [e["when"] for e in whole["entries"]] == [100, 4_000_000_000_000, 4_000_000_000_001]
    assert whole["entries"][2] == {
        "idx": 1, "version": "6", "when": 4_000_000_000_001, "tag": "0002_c", "breakpoints": True,
    }  # fmt: skip
    (*_, last) = HANDLER.parse([*folder(a=100, b=4_000_000_000_000), script, back, new])
    assert (last.name, last.down) == ("0002_c", "SELECT 2;")


def test_the_row_is_drizzles(session: Session) -> None:
    files = folder(a=100)
    (one,) = HANDLER.parse(files)
    HANDLER.apply_one(session, one, parse(one.up, session.dialect), now=NOW)
    assert session.query("SELECT id, hash, created_at FROM __drizzle_migrations") == [
        (None, digest_of(files, "0000_a.sql"), 100)
    ]


def test_a_history_of_another_product_is_not_run(session: Session) -> None:
    files = [journal(entry(1, "a"), dialect="mysql"), SourceFile("a.sql", b"SELECT 1;")]
    (one,) = HANDLER.parse(files)
    with pytest.raises(MigrationUnreadable, match="says mysql"):
        HANDLER.apply_one(session, one, parse(one.up, session.dialect), now=NOW)


def test_turso_is_sqlite(session: Session) -> None:
    files = [journal(entry(1, "a"), dialect="turso"), SourceFile("a.sql", b"SELECT 1;")]
    (one,) = HANDLER.parse(files)
    HANDLER.apply_one(session, one, parse(one.up, session.dialect), now=NOW)


ONE, TWO = "20260101000000_one", "20260102000000_two"


def folders_of_1(**scripts: str) -> list[SourceFile]:
    return [
        SourceFile(f"{n.lstrip('_')}/migration.sql", sql.encode()) for n, sql in scripts.items()
    ]


def both_of_1() -> list[SourceFile]:
    return folders_of_1(
        _20260101000000_one="CREATE TABLE one (a int)",
        _20260102000000_two=f"CREATE TABLE two (a int){BREAKPOINT}CREATE TABLE three (a int)",
    )


def test_discover_folders_of_1(tmp_path: Path) -> None:
    for name in (ONE, TWO):
        place = tmp_path / "src/db/migrations" / name
        place.mkdir(parents=True)
        (place / "migration.sql").write_text("SELECT 1;")
        (place / "snapshot.json").write_text("{}")
    found = detect_handler(tmp_path)
    assert found is not None
    assert (found.handler, found.evidence) == ("drizzle", "2 folders of Drizzle 1.0")
    assert found.folder == tmp_path / "src/db/migrations"


BAD_1 = {
    "a journal too": ([*both_of_1(), journal()], "of an older one"),
    "no moment": (folders_of_1(first="SELECT 1;"), "begins with no moment"),
    "no such moment": (folders_of_1(_20261399000000_a="SELECT 1;"), "begins with no moment"),
    "one second twice": (
        folders_of_1(_20260101000000_a="SELECT 1;", _20260101000000_b="SELECT 1;"),
        "same second",
    ),
    "only a way back": ([SourceFile(f"{ONE}/down.sql", b"SELECT 1;")], "no migration.sql"),
}


@pytest.mark.parametrize(("files", "why"), BAD_1.values(), ids=BAD_1)
def test_bad_folders_of_1(files: list[SourceFile], why: str) -> None:
    with pytest.raises(MigrationUnreadable, match=why):
        HANDLER.parse(files)


def test_prismas_folders_are_none_of_1() -> None:
    with pytest.raises(LedgerForeign, match="Prisma"):
        HANDLER.parse([*both_of_1(), SourceFile("migration_lock.toml", b'provider = "sqlite"')])


def test_folders_of_1_go_by_name(session: Session) -> None:
    one, two = HANDLER.parse(both_of_1())
    assert (one.version, two.name) == (ONE, TWO)
    HANDLER.apply_one(session, two, parse(two.up, session.dialect), now=NOW)
    rows = session.query("SELECT name, created_at, hash FROM __drizzle_migrations")
    assert rows == [(TWO, 1_767_312_000_000, hashlib.sha256(two.content).hexdigest())]
    assert told(session, (one, two)) == ["out_of_order", "applied"]  # Drizzle would run it too
    edited = HANDLER.parse([*both_of_1()[:1], SourceFile(two.path, b"SELECT 2;")])
    assert told(session, edited) == ["out_of_order", "edited"]
    HANDLER.mark(session, two, "rolled_back", now=NOW)
    assert told(session, (one, two)) == ["pending", "pending"]


def test_a_new_folder_of_1_sorts_last() -> None:
    existing = HANDLER.parse(both_of_1())
    early = datetime(2025, 1, 1, tzinfo=UTC)
    files = HANDLER.generate("Add it", "SELECT 1;", "SELECT 2;", now=early, existing=existing)
    assert [f.path for f in files] == [
        "20260102000001_add_it/migration.sql",
        "20260102000001_add_it/down.sql",
    ]
    assert HANDLER.parse([*both_of_1(), *files])[-1].down == "SELECT 2;"


def test_folder_and_ledger_of_different_ages(session: Session) -> None:
    """Drizzle 1.0 writes names into an older ledger before it goes on; we do not do it for it."""
    (old,), (new, _) = HANDLER.parse(folder(a=100)), HANDLER.parse(both_of_1())
    HANDLER.apply_one(session, old, parse(old.up, session.dialect), now=NOW)
    for refused in (
        lambda: HANDLER.status((new,), HANDLER.ledger(session)),
        lambda: HANDLER.apply_one(session, new, parse(new.up, session.dialect), now=NOW),
        lambda: HANDLER.mark(session, new, "applied", now=NOW),
    ):
        with pytest.raises(LedgerError, match=r"from before Drizzle 1\.0"):
            refused()
    session.execute("DROP TABLE __drizzle_migrations")
    HANDLER.apply_one(session, new, parse(new.up, session.dialect), now=NOW)
    for refused in (
        lambda: HANDLER.status((old,), HANDLER.ledger(session)),
        lambda: HANDLER.mark(session, old, "applied", now=NOW),
    ):
        with pytest.raises(LedgerError, match=r"has the names of Drizzle 1\.0"):
            refused()


def told(session: Session, files: Sequence[Migration]) -> list[str]:
    return [s.state.value for s in HANDLER.status(files, HANDLER.ledger(session))]
