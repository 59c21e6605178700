"""A tier is demanded, shown and signed; a plan does not run below the one that it was made under."""

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from faber_db.adapters.signers import ed25519
from faber_db.app import build
from faber_db.errors import ApprovalError, ApprovalStale, PolicyRefused
from faber_db.executor import jobs
from faber_db.executor.local import LocalExecutor
from faber_db.model.approval import Approval
from faber_db.model.plan import PlanKind, PlanState, StoredPlan
from faber_db.services.app import App
from faber_db.services.history import read_folder
from faber_db.services.ports import Proposal
from tests.e2e.project import APPROVER, PASSPHRASE, Project

COLUMN = "ALTER TABLE customers ADD COLUMN note text;\n"


def opened(project: Project, serves: str = "", now: Callable[[], datetime] | None = None) -> App:
    """The project as an executor of that kind has it, at that time: same state, same target."""
    app = build(project.root, project.environ)
    verifiers = {ed25519.SIGNER: ed25519.verify}
    executor = LocalExecutor(lambda: served, verifiers, project.environ)
    served = replace(app, serves=serves, executor=executor, now=now or app.now)
    return served


def proposed(app: App, kind: PlanKind = PlanKind.DEPLOY) -> StoredPlan:
    return app.executor.propose(
        Proposal(
            kind=kind,
            database="main",
            environment="production",
            files=read_folder(app.database()) if kind is PlanKind.DEPLOY else (),
        )
    )


def signed(app: App, project: Project, plan_id: str) -> StoredPlan:
    keys = ed25519.KeyFolder(Path(project.environ["XDG_CONFIG_HOME"]) / "faber-db" / "keys")
    key = keys.unlock(APPROVER, PASSPHRASE)
    payload = app.executor.payload(plan_id, approver=APPROVER, key_id=key.public.key_id)
    return app.executor.sign(
        Approval(
            payload=payload,
            signer=key.signer,
            public_key=key.public.public_key,
            signature=key.sign(payload.signed_bytes()),
        )
    )


@pytest.fixture
def no_other_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """A job waits for `run_job` here: a process of its own would be no executor of that kind."""
    monkeypatch.setattr(jobs, "spawn", lambda _app, job, _environ: job)


def entries(app: App, event: str) -> list[dict[str, Any]]:
    return [dict(e.body) for e in app.state.audit() if e.event == event]


@pytest.mark.slow
def test_the_plan_the_screen_the_answer_and_the_audit_name_it(released: Project) -> None:
    released.add_migration("20261101000000_note", COLUMN)
    answer = released.json("release", "production")
    assert answer["details"]["tier"] == 1
    plan = answer["details"]["plan_id"]
    assert "1: passphrase key" in released.run("plan", "show", plan).stdout
    assert released.sign(plan, deploy=True).exit_code == 0
    app = opened(released)
    assert app.state.plan(plan).plan.tier == 1
    for event in ("plan.made", "approval.signed", "deploy.intent"):
        assert entries(app, event)[-1]["tier"] == 1, event


def test_an_unprotected_plan_names_none(released: Project) -> None:
    released.add_migration("20261101000000_note", COLUMN)
    assert "tier" not in released.json("build", "dev", "--dry-run")["details"]


@pytest.mark.usefixtures("no_other_process")
@pytest.mark.parametrize("kind", [PlanKind.DEPLOY, PlanKind.POLICY])
def test_nothing_is_planned_below_the_minimum(released: Project, kind: PlanKind) -> None:
    released.add_migration("20261101000000_note", COLUMN)
    released.configure("production", minimum_tier=3)
    _pin(opened(released, "account"), released)
    with pytest.raises(PolicyRefused, match="demands tier 3, and tier 1 is in force") as refused:
        proposed(opened(released), kind)
    assert "faber-db doctor" in refused.value.hint
    assert proposed(opened(released, "account"), kind).plan.tier == 3


def _pin(app: App, project: Project) -> None:
    plan = proposed(app, PlanKind.POLICY).plan
    signed(app, project, plan.id)
    app.executor.run_job(app.executor.start(plan.id).id)
    assert app.state.plan(plan.id).state is PlanState.DONE


@pytest.mark.usefixtures("no_other_process")
def test_lowering_the_minimum_is_signed_where_it_holds(released: Project) -> None:
    """The configuration asks for less; what is pinned decides until that is signed too."""
    released.configure("production", minimum_tier=3)
    _pin(opened(released, "account"), released)
    released.configure("production", minimum_tier=1)
    with pytest.raises(PolicyRefused, match="demands tier 3"):
        proposed(opened(released), PlanKind.POLICY)
    _pin(opened(released, "account"), released)
    assert proposed(opened(released), PlanKind.POLICY).plan.tier == 1


def test_a_plan_is_not_signed_below_what_it_shows(released: Project) -> None:
    released.add_migration("20261101000000_note", COLUMN)
    plan = proposed(opened(released, "account")).plan
    shown = dict(opened(released, "account").executor.show(plan.id).facts)["Tier"]
    assert shown.startswith("3: the executor's own account")
    assert dict(opened(released).executor.show(plan.id).facts)["Tier"].startswith("2")
    with pytest.raises(
        ApprovalStale, match="tier 1 is in force, and the plan was made under tier 3"
    ):
        signed(opened(released), released, plan.id)


@pytest.mark.slow
def test_a_plan_does_not_run_below_what_was_signed(released: Project) -> None:
    released.add_migration("20261101000000_note", COLUMN)
    plan = proposed(opened(released, "host")).plan
    assert signed(opened(released, "host"), released, plan.id).state is PlanState.SIGNED
    app = opened(released)
    job = app.executor.watch(app.executor.start(plan.id).id, seconds=60)
    assert job.error["code"] == "approval-stale", job
    assert app.state.plan(plan.id).state is PlanState.VOID
    assert "note" not in released.columns("production", "customers")


def edits(change: Callable[[dict[str, Any]], None], project: Project) -> None:
    with closing(sqlite3.connect(project.root / "production.db")) as db, db:
        ((text,),) = db.execute("SELECT marker FROM _faber_db_marker").fetchall()
        body = json.loads(text)
        change(body)
        db.execute("UPDATE _faber_db_marker SET marker = ?", (json.dumps(body),))


def test_a_passphrase_key_that_is_pinned_as_a_device_signs_nothing(released: Project) -> None:
    edits(lambda body: body["approvers"][0].update(hardware=True), released)
    released.add_migration("20261101000000_note", COLUMN)
    app = opened(released)
    plan = proposed(app).plan
    assert plan.tier == 2
    with pytest.raises(ApprovalError, match="does not allow"):
        signed(app, released, plan.id)
    assert entries(app, "approval.refused")[-1]["fault"] == "the key is not of the pinned kind"
