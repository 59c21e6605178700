"""Private keys of approvers that this account can read, and what it needs to sign with them."""

import base64
import binascii
import json
from collections.abc import Iterator, Sequence
from pathlib import Path

from faber_db.model.sha256 import sha256_of
from faber_db.model.target import PinnedApprover
from faber_db.services.holes import Hole
from faber_db.services.machine import Machine, lines_of

_MAGIC = b"openssh-key-v1\0"
_BEGIN = "-----BEGIN OPENSSH PRIVATE KEY-----"
_FILES = 200


def of_approvers(
    environment: str, approvers: Sequence[PinnedApprover], machine: Machine
) -> Iterator[Hole]:
    """Holes by the keys that a target has pinned. A key on a device stays there: none."""
    soft = {a.public_key_sha256: a for a in approvers if not a.hardware}
    yield from _of_folder(environment, soft, machine)
    yield from _of_ssh(environment, soft, machine)
    for blob in machine.agent_keys() if soft else ():
        if approver := soft.get(sha256_of(blob)):
            yield Hole(
                code="key-in-ssh-agent",
                environment=environment,
                certain=False,
                text=f"the SSH agent of this session signs as {approver.approver}",
                hint="Take it out (`ssh-add -d`), or add it with `ssh-add -c`, which asks each time.",
            )


def _of_folder(
    environment: str, soft: dict[str, PinnedApprover], machine: Machine
) -> Iterator[Hole]:
    """Our own key files; they are always encrypted, and only as safe as where they are opened."""
    for file in _files(machine.keys_folder, "*.json"):
        try:
            stored = json.loads("\n".join(line for _, line in lines_of(file, machine)))
            public = bytes.fromhex(stored["public_key"])
        except (ValueError, KeyError, TypeError):
            continue  # no key of ours, or not to be read
        if approver := soft.get(sha256_of(public)):
            yield Hole(
                code="key-in-this-account",
                environment=environment,
                text=f"{file} of {approver.approver} lies here; a passphrase typed in this account"
                " can be read by its programs",
                hint="Sign from another account or device, or with a hardware key or passkey.",
            )


def _of_ssh(environment: str, soft: dict[str, PinnedApprover], machine: Machine) -> Iterator[Hole]:
    for file in _files(machine.home / ".ssh", "*"):
        found = openssh_key("\n".join(line for _, line in lines_of(file, machine)))
        if found is None:
            continue
        blob, encrypted = found
        approver = soft.get(sha256_of(blob))
        if approver is None:
            continue
        yield Hole(
            code="key-in-this-account" if encrypted else "key-without-passphrase",
            environment=environment,
            text=f"{file} of {approver.approver} "
            + ("lies here" if encrypted else "has no passphrase: whoever reads it signs"),
            hint="Sign from another account or device, or with a hardware key or passkey."
            if encrypted
            else f"Give it one: `ssh-keygen -p -f {file}`; then have another key pinned, since"
            " this one may have been copied.",
        )


def _files(folder: Path, pattern: str) -> list[Path]:
    try:
        return [f for f in sorted(folder.glob(pattern)) if f.is_file()][:_FILES]
    except OSError:
        return []


def openssh_key(text: str) -> tuple[bytes, bool] | None:
    """Public key blob of a private key in OpenSSH's own format, and whether it is encrypted.

    The public half stands in the clear (PROTOCOL.key of OpenSSH): magic, cipher, KDF and its
    options, the number of keys, the first public key. None for any other file.
    """
    if not text.lstrip().startswith(_BEGIN):
        return None
    body = text.split(_BEGIN, 1)[1].partition("-----END")[0]
    try:
        data = base64.b64decode("".join(body.split()), validate=True)
        if not data.startswith(_MAGIC):
            return None
        cipher, rest = _string(data[len(_MAGIC) :])
        _, rest = _string(rest)
        _, rest = _string(rest)
        blob, _ = _string(rest[4:])
    except (binascii.Error, ValueError):
        return None
    return blob, cipher != b"none"


def _string(data: bytes) -> tuple[bytes, bytes]:
    size = int.from_bytes(data[:4], "big")
    if len(data) < 4 + size:
        raise ValueError("cut short")
    return data[4 : 4 + size], data[4 + size :]
