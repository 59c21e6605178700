"""An agent with a shell and our whole command line, trying to get a change through unsigned."""

import json
import shutil
import sqlite3
from collections.abc import Callable

import pytest

from faber_db.demo.pseudo_terminal import PromptMissing, Typed
from tests.e2e.project import APPROVER, PASSPHRASE, Project

DROP = "ALTER TABLE customers DROP COLUMN legacy_token;\n"
LOST = ("customers.legacy_token",)


def waiting_plan(project: Project) -> str:
    project.add_migration("20261101000000_drop", DROP)
    answer = project.json("release", "production")
    assert answer["details"]["state"] == "approval_required", answer
    return str(answer["details"]["plan_id"])


def kept(project: Project) -> bool:
    columns = [row[1] for row in project.rows("production", "PRAGMA table_info(customers)")]
    return "legacy_token" in columns


WAYS_IN: dict[str, list[str]] = {
    "release again": ["release", "production"],
    "release with the plan": ["release", "production", "--plan", "{plan}"],
    "approve without a terminal": ["approve", "{plan}", "--deploy"],
    "build aimed at production": ["build", "production"],
    "evaluate aimed at production": ["evaluate", "production"],
    "an alias": ["release", "prod"],
    "a flag that does not exist": ["release", "production", "--force"],
    "skip the approval": ["release", "production", "--yes"],
    "run a job by hand": ["job", "run", "job_22222222"],
}


@pytest.mark.parametrize("words", WAYS_IN.values(), ids=WAYS_IN)
def test_no_command_releases_without_a_signature(released: Project, words: list[str]) -> None:
    plan = waiting_plan(released)
    done = released.run(
        *(w.format(plan=plan) for w in words),
        stdin=f"{LOST[0]}\n{PASSPHRASE}\n\n",
        environ={"FABER_DB_PASSPHRASE": PASSPHRASE, "FABER_DB_SKIP_SAFETY_CHECKS": "1"},
    )
    assert done.returncode in (1, 2, 4, 5), done.stdout + done.stderr
    assert kept(released)
    assert "Traceback" not in done.stderr


def unprotect(project: Project) -> None:
    file = project.root / "faber-db.json"
    settings = json.loads(file.read_text("utf-8"))
    settings["environments"]["production"]["protected"] = False
    file.write_text(json.dumps(settings), "utf-8")


def rename(project: Project) -> None:
    file = project.root / "faber-db.json"
    settings = json.loads(file.read_text("utf-8"))
    settings["environments"]["sandbox"] = {"url": "production.db", "protected": False}
    del settings["environments"]["production"]
    file.write_text(json.dumps(settings), "utf-8")


def weaken(project: Project) -> None:
    file = project.root / "faber-db.json"
    settings = json.loads(file.read_text("utf-8"))
    settings["environments"]["production"] |= {"backup_level": 1, "max_approval_age": "24h"}
    file.write_text(json.dumps(settings), "utf-8")


def empty_the_state(project: Project) -> None:
    shutil.rmtree(project.root.parent / "state")


def mark_as_signed(project: Project) -> None:
    with sqlite3.connect(project.state_file) as state:
        state.execute("UPDATE plans SET state = 'signed' WHERE state = 'waiting'")
    state.close()


def mark_as_unprotected(project: Project) -> None:
    with sqlite3.connect(project.state_file) as state:
        state.execute(
            "UPDATE plans SET state = 'open', body = replace(body, '\"protected\":true',"
            " '\"protected\":false') WHERE state = 'waiting'"
        )
    state.close()


TAMPERING: dict[str, Callable[[Project], None]] = {
    "the file says it is not protected": unprotect,
    "another name for the same database": rename,
    "a weaker policy": weaken,
    "an emptied state": empty_the_state,
    "the state says it is signed": mark_as_signed,
    "the state says it is not protected": mark_as_unprotected,
}


@pytest.mark.parametrize("tamper", TAMPERING.values(), ids=TAMPERING)
def test_no_edit_releases_without_a_signature(
    released: Project, tamper: Callable[[Project], None]
) -> None:
    plan = waiting_plan(released)
    tamper(released)
    for words in (
        ["release"],
        ["release", "production", "--plan", plan],
        ["build", "sandbox"],
        ["build", "production"],
        ["build", "production", "--plan", plan],
    ):
        done = released.run(*words)
        assert "Traceback" not in done.stderr
        assert kept(released), (words, done.stdout, done.stderr)


