"""A project on MariaDB through the command line: looked at and analysed, and refused by name."""

import json
from pathlib import Path

import pytest

from tests.e2e.project import Project, new_project

UP = """ALTER TABLE customers MODIFY name varchar(20) NOT NULL;
ALTER TABLE customers ADD COLUMN city varchar(40);
"""


@pytest.fixture
def project(tmp_path: Path, mariadb_url: str) -> Project:
    """An empty project beside a database with one table, nothing configured."""
    made = new_project(tmp_path, {"dev": mariadb_url})
    for file in (made.root / "migrations").iterdir():
        file.unlink()
    (made.root / "faber-db.json").unlink()
    made.add_migration("20260101000000_city", UP)
    from faber_db.adapters.engines.mysql import Mysql

    with Mysql().connect(mariadb_url) as session:
        session.execute(
            "CREATE TABLE customers (id int AUTO_INCREMENT PRIMARY KEY, name varchar(120) NULL)"
        )
        session.execute("INSERT INTO customers (name) VALUES ('a customer')")
    made.environ["DATABASE_URL"] = mariadb_url
    return made


def test_looked_at(project: Project) -> None:
    project.json("init")
    checked = project.json("config", "check")["details"]["environments"][0]
    assert checked["engine"] == "mysql"
    assert "not deployed to yet" in checked["words"]
    examined = project.json("doctor")["details"]["examined"]
    said = {e["name"]: (e["verdict"], e["text"]) for e in examined}
    assert said["dev"][0] == "ok"
    assert said["dev"][1].startswith("MariaDB ")
    assert said["main"][0] == "info"
    status = project.json("status", "dev")["details"]
    assert status["migrations"]["20260101000000_city"]["state"] == "pending"
    assert status["next"] == {"tool": "analyze-migration", "arguments": {"environment": "dev"}}
    (table,) = project.json("schema", "dev", "--table", "customers")["details"]["tables"]
    assert table["columns"] == ["id int(11) not null identity autoincrement", "name varchar(120)"]
    assert table["rows"] == 1


def test_pending_migrations_are_analysed_with_the_live_schema(project: Project) -> None:
    project.json("init")
    answer = project.json("analyze", "--environment", "dev")
    found = {finding["code"]: finding["effect"] for finding in answer["findings"]}
    assert "varchar(120)" in found["redefine-loses"], found


REFUSED = ["build", "release dev", "rollback dev", "backup create dev", "policy show dev"]


@pytest.mark.parametrize("command", REFUSED)
def test_refused_by_name(project: Project, command: str) -> None:
    project.json("init")
    code, answer = project.exits(*command.split())
    assert code == 2
    (error,) = answer["errors"]
    assert error["code"] == "not-supported"
    assert "MariaDB" in error["message"]
    assert "analyze --environment dev" in error["hint"]


def test_a_migration_is_not_tried_by_evaluate_or_health(project: Project) -> None:
    project.json("init")
    for command in ("evaluate", "health dev", "drift dev"):
        code, answer = project.exits(*command.split())
        assert code == 2, answer
        assert answer["errors"] or answer["warnings"], answer


def test_an_unreachable_server_is_a_clear_answer(project: Project) -> None:
    project.environ["DATABASE_URL"] = "mysql://ann:hush@127.0.0.1:1/shop"
    (project.root / "faber-db.json").write_text(
        json.dumps({"environments": {"dev": {"url": "env:DATABASE_URL"}}}), "utf-8"
    )
    for command in ("status dev", "doctor", "schema dev", "analyze --environment dev"):
        done = project.run(*command.split())
        assert done.returncode == 2, done.stdout
        assert "no server answers for shop@127.0.0.1:1" in done.stdout + done.stderr
        assert "hush" not in done.stdout + done.stderr
