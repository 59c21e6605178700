"""Everything that can be asked of an executor from outside. What is not listed here is not reachable.

Each entry names the model of its request, what it is in the words of the configuration (`may`),
and the service or port that carries it out here, on the executor's own project.
"""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, TypeVar

from pydantic import BaseModel, TypeAdapter

from faber_db import __version__
from faber_db.config.executor import Kind
from faber_db.errors import ExecutorRefused, UnknownHandle
from faber_db.executor.peers import Client, account_of
from faber_db.executor.protocol import SentFile, SentHistory
from faber_db.executor.requests import (
    FindRequest,
    HelloDetails,
    HelloRequest,
    OfPlan,
    PayloadRequest,
    PolicyRequest,
    ProposeRequest,
    RejectRequest,
    SignRequest,
    WatchRequest,
)
from faber_db.model.answer import Answer
from faber_db.model.approval import ApprovalPayload, approval_from_text
from faber_db.model.job import Job
from faber_db.model.plan import Requester, StoredPlan
from faber_db.services import (
    accept_edit,
    analyze,
    approve,
    audit,
    baseline,
    build,
    coordinate,
    create_backup,
    db_create,
    describe,
    evaluate,
    health,
    jobs,
    list_backups,
    mark,
    release,
    restore,
    resume,
    rollback,
    show_drift,
    status,
)
from faber_db.services.app import App
from faber_db.services.elsewhere import Nothing, whole_id
from faber_db.services.history import read_folder
from faber_db.services.ports import Cancelled, PolicyState, Progress, Proposal, Rendering
from faber_db.sql.visible import visible

R = TypeVar("R", bound=BaseModel)


@dataclass(frozen=True)
class Asked:
    """What an operation is given beside its request."""

    app: App  # the executor's own project, with the history that was sent
    client: Client
    progress: Progress
    cancelled: Cancelled

    def requester(self, label: str) -> Requester:
        """Who asks: the account is the peer's, whatever the request says; its client is a label."""
        return Requester(client=visible(label, keep_lines=False)[:80], account=self.client.name)


@dataclass(frozen=True)
class Operation:
    """One thing that can be asked for."""

    kind: Kind
    request: type[BaseModel]
    run: Callable[[Any, Asked], object]
    answer: TypeAdapter[Any]
    history: bool = False  # takes the migration folder of the agent's side


def _of(
    kind: Kind,
    request: type[R],
    run: Callable[[R, Asked], object],
    answer: Any = Answer[Any],
    *,
    history: bool = False,
) -> Operation:
    return Operation(kind, request, run, TypeAdapter(answer), history)


# --- what changes something --------------------------------------------------------------------


def _phase(service: Callable[..., Answer[Any]]) -> Callable[[Any, Asked], object]:
    """A coordinate operation. Who may not run anything gets its plan and no more."""

    def run(request: Any, asked: Asked) -> object:
        changes: dict[str, Any] = {"requester": asked.requester(request.requester.client)}
        if "run" not in asked.client.may:
            asked.client.require("propose")
            changes["dry_run"] = True
        return service(
            request.model_copy(update=changes),
            asked.app,
            progress=asked.progress,
            cancelled=asked.cancelled,
        )

    return run


def _propose(request: ProposeRequest, asked: Asked) -> StoredPlan:
    database = asked.app.database(request.database)
    return asked.app.executor.propose(
        Proposal(
            kind=request.kind,
            database=database.name,
            environment=database.environment(request.environment).name,
            files=read_folder(database),
            work_id=request.work_id,
            requester=asked.requester(request.client),
            arguments=request.arguments,
        )
    )


def _start(request: OfPlan, asked: Asked) -> Job:
    return asked.app.executor.start(
        request.plan_id, progress=asked.progress, cancelled=asked.cancelled
    )


def _deploy(request: OfPlan, asked: Asked) -> Answer[Any]:
    return approve.deploy(
        asked.app, request.plan_id, progress=asked.progress, cancelled=asked.cancelled
    )


def _create_backup(request: create_backup.Request, asked: Asked) -> Answer[Any]:
    return create_backup.run(request, asked.app, progress=asked.progress, cancelled=asked.cancelled)


