"""Public keys as files: what is written reads back equal, and nothing else reads at all."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faber_db.adapters.signers import public_file
from faber_db.adapters.signers.own_keys import OwnKeys
from faber_db.errors import FileUnreadable, InputError, KeyUnprotected
from faber_db.services.ports import PublicKey
from tests.adapters.signers import ssh_keys

KEY = PublicKey.of("ada", "ab" * 32, "ed25519")
FILE = json.loads(public_file.written(KEY))


def test_reads_what_it_wrote() -> None:
    assert public_file.read(public_file.written(KEY), "") == KEY
    assert public_file.read(json.dumps(FILE, indent=2), "bob").approver == "bob"


def test_an_openssh_key_travels_both_ways(tmp_path: Path) -> None:
    line = ssh_keys.new_key(tmp_path / "k").read_text("utf-8")
    key = public_file.read(line, "ada")
    assert key.signer == "openssh"
    assert public_file.read(public_file.written(key), "ada") == key


WRONG = {
    "no JSON": "{",
    "another version": json.dumps(FILE | {"v": 2}),
    "a version that is a text": json.dumps(FILE | {"v": "1"}),
    "a field more": json.dumps(FILE | {"private": "x"}),
    "a field less": json.dumps({k: v for k, v in FILE.items() if k != "key_id"}),
    "another signer": json.dumps(FILE | {"signer": "openssh"}),
    "a signer that is none": json.dumps(FILE | {"signer": "none"}),
    "a passkey that is none": json.dumps(FILE | {"signer": "passkey"}),
    "another's id": json.dumps(FILE | {"key_id": "0" * 16}),
    "a short key": json.dumps(FILE | {"public_key": "ab"}),
    "upper case": json.dumps(FILE | {"public_key": "AB" * 32}),
    "no hex": json.dumps(FILE | {"public_key": "zz" * 32}),
    "a number": json.dumps(FILE | {"public_key": 5}),
    "deep": "{" + '"v":[' * 20_000,
}


@pytest.mark.parametrize("text", WRONG.values(), ids=WRONG)
def test_what_is_odd_is_refused(text: str) -> None:
    with pytest.raises(InputError):
        public_file.read(text, "ada")


@given(st.text(max_size=100) | st.text(max_size=100).map(lambda t: "{" + t))
def test_no_text_crashes_it(text: str) -> None:
    with pytest.raises(InputError):
        public_file.read(text, "ada")


def test_an_unprotected_key_is_flagged_when_it_is_read(tmp_path: Path) -> None:
    keys = OwnKeys(tmp_path / "keys", {})
    with pytest.raises(KeyUnprotected):
        keys.read(ssh_keys.new_key(tmp_path / "k", passphrase=""), "ada")
    (tmp_path / "k").unlink()  # what is not here cannot be told
    assert keys.read(tmp_path / "k.pub", "ada").signer == "openssh"
    with pytest.raises(FileUnreadable):
        keys.read(tmp_path / "gone", "ada")
