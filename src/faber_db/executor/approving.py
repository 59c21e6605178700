"""What is signed, and whether a signature holds. Every failure looks the same from outside."""

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta

from faber_db.model.approval import Approval, ApprovalPayload, is_hardware, moment_of
from faber_db.model.plan import Plan, Requester
from faber_db.model.sha256 import sha256_of
from faber_db.model.target import Marker, PinnedApprover
from faber_db.services.ports import Verifiers

_SKEW = timedelta(seconds=60)
LONGEST_APPROVAL = timedelta(hours=24)
LONGEST_CLAIM = timedelta(hours=24)


def payload_for(
    plan: Plan, *, approver: str, key_id: str, now: datetime, lifetime: timedelta
) -> ApprovalPayload:
    """A payload for this plan, valid from now on for `lifetime` at most."""
    return ApprovalPayload(
        plan_id=plan.id,
        nonce=secrets.token_hex(16),
        kind=plan.kind,
        plan_digest=plan.digest,
        target=plan.target.digest,
        backup_requirement=plan.backup,
        policy_digest=plan.policy_digest,
        min_approvals=plan.min_approvals,
        requester=_requester(plan),
        not_before=now.isoformat(timespec="seconds"),
        expires_at=(now + min(lifetime, LONGEST_APPROVAL)).isoformat(timespec="seconds"),
        approver=approver,
        key_id=key_id,
    )


def fault(
    approval: Approval, plan: Plan, marker: Marker, *, verifiers: Verifiers, lifetime: timedelta
) -> str:
    """Why this approval does not allow this plan on this target, or an empty text.

    Time is apart (`expired`), since a claim outlives its approval. The plan is the stored one, and
    the marker was read from the live target.
    """
    payload = approval.payload
    pinned = next((a for a in marker.approvers if a.key_id == payload.key_id), None)
    if payload.v != 1:
        return "unknown version"
    if pinned is None or pinned.approver != payload.approver:
        return "key is not pinned in the target"
    if not _is_hex(approval.public_key) or (
        sha256_of(bytes.fromhex(approval.public_key)) != pinned.public_key_sha256
    ):
        return "public key is not the pinned one"
    if pinned.hardware != is_hardware(approval.signer, approval.public_key):
        return "the key is not of the pinned kind"
    verify = verifiers.get(pinned.signer)
    if approval.signer != pinned.signer or verify is None:
        return "the key signs in another way"
    if not verify(approval.public_key, payload.signed_bytes(), approval.signature):
        return "signature does not hold"
    expected = {
        "plan_id": plan.id,
        "kind": plan.kind,
        "plan_digest": plan.digest,
        "target": plan.target.digest,
        "backup_requirement": plan.backup,
        "policy_digest": plan.policy_digest,
        "min_approvals": plan.min_approvals,
        "requester": _requester(plan),
    }
    for name, value in expected.items():
        if getattr(payload, name) != value:
            return f"{name} differs"
    begin, end = moment_of(payload.not_before), moment_of(payload.expires_at)
    if begin is None or end is None or not begin < end <= begin + min(lifetime, LONGEST_APPROVAL):
        return "lifetime is not allowed"
    return "" if len(payload.nonce) == 32 and _is_hex(payload.nonce) else "nonce is malformed"


def is_of(plan: Plan, approvals: Sequence[Approval]) -> bool:
    """Whether anybody signed this plan as it is stored; to be asked before it is believed at all."""
    return any(a.payload.plan_digest == plan.digest for a in approvals)


def is_requesters(pinned: PinnedApprover, requester: Requester) -> bool:
    """Whether the key belongs to whoever asked, by the account that asked."""
    accounts = {pinned.approver.casefold(), *(a.casefold() for a in pinned.accounts)}
    return requester.account.casefold() in accounts


def counting(approvals: Sequence[Approval], plan: Plan, marker: Marker) -> list[Approval]:
    """Those that count: where two or more are demanded, the requester's own does not."""
    if plan.min_approvals < 2:
        return list(approvals)
    own = {a.key_id for a in marker.approvers if is_requesters(a, plan.requester)}
    return [a for a in approvals if a.payload.key_id not in own]


def expired(approval: Approval, now: datetime) -> bool:
    """Whether the approval is outside its time, with a minute for clocks that differ."""
    begin, end = moment_of(approval.payload.not_before), moment_of(approval.payload.expires_at)
    return begin is None or end is None or not begin - _SKEW <= now <= end


def begun_late(approval: Approval, now: datetime) -> bool:
    """The same where a job begins, which it does within a minute of its claim or never."""
    return expired(approval, now) and expired(approval, now - _SKEW)


def unclaimable(approval: Approval, now: datetime) -> bool:
    """Whether the approval is too old, or too young, even for a claim that outlived its time."""
    begin, end = moment_of(approval.payload.not_before), moment_of(approval.payload.expires_at)
    return begin is None or end is None or not begin - _SKEW <= now <= end + LONGEST_CLAIM


def enough(approvals: Sequence[Approval], demanded: int) -> bool:
    """Whether as many different people, each with a key of their own, signed as are demanded.

    Nothing is ever allowed by nobody, whatever number a stored plan holds.
    """
    people = {a.payload.approver.casefold() for a in approvals}
    keys = {a.public_key for a in approvals}
    return min(len(people), len(keys)) >= max(1, demanded)


def _requester(plan: Plan) -> str:
    return f"{plan.requester.client} ({plan.requester.account})"


def _is_hex(text: str) -> bool:
    try:
        bytes.fromhex(text)
    except ValueError:
        return False
    return True
