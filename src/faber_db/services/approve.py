"""What people decide: list what waits, sign, reject, protect a target, change its policy.

No tool of the MCP side calls any of this; a passphrase reaches it from a terminal only.
"""

from pydantic import BaseModel, Field, SecretStr

from faber_db.errors import ApprovalNotSetUp, Exit, FaberDbError, InputError, NotSupported
from faber_db.model.answer import Answer, Details, NextPerson, NextTool, Problem, State
from faber_db.model.approval import Approval
from faber_db.model.finding import Frozen
from faber_db.model.plan import PlanKind, PlanState, Requester, StoredPlan
from faber_db.model.target import PinnedApprover
from faber_db.services.app import App
from faber_db.services.coordinate import CoordinateDetails, outcome
from faber_db.services.elsewhere import history_of, owner_of
from faber_db.services.ports import (
    Cancelled,
    Keys,
    Progress,
    Proposal,
    PublicKey,
    Rendering,
    never,
    silent,
)
from faber_db.services.rejections import rejections_of
from faber_db.services.wellbeing import add_health


class WaitingPlan(BaseModel):
    """One plan that waits for a person."""

    plan_id: str
    kind: PlanKind
    database: str
    environment: str
    risk: str
    loses: list[str]
    asked_by: str
    work_id: str
    created_at: str
    expires_at: str
    rejected: list[str] = []  # reasons why the same was rejected before, newest first
    earlier: list[str] = []  # older requests for the same, made before the target moved


class Nothing(Frozen):
    """A question without arguments."""


class Deploy(Frozen):
    """Which signed plan to carry out."""

    plan_id: str = Field(max_length=80)


class WaitingDetails(Details):
    """What waits, newest first."""

    waiting: list[WaitingPlan] = []


class DecisionDetails(Details):
    """What became of a plan."""

    plan_id: str
    plan_state: PlanState
    environment: str
    approver: str = ""
    lapses_at: str = ""


class ProtectDetails(Details):
    """A target that is protected from now on."""

    environment: str
    target_id: str
    approver: str
    key_id: str


class PolicyDetails(Details):
    """The policy of an environment, and whether it is the one that is pinned."""

    environment: str
    policy: dict[str, object]
    pinned: bool | None = None  # None: the target has no marker
    approvers: list[PinnedApprover] = []
    plan_id: str = ""


def waiting(app: App) -> Answer[WaitingDetails]:
    """Plans that wait for a signature and have not expired."""
    now = app.now().isoformat(timespec="seconds")
    found = [s for s in app.state.plans(states=(PlanState.WAITING,)) if s.plan.expires_at > now]
    details = WaitingDetails(waiting=_grouped(app, found))
    problems = []
    for away in app.executors:
        try:
            details.waiting += away.ask("waiting", Nothing(), WaitingDetails).details.waiting
        except FaberDbError as error:
            problems.append(Problem.of(error))
    details.waiting.sort(key=lambda plan: plan.created_at, reverse=True)
    count = len(details.waiting)
    if count:
        details.next = NextPerson(person=f"faber-db approve {details.waiting[0].plan_id}")
    return Answer(
        status="warning" if problems else "success",
        message=f"{count} waiting" if count else "nothing waits",
        details=details,
        warnings=problems,
        exit_code=Exit.FAILED if problems and not count else Exit.DONE,
    )


def show(app: App, plan_id: str) -> Rendering:
    """The executor's own rendering of a plan."""
    return app.executor.show(plan_id)


def script(rendering: Rendering) -> str:
    """What a plan runs, for the server's own client: the way without us, when there is no other.

    Raises:
        NotSupported: it runs no script, or one that cannot be printed as it is.
    """
    plan = rendering.stored.plan
    if not rendering.sql:
        raise NotSupported(f"a plan of kind {plan.kind} runs no script")
    if not rendering.exact:
        raise NotSupported(
            f"the script of {plan.id} holds characters that cannot be seen",
            hint="Run the migration's own file, then `faber-db mark applied ENV VERSION`.",
        )
    return rendering.sql


