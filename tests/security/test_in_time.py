"""A signature runs inside the window, and not longer than the policy lets it wait."""

from datetime import UTC, datetime, timedelta

import pytest

from faber_db.errors import ApprovalError, ApprovalRequired
from faber_db.executor import jobs
from faber_db.model.job import JobState
from faber_db.model.plan import PlanKind
from faber_db.services.app import App
from tests.e2e.project import APPROVER, PASSPHRASE, Project
from tests.security.test_tiers import COLUMN, opened, proposed, signed

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


@pytest.fixture(autouse=True)
def no_other_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """A job waits for `run_job` here."""
    monkeypatch.setattr(jobs, "spawn", lambda _app, job, _environ: job)


def pinned(project: Project, **settings: object) -> App:
    """The project with these settings in its signed policy, and a migration to release."""
    project.configure("production", **settings)
    app = opened(project)
    plan = proposed(app, PlanKind.POLICY).plan
    signed(app, project, plan.id)
    assert app.executor.run_job(app.executor.start(plan.id).id).state is JobState.DONE
    project.add_migration("20261101000000_note", COLUMN)
    return opened(project)


def test_outside_the_window_nothing_runs(released: Project) -> None:
    later = DAYS[(datetime.now(UTC).weekday() + 3) % 7]
    app = pinned(released, window=[f"{later} 09:00-16:00 UTC"])
    plan = proposed(app).plan
    signed(app, released, plan.id)
    job = app.executor.run_job(app.executor.start(plan.id).id)
    assert job.error["code"] == "policy-refused", job
    assert later in job.error["hint"]
    assert "note" not in released.columns("production", "customers")


def test_inside_the_window_it_runs(released: Project) -> None:
    app = pinned(released, window=["Mon-Sun 00:00-24:00 UTC"])
    plan = proposed(app).plan
    signed(app, released, plan.id)
    assert app.executor.run_job(app.executor.start(plan.id).id).state is JobState.DONE
    assert "note" in released.columns("production", "customers")


def test_a_signature_waits_as_long_as_the_policy_says(released: Project) -> None:
    app = pinned(released, max_approval_age="5m")
    plan = proposed(app).plan
    signed(app, released, plan.id)
    (approval,) = app.state.approvals(plan.id)
    begin, end = (
        datetime.fromisoformat(text)
        for text in (approval.payload.not_before, approval.payload.expires_at)
    )
    assert end - begin == timedelta(minutes=5)
    late = opened(released, now=lambda: begin + timedelta(minutes=5, seconds=61))
    with pytest.raises(ApprovalRequired, match="lapsed"):
        late.executor.start(plan.id)


def test_a_signature_for_longer_is_none(released: Project) -> None:
    """The signer's own program asks for an hour: the key signs it, the executor does not take it."""
    from pathlib import Path

    from faber_db.adapters.signers import ed25519
    from faber_db.model.approval import Approval

    app = pinned(released, max_approval_age="5m")
    plan = proposed(app).plan
    keys = ed25519.KeyFolder(Path(released.environ["XDG_CONFIG_HOME"]) / "faber-db" / "keys")
    key = keys.unlock(APPROVER, PASSPHRASE)
    payload = app.executor.payload(plan.id, approver=APPROVER, key_id=key.public.key_id)
    begin = datetime.fromisoformat(payload.not_before)
    longer = payload.model_copy(
        update={"expires_at": (begin + timedelta(hours=1)).isoformat(timespec="seconds")}
    )
    with pytest.raises(ApprovalError, match="does not allow"):
        app.executor.sign(
            Approval(
                payload=longer,
                signer=key.signer,
                public_key=key.public.public_key,
                signature=key.sign(longer.signed_bytes()),
            )
        )
