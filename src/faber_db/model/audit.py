"""The audit trail: every entry holds the hash of the one before it."""

from typing import Any

from faber_db.model.canonical import digest_of
from faber_db.model.finding import Frozen


class AuditEntry(Frozen):
    """One entry. No SQL literals and no secrets go into `body`."""

    seq: int  # from 1, without gaps
    at: str  # ISO, UTC
    event: str  # "deploy.intent", "deploy.done", "approval.refused"
    body: dict[str, Any]
    previous: str  # hash of the entry before, empty for the first
    hash: str

    def expected_hash(self) -> str:
        """What `hash` has to be."""
        return digest_of(
            {
                "seq": self.seq,
                "at": self.at,
                "event": self.event,
                "body": self.body,
                "previous": self.previous,
            }
        )
