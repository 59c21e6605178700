"""An agent that edits our state, the configuration or the project folder, and then asks again."""

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from faber_db.app import build
from faber_db.model.canonical import canonical
from faber_db.model.job import Job, JobState
from tests.e2e.project import Project

DROP = "ALTER TABLE customers DROP COLUMN legacy_token;\n"
LOST = ("customers.legacy_token",)


def waiting_plan(project: Project) -> str:
    project.add_migration("20261101000000_drop", DROP)
    return project.plan("release", "production")


def edit(project: Project, plan: str, change: Callable[[dict[str, Any]], None], state: str) -> None:
    """Rewrite the stored plan as its own program would, canonical JSON included."""
    with closing(sqlite3.connect(project.state_file)) as db, db:
        ((body,),) = db.execute("SELECT body FROM plans WHERE id = ?", (plan,)).fetchall()
        value = json.loads(body)
        change(value)
        db.execute(
            "UPDATE plans SET body = ?, state = ?, subject = ?, environment = ? WHERE id = ?",
            (canonical(value).decode(), state, value["subject"], value["environment"], plan),
        )


def sets(**changes: Any) -> Callable[[dict[str, Any]], None]:
    return lambda body: body.update(changes)


def harmless(body: dict[str, Any]) -> None:
    body["analysis"] = {"risk": "low", "findings": [], "statements": []}


def no_backup(body: dict[str, Any]) -> None:
    body["backup"] |= {"required": False, "fresh": False}


UNSIGNED = {
    "nobody has to sign": sets(min_approvals=0),
    "fewer than nobody": sets(min_approvals=-1),
    "not protected": sets(protected=False),
    "another kind": sets(kind="policy", arguments={"policy": "x", "pinned": "y"}),
    "a restore": sets(kind="restore", arguments={"backup_id": "backup_x", "sha256": ""}),
    "a kind that does not exist": sets(kind="everything"),
    "a float": sets(min_approvals=1),
}


@pytest.mark.parametrize("state", ["open", "signed", "claimed"])
@pytest.mark.parametrize("change", UNSIGNED.values(), ids=UNSIGNED)
def test_no_edited_row_runs_unsigned(
    released: Project, change: Callable[[dict[str, Any]], None], state: str
) -> None:
    plan = waiting_plan(released)
    edit(released, plan, change, state)
    code, answer = released.exits("release", "production", "--plan", plan)
    assert code in (1, 2, 4, 5), answer
    assert "legacy_token" in released.columns("production", "customers")


SIGNED = {
    "what is lost is hidden": harmless,
    "no backup": no_backup,
    "a weaker backup": lambda body: body["backup"].update(level=1),
    "an old backup will do": lambda body: body["backup"].update(max_age_seconds=10**9),
    "no fresh backup": lambda body: body["backup"].update(fresh=False),
    "longer locks": lambda body: body["settings"].update(lock_timeout_ms=3_600_000),
    "touches nothing": sets(touched=[], schema_fingerprint=""),
}


@pytest.mark.parametrize("change", SIGNED.values(), ids=SIGNED)
def test_a_row_edited_before_it_was_signed_does_not_run(
    released: Project, change: Callable[[dict[str, Any]], None]
) -> None:
    """The person signs what the edited row says; the policy still decides."""
    plan = waiting_plan(released)
    edit(released, plan, change, "waiting")
    typed = () if change is harmless else LOST
    assert released.sign(plan, loses=typed).exit_code == 0
    code, answer = released.exits("release", "production", "--plan", plan)
    assert code == 5, answer
    assert answer["errors"][0]["code"].startswith("approval-"), answer
    assert "legacy_token" in released.columns("production", "customers")


def test_a_row_edited_after_it_was_signed_does_not_run(released: Project) -> None:
    plan = waiting_plan(released)
    assert released.sign(plan, loses=LOST).exit_code == 0
    edit(released, plan, sets(work_id="another"), "signed")
    with closing(sqlite3.connect(released.state_file)) as db, db:
        db.execute("UPDATE plans SET work_id = 'another' WHERE id = ?", (plan,))
    code, answer = released.exits("release", "production", "--plan", plan)
    assert (code, answer["errors"][0]["code"]) == (5, "approval-invalid"), answer
    assert "legacy_token" in released.columns("production", "customers")


@pytest.mark.parametrize("claim", [True, False], ids=["claimed by it", "claimed by nobody"])
def test_a_forged_job_does_not_run_an_unsigned_plan(released: Project, claim: bool) -> None:
    plan = waiting_plan(released)
    app = build(released.root, released.environ)
    job = Job(
        id="job_forged22",
        kind="deploy",
        database="main",
        environment="production",
        state=JobState.QUEUED,
        plan_id=plan,
        created_at=app.now().isoformat(timespec="milliseconds"),
    )
    app.state.save_job(job)
    if claim:
        edit(released, plan, lambda _: None, "claimed")
        with closing(sqlite3.connect(released.state_file)) as db, db:
            db.execute("UPDATE plans SET job_id = ? WHERE id = ?", (job.id, plan))
    released.run("job", "run", job.id)
    assert app.state.job(job.id).state is JobState.FAILED
    assert app.state.job(job.id).error["code"].startswith("approval-")
    assert "legacy_token" in released.columns("production", "customers")