def my_keys(app: App) -> list[PublicKey]:
    """The keys that this account holds.

    Raises:
        ApprovalNotSetUp: none.
    """
    keys = _keys(app).keys()
    if not keys:
        raise ApprovalNotSetUp(
            "this account holds no key to sign with",
            hint="`faber-db protect ENV` makes the first one.",
        )
    return keys


def sign(
    app: App, plan_id: str, *, approver: str, passphrase: SecretStr
) -> Answer[DecisionDetails]:
    """Sign a plan with an approver's key.

    Raises:
        PassphraseWrong, ApprovalNotSetUp, ApprovalStale, ApprovalError.
    """
    key = _keys(app).unlock(approver, passphrase.get_secret_value())
    payload = app.executor.payload(plan_id, approver=key.public.approver, key_id=key.public.key_id)
    approval = Approval(
        payload=payload,
        signer=key.signer,
        public_key=key.public.public_key,
        signature=key.sign(payload.signed_bytes()),
    )
    stored = app.executor.sign(approval)
    details = _decision(stored, approver=approver, lapses_at=payload.expires_at)
    if stored.state is PlanState.WAITING:
        details.state = State.APPROVAL_REQUIRED
        return Answer(
            status="warning",
            message=f"signed; {stored.plan.min_approvals} different people have to sign",
            details=details,
            exit_code=Exit.WAITING,
        )
    details.next = NextTool(
        tool="coordinate-release",
        arguments={"environment": stored.plan.environment, "plan_id": stored.plan.id},
    )
    return Answer(message=f"signed {stored.plan.id}; it may be used once", details=details)


def reject(app: App, plan_id: str, *, reason: str) -> Answer[DecisionDetails]:
    """Reject a plan, with a reason that the agent gets to read.

    Raises:
        ApprovalStale: it cannot be rejected any more.
    """
    if not reason.strip():
        raise InputError("a rejection needs a reason", hint='Add --reason "…".')
    stored = app.executor.reject(plan_id, reason=reason.strip())
    return Answer(message=f"rejected {stored.plan.id}", details=_decision(stored))


def deploy(
    app: App, plan_id: str, *, progress: Progress = silent, cancelled: Cancelled = never
) -> Answer[CoordinateDetails]:
    """Carry out a signed plan, watch it to its end, and look at the health after it.

    Raises:
        ApprovalRequired, ApprovalStale, PolicyRefused.
    """
    if owner := owner_of(plan_id, app):
        away, whole = owner
        return away.ask(
            "deploy",
            Deploy(plan_id=whole),
            CoordinateDetails,
            history=history_of(app.database(away.plan(whole).plan.database)),
            progress=progress,
            cancelled=cancelled,
        )
    stored = app.state.plan(plan_id)
    details = CoordinateDetails(environment=stored.plan.environment, plan_id=stored.plan.id)
    job = app.executor.start(stored.plan.id, progress=progress, cancelled=cancelled)
    again = NextTool(tool="status", arguments={"id": job.id, "wait_seconds": 25})
    while True:
        answer = outcome(app, job, details, again, progress, cancelled)
        if answer.details.state is not State.RUNNING or cancelled():
            database = app.database(stored.plan.database)
            environment = database.environment(stored.plan.environment)
            return add_health(answer, app, database, environment)


def protect(
    app: App, *, environment: str, database: str, approver: str, passphrase: SecretStr
) -> Answer[ProtectDetails]:
    """Mark a target as protected and pin its first approver, making the key where there is none.

    Raises:
        KeyExists: the target is protected already.
        PassphraseWrong: the approver's key exists and has another passphrase.
    """
    where = app.database(database).environment(environment)
    keys = _keys(app)
    known = next((k for k in keys.keys() if k.approver == approver), None)  # noqa: SIM118 not a dict
    if known is None:
        known = keys.create(approver, passphrase.get_secret_value())
    else:
        keys.unlock(approver, passphrase.get_secret_value())
    marker = app.executor.protect(
        database=app.database(database).name, environment=where.name, key=known
    )
    return Answer(
        message=f"{where.name} is protected; {approver} approves its changes",
        details=ProtectDetails(
            environment=where.name,
            target_id=marker.target_id,
            approver=approver,
            key_id=known.key_id,
        ),
    )


