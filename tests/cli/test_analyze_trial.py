"""`analyze --trial` from the outside, on real servers."""

import json
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from tests.cli.conftest import Ended, Run

BEFORE = """
CREATE ROLE shop_reader NOLOGIN;
CREATE TABLE users (id int PRIMARY KEY, email text, at timestamp);
CREATE TABLE orders (id int PRIMARY KEY, user_id int);
GRANT SELECT ON users TO shop_reader;
"""
MIGRATION = """
ALTER TABLE users ADD COLUMN age int;
CREATE INDEX orders_user ON orders (user_id);
ALTER TABLE users RENAME email TO mail;
"""


def codes(ended: Ended) -> dict[str, str]:
    return {f["code"]: f["confidence"] for f in json.loads(ended.out)["findings"]}


def test_from_a_schema_file(faber_db: Run, project: Path) -> None:
    (project / "before.sql").write_text(BEFORE)
    (project / "queries.txt").write_text("SELECT email FROM users WHERE id = $1\nSELECT 1\n")
    given = ("analyze", "--dialect", "postgresql", "--schema", "before.sql")
    ended = faber_db(*given, "--trial", "--queries", "queries.txt", "--json", "-", stdin=MIGRATION)
    assert ended.code == 0, ended.err
    found = codes(ended)
    assert {found[c] for c in ("lock-held", "create-index", "query-breaks")} == {"measured"}
    answer = json.loads(ended.out)
    assert answer["trial"][0].startswith("3 of 3 statements tried")
    assert [s["measured"] for s in answer["statements"]] == [True] * 3
    still = faber_db(*given, "--json", "-", stdin=MIGRATION)
    assert set(codes(still).values()) == {"parsed"}
    assert set(json.loads(still.out)) == {"risk", "findings", "statements"}


def test_of_an_environment(
    faber_db: Run, project: Path, new_postgresql: Callable[..., str]
) -> None:
    """The time zone of the database decides, and nothing of it is changed."""
    url = new_postgresql()
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(BEFORE.replace("CREATE ROLE shop_reader NOLOGIN;", "").replace("GRANT SELECT ON users TO shop_reader;", "").encode())  # fmt: skip
        name = connection.info.dbname
        connection.execute(f"ALTER DATABASE {name} SET TimeZone = 'Asia/Tokyo'".encode())
    config = {"handler": "sql", "environments": {"dev": {"url": "env:DEV"}}}
    (project / "faber-db.json").write_text(json.dumps(config))
    (project / "migrations").mkdir()
    (project / "migrations" / "001_zone.up.sql").write_text(
        "ALTER TABLE users ALTER at TYPE timestamptz;"
    )
    (project / "migrations" / "001_zone.down.sql").write_text("SELECT 1;")
    ended = faber_db("analyze", "--environment", "dev", "--trial", "--json", environ={"DEV": url})
    assert ended.code == 0, ended.err
    answer = json.loads(ended.out)
    assert answer["statements"][0]["rewrite"]
    assert answer["risk"] == "medium"  # the table is small
    with psycopg.connect(url) as connection:
        row = connection.execute(
            "SELECT format_type(atttypid, atttypmod) FROM pg_attribute"
            " WHERE attrelid = 'users'::regclass AND attname = 'at'"
        ).fetchone()
        assert row == ("timestamp without time zone",)


REFUSED = {
    "no schema": ("--dialect", "postgresql", "--trial", "-"),
    "queries without a trial": ("--dialect", "postgresql", "--queries", "q.txt", "-"),
}


@pytest.mark.parametrize("arguments", REFUSED.values(), ids=REFUSED)
def test_what_lacks_something_is_refused(
    faber_db: Run, project: Path, arguments: tuple[str, ...]
) -> None:
    (project / "q.txt").write_text("SELECT 1;")
    ended = faber_db("analyze", *arguments, "--json", stdin="SELECT 1")
    assert (ended.code, json.loads(ended.out)["errors"][0]["code"]) == (1, "input-invalid")


def test_shadow_off_is_said(faber_db: Run, project: Path) -> None:
    config = {
        "handler": "sql",
        "engine": "postgresql",
        "shadow": "off",
        "environments": {"dev": {"url": "env:DEV"}},
    }
    (project / "faber-db.json").write_text(json.dumps(config))
    (project / "before.sql").write_text(BEFORE)
    ended = faber_db(
        "analyze", "--schema", "before.sql", "--trial", "--json", "-", stdin="SELECT 1"
    )
    assert ended.code == 2
    assert json.loads(ended.out)["errors"][0]["code"] == "schema-shadow-unavailable"
