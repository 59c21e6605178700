"""A project on MariaDB through the command line: looked at, analysed, and released to."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from faber_db.adapters.engines.mysql import Mysql, address
from faber_db.model import online_ddl
from tests.e2e import phases
from tests.e2e.project import Project, new_project, release_first
from tests.faults.watching import kill, started, state_of, wait_until

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
    examined = project.json("doctor")["details"]["examined"]
    said = {e["name"]: (e["verdict"], e["text"]) for e in examined}
    assert said["dev"][0] == "ok"
    assert said["dev"][1].startswith("MariaDB ")
    assert said["mariadb-dump"][0] == "ok"
    status = project.json("status", "dev")["details"]
    assert status["migrations"]["20260101000000_city"]["state"] == "pending"
    assert status["next"] == {"person": "faber-db baseline dev"}  # its table is in no ledger
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


def test_no_migration_is_written(project: Project) -> None:
    (project.root / "spec.md").write_text("Add column `city` (text) to `customers`.\n", "utf-8")
    code, answer = project.exits("architect", "spec.md")
    assert code == 2
    (error,) = answer["errors"]
    assert error["code"] == "not-supported"
    assert "by hand" in error["hint"]


@pytest.fixture
def shop(tmp_path: Path, new_mariadb: Callable[[], str]) -> Iterator[Project]:
    """The shop, with nothing applied anywhere."""
    urls = {name: new_mariadb() for name in ("dev", "staging", "production")}
    yield new_project(tmp_path, urls)
    with Mysql().connect(urls["production"]) as session:
        live = address.parse(urls["production"]).database
        for (name,) in session.query("SHOW DATABASES"):
            if str(name).startswith(f"{live}_"):
                session.execute(f"DROP DATABASE `{name}`")


@pytest.fixture
def released(shop: Project) -> Project:
    """The same with its first migration in a protected production, and a customer there."""
    release_first(shop)
    return shop


@pytest.mark.slow
def test_five_phases(released: Project) -> None:
    phases.five_phases(released, health="degraded", by_hand=True)  # the test server does not sync


@pytest.mark.slow
def test_roll_back(released: Project) -> None:
    phases.roll_back(released)


@pytest.mark.slow
def test_restore(released: Project) -> None:
    phases.restore(released)
    assert (
        released.run(
            "backup", "verify", phases.listed(released)[0]["backup_id"], "--level", "3"
        ).returncode
        == 0
    )


@pytest.mark.slow
def test_policy_change(released: Project) -> None:
    phases.policy_change(released)


@pytest.mark.slow
def test_state_lost(released: Project) -> None:
    phases.state_lost(released)


HALF = "20261103000000_half"


@pytest.mark.slow
def test_a_half_applied_release_is_told_line_by_line(released: Project) -> None:
    """What stands is named, nothing is claimed, and nothing goes on before a person settles it."""
    project = released
    project.add_migration(
        HALF,
        "ALTER TABLE customers ADD COLUMN phone text;\nUPDATE orders SET customer_id = 998 WHERE id = 1;\n",
        "ALTER TABLE customers DROP COLUMN phone;\n",
    )
    plan = project.plan("release")
    assert project.sign(plan).exit_code == 0
    code, answer = project.exits("release", "--plan", plan)
    assert (code, answer["errors"][0]["code"]) == (2, "migration-failed"), answer
    said = "in the database: line 1; nothing of line 2, which was rolled back"
    assert said in answer["errors"][0]["message"]
    assert "phone" in project.columns("production", "customers")
    answer = project.json("status", "production")
    state = answer["details"]["migrations"][HALF]
    assert state["state"] == "half_applied"
    assert "line 1 is in the database; line 2 failed, and left nothing" in str(answer)
    code, answer = project.exits("release")
    assert code not in (0, 4), answer
    assert project.run("audit", "verify").returncode == 0


@pytest.mark.slow
def test_a_killed_release_is_told_by_the_catalogue(released: Project) -> None:
    """The server goes on with a definition whose client is gone; status tells, then and later."""
    project = released
    slow = (
        "ALTER TABLE customers ADD COLUMN phone text;\nCREATE TABLE slow AS SELECT sleep(4) AS s;\n"
    )
    project.add_migration(HALF, f"{slow}ALTER TABLE customers ADD COLUMN fax text;\n")
    plan = project.plan("release")
    assert project.sign(plan).exit_code == 0
    with started(project, "release", "--plan", plan):
        wait_until(lambda: is_at(project, "sleep(4)"), "the slow statement")
        kill(project, plan)
    assert "line 2 is under way, or its session has not ended yet" in said_of(project, HALF)
    wait_until(lambda: not is_at(project, "sleep(4)"), "its end")
    assert said_of(project, HALF).startswith(
        "half_applied It failed and a part of it may be there: line 1 is in the database; line 2 was"
        " under way, and the catalogue shows a change since: it is in the database;"
    )
    assert state_of(project, plan) == "failed"
    assert project.columns("production", "slow") == ["s"]
    assert "fax" not in project.columns("production", "customers")
    assert project.run("audit", "verify").returncode == 0


def is_at(project: Project, words: str) -> bool:
    sql = "SELECT info FROM information_schema.processlist WHERE id <> connection_id()"
    return any(words in str(info) for (info,) in project.rows("production", sql))


def said_of(project: Project, version: str) -> str:
    found = project.json("status", "production")["details"]["migrations"][version]
    return f"{found['state']} {found['detail']}"


@pytest.mark.slow
def test_drift_is_found(released: Project) -> None:
    assert released.exits("drift", "production")[0] == 0
    released.write("production", "ALTER TABLE customers ADD COLUMN by_hand int")
    code, answer = released.exits("drift", "production")
    assert code == 3, answer
    assert "by_hand" in str(answer)


def test_build(shop: Project) -> None:
    code, answer = shop.exits("build")
    assert code == 0, answer
    assert "email" in shop.columns("dev", "customers")
    code, answer = shop.exits("build")
    assert (code, answer["details"]["state"]) == (0, "skipped"), answer


@pytest.mark.slow
def test_what_a_trial_saw_fail_is_not_begun(shop: Project) -> None:
    """Its first half would stay; by the policy a person may say that the copy is wrong."""
    text = "ALTER TABLE customers ADD COLUMN phone text;\nCREATE VIEW bad AS SELECT nothing FROM customers;\n"
    shop.add_migration(HALF, text)
    code, answer = shop.exits("build")
    assert (code, answer["errors"][0]["code"]) == (5, "analysis-refused"), answer
    assert "line 2" in answer["errors"][0]["message"]
    assert shop.rows("dev", "SHOW TABLES LIKE 'customers'") == []
    allowed = {"code": "fails-on-trial", "objects": [], "reason": "the copy is wrong"}
    shop.configure("dev", allow=[allowed])
    code, answer = shop.exits("build")
    assert (code, answer["errors"][0]["code"]) == (2, "migration-failed"), answer


def test_an_unreachable_server_is_a_clear_answer(project: Project) -> None:
    project.environ["DATABASE_URL"] = "mysql://ann:hush@127.0.0.1:1/shop"
    for command in ("doctor", "analyze --environment dev"):
        done = project.run(*command.split())
        assert done.returncode == 2, done.stdout
        assert "no server answers for shop@127.0.0.1:1" in done.stdout + done.stderr
        assert "hush" not in done.stdout + done.stderr
