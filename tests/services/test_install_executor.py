"""What `executor install` would do is printed, and exactly that is done, below another root."""

import os
import pwd
import shutil
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from faber_db.config.executor_file import load_executor
from faber_db.errors import ConfigExists, InputError, StateUnusable
from faber_db.services import install_executor as service
from tests.e2e.accounts import Account, new_account

ME = pwd.getpwuid(os.geteuid()).pw_name
PROGRAM = str(Path(sys.executable).with_name("faber-db"))


def request(root: Path, **changes: str) -> service.Request:
    given = {"client": ME, "program": PROGRAM, "root": str(root), "account": "fdb-not-there"}
    return service.request_of(**(given | changes))


def test_it_says_all_of_it_and_does_nothing(tmp_path: Path) -> None:
    details = service.plan(request(tmp_path)).details
    assert details.commands[0].startswith("useradd --system")
    assert [Path(w.path).name for w in details.written] == [
        "faber-db",
        "faber-db",
        "executor.json",
        "production.url",
        "faber-db-executor.service",
    ]
    assert "KillMode=process" in str(details.written[-1].content)
    assert any("userdel" in step for step in details.undo)
    assert list(tmp_path.iterdir()) == []


def test_no_file_of_somebody_is_overwritten(tmp_path: Path) -> None:
    (tmp_path / "etc/faber-db").mkdir(parents=True)
    (tmp_path / "etc/faber-db/executor.json").write_text("{}", "utf-8")
    with pytest.raises(ConfigExists):
        service.plan(request(tmp_path))


BAD = {
    "a client that is not there": {"client": "nobody-has-this"},
    "an option for a name": {"account": "--root"},
    "a path for an environment": {"environment": "../x"},
    "two words": {"account": "a b"},
    "the executor asks itself": {"account": ME},
}


@pytest.mark.parametrize("changes", BAD.values(), ids=BAD)
def test_what_cannot_be_set_up_is_refused(changes: dict[str, str], tmp_path: Path) -> None:
    with pytest.raises(InputError):
        service.plan(request(tmp_path, **changes))


def test_a_program_that_others_can_change_is_warned_of(tmp_path: Path) -> None:
    program = tmp_path / "faber-db"
    shutil.copy(sys.executable, program)
    program.chmod(0o777)
    warnings = service.plan(request(tmp_path, program=str(program))).details.warnings
    assert any("root's alone" in warning for warning in warnings)


@pytest.fixture
def account() -> Iterator[Account]:
    with new_account("install") as made:
        yield made


def test_what_was_said_is_done(account: Account, tmp_path: Path) -> None:
    planned = service.plan(request(tmp_path, account=account.name)).details
    assert planned.commands == []  # the account is there
    done = service.carry_out(planned)
    assert done.details.done
    for item in planned.written:
        found = Path(item.path).stat()
        assert stat.S_IMODE(found.st_mode) == item.mode, item.path
        assert pwd.getpwuid(found.st_uid).pw_name == item.owner
        assert item.content is None or Path(item.path).read_text("utf-8") == item.content
    settings = load_executor(tmp_path / "etc/faber-db/executor.json")
    assert settings.clients[0].account == ME
    with pytest.raises(StateUnusable):
        service.carry_out(planned)  # nothing is written twice
