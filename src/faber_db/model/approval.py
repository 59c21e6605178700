"""A human's signature over exactly one plan."""

from faber_db.model.canonical import canonical
from faber_db.model.finding import Frozen
from faber_db.model.plan import BackupRequirement, PlanKind

DOMAIN = b"faber-db-approval-v1\n"
_TOUCHED = (b"sk-ssh-ed25519@openssh.com", b"sk-ecdsa-sha2-nistp256@openssh.com")


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

    A passkey counts: the page demands user verification. Of an OpenSSH key the type in its blob
    (RFC 4253, 6.6: length and name come first) decides.

    Args:
        signer: of the key.
        public_key: hex, as its signer defines it.
    """
    if signer == "passkey":
        return True
    blob = bytes.fromhex(public_key) if signer == "openssh" else b""
    return blob[4 : 4 + int.from_bytes(blob[:4], "big")] in _TOUCHED


class Approval(Frozen):
    """A payload with its signature and the key to check it with (pinned by digest in the target)."""

    payload: ApprovalPayload
    signer: str  # "ed25519", "openssh", "passkey"
    public_key: str  # hex
    signature: str  # as the signer writes it; of ed25519 hex
