"""Every attempt stands in the trail, refused ones too, and nothing in it is a secret or a literal."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from faber_db.errors import FaberDbError, NothingPending
from faber_db.model.approval import Approval, ApprovalPayload
from faber_db.model.job import Job, JobState
from faber_db.model.migration import SourceFile
from faber_db.model.plan import BackupRequirement, PlanKind, PlanState, Requester
from faber_db.services.app import App
from faber_db.services.ports import Proposal, PublicKey
from tests.contract.states import NOW, plan
from tests.services.conftest import AppFactory

TABLE = {"1_users.up.sql": "CREATE TABLE users (id integer);", "1_users.down.sql": "SELECT 1;"}
KEY = PublicKey(approver="ada", key_id="0", public_key="00")
FORGED = Approval(
    payload=ApprovalPayload(
        plan_id="plan_22222222",
        nonce="0" * 32,
        kind=PlanKind.DEPLOY,
        plan_digest="0" * 64,
        target="0" * 64,
        backup_requirement=BackupRequirement(required=False),
        policy_digest="0" * 64,
        min_approvals=1,
        requester="test",
        not_before="2026-11-23T12:00:00+00:00",
        expires_at="2026-11-23T12:00:01+00:00",
        approver="mallory",
        key_id="f00",
    ),
    signer="ed25519",
    public_key="00",
    signature="0" * 128,
)


def proposal(**changes: Any) -> Proposal:
    whole: dict[str, Any] = {
        "kind": PlanKind.DEPLOY,
        "database": "main",
        "environment": "production",
        "files": tuple(SourceFile(path=p, content=t.encode()) for p, t in TABLE.items()),
        **changes,
    }
    return Proposal(**whole)


@pytest.fixture
def app(app_factory: AppFactory, tmp_path: Path) -> App:
    """A protected production without a marker: nearly everything is refused there."""
    (tmp_path / "production.db").touch()
    made = app_factory(
        str(tmp_path / "production.db"), environment="production", protected=True, migrations=TABLE
    )
    made.state.add_plan(plan("plan_22222222"), {}, PlanState.WAITING)
    made.state.add_plan(plan("plan_done"), {}, PlanState.DONE)
    made.state.save_job(
        Job(
            id="job_over",
            kind="deploy",
            database="main",
            environment="production",
            state=JobState.DONE,
            created_at=NOW.isoformat(),
        )
    )
    return made


REFUSED: dict[str, tuple[Callable[[App], object], str, str]] = {
    "propose": (lambda a: a.executor.propose(proposal()), "plan", "approval-not-set-up"),
    "propose elsewhere": (
        lambda a: a.executor.propose(proposal(environment="nowhere")),
        "plan",
        "config-unknown-environment",
    ),
    "propose what nobody may sign": (
        lambda a: a.executor.propose(proposal(kind=PlanKind.DB_CREATE)),
        "plan",
        "approval-not-set-up",
    ),
    "ask to sign what is over": (
        lambda a: a.executor.payload("plan_done", approver="ada", key_id="0"),
        "approval",
        "approval-stale",
    ),
    "sign what has expired": (
        lambda a: a.executor.sign(FORGED),
        "approval",
        "approval-stale",
    ),
    "run what was not signed": (
        lambda a: a.executor.start("plan_22222222"),
        "run",
        "approval-required",
    ),
    "run what is over": (lambda a: a.executor.start("plan_done"), "run", "approval-stale"),
    "run nothing": (lambda a: a.executor.start("plan_none"), "run", "input-unknown-id"),
    "run a job again": (lambda a: a.executor.run_job("job_over"), "job", "job-failed"),
    "cancel nothing": (lambda a: a.executor.cancel("job_none"), "job.cancel", "input-unknown-id"),
    "reject what is over": (
        lambda a: a.executor.reject("plan_done", reason="no"),
        "rejection",
        "approval-stale",
    ),
    "protect nothing": (
        lambda a: a.executor.protect(database="main", environment="nowhere", key=KEY),
        "target.protect",
        "config-unknown-environment",
    ),
    "back up nothing": (
        lambda a: a.executor.start_backup(database="main", environment="nowhere", label=""),
        "backup",
        "config-unknown-environment",
    ),
}


@pytest.mark.parametrize(("attempt", "event", "code"), REFUSED.values(), ids=REFUSED)
def test_a_refused_attempt(
    app: App, attempt: Callable[[App], object], event: str, code: str
) -> None:
    with pytest.raises(FaberDbError) as caught:
        attempt(app)
    assert caught.value.code == code
    entry = app.state.audit()[-1]
    assert (entry.event, entry.body["code"]) == (f"{event}.refused", code)


def test_who_asked_and_for_what(app: App) -> None:
    who = Requester(client="claude-code", account="ada")
    with pytest.raises(FaberDbError):
        app.executor.propose(proposal(work_id="#7", requester=who))
    assert app.state.audit()[-1].body == {
        "kind": "deploy",
        "database": "main",
        "environment": "production",
        "requester": {"client": "claude-code", "account": "ada"},
        "work_id": "#7",
        "code": "approval-not-set-up",
    }
    with pytest.raises(FaberDbError):
        app.executor.start("plan_22222222")
    assert app.state.audit()[-1].body == {"id": "plan_22222222", "code": "approval-required"}


def test_nothing_to_do_is_no_refusal(app_factory: AppFactory, tmp_path: Path) -> None:
    app = app_factory(str(tmp_path / "dev.db"), environment="dev")
    with pytest.raises(NothingPending):
        app.executor.propose(proposal(environment="dev", files=()))
    assert app.state.audit() == []


SECRET = "hunter2hunter2"
HOSTILE = st.sampled_from(
    [
        f"postgresql://ada:{SECRET}@db/x",
        f"WHERE token = '{SECRET}'",
        f"x' OR '{SECRET}",
        f"$${SECRET}$$",
        f'"{SECRET}"',
        f"password={SECRET}",
        f"PGPASSWORD: {SECRET}",
        f"Authorization: Bearer {SECRET}",
        f"a\0'{SECRET}",
        f"\u202e'{SECRET}'",
        f"$t$ ' {SECRET}",
    ]
)


@settings(
    deadline=None,
    max_examples=20,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(texts=st.tuples(*[HOSTILE] * 7), before=st.text(max_size=20), kind=st.sampled_from(PlanKind))
def test_no_secret_and_no_literal_reaches_the_trail(
    app: App, texts: tuple[str, ...], before: str, kind: PlanKind
) -> None:
    """Whatever a caller puts into any field of any operation."""
    a, b, c, d, e, f, g = (f"{before} {text}" for text in texts)
    hostile = Requester(client=a, account=b)
    forged = FORGED.model_copy(
        update={"payload": FORGED.payload.model_copy(update={"approver": f, "key_id": g})}
    )
    attempts: list[Callable[[], object]] = [
        lambda: app.executor.propose(
            proposal(kind=kind, requester=hostile, work_id=c, arguments={"backup_id": d, "to": e})
        ),
        lambda: app.executor.propose(proposal(database=d, environment=e)),
        lambda: app.executor.sign(forged),
        lambda: app.executor.payload(c, approver=f, key_id=g),
        lambda: app.executor.start(d),
        lambda: app.executor.start_backup(database=a, environment=b, label=c),
        lambda: app.executor.cancel(e),
        lambda: app.executor.reject(f, reason=SECRET),
        lambda: app.executor.protect(
            database="main",
            environment=g,
            key=PublicKey(approver=f, key_id=g, public_key="00"),
        ),
    ]
    before_it = len(app.state.audit(limit=100_000))
    for one in attempts:
        with pytest.raises(FaberDbError):
            one()
    entries = app.state.audit(after=before_it, limit=100_000)
    assert len(entries) == len(attempts)
    exported = json.dumps([entry.model_dump(mode="json") for entry in entries])
    assert SECRET not in exported
