"""Which database this really is, and what it remembers about us."""

import base64
import re

from faber_db.model.canonical import digest_of
from faber_db.model.finding import Frozen


class TargetIdentity(Frozen):
    """What tells one database from every other. Read in the session that uses it.

    `parts` identify the server and database (PostgreSQL: `system_identifier`, `database_oid`,
    `database`, `address`, `role_in_replication`; SQLite: `device`, `inode`). `bound` are settings
    that change what a statement means (`role`, `search_path`, `timezone`, `sql_mode`). `missing`
    names parts that the role could not read.
    """

    product: str
    marker_id: str = ""  # empty: no marker
    parts: dict[str, str]
    bound: dict[str, str] = {}
    missing: tuple[str, ...] = ()

    @property
    def server_digest(self) -> str:
        """Digest of the parts that a copy of the data does not carry with it."""
        return digest_of({"product": self.product, "parts": self.parts})

    @property
    def digest(self) -> str:
        """Digest of everything, marker and bound settings included."""
        return digest_of(self.model_dump(mode="json"))

    @property
    def label(self) -> str:
        """Short words for a person: `shop@db-1 (PostgreSQL)`."""
        name = self.parts.get("database") or self.parts.get("path") or "?"
        return f"{name}@{self.parts['address']}" if self.parts.get("address") else name


APPROVER_NAME = r"[a-z0-9][a-z0-9._@+-]{0,63}"


def is_approver_name(text: str) -> bool:
    return re.fullmatch(APPROVER_NAME, text) is not None


def fingerprint_of(sha256: str) -> str:
    """A digest of a public key as OpenSSH writes it: `SHA256:` and base64."""
    return f"SHA256:{base64.b64encode(bytes.fromhex(sha256)).decode().rstrip('=')}"


class PinnedApprover(Frozen):
    """An approver whose key the target itself remembers.

    `signer` says how the key signs; a signature of another kind by the same bytes is none.
    """

    approver: str
    key_id: str
    public_key_sha256: str
    signer: str = "ed25519"  # or "openssh", "passkey"
    accounts: tuple[str, ...] = ()  # what this person asks from, where not named like the approver
    public_key: str = ""  # hex; of a passkey only, since the page has to name it to the browser
    hardware: bool = False  # the key signs by a touch of its device only

    @property
    def words(self) -> str:
        """For people: `ada: passphrase key 5f3c…, SHA256:…`."""
        kind = {
            "ed25519": "passphrase key",
            "openssh": "OpenSSH key, security key" if self.hardware else "OpenSSH key",
            "passkey": "passkey of one device" if self.hardware else "synchronised passkey",
        }.get(self.signer, self.signer)
        accounts = f", asks from {', '.join(self.accounts)}" if self.accounts else ""
        print_ = fingerprint_of(self.public_key_sha256)
        return f"{self.approver}: {kind} {self.key_id}, {print_}{accounts}"


class Marker(Frozen):
    """What `faber-db protect` writes into a target. Small, and enough to notice a forgery.

    `server_digest` is the identity of the server it was written on: where it does not match, the
    database is a clone. `audit_seq` and `audit_head` anchor the audit trail.
    """

    v: int = 1
    target_id: str
    environment: str
    database: str
    approvers: tuple[PinnedApprover, ...]
    policy_digest: str
    server_digest: str
    min_approvals: int = 1  # of the pinned policy: what its next change has to have
    minimum_tier: int = 1  # the same
    audit_seq: int = 0
    audit_head: str = ""
    created_at: str = ""
