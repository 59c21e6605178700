"""A software authenticator: real ES256 keys and real assertions, without a browser."""

import hashlib
import json
import secrets
from dataclasses import dataclass, field

import cbor2
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256

from faber_db.model.passkey import Assertion, Passkey, base64url
from faber_db.model.sha256 import sha256_of
from faber_db.services.ports import PublicKey

ORIGIN = "http://localhost:7475"
PRESENT, VERIFIED, ELIGIBLE = 0x01, 0x04, 0x08  # to be backed up


@dataclass
class Device:
    """One credential on one page."""

    origin: str = ORIGIN
    rp_id: str = "localhost"
    device_bound: bool = True
    credential_id: str = field(default_factory=lambda: base64url(secrets.token_bytes(16)))
    private: ec.EllipticCurvePrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1())
    )

    @property
    def passkey(self) -> Passkey:
        point = self.private.public_key().public_numbers()
        cose = {1: 2, 3: -7, -1: 1, -2: point.x.to_bytes(32), -3: point.y.to_bytes(32)}
        return Passkey(
            cose=cbor2.dumps(cose).hex(),
            credential_id=self.credential_id,
            device_bound=self.device_bound,
            origin=self.origin,
            rp_id=self.rp_id,
        )

    def public(self, approver: str) -> PublicKey:
        key = self.passkey.public_key
        return PublicKey(approver, sha256_of(bytes.fromhex(key))[:16], key, "passkey")

    def sign(
        self,
        message: bytes,
        *,
        flags: int = PRESENT | VERIFIED,
        origin: str = "",
        rp_id: str = "",
        **client: object,
    ) -> str:
        """An assertion over `message`, as the page sends it; parts of it otherwise where given."""
        data = {
            "type": "webauthn.get",
            "challenge": base64url(hashlib.sha256(message).digest()),
            "origin": origin or self.origin,
            "crossOrigin": False,
        } | client
        return (
            self.assertion(json.dumps(data).encode(), flags=flags, rp_id=rp_id).spelled().decode()
        )

    def assertion(
        self, client: bytes, *, flags: int = PRESENT | VERIFIED, rp_id: str = ""
    ) -> Assertion:
        authenticator = (
            hashlib.sha256((rp_id or self.rp_id).encode()).digest() + bytes([flags]) + bytes(4)
        )
        signature = self.private.sign(
            authenticator + hashlib.sha256(client).digest(), ec.ECDSA(SHA256())
        )
        return Assertion(
            authenticator_data=base64url(authenticator),
            client_data_json=base64url(client),
            credential_id=self.credential_id,
            signature=base64url(signature),
        )
