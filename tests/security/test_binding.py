"""A signature binds every field: each one changed in the state, and the plan run.

The tables are made from the models, so that a new field cannot be forgotten.
"""

import json
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from faber_db.app import build
from faber_db.executor import jobs
from faber_db.model.approval import Approval, ApprovalPayload
from faber_db.model.finding import Risk
from faber_db.model.job import JobState
from faber_db.model.plan import BackupRequirement, Plan, PlanKind
from tests.e2e.project import Project
from tests.security.forging import (
    changed,
    claim,
    faults,
    key_of,
    leaves,
    read,
    rewrite_approval,
    rewrite_plan,
    signed_by,
    write,
)

REFUSED = ("approval-invalid", "the approval does not allow this", "")
DROP = "ALTER TABLE customers DROP COLUMN legacy_token;\n"
Told = tuple[str, str, str]


@pytest.fixture
def signed(released: Project, monkeypatch: pytest.MonkeyPatch) -> tuple[Project, str]:
    """A signed plan; its job runs in this process, so that hundreds of runs take seconds."""
    monkeypatch.setattr(jobs, "spawn", lambda _app, job, _environ: job)
    released.add_migration("20261101000000_drop", DROP)
    plan = released.plan("release", "production")
    app = build(released.root, released.environ)
    app.executor.sign(signed_by(key_of(released), app, plan))
    return released, plan


def run(project: Project, plan: str) -> Told:
    """Claim the plan, as whoever can write the state does, and run it: what is told outside."""
    app = build(project.root, project.environ)
    over = app.executor.run_job(claim(project, plan))
    assert over.state is JobState.FAILED
    assert "legacy_token" in project.columns("production", "customers")
    return over.error["code"], over.error["message"], over.error["hint"]


def other(path: tuple[str | int, ...], value: Any) -> Any:
    """A value that could stand there as well."""
    name = path[-1]
    if name == "kind" and path[0] in ("payload", "kind"):
        return PlanKind.RESTORE.value
    if name in ("expires_at", "not_before", "created_at") and value:
        return (datetime.fromisoformat(value) - timedelta(minutes=1)).isoformat(timespec="seconds")
    match value:
        case bool():
            return not value
        case int():
            return value + 1
        case None:
            return None
        case [] | {}:
            return value
        case str() if len(value) >= 16 and set(value) <= set("0123456789abcdef"):
            return ("0" if value[0] != "0" else "1") + value[1:]
        case str() if value in list(Risk):
            return next(r.value for r in Risk if r.value != value)
        case _:
            return f"{value}x"


def approval_changes(body: dict[str, Any]) -> Iterator[tuple[str, tuple[str | int, ...], Any]]:
    for path in leaves(body):
        value = body
        for part in path:
            value = value[part]  # type: ignore[index]  # a list of a JSON value
        yield ".".join(map(str, path)), path, other(path, value)


def test_each_field_of_the_stored_approval(signed: tuple[Project, str]) -> None:
    project, plan = signed
    ((text,),) = read(project, "SELECT body FROM approvals WHERE plan_id = ?", plan)
    body = json.loads(text)
    told: dict[str, Told] = {}
    for name, path, value in approval_changes(body):
        rewrite_approval(project, plan, changed(path, value))
        told[name] = run(project, plan)
        write(project, "UPDATE approvals SET body = ? WHERE plan_id = ?", text, plan)
    fields = {f"payload.{n}" for n in ApprovalPayload.model_fields} - {"payload.backup_requirement"}
    fields |= {f"payload.backup_requirement.{n}" for n in BackupRequirement.model_fields}
    fields |= set(Approval.model_fields) - {"payload"}
    assert set(told) == fields
    assert set(told.values()) == {REFUSED}, told
    assert len(faults(project, plan)) >= len(told)
    assert len(set(faults(project, plan))) > 4  # the trail tells them apart
    write(project, "UPDATE plans SET state = 'signed', job_id = '' WHERE id = ?", plan)
    code, answer = project.exits("release", "production", "--plan", plan)
    assert code in (0, 4), answer  # the row as it was runs; only the changes were refused


def reads(body: dict[str, Any], path: tuple[str | int, ...], value: Any) -> bool:
    """Whether the changed plan is one at all; what is none is refused as a damaged row."""
    copy = json.loads(json.dumps(body))
    changed(path, value)(copy)
    try:
        Plan.model_validate(copy)
    except ValueError:
        return False
    return True


