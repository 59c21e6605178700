"""Which tier holds, and which keys sign by a touch only."""

import base64
import subprocess
from pathlib import Path

import pytest

from faber_db.model.approval import is_hardware
from faber_db.model.passkey import Passkey
from faber_db.model.target import PinnedApprover
from faber_db.model.tier import highest, tier_in_force

POINT = b"\x00\x00\x00\x20" + bytes(32)


def pinned(*, hardware: bool) -> PinnedApprover:
    return PinnedApprover(approver="ada", key_id="k", public_key_sha256="0", hardware=hardware)


SOFT, HARD = pinned(hardware=False), pinned(hardware=True)
IN_FORCE: dict[str, tuple[str, tuple[PinnedApprover, ...], int]] = {
    "nobody is pinned": ("", (), 1),
    "a passphrase": ("", (SOFT,), 1),
    "a touch": ("", (HARD, HARD), 2),
    "one of two by passphrase": ("", (HARD, SOFT), 1),
    "another account": ("account", (SOFT,), 3),
    "another host": ("host", (HARD,), 4),
    "a word that is none": ("administrator", (SOFT,), 1),
}


@pytest.mark.parametrize(("serves", "approvers", "number"), IN_FORCE.values(), ids=IN_FORCE)
def test_in_force(serves: str, approvers: tuple[PinnedApprover, ...], number: int) -> None:
    tier = tier_in_force(serves, approvers)
    assert tier.number == number <= highest(serves)
    assert tier.words
    assert tier.holes


def test_a_typed_passphrase_is_a_hole_wherever_the_executor_is() -> None:
    assert any("passphrase" in hole for hole in tier_in_force("host", (SOFT,)).holes)
    assert not any("passphrase" in hole for hole in tier_in_force("host", (HARD,)).holes)


def sk_blob(kind: bytes) -> bytes:
    """A public key of a device as PROTOCOL.u2f of OpenSSH writes it; no device has its other half."""
    curve = b"\x00\x00\x00\x08nistp256\x00\x00\x00\x41\x04" + bytes(64)
    body = POINT if b"ed25519" in kind else curve
    return len(kind).to_bytes(4, "big") + kind + body + b"\x00\x00\x00\x04ssh:"


SK = b"sk-ssh-ed25519@openssh.com"


def passkey(*, device_bound: bool) -> str:
    return Passkey(
        cose="a0", credential_id="AA", device_bound=device_bound, origin="o", rp_id="r"
    ).public_key


KINDS = {
    "ed25519 on a device": ("openssh", sk_blob(SK).hex(), True),
    "ecdsa on a device": ("openssh", sk_blob(b"sk-ecdsa-sha2-nistp256@openssh.com").hex(), True),
    "a file": ("openssh", (b"\x00\x00\x00\x0bssh-ed25519" + POINT).hex(), False),
    "another name that begins alike": ("openssh", sk_blob(SK + b"x").hex(), False),
    "the name without its length": ("openssh", SK.hex(), False),
    "nothing": ("openssh", "", False),
    "ours, whatever it spells": ("ed25519", sk_blob(SK).hex(), False),
    "a passkey of one device": ("passkey", passkey(device_bound=True), True),
    "a synchronised passkey": ("passkey", passkey(device_bound=False), False),
    "a passkey that does not say": ("passkey", "7b7d", False),
}


@pytest.mark.parametrize(("signer", "key", "expected"), KINDS.values(), ids=KINDS)
def test_is_hardware(signer: str, key: str, expected: bool) -> None:
    assert is_hardware(signer, key) is expected


def test_openssh_reads_those_blobs_the_same_way(tmp_path: Path) -> None:
    told = {SK: "(ED25519-SK)", b"ssh-ed25519": "(ED25519)"}
    for kind, words in told.items():
        blob = sk_blob(kind) if kind == SK else b"\x00\x00\x00\x0bssh-ed25519" + POINT
        file = tmp_path / "key.pub"
        file.write_bytes(kind + b" " + base64.b64encode(blob) + b"\n")
        done = subprocess.run(
            ["ssh-keygen", "-l", "-f", str(file)], capture_output=True, text=True, check=True
        )
        assert done.stdout.strip().endswith(words)
        assert is_hardware("openssh", blob.hex()) is (kind == SK)