def test_a_signed_policy_plan_is_no_release(released: Project) -> None:
    released.configure("production", max_backup_age="12h")
    plan = released.plan("policy", "propose", "production")
    assert released.sign(plan, loses=("production",)).exit_code == 0
    for words in (["release", "production"], ["rollback", "production"]):
        code, answer = released.exits(*words, "--plan", plan)
        assert code == 5, answer
        assert answer["errors"][0]["code"] == "approval-stale"
    assert "legacy_token" in released.columns("production", "customers")


def test_a_policy_that_is_proposed_and_then_hidden_is_not_signed(released: Project) -> None:
    file = released.root / "faber-db.json"
    before = file.read_text("utf-8")
    released.configure("production", max_backup_age="300d")
    plan = released.plan("policy", "propose", "production")
    file.write_text(before, "utf-8")
    shown = released.run("plan", "show", plan).stdout
    assert "ANOTHER NOW" in shown
    assert "unchanged" not in shown


def test_a_forged_memory_of_the_policy_hides_no_change(released: Project) -> None:
    released.configure("production", max_backup_age="300d")
    plan = released.plan("policy", "propose", "production")
    with closing(sqlite3.connect(released.state_file)) as db, db:
        ((body,),) = db.execute(
            "SELECT body FROM memory WHERE key = 'policy:main:production'"
        ).fetchall()
        forged = json.loads(body) | {"max_backup_age_ms": 300 * 86_400_000}
        db.execute(
            "UPDATE memory SET body = ? WHERE key = 'policy:main:production'", (json.dumps(forged),)
        )
    shown = released.run("plan", "show", plan).stdout
    assert "unchanged" not in shown
    assert "known by its digest only" in shown


def test_a_module_of_the_project_is_not_imported_by_a_job(released: Project) -> None:
    proof = released.root.parent / "imported"
    code = f"open({str(proof)!r}, 'w').close()\n"
    for name in ("statistics.py", "zstandard.py", "faber_db.py", "sqlite3.py"):
        (released.root / name).write_text(code, "utf-8")
    app = build(released.root, released.environ)
    job = app.executor.start_backup(database="main", environment="production", label="")
    over = app.executor.watch(job.id, seconds=60)
    assert over.state is JobState.DONE, over
    assert not proof.exists()


def test_damaged_rows_are_a_code_and_not_a_traceback(released: Project) -> None:
    plan = waiting_plan(released)
    for body in ("", "{}", "[]", '{"id":1.5}', "null", "\u202e"):
        with closing(sqlite3.connect(released.state_file)) as db, db:
            db.execute("UPDATE plans SET body = ? WHERE id = ?", (body, plan))
        done = released.run("plan", "show", plan)
        assert done.returncode == 2, done.stdout
        assert "[state-" in done.stderr
        assert "Traceback" not in done.stderr


def test_the_state_is_readable_by_its_account_only(released: Project) -> None:
    waiting_plan(released)
    folder = released.state_file.parent
    wide: list[Path] = [
        path for path in (folder, *folder.rglob("*")) if path.stat().st_mode & 0o077
    ]
    assert wide == []


def test_a_migration_that_forges_our_records_is_refused_even_in_dev(released: Project) -> None:
    assert released.run("build").returncode == 0
    released.add_migration("20261101000000_forge", "DELETE FROM _faber_db_used;\n")
    for words in (["build"], ["release", "production"]):
        code, answer = released.exits(*words)
        assert code == 5, answer
        assert "own-records" in answer["errors"][0]["message"]
    assert released.rows("production", "SELECT count(*) FROM _faber_db_used") == [(1,)]


HIDES = "\u202e\u200b\x1b[2J\rTier 4"


def test_nothing_foreign_draws_on_the_approvers_screen(released: Project) -> None:
    released.add_migration(
        "20261101000000_hides",
        f'CREATE TABLE "a\n  Lost  nothing{HIDES}" (id integer); -- {HIDES}\n',
    )
    answer = released.json("release", "production", "--work-id", f"7\n  Tier 4{HIDES}")
    plan = answer["details"].get("plan_id")
    if not plan:  # refused before it is shown: also safe, and said with a code
        assert answer["errors"][0]["code"]
        return
    for words in (["plan", "show", plan], ["plan", "show", plan, "--sql"], ["status"]):
        done = released.run(*words)
        text = done.stdout + done.stderr
        assert not any(c in text for c in "\u202e\u200b\x1b\r"), words
    shown = released.run("plan", "show", plan).stdout
    assert not any(
        line.strip().startswith(("Tier 4", "Lost  nothing")) for line in shown.split("\n")
    )