def has_key(app: App, approver: str) -> bool:
    """Whether this account holds a key of that name."""
    return any(k.approver == approver for k in _keys(app).keys())  # noqa: SIM118 not a dict


def policy(app: App, *, environment: str, database: str) -> Answer[PolicyDetails]:
    """The policy as the configuration has it, and whether the target has pinned the same."""
    found = app.executor.policy(database=app.database(database).name, environment=environment)
    return Answer(
        message=f"{found.environment}: "
        + {None: "not protected yet", True: "as signed", False: "not the one that was signed"}[
            found.pinned
        ],
        details=PolicyDetails(
            environment=found.environment,
            policy=dict(found.policy),
            pinned=found.pinned,
            approvers=list(found.approvers),
        ),
    )


def propose_policy(
    app: App, *, environment: str, database: str, requester: Requester
) -> Answer[DecisionDetails]:
    """Propose the configuration's policy for signature; signing also anchors the state anew."""
    return _proposed(app, PlanKind.POLICY, environment, database, requester)


def adopt_clone(
    app: App, *, environment: str, database: str, requester: Requester
) -> Answer[DecisionDetails]:
    """Propose that a copy of a protected database becomes a target of its own.

    Raises:
        PolicyRefused: it is no copy.
        ApprovalNotSetUp: it carries no marker.
    """
    return _proposed(app, PlanKind.ADOPT_CLONE, environment, database, requester)


def _proposed(
    app: App, kind: PlanKind, environment: str, database: str, requester: Requester
) -> Answer[DecisionDetails]:
    found = app.database(database)
    where = found.environment(environment)
    stored = app.executor.propose(
        Proposal(kind=kind, database=found.name, environment=where.name, requester=requester)
    )
    details = _decision(stored)
    details.state = State.APPROVAL_REQUIRED
    details.next = NextPerson(person=f"faber-db approve {stored.plan.id} --deploy")
    return Answer(
        status="warning",
        message=f"{stored.plan.id} waits for a signature",
        details=details,
        exit_code=Exit.WAITING,
    )


def _keys(app: App) -> Keys:
    if app.keys is None:
        raise ApprovalNotSetUp("keys are kept in another account than this one")
    return app.keys


def _decision(stored: StoredPlan, *, approver: str = "", lapses_at: str = "") -> DecisionDetails:
    return DecisionDetails(
        plan_id=stored.plan.id,
        plan_state=stored.state,
        environment=stored.plan.environment,
        approver=approver,
        lapses_at=lapses_at,
    )


def _grouped(app: App, found: list[StoredPlan]) -> list[WaitingPlan]:
    """One line for what is about the same, its newest request."""
    groups: dict[str, list[StoredPlan]] = {}
    for stored in found:
        groups.setdefault(stored.plan.about, []).append(stored)
    return [_waiting(app, group[0], group[1:]) for group in groups.values()]


def _waiting(app: App, stored: StoredPlan, earlier: list[StoredPlan]) -> WaitingPlan:
    plan = stored.plan
    return WaitingPlan(
        plan_id=plan.id,
        kind=plan.kind,
        database=plan.database,
        environment=plan.environment,
        risk=plan.risk,
        loses=list(plan.analysis.loses),
        asked_by=plan.requester.client,
        work_id=plan.work_id,
        created_at=plan.created_at,
        expires_at=plan.expires_at,
        rejected=[no.reason for no in rejections_of(app, plan)],
        earlier=[s.plan.id for s in earlier],
    )