def plan_changes(body: dict[str, Any]) -> Iterator[tuple[str, tuple[str | int, ...], Any]]:
    """Of every field of a plan one change; of what is empty, something in it."""
    filled = {"migrations": [], "files": [], "touched": ["x"], "preflight": [], "trial": None}
    for field in Plan.model_fields:
        value = body[field]
        found = [p for p in leaves(value, (field,)) if p != (field,)]
        for path in found or [(field,)]:
            inner = body
            for part in path:
                inner = inner[part]  # type: ignore[index]  # a list of a JSON value
            changed_to = other(path, inner)
            if changed_to != inner and reads(body, path, changed_to):
                yield field, path, changed_to
                break
        else:
            yield field, (field,), filled.get(field, {"x": "y"})


NOT_CHANGED = {"id", "v", "trial"}  # the row's own name; a constant; None where nothing was tried


def test_each_field_of_the_stored_plan(signed: tuple[Project, str]) -> None:
    project, plan = signed
    ((body,),) = read(project, "SELECT body FROM plans WHERE id = ?", plan)
    told: dict[str, Told] = {}
    for field, path, value in plan_changes(json.loads(body)):
        if field in NOT_CHANGED:
            continue
        rewrite_plan(project, plan, changed(path, value))
        told[field] = run(project, plan)
        rewrite_plan(project, plan, lambda value: value.update(json.loads(body)))
    assert set(told) == set(Plan.model_fields) - NOT_CHANGED
    assert set(told.values()) == {REFUSED}, told
    assert set(faults(project, plan)) == {"nobody signed this plan as it is stored"}


def drop_bytes(project: Project, plan: str) -> None:
    write(project, "DELETE FROM files")


def other_bytes(project: Project, plan: str) -> None:
    write(project, "UPDATE files SET content = ?", b"DROP TABLE orders;\n")


def garbage(project: Project, plan: str) -> None:
    write(project, "UPDATE approvals SET body = '{}' WHERE plan_id = ?", plan)


def no_approval(project: Project, plan: str) -> None:
    write(project, "DELETE FROM approvals WHERE plan_id = ?", plan)


def twice(project: Project, plan: str) -> None:
    """One signature as two: it is spent by the first of them."""
    write(
        project,
        "INSERT INTO approvals (plan_id, body) SELECT plan_id, body FROM approvals"
        " WHERE plan_id = ?",
        plan,
    )


ROWS: dict[str, Callable[[Project, str], None]] = {
    "the bytes are gone": drop_bytes,
    "other bytes under the old name": other_bytes,
    "an approval that cannot be read": garbage,
    "no approval": no_approval,
}


@pytest.mark.parametrize("forge", ROWS.values(), ids=ROWS)
def test_other_rows(signed: tuple[Project, str], forge: Callable[[Project, str], None]) -> None:
    project, plan = signed
    forge(project, plan)
    assert run(project, plan) == REFUSED
    assert faults(project, plan)


def test_a_job_that_names_another_plan(signed: tuple[Project, str]) -> None:
    """The job of the signed plan is pointed at one that nobody signed."""
    project, plan = signed
    project.add_migration("20261102000000_worse", "DROP TABLE orders;\n")
    worse = project.plan("release", "production")
    job = claim(project, plan)
    write(project, "UPDATE plans SET state = 'claimed', job_id = ? WHERE id = ?", job, worse)
    write(
        project,
        "UPDATE jobs SET plan_id = ?, body = json_set(body, '$.plan_id', ?) WHERE id = ?",
        worse,
        worse,
        job,
    )
    over = build(project.root, project.environ).executor.run_job(job)
    assert over.error["code"] == REFUSED[0]
    assert project.columns("production", "orders")


def test_signatures_of_every_other_kind(signed: tuple[Project, str]) -> None:
    """The approver signs the same plan as another kind: neither counts for the other (rule 11)."""
    project, plan = signed
    key, app = key_of(project), build(project.root, project.environ)
    write(project, "UPDATE plans SET state = 'waiting' WHERE id = ?", plan)
    honest = signed_by(key, app, plan)
    kinds = [k for k in PlanKind if k is not PlanKind.DEPLOY]
    for kind in kinds:
        payload = honest.payload.model_copy(update={"kind": kind})
        forged = honest.model_copy(
            update={"payload": payload, "signature": key.sign(payload.signed_bytes())}
        )
        text = forged.text().decode()
        write(project, "UPDATE approvals SET body = ? WHERE plan_id = ?", text, plan)
        assert run(project, plan) == REFUSED, kind
    assert faults(project, plan).count("kind differs") == len(kinds)


def test_one_signature_as_two_rows_is_spent_once(signed: tuple[Project, str]) -> None:
    project, plan = signed
    twice(project, plan)
    assert run(project, plan) == REFUSED
    assert "used before" in faults(project, plan)