def test_an_own_key_gains_nothing_on_a_pinned_target(released: Project) -> None:
    plan = waiting_plan(released)
    again = released.at_terminal(
        "protect",
        "production",
        "--as",
        "mallory",
        answers=[Typed("New passphrase", "mallory's own"), Typed("Once more", "mallory's own")],
    )
    assert again.exit_code == 5
    assert "protected already" in again.screen
    signed = released.at_terminal(
        "approve",
        plan,
        "--as",
        "mallory",
        answers=[],
    )
    assert signed.exit_code == 5
    assert "approval-key-unknown" in signed.screen
    assert kept(released)


def test_a_wrong_passphrase_signs_nothing(released: Project) -> None:
    plan = waiting_plan(released)
    done = released.at_terminal(
        "approve",
        plan,
        answers=[
            Typed("[q] leave: ", ""),
            Typed(f"Type {LOST[0]} to go on: ", LOST[0]),
            *[Typed(f"Passphrase for {APPROVER}: ", "wrong")] * 3,
        ],
    )
    assert done.exit_code == 5
    assert kept(released)


def test_what_is_lost_has_to_be_typed(released: Project) -> None:
    plan = waiting_plan(released)
    with pytest.raises(PromptMissing):
        released.at_terminal(
            "approve",
            plan,
            answers=[
                Typed("[q] leave: ", ""),
                Typed(f"Type {LOST[0]} to go on: ", "yes"),
                Typed("Passphrase", PASSPHRASE),
            ],
        )
    assert kept(released)


def test_a_signature_is_for_one_plan(released: Project) -> None:
    plan = waiting_plan(released)
    assert released.sign(plan, loses=LOST).exit_code == 0
    released.add_migration("20261102000000_worse", "DROP TABLE orders;\n")
    answer = released.json("release", "production")
    assert answer["details"]["state"] == "approval_required"
    assert answer["details"]["plan_id"] != plan
    assert kept(released)


def test_the_signed_bytes_run_whatever_the_files_say_then(released: Project) -> None:
    plan = waiting_plan(released)
    assert released.sign(plan, loses=LOST).exit_code == 0
    released.add_migration("20261101000000_drop", "DROP TABLE orders;\n")
    answer = released.json("release", "production", "--plan", plan)
    assert answer["details"]["applied"], answer
    assert not kept(released)
    assert released.rows("production", "SELECT count(*) FROM orders") == [(1,)]


def mark_as_signed_again(project: Project, plan: str) -> None:
    """What somebody with the account's rights can write into the state of tier 1."""
    with sqlite3.connect(project.state_file) as state:
        state.execute("UPDATE plans SET state = 'signed', job_id = '' WHERE id = ?", (plan,))
    state.close()


def used(project: Project) -> list[tuple[object, ...]]:
    return project.rows("production", "SELECT * FROM _faber_db_used ORDER BY 1")


def test_a_plan_that_is_done_does_nothing_more(released: Project) -> None:
    plan = waiting_plan(released)
    signed = released.sign(plan, loses=LOST, deploy=True)
    assert signed.exit_code == 0, signed.screen
    before = used(released)
    mark_as_signed_again(released, plan)
    answer = released.json("release", "production", "--plan", plan)
    assert answer["details"]["applied"] == [], answer
    assert used(released) == before


def test_a_signature_works_once(released: Project) -> None:
    """Also where the ledger and the objects are as they were when it was given."""
    released.add_migration(
        "20261101000000_notes", "CREATE TABLE notes (id integer);\n", "DROP TABLE notes;\n"
    )
    plan = released.json("release", "production")["details"]["plan_id"]
    assert released.sign(plan, deploy=True).exit_code == 0
    back = released.json("rollback", "production")["details"]["plan_id"]
    done = released.sign(back, loses=("production",), deploy=True)
    assert done.exit_code == 0, done.screen
    before = used(released)
    mark_as_signed_again(released, plan)
    answer = released.json("release", "production", "--plan", plan)
    assert answer["errors"][0]["code"] == "approval-invalid", answer
    assert used(released) == before
    assert released.rows("production", "SELECT name FROM sqlite_master WHERE name = 'notes'") == []


def test_a_copy_of_production_matches_no_approval(released: Project) -> None:
    plan = waiting_plan(released)
    assert released.sign(plan, loses=LOST).exit_code == 0
    shutil.copy(released.root / "production.db", released.root / "copy.db")
    (released.root / "production.db").unlink()
    (released.root / "copy.db").rename(released.root / "production.db")
    answer = released.json("release", "production", "--plan", plan)
    assert answer["errors"][0]["code"] in ("policy-target-changed", "approval-stale"), answer
    assert kept(released)


def test_a_rejected_plan_tells_the_reason(released: Project) -> None:
    plan = waiting_plan(released)
    assert released.run("reject", plan, "--reason", "keep the tokens").returncode == 0
    answer = released.json("release", "production", "--plan", plan)
    assert answer["details"]["state"] == "refused"
    assert "keep the tokens" in answer["message"]
    assert kept(released)
