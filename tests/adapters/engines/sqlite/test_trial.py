"""A trial run on SQLite: what is seen on an empty copy is what a filled file does."""

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import pytest

from faber_db.adapters.engines.sqlite.trial import READER, WRITER
from faber_db.adapters.shadows import SqliteShadow
from faber_db.errors import ConnectionFailed
from faber_db.model.dialect import Dialect
from faber_db.model.trial import Tried
from faber_db.sql.script import parse

SCHEMA = """
PRAGMA user_version = 7;
CREATE TABLE users (id INTEGER PRIMARY KEY, email TEXT NOT NULL UNIQUE, bio TEXT, age INTEGER);
CREATE INDEX users_age ON users (age);
CREATE TABLE orders (id INTEGER PRIMARY KEY, user_id INTEGER REFERENCES users (id), note TEXT);
CREATE VIEW emails AS SELECT email FROM users;
CREATE VIRTUAL TABLE found USING fts5 (body);
CREATE TRIGGER noted AFTER INSERT ON orders BEGIN UPDATE users SET bio = NEW.note WHERE id = NEW.user_id; END;
WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 4000)
INSERT INTO users SELECT i, 'u' || i || '@shop.test', 'about ' || i, i FROM n;
"""

# text: (locks, rewritten, scanned) of its last statement
SEEN: dict[str, tuple[dict[str, str], tuple[str, ...], tuple[str, ...]]] = {
    "ALTER TABLE users ADD COLUMN phone TEXT": ({"users": WRITER}, (), ()),
    "ALTER TABLE users DROP COLUMN bio": ({"users": WRITER}, ("users",), ("users",)),
    "ALTER TABLE users RENAME COLUMN bio TO about": ({"users": WRITER}, (), ()),
    "CREATE INDEX users_bio ON users (bio)": ({"users": WRITER}, (), ("users",)),
    "UPDATE users SET age = 1": ({"users": WRITER}, (), ("users",)),
    "UPDATE users SET age = 1 WHERE id = 5": ({"users": WRITER}, (), ()),
    "DELETE FROM orders WHERE note = 'x'": ({"orders": WRITER}, (), ("orders",)),
    "SELECT count(*) FROM users": ({"users": READER}, (), ("users",)),
    "CREATE TABLE t (id INTEGER PRIMARY KEY)": ({}, (), ()),
    "CREATE TABLE t (id INTEGER); INSERT INTO t SELECT id FROM users": (
        {"users": READER}, (), ("users",),
    ),
    "CREATE TABLE t (id INTEGER); UPDATE t SET id = 1": ({}, (), ()),
    "ALTER TABLE users RENAME TO people; UPDATE people SET age = 2": (
        {"users": WRITER}, (), ("users",),
    ),
    "DROP TABLE orders": ({"orders": WRITER}, (), ()),
}  # fmt: skip


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "shop.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(SCHEMA)
    return path


def tried(
    file: Path, text: str, *, wrap: bool = False, queries: Sequence[str] = ()
) -> tuple[Tried, ...]:
    with SqliteShadow().copy_of(f"sqlite:{file}") as session:
        return session.try_out(parse(text, Dialect.SQLITE), wrap=wrap, queries=queries)


@pytest.mark.parametrize("text", SEEN)
def test_what_is_seen(file: Path, text: str) -> None:
    last = tried(file, text)[-1]
    assert (dict(last.locks), last.rewritten, last.scanned, last.error) == (*SEEN[text], "")


@pytest.mark.parametrize("text", [t for t in SEEN if t.startswith("ALTER") and ";" not in t])
def test_a_rewrite_is_one_on_a_filled_file(file: Path, text: str) -> None:
    """The copy is empty; on the file itself the pages tell."""
    rewritten = tried(file, text)[-1].rewritten
    before = file.read_bytes()
    with closing(sqlite3.connect(file)) as connection:
        connection.execute(text)
        connection.commit()
    after = file.read_bytes()
    pages = range(0, len(before), 4096)
    changed = sum(before[i : i + 4096] != after[i : i + 4096] for i in pages)
    assert (changed > 20) is bool(rewritten), changed


def test_locks_are_held_within_a_transaction(file: Path) -> None:
    first, second = tried(file, "UPDATE users SET age = 1; SELECT 1 FROM orders", wrap=True)
    assert (first.held, second.held) == ((), (("users", WRITER),))
    assert tried(file, "UPDATE users SET age = 1; SELECT 1 FROM orders")[1].held == ()


def test_it_stops_where_it_fails(file: Path) -> None:
    text = "SELECT 1;\nALTER TABLE nobody ADD COLUMN a TEXT;\nDROP TABLE orders"
    found = tried(file, text)
    assert [(t.line, t.error) for t in found] == [(1, ""), (2, "no such table: nobody")]


def test_what_reaches_out_of_the_file_is_left_out(file: Path, tmp_path: Path) -> None:
    outside = tmp_path / "other.db"
    found = tried(file, f"ATTACH '{outside}' AS other; PRAGMA writable_schema = ON; SELECT 1")
    assert [bool(t.not_tried) for t in found] == [True, True, False]
    assert not outside.exists()


def test_a_query_that_a_statement_breaks_is_named(file: Path) -> None:
    queries = [
        "SELECT email FROM users WHERE id = ?",
        "SELECT bio FROM users",
        "SELECT :a, note FROM orders",
    ]
    found = tried(
        file,
        "ALTER TABLE orders ADD COLUMN a TEXT; ALTER TABLE users DROP COLUMN bio",
        queries=queries,
    )
    assert [t.breaks for t in found] == [(), ((1, "no such column: bio"),)]


def test_queries_that_cannot_be_prepared(file: Path) -> None:
    with SqliteShadow().copy_of(f"sqlite:{file}") as session:
        assert session.unprepared(["SELECT 1", "SELECT nothing", "SELEC"]).keys() == {1, 2}


def test_the_copy_holds_the_schema_and_no_rows(file: Path) -> None:
    before = file.read_bytes()
    with SqliteShadow().copy_of(f"sqlite:{file}") as session:
        kinds = session.query("SELECT type, name FROM sqlite_schema WHERE name NOT LIKE 'sqlite%'")
        assert {("view", "emails"), ("trigger", "noted"), ("index", "users_age")} <= set(kinds)
        assert session.query("SELECT count(*) FROM users") == [(0,)]
        assert session.query("PRAGMA user_version") == [(7,)]
    assert file.read_bytes() == before


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ConnectionFailed), SqliteShadow().copy_of(f"sqlite:{tmp_path / 'no.db'}"):
        pass
