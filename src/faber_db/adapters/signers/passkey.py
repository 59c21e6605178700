"""Passkeys: a WebAuthn assertion whose challenge is SHA-256 of what is signed.

The whole assertion is kept and verified each time, with nothing beside it: no session, no counter.
The sign counter would tell a cloned authenticator from its original, at best and afterwards; what
keeps an assertion from being used twice is the payload's nonce, which the target remembers.
"""

import hashlib
import json

from faber_db.errors import InputError
from faber_db.model.passkey import SIGNER as SIGNER
from faber_db.model.passkey import Assertion, Passkey, from_base64url


def verify(public_key: str, message: bytes, signature: str) -> bool:
    """Whether `signature` is an assertion over `message` by `public_key`, with the user verified.

    Of a passkey that is pinned as bound to its device, also that it still says so. False for anything malformed, and where the extra `web` is not installed.
    """
    try:
        passkey = Passkey.of(public_key)
        assertion = Assertion.read(signature.encode())
    except (InputError, UnicodeEncodeError):
        return False
    if assertion.credential_id != passkey.credential_id or not _in_the_page(assertion):
        return False
    return _holds(passkey, assertion, hashlib.sha256(message).digest())


def _in_the_page(assertion: Assertion) -> bool:
    """Whether it was made in the page itself, not in a frame of somebody else's."""
    try:
        client = json.loads(from_base64url(assertion.client_data_json))
    except (ValueError, RecursionError):
        return False
    return (
        isinstance(client, dict)
        and client.get("crossOrigin", False) is False
        and "topOrigin" not in client
    )


def _holds(passkey: Passkey, assertion: Assertion, challenge: bytes) -> bool:
    try:
        from webauthn import verify_authentication_response
        from webauthn.helpers.structs import (
            AuthenticationCredential,
            AuthenticatorAssertionResponse,
            CredentialDeviceType,
        )
    except ImportError:
        return False
    credential = AuthenticationCredential(
        id=assertion.credential_id,
        raw_id=from_base64url(assertion.credential_id),
        response=AuthenticatorAssertionResponse(
            client_data_json=from_base64url(assertion.client_data_json),
            authenticator_data=from_base64url(assertion.authenticator_data),
            signature=from_base64url(assertion.signature),
        ),
    )
    try:
        verified = verify_authentication_response(
            credential=credential,
            expected_challenge=challenge,
            expected_rp_id=passkey.rp_id,
            expected_origin=passkey.origin,
            credential_public_key=bytes.fromhex(passkey.cose),
            credential_current_sign_count=0,
            require_user_verification=True,
        )
    except Exception:  # noqa: BLE001 - parsers of foreign bytes: whatever they raise, it does not hold
        return False
    one_device = verified.credential_device_type is CredentialDeviceType.SINGLE_DEVICE
    return verified.user_verified and (one_device or not passkey.device_bound)