def _verify_backup(request: list_backups.VerifyRequest, asked: Asked) -> Answer[Any]:
    return list_backups.verify(
        request.backup_id,
        request.level,
        asked.app,
        progress=asked.progress,
        cancelled=asked.cancelled,
    )


# --- what is looked at -------------------------------------------------------------------------


def _hello(_request: HelloRequest, asked: Asked) -> HelloDetails:
    return HelloDetails(
        version=__version__,
        account=account_of(os.geteuid()),
        serves=asked.app.serves,
        client=asked.client.name,
        may=tuple(sorted(asked.client.may)),
    )


def _find(request: FindRequest, asked: Asked) -> str:
    """The whole id behind a prefix; empty where there is none, or several, or it is not for them."""
    whole, bound_to = whole_id(request.handle, asked.app), asked.client.environments
    return whole if whole and (not bound_to or _place_of(whole, asked.app) in bound_to) else ""


def _files(request: OfPlan, asked: Asked) -> SentHistory:
    """The bytes that a plan runs, for whoever wants to see that they are the planned ones."""
    state = asked.app.state
    plan = state.plan(request.plan_id).plan
    files = (
        SentFile.model_construct(path=f.path, content=state.plan_file(f.sha256)) for f in plan.files
    )
    return SentHistory.model_construct(handler=plan.handler, files=tuple(files))


def _watch(request: WatchRequest, asked: Asked) -> Job:
    return asked.app.executor.watch(
        request.job_id,
        seconds=float(request.seconds),
        progress=asked.progress,
        cancelled=asked.cancelled,
    )


def _status(request: status.Request, asked: Asked) -> Answer[Any]:
    return status.run(request, asked.app, progress=asked.progress, cancelled=asked.cancelled)


def _analyze(request: analyze.AwayRequest, asked: Asked) -> Answer[Any]:
    return analyze.of_environment(request, asked.app, progress=asked.progress)


def _payload(request: PayloadRequest, asked: Asked) -> ApprovalPayload:
    return asked.app.executor.payload(
        request.plan_id, approver=request.approver, key_id=request.key_id
    )


def _sign(request: SignRequest, asked: Asked) -> StoredPlan:
    return asked.app.executor.sign(approval_from_text(request.approval.encode()))


def _policy(request: PolicyRequest, asked: Asked) -> PolicyState:
    return asked.app.executor.policy(
        database=asked.app.database(request.database).name, environment=request.environment
    )


