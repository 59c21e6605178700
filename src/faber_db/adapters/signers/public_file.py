"""A public key as a small file, so that one person can hand it to another: nothing in it is secret."""

import json

from faber_db.adapters.signers import ed25519, openssh
from faber_db.errors import InputError
from faber_db.model.canonical import canonical, parse_canonical
from faber_db.model.passkey import SIGNER as PASSKEY
from faber_db.model.passkey import Passkey
from faber_db.services.ports import PublicKey

_FIELDS = {"v", "approver", "signer", "public_key", "key_id"}
_ED25519_BYTES = 32


def written(key: PublicKey) -> str:
    """The file's text, one line."""
    value = {
        "v": 1,
        "approver": key.approver,
        "signer": key.signer,
        "public_key": key.public_key,
        "key_id": key.key_id,
    }
    return canonical(value).decode() + "\n"


def read(text: str, approver: str) -> PublicKey:
    """The key of such a file, or of an OpenSSH `.pub` line.

    Args:
        text: of the file.
        approver: whose key it becomes; empty takes the name in the file.

    Raises:
        InputError: it is no public key, or not of a kind that signs approvals.
    """
    if not text.lstrip().startswith("{"):
        return openssh.public_key(text, approver)
    try:
        value = parse_canonical(canonical(json.loads(text)))
    except (ValueError, RecursionError) as error:
        raise _no_key("it is not JSON") from error
    if set(value) != _FIELDS or value["v"] != 1:
        raise _no_key("its fields are others than v 1 has")
    if not all(isinstance(value[name], str) for name in _FIELDS - {"v"}):
        raise _no_key("its fields are not texts")
    _check(value["signer"], value["public_key"])
    key = PublicKey.of(approver or value["approver"], value["public_key"], value["signer"])
    if key.key_id != value["key_id"]:
        raise _no_key("its id is not that of its key")
    return key


def _check(signer: str, public_key: str) -> None:
    try:
        data = bytes.fromhex(public_key)
    except ValueError as error:
        raise _no_key("the key is not hex") from error
    match signer:
        case ed25519.SIGNER:
            sound = len(data) == _ED25519_BYTES
        case openssh.SIGNER:
            sound = openssh.is_key(data)
        case _ if signer == PASSKEY:
            sound = bool(Passkey.of(public_key))
        case _:
            sound = False
    if not sound or data.hex() != public_key:
        raise _no_key(f"its key is none of signer {signer[:32]!r}")


def _no_key(why: str) -> InputError:
    return InputError(
        f"this is no public key of an approver: {why}",
        hint="Give an OpenSSH .pub file, or what `faber-db approvers key --export FILE` wrote.",
    )
