"""A human's signature over exactly one plan."""

import re
from datetime import datetime, timedelta

from pydantic import ValidationError

from faber_db.errors import ApprovalError, InputError
from faber_db.model import passkey
from faber_db.model.canonical import canonical, parse_canonical
from faber_db.model.finding import Frozen
from faber_db.model.plan import BackupRequirement, PlanKind
from faber_db.model.target import APPROVER_NAME

DOMAIN = b"faber-db-approval-v1\n"
_TOUCHED = (b"sk-ssh-ed25519@openssh.com", b"sk-ecdsa-sha2-nistp256@openssh.com")
LONGEST_TEXT = 32 * 1024  # bytes; an OpenSSH signature by a large RSA key takes a few thousand

_FORMS = {  # of every text in it but the two times; what is longer or spelt otherwise is refused
    "plan_id": r"plan_[2-9a-z]{8}",
    "nonce": r"[0-9a-f]{32}",
    "plan_digest": r"[0-9a-f]{64}",
    "target": r"[0-9a-f]{64}",
    "policy_digest": r"[0-9a-f]{64}",
    "requester": r"[^\x00-\x1f\x7f-\x9f]{1,1000}",
    "approver": APPROVER_NAME,
    "key_id": r"[0-9A-Za-z:+/=_-]{1,128}",
}
_SIGNER = r"[a-z0-9]{1,32}"
_PUBLIC_KEY = r"(?:[0-9a-f]{2}){1,8192}"
_SIGNATURES = {"ed25519": r"[0-9a-f]{128}"}  # the forms of others are for their verifiers to check


class ApprovalPayload(Frozen):
    """What is signed. Every field is compared with the stored plan before anything runs."""

    v: int = 1
    plan_id: str
    nonce: str  # 128 random bits, hex
    kind: PlanKind
    plan_digest: str
    target: str  # TargetIdentity.digest
    backup_requirement: BackupRequirement
    policy_digest: str
    min_approvals: int
    requester: str
    not_before: str  # ISO, UTC
    expires_at: str
    approver: str
    key_id: str

    def signed_bytes(self) -> bytes:
        """Domain line and canonical JSON: the bytes that are signed."""
        return DOMAIN + canonical(self.model_dump(mode="json"))


def is_hardware(signer: str, public_key: str) -> bool:
    """Whether a key signs by a touch of its device only, as far as the public key tells.

    A passkey counts where its authenticator says that it cannot be backed up or synchronised
    (WebAuthn, 6.1.3: flag BE); who made it so is not attested. Of an OpenSSH key the type in its
    blob (RFC 4253, 6.6: length and name come first) decides.

    Args:
        signer: of the key.
        public_key: hex, as its signer defines it.
    """
    if signer == passkey.SIGNER:
        try:
            return passkey.Passkey.of(public_key).device_bound
        except InputError:
            return False
    blob = bytes.fromhex(public_key) if signer == "openssh" else b""
    return blob[4 : 4 + int.from_bytes(blob[:4], "big")] in _TOUCHED


class Approval(Frozen):
    """A payload with its signature and the key to check it with (pinned by digest in the target)."""

    payload: ApprovalPayload
    signer: str  # "ed25519", "openssh", "passkey"
    public_key: str  # hex
    signature: str  # as the signer writes it; of ed25519 hex

    def text(self) -> bytes:
        """The one spelling in which it travels and is stored; `approval_from_text` reads it."""
        return canonical(self.model_dump(mode="json"))


def approval_from_text(data: bytes) -> Approval:
    """Read an approval that comes from anywhere: a request, a page, the state.

    Only the one canonical spelling is read, with every field there and none beside them. Nothing
    is verified here; `executor.approving.fault` does that.

    Raises:
        ApprovalError: as for every approval that does not count; its `fault` is for the audit trail.
    """
    if len(data) > LONGEST_TEXT:
        raise refusal(f"longer than {LONGEST_TEXT} bytes")
    try:
        parse_canonical(data)
        approval = Approval.model_validate_json(data, strict=True)
    except (InputError, ValidationError) as error:
        raise refusal("not the canonical spelling of an approval") from error
    if approval.text() != data:  # a field that has a default was left out
        raise refusal("not the canonical spelling of an approval")
    if malformed := _malformed(approval):
        raise refusal(f"{malformed} is malformed")
    return approval


def refusal(fault: str) -> ApprovalError:
    """The one error that is seen from outside; why is for the audit trail alone."""
    error = ApprovalError("the approval does not allow this")
    error.fault = fault
    return error


def moment_of(text: str) -> datetime | None:
    """A time of a payload: whole seconds, UTC, in the one spelling that Python writes."""
    try:
        value = datetime.fromisoformat(text)
        zero = value.utcoffset() == timedelta(0)
        return value if zero and value.isoformat(timespec="seconds") == text else None
    except ValueError:
        return None


def _malformed(approval: Approval) -> str:
    """The field that no approval of ours could have, or an empty text."""
    payload = approval.payload
    for name, form in _FORMS.items():
        if not re.fullmatch(form, getattr(payload, name)):
            return name
    for name in ("not_before", "expires_at"):
        if moment_of(getattr(payload, name)) is None:
            return name
    if payload.v != 1:
        return "v"
    if not 1 <= payload.min_approvals <= 100:
        return "min_approvals"
    backup = payload.backup_requirement
    whole = 1 <= backup.level <= 3 and backup.max_age_seconds >= 0
    if not (whole and re.fullmatch(r"[a-z0-9._-]{1,64}", backup.target)):
        return "backup_requirement"
    if not re.fullmatch(_SIGNER, approval.signer):
        return "signer"
    if not re.fullmatch(_PUBLIC_KEY, approval.public_key):
        return "public_key"
    form = _SIGNATURES.get(approval.signer, r"[\x20-\x7e\r\n]+")
    return "" if re.fullmatch(form, approval.signature) else "signature"
