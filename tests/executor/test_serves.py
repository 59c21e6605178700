"""What an executor is worth to its clients: where the nearest of them is."""

import os

import pytest

from faber_db.config.executor import ClientSettings
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
