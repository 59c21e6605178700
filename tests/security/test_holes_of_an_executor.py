"""An executor of another account is worth tier 3 as long as nothing goes around it from here."""

import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from faber_db.adapters.signers.ed25519 import KeyFolder
from faber_db.app import build
from faber_db.cli.machine import machine
from faber_db.model.answer import Answer
from faber_db.services import doctor, health
from faber_db.services.doctor import DoctorDetails
from tests.plain_user import NOBODY, as_plain_user, own_folder

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to have two accounts"),
]


class Apart:
    """An executor of root's, and a project of the plain account that asks it."""

    def __init__(self, closed: Path, folder: Path) -> None:
        self.closed, self.folder = closed, folder
        self.config = closed / "executor.json"
        self.socket = folder / "run" / "shop.sock"
        self.root = folder / "shop"
        self.environ = {
            "HOME": str(folder / "home"),
            "XDG_STATE_HOME": str(folder / "state"),
            "XDG_CONFIG_HOME": str(folder / "config"),
        }
        self.own = {
            "PATH": "/usr/bin:/bin",
            "HOME": str(closed),
            "FABER_DB_CONFIG": str(self.config),
            "XDG_CONFIG_HOME": str(closed / "config"),
        }
        (closed / "production.db").touch()
        self.configure({"uid": NOBODY})
        (self.root / "migrations").mkdir(parents=True)
        self.socket.parent.mkdir()
        production = {"executor": f"unix:{self.socket}", "minimum_tier": 3}
        project = {"engine": "sqlite", "handler": "sql", "environments": {"production": production}}
        (self.root / "faber-db.json").write_text(json.dumps(project))
        for path in (folder, *folder.rglob("*")):
            os.chown(path, NOBODY, NOBODY)
        os.chown(self.socket.parent, 0, 0)

    def configure(self, *clients: dict[str, object]) -> None:
        production = {"url": str(self.closed / "production.db"), "minimum_tier": 3}
        self.config.write_text(
            json.dumps(
                {
                    "engine": "sqlite",
                    "handler": "sql",
                    "state_folder": str(self.closed / "state"),
                    "listen": [f"unix:{self.socket}"],
                    "clients": clients,
                    "environments": {"production": production},
                }
            )
        )

    def protect(self) -> None:
        app = build(self.closed, self.own)
        key = KeyFolder(self.closed / "keys").create("ada", "correct horse")
        app.executor.protect(database="main", environment="production", key=key)

    @contextmanager
    def running(self) -> Iterator[None]:
        process = subprocess.Popen(
            [sys.executable, "-m", "faber_db", "executor", "run", "--config", str(self.config)],
            env=self.own,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert process.stderr is not None
        try:
            assert "listening" in process.stderr.readline()
            yield
        finally:
            process.terminate()
            process.wait()
            process.stderr.close()

    def looked_at(self) -> Answer[DoctorDetails]:
        return doctor.run(
            doctor.Request(), lambda: build(self.root, self.environ), machine(self.environ)
        )

    def from_the_agent(self) -> Answer[DoctorDetails]:
        result = self.folder / "found.json"

        def look() -> None:
            answer = self.looked_at()
            result.write_text(answer.model_dump_json())

        as_plain_user(look)
        found = Answer[DoctorDetails].model_validate_json(result.read_text())
        result.unlink()
        return found


@pytest.fixture
def apart(tmp_path: Path) -> Iterator[Apart]:
    with own_folder() as folder, own_folder() as closed:
        os.chown(closed, 0, 0)
        yield Apart(closed, folder)


def open_codes(answer: Answer[DoctorDetails]) -> set[str]:
    return {h.code for h in answer.details.holes if h.certain}


def test_it_holds_until_something_is_open(apart: Apart) -> None:
    apart.protect()
    with apart.running():
        apart.looked_at()  # imports what the plain account may not read
        closed = apart.from_the_agent()
        assert open_codes(closed) == set(), closed.details.holes
        (holds,) = closed.details.holds
        assert (holds.in_force, holds.holds, closed.errors) == (3, 3, [])

        os.chown(apart.config, NOBODY, NOBODY)
        apart.config.chmod(0o644)
        apart.closed.chmod(0o755)
        opened = apart.from_the_agent()
        assert open_codes(opened) == {"policy-writable"}
        (holds,) = opened.details.holds
        assert (holds.in_force, holds.holds) == (3, 1)
        assert [e.code for e in opened.errors] == ["policy-refused"]


def test_the_executors_own_account_lists_its_own(apart: Apart) -> None:
    answer = doctor.run(
        doctor.Request(footprint=True), lambda: build(None, apart.own), machine(apart.own)
    )
    found = {f.place: (f.what, f.exists) for f in answer.details.footprint}
    assert found["configuration"] == (str(apart.config), True)
    assert found["state and audit trail"] == (str(apart.closed / "state"), True)
    assert found["socket of the executor"] == (str(apart.socket), False)
    assert answer.details.holes == []  # it may do all of it


def test_its_own_account_has_no_folder_to_hold_the_ledger_against(apart: Apart) -> None:
    """Else every release that is carried out there would end in an unhealthy database."""
    with sqlite3.connect(apart.closed / "production.db") as db:
        db.execute("CREATE TABLE faber_db_migrations (version TEXT)")
    app = build(None, apart.own)
    database = app.database()
    found = health.look(app, database, database.environment("production"))
    assert not {"ledger", "drift"} & {check.check for check in found.checks}
    sent = replace(database, sent=())
    found = health.look(app, sent, database.environment("production"))
    assert {"ledger", "drift"} <= {check.check for check in found.checks}


def test_an_executor_of_this_very_account_is_none(apart: Apart) -> None:
    """It serves its own account and says so; `executor_account` makes the client take it."""
    apart.configure({"uid": 0}, {"uid": NOBODY})
    text = (apart.root / "faber-db.json").read_text()
    (apart.root / "faber-db.json").write_text(
        text.replace('"minimum_tier": 3', '"executor_account": "root"')
    )
    text = apart.config.read_text()
    apart.config.write_text(text.replace('"minimum_tier": 3', '"minimum_tier": 1'))
    apart.protect()
    with apart.running():
        answer = apart.looked_at()
        assert "executor-same-account" in open_codes(answer), answer.errors
        assert [(h.in_force, h.holds) for h in answer.details.holds] == [(1, 1)]
