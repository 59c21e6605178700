"""A database that is there, as a newcomer takes it over; and several databases in one project."""

import json
import sqlite3
from pathlib import Path

import pytest

from tests.e2e.project import Project

USERS = "CREATE TABLE users (id INTEGER PRIMARY KEY, name TEXT);\n"
POSTS = "CREATE TABLE posts (id INTEGER PRIMARY KEY, title TEXT);\n"


@pytest.fixture
def empty(project: Project, tmp_path: Path) -> Project:
    """The environment of a project, with a root of its own in which nothing is."""
    root = tmp_path / "newcomer"
    root.mkdir()
    return Project(root, project.environ)


def write(project: Project, path: str, text: str) -> None:
    file = project.root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


def by_hand(project: Project, file: str, *statements: str) -> None:
    connection = sqlite3.connect(project.root / file)
    for statement in statements:
        connection.execute(statement)
    connection.commit()
    connection.close()


@pytest.mark.slow
def test_tables_without_a_ledger(empty: Project) -> None:
    write(
        empty,
        "migrations/1_users.sql",
        f"-- migrate:up\n{USERS}-- migrate:down\nDROP TABLE users;\n",
    )
    write(
        empty,
        "migrations/2_posts.sql",
        f"-- migrate:up\n{POSTS}-- migrate:down\nDROP TABLE posts;\n",
    )
    by_hand(empty, "dev.db", USERS)
    done = empty.run("init", "--url", "sqlite:dev.db", "--handler", "sql")
    assert done.returncode == 0, done.stderr
    answer = empty.json("status")
    assert answer["details"]["next"] == {"person": "faber-db baseline dev"}
    code, answer = empty.exits("baseline", "dev")
    assert code == 6
    assert "`faber-db baseline dev --up-to 1_users`" in answer["errors"][0]["hint"]
    code, answer = empty.exits("baseline", "dev", "--up-to", "1_users")
    assert code == 0, answer
    assert empty.json("build")["details"]["applied"] == ["2_posts"]
    code, answer = empty.exits("rollback", "dev")
    assert (code, answer["details"]["applied"]) == (0, ["2_posts"]), answer


@pytest.mark.slow
def test_several_databases_and_formats_in_one_table(empty: Project) -> None:
    write(empty, "shop/prisma/migrations/20260101000000_users/migration.sql", USERS)
    write(empty, "shop/prisma/migrations/migration_lock.toml", 'provider = "sqlite"\n')
    write(
        empty,
        "log/db/migrations/20260101000000_posts.sql",
        f"-- migrate:up\n{POSTS}-- migrate:down\nDROP TABLE posts;\n",
    )
    databases = {
        "shop": {
            "handler": "prisma",
            "migrations": "shop/prisma/migrations",
            "environments": {"dev": {"url": "sqlite:shop.db"}, "staging": {"url": "sqlite:s.db"}},
        },
        "log": {
            "handler": "dbmate",
            "migrations": "log/db/migrations",
            "environments": {"dev": {"url": "sqlite:log.db"}},
        },
    }  # fmt: skip
    write(empty, "faber-db.json", json.dumps({"databases": databases}))
    for file in ("shop.db", "s.db", "log.db"):
        by_hand(empty, file, "SELECT 1")
    assert empty.json("build", "--database", "log")["details"]["applied"] == ["20260101000000"]
    lines = empty.json("status")["details"]["environments"]
    told = {(x["database"], x["environment"]): x["counts"] for x in lines}
    assert told == {
        ("shop", "dev"): {"pending": 1},
        ("shop", "staging"): {"pending": 1},
        ("log", "dev"): {"applied": 1},
    }
    shown = empty.run("status").stdout
    for words in ("shop/dev", "shop/staging", "log/dev", "1 pending", "up to date"):
        assert words in shown
    write(empty, "log/db/migrations/20260101000000_posts.sql", "no markers\n")
    answer = empty.json("status")  # what is wrong with one hides no other
    assert len(answer["details"]["environments"]) == 3
    assert any("20260101000000_posts.sql" in w["message"] for w in answer["warnings"])
