"""SHA-256 in the one spelling that we compare: lower-case hex."""

import hashlib


def sha256_of(data: bytes) -> str:
    """Hex digest of some bytes."""
    return hashlib.sha256(data).hexdigest()
