"""What waits, one plan, and what a person decides about it."""

import hashlib
import json
from dataclasses import dataclass

from starlette.responses import JSONResponse, Response

from faber_db.errors import ApprovalStale, FaberDbError, InputError
from faber_db.model.approval import ApprovalPayload
from faber_db.model.job import Job
from faber_db.model.passkey import Assertion, Passkey, from_base64url
from faber_db.model.plan import Plan, PlanState, StoredPlan
from faber_db.model.target import PinnedApprover
from faber_db.services import approve, passkeys
from faber_db.services.app import App
from faber_db.web.asked import Asked
from faber_db.web.listing import groups
from faber_db.web.reading import reading

_OPEN = (PlanState.OPEN, PlanState.WAITING, PlanState.SIGNED)


@dataclass(frozen=True, slots=True)
class Notice:
    """What a plan's state means for whoever reads it."""

    text: str
    style: str


@dataclass(frozen=True, slots=True)
class _Asked:
    """A challenge that waits for its assertion."""

    payload: ApprovalPayload
    key: PinnedApprover


def waiting(asked: Asked) -> Response:
    """The list."""
    return asked.write("list.html", groups=groups(asked.app))


def show(asked: Asked) -> Response:
    """One plan. Looks at the target for who may sign; changes nothing."""
    rendering = approve.show(asked.app, asked.request.path_params["plan_id"])
    stored = rendering.stored
    plan = stored.plan
    can_sign = stored.state is PlanState.WAITING and not _expired(asked.app, plan)
    keys, no_keys = _keys(asked, plan) if can_sign else ([], "")
    return asked.write(
        "plan.html",
        plan=plan,
        reading=reading(rendering),
        here=f"/approvals/{plan.id}",
        token=asked.token(_about(plan)),
        notice=_notice(stored, expired=_expired(asked.app, plan)),
        rejected=_rejected_before(asked.app, plan),
        signatures=[a.payload.approver for a in asked.app.state.approvals(plan.id)],
        job=_job(asked.app, stored),
        can_reject=stored.state in _OPEN and plan.protected,
        can_start=stored.state is PlanState.SIGNED,
        can_sign=can_sign,
        keys=keys,
        no_keys=no_keys,
    )


def challenge(asked: Asked) -> Response:
    """What a passkey is asked to sign, once the person has typed what is lost."""
    rendering = approve.show(asked.app, asked.request.path_params["plan_id"])
    plan = rendering.stored.plan
    asked.require_token(_about(plan))
    typed = [text.strip() for text in asked.fields("typed")]
    if typed != [name.strip() for name in rendering.to_type]:
        raise InputError("that is another name; nothing was signed")
    key = _key(asked, plan)
    payload = passkeys.challenge(asked.app, plan, key)
    asked.site.challenges.put((asked.session, _about(plan)), _Asked(payload, key), asked.app.now())
    return JSONResponse(_options(asked, key, payload))


def sign(asked: Asked) -> Response:
    """Take an assertion in; the executor verifies it."""
    plan = asked.app.state.plan(asked.request.path_params["plan_id"]).plan
    asked.require_token(_about(plan))
    waits = asked.site.challenges.take((asked.session, _about(plan)), asked.app.now())
    if not isinstance(waits, _Asked):
        raise ApprovalStale(
            "this signature was asked for too long ago, or elsewhere since",
            hint="Load the plan again, and look again.",
        )
    assertion = Assertion.read(_spelled(asked.field("credential")))
    passkeys.sign(asked.app, waits.payload, waits.key, assertion)
    return asked.back_to(f"/{plan.id}")


def reject(asked: Asked) -> Response:
    """Reject, with the reason that the agent reads."""
    plan = asked.app.state.plan(asked.request.path_params["plan_id"]).plan
    asked.require_token(_about(plan))
    approve.reject(asked.app, plan.id, reason=asked.field("reason")[:1_000])
    return asked.back_to(f"/{plan.id}")


def start(asked: Asked) -> Response:
    """Carry out what is signed, in a process of its own."""
    plan = asked.app.state.plan(asked.request.path_params["plan_id"]).plan
    asked.require_token(_about(plan))
    asked.app.executor.start(plan.id)
    return asked.back_to(f"/{plan.id}")


def _about(plan: Plan) -> str:
    return f"{plan.id}:{plan.digest}"


def _expired(app: App, plan: Plan) -> bool:
    return plan.expires_at <= app.now().isoformat(timespec="seconds")


def _keys(asked: Asked, plan: Plan) -> tuple[list[PinnedApprover], str]:
    """The passkeys that can sign here; or why there are none."""
    try:
        found = approve.pinned(asked.app, plan)
    except FaberDbError as error:
        return [], f"Who may sign is not known now: {error.message}."
    usable = passkeys.usable(found, asked.site.origin)
    if usable:
        return usable, ""
    return [], f"No passkey that was made at {asked.site.origin} is pinned in this database."


def _key(asked: Asked, plan: Plan) -> PinnedApprover:
    wanted = asked.field("key_id")
    usable = passkeys.usable(approve.pinned(asked.app, plan), asked.site.origin)
    found = next((key for key in usable if key.key_id == wanted), None)
    if found is None:
        raise InputError("this passkey is not pinned there any more", hint="Load the page again.")
    return found


def _options(asked: Asked, key: PinnedApprover, payload: ApprovalPayload) -> object:
    from webauthn import generate_authentication_options, options_to_json
    from webauthn.helpers.structs import PublicKeyCredentialDescriptor, UserVerificationRequirement

    credential = from_base64url(Passkey.of(key.public_key).credential_id)
    options = generate_authentication_options(
        rp_id=asked.site.rp_id,
        challenge=hashlib.sha256(payload.signed_bytes()).digest(),
        allow_credentials=[PublicKeyCredentialDescriptor(id=credential)],
        user_verification=UserVerificationRequirement.REQUIRED,
    )
    value: object = json.loads(options_to_json(options))
    return value


def _spelled(text: str) -> bytes:
    """What the script sent, in the one spelling that is stored."""
    from faber_db.model.canonical import canonical
    from faber_db.web.asked import object_of

    return canonical(object_of(text))


def _rejected_before(app: App, plan: Plan) -> list[StoredPlan]:
    return [
        s
        for s in app.state.plans(about=plan.about, states=(PlanState.REJECTED,))
        if s.plan.id != plan.id
    ][:3]


def _job(app: App, stored: StoredPlan) -> Job | None:
    return app.state.job(stored.job_id) if stored.job_id else None


def _notice(stored: StoredPlan, *, expired: bool) -> Notice | None:
    because = f": {stored.reason}" if stored.reason else ""
    match stored.state:
        case PlanState.WAITING:
            return Notice("This plan has expired.", "warn") if expired else None
        case PlanState.OPEN:
            return Notice("Nobody has to sign this.", "")
        case PlanState.SIGNED:
            return Notice("Signed. It may be used once, within the time that was signed.", "good")
        case PlanState.CLAIMED | PlanState.USED:
            return Notice("It is being carried out.", "good")
        case PlanState.DONE:
            return Notice("It was carried out.", "good")
        case state:
            return Notice(f"This plan is {state.value}{because}.", "bad")
