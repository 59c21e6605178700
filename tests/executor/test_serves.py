"""What an executor is worth to its clients: where the nearest of them is."""

import os
from dataclasses import replace
from pathlib import Path

import pytest

from faber_db.adapters.signers import ed25519, public_file
from faber_db.app import build_executor
from faber_db.config.executor import ClientSettings, ExecutorSettings, is_roots
from faber_db.errors import ConfigError
from faber_db.executor.peers import serves_of
from faber_db.model.target import PinnedApprover

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


def test_who_may_sign_a_creation_is_in_files_of_root(tmp_path: Path) -> None:
    """A key that somebody else could put there, or lead to, is nobody's."""
    public = ed25519.KeyFolder(tmp_path / "keys").create("ada", "correct horse battery staple")
    key, link = tmp_path / "ada.json", tmp_path / "link.json"
    key.write_text(public_file.written(public))
    link.symlink_to(key)

    def creators(file: Path, client: int) -> tuple[PinnedApprover, ...]:
        settings = ExecutorSettings.model_validate(
            {
                "handler": "sql",
                "engine": "postgresql",
                "environments": {"production": {"url": "env:NONE"}},
                "clients": [{"uid": client}],
                "creators": [{"name": "bob", "key": str(file)}],
                "state_folder": str(tmp_path / "state"),
            }
        )
        config = tmp_path / "executor.json"
        config.touch()
        return build_executor(config, settings, {}).creators()

    other = os.geteuid() + 1
    assert creators(key, os.geteuid()) == ()  # it serves nobody but itself: no tier 3
    if os.geteuid() != 0:
        assert creators(key, other) == ()
        return
    assert creators(key, other) == (replace(public, approver="bob").pinned(),)
    with pytest.raises(ConfigError, match="a link or not root's alone"):
        creators(link, other)
    key.chmod(0o666)
    with pytest.raises(ConfigError, match="a link or not root's alone"):
        creators(key, other)
