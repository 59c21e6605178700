"""Making a passkey: its public key becomes a file. Nothing is stored or pinned."""

import json
import re
import secrets
from typing import Any

from starlette.responses import Response

from faber_db.errors import ApprovalStale, InputError
from faber_db.model.passkey import SIGNER, Passkey, base64url
from faber_db.model.sha256 import sha256_of
from faber_db.services.ports import PublicKey
from faber_db.web.asked import Asked, encoded, object_of

_ABOUT = "keys"
_NAME = re.compile(r"[a-z0-9][a-z0-9._@+-]{0,63}")


def form(asked: Asked) -> Response:
    """Where a name is given."""
    return asked.write("keys.html", token=asked.token(_ABOUT))


def challenge(asked: Asked) -> Response:
    """What the browser asks an authenticator for."""
    from starlette.responses import JSONResponse
    from webauthn import generate_registration_options, options_to_json
    from webauthn.helpers.structs import (
        AuthenticatorSelectionCriteria,
        ResidentKeyRequirement,
        UserVerificationRequirement,
    )

    asked.require_token(_ABOUT)
    name = _name(asked)
    asked_for = secrets.token_bytes(32)
    asked.site.challenges.put((asked.session, _ABOUT), asked_for, asked.app.now())
    options = generate_registration_options(
        rp_id=asked.site.rp_id,
        rp_name="faber-db",
        user_name=name,
        user_id=secrets.token_bytes(32),
        challenge=asked_for,
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.PREFERRED,
            user_verification=UserVerificationRequirement.REQUIRED,
        ),
    )
    return JSONResponse(json.loads(options_to_json(options)))


def registered(asked: Asked) -> Response:
    """The public key as a file to hand on."""
    asked.require_token(_ABOUT)
    name = _name(asked)
    asked_for = asked.site.challenges.take((asked.session, _ABOUT), asked.app.now())
    if not isinstance(asked_for, bytes):
        raise ApprovalStale("this passkey was asked for too long ago", hint="Make it again.")
    passkey = _passkey(asked, asked_for, object_of(asked.field("credential")))
    public = bytes.fromhex(passkey.public_key)
    key = PublicKey(name, sha256_of(public)[:16], passkey.public_key, SIGNER)
    text = json.dumps(
        {
            "v": 1,
            "approver": key.approver,
            "signer": key.signer,
            "public_key": key.public_key,
            "key_id": key.key_id,
        },
        indent=1,
    )
    return asked.write("key.html", key=key, text=text, encoded=encoded(text + "\n"))


def _passkey(asked: Asked, asked_for: bytes, given: dict[str, Any]) -> Passkey:
    """What the authenticator made, verified: this page, this challenge, the user verified."""
    from webauthn import verify_registration_response
    from webauthn.helpers.exceptions import WebAuthnException
    from webauthn.helpers.structs import CredentialDeviceType

    try:
        verified = verify_registration_response(
            credential={
                "id": given["credential_id"],
                "rawId": given["credential_id"],
                "type": "public-key",
                "response": {
                    "clientDataJSON": given["client_data_json"],
                    "attestationObject": given["attestation_object"],
                },
            },
            expected_challenge=asked_for,
            expected_rp_id=asked.site.rp_id,
            expected_origin=asked.site.origin,
            require_user_verification=True,
        )
    except (WebAuthnException, KeyError, TypeError, ValueError) as error:
        raise InputError(
            "the passkey was not made as this page asked for",
            hint="It has to verify you, by finger, face or PIN; try again, or another device.",
        ) from error
    return Passkey(
        cose=verified.credential_public_key.hex(),
        credential_id=base64url(verified.credential_id),
        device_bound=verified.credential_device_type is CredentialDeviceType.SINGLE_DEVICE,
        origin=asked.site.origin,
        rp_id=asked.site.rp_id,
    )


def _name(asked: Asked) -> str:
    name = asked.field("approver").strip()
    if not _NAME.fullmatch(name):
        raise InputError(
            f"{name[:80]!r} is no name for an approver",
            hint="Use lower-case letters, digits and . _ @ + -",
        )
    return name
