"""What an executor is worth to its clients: where the nearest of them is."""

import os
from pathlib import Path

import pytest

from faber_db.config.executor import ClientSettings, is_roots
from faber_db.executor.peers import serves_of

TOKEN = ClientSettings(name="laptop", token_sha256="0" * 64)
OTHER = ClientSettings(uid=os.geteuid() + 1)
OWN = ClientSettings(uid=os.geteuid())
NOBODY = ClientSettings(account="an-account-that-does-not-exist")
CASES: dict[str, tuple[list[ClientSettings], str]] = {
    "nobody": ([], "account"),
    "another account": ([OTHER], "account"),
    "other hosts": ([TOKEN, TOKEN], "host"),
    "both": ([TOKEN, OTHER], "account"),
    "an account that is not there": ([TOKEN, NOBODY], "account"),
    "its own account": ([OWN], ""),
    "its own account beside others": ([TOKEN, OTHER, OWN], ""),
}


@pytest.mark.parametrize(("clients", "serves"), CASES.values(), ids=CASES)
def test_serves(clients: list[ClientSettings], serves: str) -> None:
    assert serves_of(clients) == serves


def test_only_what_root_alone_may_write_proves_another_account(tmp_path: Path) -> None:
    """Whoever asks could set up an executor too, and name a client that never comes."""
    file = tmp_path / "executor.json"
    file.write_text("{}")
    if os.geteuid() != 0:
        assert not is_roots(file)
        return
    assert is_roots(file)
    file.chmod(0o664)
    assert not is_roots(file)
    file.chmod(0o644)
    os.chown(file, 65534, 65534)
    assert not is_roots(file)
    os.chown(file, 0, 0)
    os.chown(tmp_path, 65534, 65534)
    assert not is_roots(file)
