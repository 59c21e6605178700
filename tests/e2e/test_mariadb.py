"""A project on MariaDB through the command line: looked at and analysed, and refused by name."""

import json
from pathlib import Path

import pytest

from faber_db.model import online_ddl
from tests.e2e.project import Project, new_project

CONFIG = '{ "environments": { "dev": { "url": "env:DATABASE_URL" } } }'
UP = """ALTER TABLE customers MODIFY name varchar(20) NOT NULL;
ALTER TABLE customers ADD COLUMN city varchar(40);
"""


@pytest.fixture
def project(tmp_path: Path, mariadb_url: str) -> Project:
    """An empty project beside a database with one table, nothing configured."""
    made = new_project(tmp_path, {"dev": mariadb_url})
    for file in (made.root / "migrations").iterdir():
        file.unlink()
    (made.root / "faber-db.json").write_text(CONFIG, "utf-8")
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
    (project.root / "faber-db.json").unlink()
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
    answer = project.json("analyze", "--environment", "dev")
    found = {finding["code"]: finding["effect"] for finding in answer["findings"]}
    assert "varchar(120)" in found["redefine-loses"], found


def test_a_trial_run_measures(project: Project) -> None:
    answer = project.json("analyze", "--environment", "dev", "--trial")
    assert answer["trial"][0].startswith("2 of 2 statements tried")
    locks = {s["text"].split()[3]: s["locks"][0]["mode"] for s in answer["statements"]}
    assert locks["MODIFY"] == online_ddl.COPY
    assert locks["ADD"] == online_ddl.BRIEF
    confidence = {f["code"]: f["confidence"] for f in answer["findings"]}
    assert confidence["mysql-table-copy"] == "measured"


@pytest.mark.slow
def test_a_trial_run_with_a_written_schema(project: Project) -> None:
    before = project.root / "before.sql"
    before.write_text(
        "SET NAMES utf8mb4;\nCREATE TABLE b (a int, FOREIGN KEY (a) REFERENCES a (a));\n"
        "CREATE TABLE a (a int PRIMARY KEY, t text, FULLTEXT KEY (t));\nCREATE USER ann;\n"
        "CREATE VIEW v AS SELECT nothing FROM a;\n",
        "utf-8",
    )
    given = (
        "analyze",
        "--dialect",
        "mariadb",
        "--schema",
        "before.sql",
        "--transaction",
        "none",
        "--trial",
        "--json",
        "-",
    )
    done = project.run(
        *given, stdin="ALTER TABLE a ADD c int; DROP VIEW v; ALTER TABLE b ADD c int;"
    )
    answer = json.loads(done.stdout)
    assert answer["trial"][0].startswith("2 of 3 statements tried")
    assert "not in the copy" in " ".join(answer["trial"])
    assert [s["locks"][0]["mode"] for s in answer["statements"] if s["measured"]] == [
        online_ddl.INPLACE_SHARED,
        online_ddl.BRIEF,
    ]
    other = project.run("analyze", "--dialect", "mysql", *given[3:], stdin="SELECT 1")
    assert other.returncode == 2
    assert "--dialect mariadb" in other.stdout + other.stderr


REFUSED = ("build", "evaluate", "architect spec.md")
REFUSED_TOO = ("build dev", "release dev", "rollback dev", "backup create dev", "policy show dev")


@pytest.mark.parametrize(
    "command", [*REFUSED, *(pytest.param(c, marks=pytest.mark.slow) for c in REFUSED_TOO)]
)
def test_refused_by_name(project: Project, command: str) -> None:
    (project.root / "spec.md").write_text("Add column `city` (text) to `customers`.\n", "utf-8")
    code, answer = project.exits(*command.split())
    assert code == 2
    (error,) = answer["errors"]
    assert error["code"] == "not-supported"
    assert "MariaDB" in error["message"]
    assert "analyze --environment" in error["hint"]


@pytest.mark.slow
def test_health_and_drift_say_that_they_cannot_tell(project: Project) -> None:
    for command, wanted in (("health dev", "not-supported"), ("drift dev", "schema-unproved")):
        code, answer = project.exits(*command.split())
        assert code == 2, answer
        assert [p["code"] for p in (*answer["errors"], *answer["warnings"])] == [wanted], answer


def test_an_unreachable_server_is_a_clear_answer(project: Project) -> None:
    project.environ["DATABASE_URL"] = "mysql://ann:hush@127.0.0.1:1/shop"
    for command in ("doctor", "analyze --environment dev"):
        done = project.run(*command.split())
        assert done.returncode == 2, done.stdout
        assert "no server answers for shop@127.0.0.1:1" in done.stdout + done.stderr
        assert "hush" not in done.stdout + done.stderr
