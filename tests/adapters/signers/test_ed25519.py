"""Keys: sealed with their passphrase, never overwritten, and useless when changed."""

import json
import stat
from pathlib import Path

import pytest

from faber_db.adapters.signers.ed25519 import KeyFolder, verify
from faber_db.errors import FaberDbError, InputError, KeyExists, PassphraseWrong

PASSPHRASE = "correct horse"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("keys") / "keys"


@pytest.fixture(scope="module")
def keys(folder: Path) -> KeyFolder:
    keys = KeyFolder(folder)
    keys.create("alice", PASSPHRASE)
    return keys


def other_end(signature: str) -> str:
    return signature[:-1] + ("0" if signature[-1] != "0" else "1")


def test_signs_what_its_public_key_verifies(keys: KeyFolder) -> None:
    key = keys.unlock("alice", PASSPHRASE)
    signature = key.sign(b"message")
    assert verify(key.public.public_key, b"message", signature)
    assert not verify(key.public.public_key, b"messagf", signature)
    assert not verify(key.public.public_key, b"message", other_end(signature))


@pytest.mark.parametrize("text", ["", "zz", "00", "é" * 64])
def test_verify_never_raises(keys: KeyFolder, text: str) -> None:
    assert not verify(text, b"message", text)


def test_another_passphrase_does_not_open_it(keys: KeyFolder) -> None:
    with pytest.raises(PassphraseWrong):
        keys.unlock("alice", PASSPHRASE + " ")


def test_is_never_overwritten(keys: KeyFolder) -> None:
    with pytest.raises(KeyExists):
        keys.create("alice", "another passphrase")
    keys.unlock("alice", PASSPHRASE)


def test_only_its_owner_can_read_it(keys: KeyFolder, folder: Path) -> None:
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((folder / "alice.json").stat().st_mode) == 0o600


def test_the_file_holds_neither_seed_nor_passphrase(keys: KeyFolder, folder: Path) -> None:
    text = (folder / "alice.json").read_text("utf-8")
    assert PASSPHRASE not in text
    assert keys.unlock("alice", PASSPHRASE)._seed.hex() not in text


def test_a_public_key_that_was_swapped_does_not_open(keys: KeyFolder, folder: Path) -> None:
    stored = json.loads((folder / "alice.json").read_text("utf-8"))
    stored["public_key"] = "00" * 32
    (folder / "mallory.json").write_text(json.dumps(stored), "utf-8")
    with pytest.raises(PassphraseWrong):
        keys.unlock("mallory", PASSPHRASE)
    (folder / "mallory.json").unlink()


@pytest.mark.parametrize("name", ["", "../alice", "Alice", "a/b", "-x", "a" * 65])
def test_refuses_names_that_could_be_paths(keys: KeyFolder, name: str) -> None:
    with pytest.raises(InputError):
        keys.create(name, PASSPHRASE)


def test_refuses_a_short_passphrase(keys: KeyFolder) -> None:
    with pytest.raises(InputError):
        keys.create("bob", "short")


def test_says_which_file_is_damaged(folder: Path, keys: KeyFolder) -> None:
    (folder / "broken.json").write_text("{", "utf-8")
    with pytest.raises(FaberDbError, match="broken"):
        keys.unlock("broken", PASSPHRASE)
    (folder / "broken.json").unlink()
