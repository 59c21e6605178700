"""What somebody with the developer's account can write into the state of tier 1."""

import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

from faber_db.adapters.signers.ed25519 import UnlockedKey
from faber_db.app import build
from faber_db.executor import jobs
from faber_db.model.approval import Approval
from faber_db.model.canonical import canonical
from faber_db.model.plan import Plan
from faber_db.services.app import App
from tests.e2e.project import APPROVER, PASSPHRASE, Project

Change = Callable[[dict[str, Any]], None]


def key_of(project: Project) -> UnlockedKey:
    """The approver's own key, opened."""
    app = build(project.root, project.environ)
    assert app.keys is not None
    key = app.keys.unlock(APPROVER, PASSPHRASE)
    assert isinstance(key, UnlockedKey)
    return key


def signed_by(key: UnlockedKey, app: App, plan: str) -> Approval:
    """A signature over a plan as it is stored."""
    payload = app.executor.payload(plan, approver=key.public.approver, key_id=key.public.key_id)
    return Approval(
        payload=payload,
        signer=key.signer,
        public_key=key.public.public_key,
        signature=key.sign(payload.signed_bytes()),
    )


def write(project: Project, sql: str, *parameters: object) -> None:
    with closing(sqlite3.connect(project.state_file, timeout=30)) as state, state:
        state.execute(sql, parameters)


def read(project: Project, sql: str, *parameters: object) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(project.state_file, timeout=30)) as state:
        return state.execute(sql, parameters).fetchall()


def faults(project: Project, plan: str) -> list[str]:
    """Why approvals of a plan were refused: in the audit trail, and nowhere else."""
    rows = read(project, "SELECT body FROM audit WHERE event = 'approval.refused' ORDER BY seq")
    bodies = [json.loads(body) for (body,) in rows]
    return [str(b.get("fault", "")) for b in bodies if b.get("plan_id") == plan]


def rewrite_approval(project: Project, plan: str, change: Change) -> None:
    """Change a stored approval, in the one spelling that is read."""
    ((body,),) = read(project, "SELECT body FROM approvals WHERE plan_id = ?", plan)
    value = json.loads(body)
    change(value)
    text = canonical(value).decode()
    write(project, "UPDATE approvals SET body = ? WHERE plan_id = ?", text, plan)


def rewrite_plan(project: Project, plan: str, change: Change) -> None:
    """Change a stored plan and the columns that repeat parts of it."""
    ((body,),) = read(project, "SELECT body FROM plans WHERE id = ?", plan)
    value = json.loads(body)
    change(value)
    write(
        project,
        "UPDATE plans SET body = ?, about = ?, subject = ?, environment = ?, database = ?,"
        " work_id = ? WHERE id = ?",
        canonical(value).decode(),
        Plan.model_validate(value).about,
        value["subject"],
        value["environment"],
        value["database"],
        value["work_id"],
        plan,
    )


def claim(project: Project, plan: str) -> str:
    """Say that a new job has taken the plan, whoever signed it; the job's id."""
    app = build(project.root, project.environ)
    job = jobs.new_job(app, "deploy", database="main", environment="production", plan_id=plan)
    app.state.save_job(job)
    write(project, "UPDATE plans SET state = 'claimed', job_id = ? WHERE id = ?", job.id, plan)
    return job.id


def leaves(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Every place in a JSON value that holds no list and no object, and every empty one."""
    match value:
        case dict() if value:
            for name, inner in value.items():
                yield from leaves(inner, (*path, name))
        case list() if value:
            for number, inner in enumerate(value):
                yield from leaves(inner, (*path, number))
        case _:
            yield path


def changed(path: tuple[str | int, ...], other: Any) -> Change:
    """Put another value at a place."""

    def change(value: Any) -> None:
        for name in path[:-1]:
            value = value[name]
        value[path[-1]] = other

    return change
