"""What people decide: list what waits, sign, reject, change a target's policy.

No tool of the MCP side calls any of this; a passphrase reaches it from a terminal only.
"""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from pydantic import BaseModel, Field, SecretStr

from faber_db.errors import (
    ApprovalNotSetUp,
    ApprovalStale,
    Exit,
    FaberDbError,
    InputError,
    KeyUnknown,
    NotSupported,
)
from faber_db.model.answer import Answer, Details, NextPerson, NextTool, Problem, State
from faber_db.model.approval import Approval, ApprovalPayload
from faber_db.model.approver_change import ARGUMENT, ApproverChange
from faber_db.model.creation import PlannedCreation
from faber_db.model.finding import Frozen
from faber_db.model.plan import Plan, PlanKind, PlanState, Requester, StoredPlan
from faber_db.model.target import PinnedApprover
from faber_db.services.app import App
from faber_db.services.coordinate import CoordinateDetails, outcome
from faber_db.services.elsewhere import Nothing, history_of, owner_of
from faber_db.services.ports import (
    Cancelled,
    Keys,
    Progress,
    Proposal,
    PublicKey,
    Rendering,
    SigningKey,
    never,
    silent,
)
from faber_db.services.programs import readable
from faber_db.services.rejections import rejections_of
from faber_db.services.wellbeing import add_health
from faber_db.sql.visible import visible

_LONGEST_REASON = 500  # characters


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


def own_keys(app: App, plan: Plan, *, named: str = "") -> list[tuple[PublicKey, PinnedApprover]]:
    """The passphrase keys of this account that the plan's target has pinned, and for whom.

    Raises:
        ApprovalNotSetUp: this account holds no key at all.
        InputError: it holds none of the name that was given.
        KeyUnknown: none of them is pinned there.
    """
    keys = keys_of(app).keys()
    if not keys:
        raise ApprovalNotSetUp(
            "this account holds no key to sign with",
            hint="`faber-db approvers key` makes one, or name yours: --ssh-key FILE.",
        )
    names = ", ".join(k.approver for k in keys)
    keys = [k for k in keys if not named or k.approver == named]
    if not keys:
        raise InputError(
            f"this account holds no key for {named}", hint=f"Name one with --as: {names}."
        )
    pinned = _by_key(app, plan)
    found = [(key, pinned[key.sha256]) for key in keys if key.sha256 in pinned]
    if not found:
        raise unknown_key(plan, ", ".join(f"{k.approver} ({k.key_id})" for k in keys))
    return found


def ssh_key(app: App, plan: Plan, file: Path) -> tuple[SigningKey, PinnedApprover]:
    """An OpenSSH key, and for whom the plan's target has pinned it.

    Raises:
        KeyUnknown: it has not.
        FileUnreadable, InputError, KeyUnprotected, SignerUnavailable.
    """
    key = keys_of(app).ssh(file)
    pinned = _by_key(app, plan).get(key.public.sha256)
    if pinned is None:
        raise unknown_key(plan, f"{file.name} ({key.public.key_id})")
    return key, pinned


def unlock(app: App, key: PublicKey, passphrase: SecretStr) -> SigningKey:
    """Open one of this account's passphrase keys.

    Raises:
        PassphraseWrong, ApprovalNotSetUp, FileUnreadable.
    """
    return keys_of(app).unlock(key.approver, passphrase.get_secret_value())


def sign(
    app: App, plan: Plan, key: SigningKey, approver: PinnedApprover
) -> Answer[DecisionDetails]:
    """Sign a plan, as it was shown. Who signs is the approver whom the target has pinned for this key.

    Raises:
        ApprovalStale: it is another one by now, or nothing waits.
        ApprovalError; what the key raises when it signs.
    """
    payload = app.executor.payload(plan.id, approver=approver.approver, key_id=approver.key_id)
    require_shown(plan, payload)
    approval = Approval(
        payload=payload,
        signer=key.signer,
        public_key=key.public.public_key,
        signature=key.sign(payload.signed_bytes()),
    )
    stored = app.executor.sign(approval)
    details = _decision(stored, approver=approver.approver, lapses_at=payload.expires_at)
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


def require_shown(plan: Plan, payload: ApprovalPayload) -> None:
    """What is about to be signed is the plan that the person has read, to the last byte.

    Raises:
        ApprovalStale: somebody put another one in its place meanwhile.
    """
    if payload.plan_digest != plan.digest:
        raise ApprovalStale(
            f"{plan.id} is not the plan any more that was shown; nothing was signed",
            hint="Look at it again, and find out who changed it: the stored plan never changes by"
            " itself.",
        )


def unknown_key(plan: Plan, named: str) -> KeyUnknown:
    return KeyUnknown(
        f"{plan.environment} has not pinned this key: {named}",
        hint=f"`faber-db approvers list {plan.environment}` names the keys that it has.",
    )


def pinned(app: App, plan: Plan) -> tuple[PinnedApprover, ...]:
    """Everybody who may sign a plan, as its target has them pinned now; the executor decides.

    Where the target is not there yet, the plan itself says who.

    Raises:
        ConnectionFailed, SecretUnavailable: the target cannot be looked at.
    """
    if plan.kind is PlanKind.DB_CREATE:
        return PlannedCreation.of(plan).signers
    return app.executor.policy(database=plan.database, environment=plan.environment).approvers


def _by_key(app: App, plan: Plan) -> dict[str, PinnedApprover]:
    return {a.public_key_sha256: a for a in pinned(app, plan)}


def reject(app: App, plan_id: str, *, reason: str) -> Answer[DecisionDetails]:
    """Reject a plan, with a reason that the agent gets to read.

    Raises:
        ApprovalStale: it cannot be rejected any more.
    """
    if not reason.strip():
        raise InputError("a rejection needs a reason", hint='Add --reason "…".')
    words = visible(reason.strip(), keep_lines=False)[:_LONGEST_REASON]  # an agent reads it
    stored = app.executor.reject(plan_id, reason=words)
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
            history=history_of(
                readable(
                    app,
                    app.database(away.plan(whole).plan.database),
                    progress=progress,
                    cancelled=cancelled,
                ).database
            ),
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
    app: App,
    *,
    environment: str,
    database: str,
    requester: Requester,
    change: ApproverChange | None = None,
) -> Answer[DecisionDetails]:
    """Propose the configuration's policy, or a change of the approvers, for signature.

    Either also anchors the state anew, and voids every open approval.

    Raises:
        PolicyChanged: the approvers are to be changed, and the configuration is another policy.
        PolicyRefused: too few approvers would be left.
    """
    arguments = {ARGUMENT: change.text()} if change else {}
    return _proposed(app, PlanKind.POLICY, environment, database, requester, arguments)


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
    app: App,
    kind: PlanKind,
    environment: str,
    database: str,
    requester: Requester,
    arguments: Mapping[str, str] = MappingProxyType({}),
) -> Answer[DecisionDetails]:
    found = app.database(database)
    where = found.environment(environment)
    stored = app.executor.propose(
        Proposal(
            kind=kind,
            database=found.name,
            environment=where.name,
            requester=requester,
            arguments=arguments,
        )
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


def keys_of(app: App) -> Keys:
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
