"""The world moved after the signature: nothing runs, and a new plan waits for its approver."""

from collections.abc import Callable

import pytest

from tests.e2e.project import Project

ADD = "20261101000000_add"
LATER = "20261102000000_later"
PHONE = "ALTER TABLE customers ADD COLUMN phone text;\n"


def ledger_head(project: Project) -> None:
    """Somebody applies another one by hand and writes it into the ledger."""
    project.write(
        "production",
        "INSERT INTO faber_db_migrations (version, name, sha256, applied_at)"
        " SELECT '20261031000000_by_hand', name, sha256, applied_at FROM faber_db_migrations;",
    )


def drift(project: Project) -> None:
    project.write("production", "ALTER TABLE customers ADD COLUMN by_hand text;")


def table_grew(project: Project) -> None:
    project.write(
        "production",
        "WITH RECURSIVE c (n) AS (SELECT 2 UNION ALL SELECT n + 1 FROM c WHERE n < 12001)"
        " INSERT INTO customers (id, email, name) SELECT n, 'c' || n, 'x' FROM c;",
    )


def null_came(project: Project) -> None:
    project.write("production", "UPDATE customers SET legacy_token = NULL;")


INDEX = "CREATE UNIQUE INDEX by_token ON customers (legacy_token);\n"
MOVED: dict[str, tuple[str, Callable[[Project], None], str]] = {
    "a table grew past its size class": (INDEX, table_grew, "rows"),
}


@pytest.mark.parametrize(("up", "move", "words"), MOVED.values(), ids=MOVED)
def test_a_new_plan_is_made_ready(
    released: Project, up: str, move: Callable[[Project], None], words: str
) -> None:
    released.add_migration(ADD, up)
    plan = released.plan("release", "production")
    assert released.sign(plan).exit_code == 0
    move(released)
    code, answer = released.exits("release", "production", "--plan", plan)
    assert (code, answer["errors"][0]["code"]) == (5, "approval-stale"), answer
    assert words in answer["errors"][0]["message"], answer
    new = answer["details"]["plan_id"]
    assert new != plan
    assert answer["details"]["next"] == {"person": f"faber-db approve {new}"}
    assert f"faber-db approve {new}" in answer["details"]["tell_person"]
    assert new in answer["message"]
    waits = released.json("status")["details"]["waiting"]
    assert [w["plan_id"] for w in waits] == [new], waits


@pytest.mark.slow
@pytest.mark.parametrize("move", [drift, ledger_head], ids=["drift", "ledger head"])
def test_where_no_plan_can_be_made_the_reason_stands_beside_it(
    released: Project, move: Callable[[Project], None]
) -> None:
    released.add_migration(ADD, PHONE)
    plan = released.plan("release", "production")
    assert released.sign(plan).exit_code == 0
    move(released)
    code, answer = released.exits("release", "production", "--plan", plan)
    assert (code, answer["errors"][0]["code"]) == (5, "approval-stale"), answer
    assert answer["warnings"][0]["code"] in ("health-drift", "migration-missing"), answer
    assert "phone" not in released.columns("production", "customers")


@pytest.mark.slow
def test_the_ledger_moved_by_another_release(released: Project) -> None:
    released.add_migration(LATER, PHONE)
    plan = released.plan("release", "production")
    assert released.sign(plan).exit_code == 0
    released.add_migration(ADD, "CREATE TABLE notes (id integer);\n")
    (released.root / "migrations" / f"{LATER}.up.sql").rename(released.root / "up")
    (released.root / "migrations" / f"{LATER}.down.sql").rename(released.root / "down")
    released.release()
    (released.root / "up").rename(released.root / "migrations" / f"{LATER}.up.sql")
    (released.root / "down").rename(released.root / "migrations" / f"{LATER}.down.sql")
    code, answer = released.exits("release", "production", "--plan", plan)
    assert (code, answer["errors"][0]["code"]) == (5, "approval-stale"), answer
    assert "ledger moved" in answer["errors"][0]["message"]
    new = answer["details"]["plan_id"]
    assert new != plan
    assert released.sign(new, deploy=True).exit_code == 0
    assert "phone" in released.columns("production", "customers")