OPERATIONS: Mapping[str, Operation] = MappingProxyType(
    {
        "hello": _of("state", HelloRequest, _hello, HelloDetails),
        "find": _of("state", FindRequest, _find, str),
        "build": _of("propose", coordinate.Request, _phase(build.run), history=True),
        "evaluate": _of("propose", coordinate.Request, _phase(evaluate.run), history=True),
        "release": _of("propose", coordinate.Request, _phase(release.run), history=True),
        "rollback": _of("propose", rollback.RollbackRequest, _phase(rollback.run), history=True),
        "baseline": _of("propose", baseline.BaselineRequest, _phase(baseline.run), history=True),
        "accept-edit": _of(
            "propose", accept_edit.AcceptEditRequest, _phase(accept_edit.run), history=True
        ),
        "resume": _of("propose", resume.ResumeRequest, _phase(resume.run), history=True),
        "db-create": _of("propose", db_create.AskRequest, _phase(db_create.ask)),
        "mark": _of("propose", mark.MarkRequest, _phase(mark.run), history=True),
        "restore": _of("propose", restore.Request, _phase(restore.run)),
        "propose": _of("propose", ProposeRequest, _propose, StoredPlan, history=True),
        "start": _of("run", OfPlan, _start, Job),
        "deploy": _of("run", OfPlan, _deploy, history=True),
        "watch": _of("state", WatchRequest, _watch, Job),
        "cancel": _of("cancel", jobs.OfJob, lambda r, a: a.app.executor.cancel(r.job_id), Job),
        "cancel-job": _of("cancel", jobs.OfJob, lambda r, a: jobs.cancel(r.job_id, a.app)),
        "show-job": _of("state", jobs.OfJob, lambda r, a: jobs.show(r.job_id, a.app)),
        "list-jobs": _of("state", jobs.ListRequest, lambda r, a: jobs.list_jobs(r, a.app)),
        "waiting": _of("state", Nothing, lambda r, a: approve.waiting(a.app)),
        "plan": _of("state", OfPlan, lambda r, a: a.app.state.plan(r.plan_id), StoredPlan),
        "show": _of("show", OfPlan, lambda r, a: a.app.executor.show(r.plan_id), Rendering),
        "files": _of("show", OfPlan, _files, SentHistory),
        "payload": _of("sign", PayloadRequest, _payload, ApprovalPayload),
        "sign": _of("sign", SignRequest, _sign, StoredPlan),
        "reject": _of(
            "reject",
            RejectRequest,
            lambda r, a: a.app.executor.reject(r.plan_id, reason=r.reason, by=a.client.name),
            StoredPlan,
        ),
        "policy": _of("state", PolicyRequest, _policy, PolicyState),
        "create-backup": _of("backup", create_backup.Request, _create_backup),
        "list-backups": _of("state", list_backups.Request, lambda r, a: list_backups.run(r, a.app)),
        "show-backup": _of(
            "state", list_backups.OfBackup, lambda r, a: list_backups.show(r.backup_id, a.app)
        ),
        "verify-backup": _of("backup", list_backups.VerifyRequest, _verify_backup),
        "prune-backups": _of(
            "backup", list_backups.PruneRequest, lambda r, a: list_backups.prune(r, a.app)
        ),
        "health": _of("health", health.Request, lambda r, a: health.run(r, a.app), history=True),
        "status": _of("state", status.Request, _status, history=True),
        "describe": _of("state", describe.Request, lambda r, a: describe.run(r, a.app)),
        "drift": _of(
            "state", show_drift.Request, lambda r, a: show_drift.run(r, a.app), history=True
        ),
        "analyze": _of("state", analyze.AwayRequest, _analyze, history=True),
        "show-audit": _of("audit", audit.ShowRequest, lambda r, a: audit.show(r, a.app)),
        "verify-audit": _of("audit", Nothing, lambda r, a: audit.verify(a.app)),
        "export-audit": _of("audit", Nothing, lambda r, a: audit.export(a.app)),
    }
)


def require_place(request: BaseModel, client: Client, app: App) -> None:
    """Let a client that is bound to some environments touch no other.

    Raises:
        ExecutorRefused: it names another one, or none.
        UnknownEnvironment, UnknownHandle.
    """
    if not client.environments or isinstance(request, FindRequest | HelloRequest):
        return
    names = set(_places(request, app))
    if not names or not names <= client.environments:
        raise ExecutorRefused(
            f"{client.name} may ask about {', '.join(sorted(client.environments))} only",
            hint="Name one of them.",
        )


def _places(request: BaseModel, app: App) -> list[str]:
    """The environments that a request is about, by its own words and by its handles."""
    told = request.model_dump(include={"environment", "database", "plan_id", "job_id"})
    told |= request.model_dump(include={"backup_id", "id"})
    if isinstance(request, SignRequest):
        told["plan_id"] = approval_from_text(request.approval.encode()).payload.plan_id
    found = []
    if name := told.get("environment"):
        found.append(app.database(told.get("database") or "").environment(name).name)
    for key in ("plan_id", "job_id", "backup_id", "id"):
        if handle := told.get(key):
            found.append(_place_of(handle, app))
    return found


def _place_of(handle: str, app: App) -> str:
    match handle.partition("_")[0]:
        case "plan":
            return app.state.plan(handle).plan.environment
        case "job":
            return app.state.job(handle).environment
        case "backup":
            return app.state.backup(handle).environment
    raise UnknownHandle(f"{handle[:40]!r} is no id")


def answer_line(operation: Operation, result: object) -> dict[str, Any]:
    """A result as it travels."""
    if isinstance(result, Answer):  # its details as the service made them, whatever their model
        return {"answer": result.model_dump(mode="json"), "exit_code": int(result.exit_code)}
    return {"answer": operation.answer.dump_python(result, mode="json")}
