"""Signing with a passkey: which may sign a plan, what they sign, and taking the signature in."""

from collections.abc import Sequence

from faber_db.errors import ApprovalError
from faber_db.model.approval import Approval, ApprovalPayload
from faber_db.model.passkey import SIGNER, Assertion, Passkey
from faber_db.model.plan import Plan, StoredPlan
from faber_db.model.target import PinnedApprover
from faber_db.services.app import App
from faber_db.services.approve import require_shown


def usable(approvers: Sequence[PinnedApprover], origin: str) -> list[PinnedApprover]:
    """Those that a page at `origin` can ask: passkeys that were made there."""
    return [
        a
        for a in approvers
        if a.signer == SIGNER and a.public_key and Passkey.of(a.public_key).origin == origin
    ]


def challenge(app: App, plan: Plan, key: PinnedApprover) -> ApprovalPayload:
    """What this key would sign now; the executor's own words, with a nonce of its own.

    Raises:
        ApprovalStale: nothing waits, or it is another plan than this one by now.
    """
    payload = app.executor.payload(plan.id, approver=key.approver, key_id=key.key_id)
    require_shown(plan, payload)
    return payload


def sign(
    app: App, payload: ApprovalPayload, key: PinnedApprover, assertion: Assertion
) -> StoredPlan:
    """Hand a signature to the executor, which verifies it.

    Raises:
        ApprovalError, ApprovalStale.
    """
    if (payload.key_id, payload.approver) != (key.key_id, key.approver):
        raise ApprovalError("the approval does not allow this")
    return app.executor.sign(
        Approval(
            payload=payload,
            signer=SIGNER,
            public_key=key.public_key,
            signature=assertion.spelled().decode(),
        )
    )
