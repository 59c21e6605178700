"""Who asks is what the system says, not what a variable does."""

import os
import pwd

import pytest

from faber_db.services.account import account


@pytest.mark.parametrize("name", ["USER", "LOGNAME", "USERNAME", "LNAME"])
def test_no_variable_changes_it(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, "somebody-else")
    assert account() == pwd.getpwuid(os.getuid()).pw_name
