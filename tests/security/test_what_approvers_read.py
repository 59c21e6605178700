"""What an approver is shown beside the plan: staging's times, other drift, and what a no leaves behind."""

import json
import sqlite3
from contextlib import closing

import pytest

from faber_db.app import build
from faber_db.demo.pseudo_terminal import Typed
from tests.e2e.project import APPROVER, Project

NEW = "CREATE INDEX customers_name ON customers (name);\n"


def checked(project: Project) -> str:
    app = build(project.root, project.environ)
    plan = project.plan("release", "production")
    return dict(app.executor.show(plan).facts)["Checked"]


@pytest.mark.slow
def test_stagings_times_are_shown_for_the_same_bytes_only(released: Project) -> None:
    assert released.run("evaluate").returncode == 0
    for number in range(1, 8):
        released.write(
            "staging", f"INSERT INTO customers VALUES ({number}, 'a{number}', 'A', 't');"
        )
    released.add_migration("20261101000000_new", NEW)
    assert released.run("evaluate").returncode == 0
    found = checked(released)
    assert "staging ran the same bytes in " in found
    assert "s on 7 rows; 1 rows here" in found, found

    with closing(sqlite3.connect(released.state_file)) as db, db:
        rows = db.execute("SELECT id, result FROM plans WHERE result LIKE '%seen%'").fetchall()
        for plan, result in rows:
            other = json.loads(result)
            other["seen"]["server_version"] = 4_000_000
            db.execute("UPDATE plans SET result = ? WHERE id = ?", (json.dumps(other), plan))
    released.add_migration("20261102000000_more", "CREATE TABLE m (a integer);\n")
    assert "same bytes" not in checked(released), "another major version, and more than ran there"


@pytest.mark.slow
def test_other_drift_is_one_key_away(released: Project) -> None:
    released.write("production", "CREATE INDEX by_hand ON orders (placed_at);")
    released.add_migration("20261101000000_new", NEW)
    plan = released.plan("release", "production")
    done = released.at_terminal(
        "approve", plan, answers=[Typed("[d] drift   [q] leave: ", "d"), Typed("[q] leave: ", "q")]
    )
    assert done.exit_code == 130, done.screen
    assert "by_hand" in done.screen


def test_a_reason_is_cut_and_harmless(released: Project) -> None:
    released.add_migration("20261101000000_new", NEW)
    plan = released.plan("release", "production")
    done = released.run("reject", plan, "--reason", "keep it\x1b[2J\u202e\n" + "x" * 2_000)
    assert done.returncode == 0, done.stderr
    (_, answer) = released.exits("release", "production", "--plan", plan)
    assert "keep it" in answer["message"]
    assert not any(c in json.dumps(answer, ensure_ascii=False) for c in "\x1b\u202e")
    assert len(answer["message"]) < 1_000
    assert APPROVER not in answer["message"]
