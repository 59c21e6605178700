"""A passkey's public side and its assertions, as they are pinned, stored and sent: one spelling each."""

import base64
import binascii
from typing import Annotated, Self

from pydantic import AfterValidator, ValidationError

from faber_db.errors import InputError
from faber_db.model.canonical import canonical, parse_canonical
from faber_db.model.finding import Frozen

SIGNER = "passkey"
LONGEST = 16_384  # characters; an assertion has well under a thousand


def base64url(data: bytes) -> str:
    """Base64url without padding, as WebAuthn writes bytes."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def from_base64url(text: str) -> bytes:
    """The bytes of the one spelling that `base64url` gives them.

    Raises:
        ValueError: another alphabet, padding or spare bits.
    """
    try:
        data = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except binascii.Error as error:
        raise ValueError("not base64url") from error
    if base64url(data) != text:
        raise ValueError("not base64url in its one spelling")
    return data


def _is_base64url(text: str) -> str:
    from_base64url(text)
    return text


def _is_hex(text: str) -> str:
    if bytes.fromhex(text).hex() != text:
        raise ValueError("not hex in its one spelling")
    return text


Base64Url = Annotated[str, AfterValidator(_is_base64url)]
Hex = Annotated[str, AfterValidator(_is_hex)]


class _Canonical(Frozen):
    def spelled(self) -> bytes:
        """Canonical JSON."""
        return canonical(self.model_dump(mode="json"))

    @classmethod
    def read(cls, data: bytes) -> Self:
        """Read what `spelled` wrote.

        Raises:
            InputError: anything else, however close.
        """
        if len(data) > LONGEST:
            raise InputError("too long for a passkey")
        try:
            return cls.model_validate(parse_canonical(data), strict=True)
        except ValidationError as error:
            raise InputError("not a passkey's data") from error


class Passkey(_Canonical):
    """What is pinned of a passkey: its SHA-256 binds key, credential and the page's address."""

    cose: Hex  # the public key as the authenticator gave it
    credential_id: Base64Url
    device_bound: bool  # its authenticator says that it cannot be copied to another one
    origin: str  # "http://localhost:7475"
    rp_id: str  # "localhost"

    @property
    def public_key(self) -> str:
        """Hex, as `PublicKey.public_key` has it."""
        return self.spelled().hex()

    @classmethod
    def of(cls, public_key: str) -> "Passkey":
        """Read `public_key`.

        Raises:
            InputError: it is none of a passkey.
        """
        try:
            return cls.read(bytes.fromhex(public_key))
        except ValueError as error:
            raise InputError("not a passkey's public key") from error


class Assertion(_Canonical):
    """One signature of a passkey, whole, so that it can be verified again at any time."""

    authenticator_data: Base64Url
    client_data_json: Base64Url
    credential_id: Base64Url
    signature: Base64Url
