"""A protected database that is not there: asked for by an agent, signed, made by the executor."""

import json
import os
import secrets
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import psycopg
import pytest

from faber_db.adapters.engines.postgresql import address
from faber_db.demo.pseudo_terminal import Typed
from tests.e2e.accounts import Apart, apart, new_account
from tests.e2e.project import APPROVER, PASSPHRASE

pytestmark = pytest.mark.slow


def test_asked_signed_made_and_protected(postgresql_url: str) -> None:
    name = f"n_{secrets.token_hex(4)}"
    if folder := parse_qs(urlsplit(postgresql_url).query).get("host"):
        Path(folder[0]).chmod(0o711)  # other accounts may pass through to its socket
    url = address.url_of(address.parse(postgresql_url).to_database(name))
    with (
        new_account("exec") as executor,
        new_account("agent") as agent,
        apart(executor, agent, url) as there,
    ):
        try:
            _name_a_creator(there)
            there.start()
            _made(there, name)
        finally:
            with psycopg.connect(postgresql_url, autocommit=True) as admin:
                admin.execute(f"DROP DATABASE IF EXISTS {name}".encode())
                for role in ("migrate", "read"):
                    admin.execute(f"DROP ROLE IF EXISTS {name}_{role}".encode())


def _name_a_creator(there: Apart) -> None:
    """As the administrator: whose key it is, in a file of root's."""
    made = there.folder / "executor" / "ada.json"
    answers = [Typed("New passphrase", PASSPHRASE), Typed("Once more", PASSPHRASE)]
    done = there.own.at_terminal(
        "approvers", "key", "--as", APPROVER, "--export", str(made), answers=answers
    )
    assert done.exit_code == 0, done.screen
    key = there.folder / "ada.json"
    key.write_bytes(made.read_bytes())
    os.chown(key, 0, 0)
    key.chmod(0o644)
    there.configure(creators=[{"name": APPROVER, "key": str(key)}])


def _made(there: Apart, name: str) -> None:
    asking = there.asking
    code, answer = asking.exits("db-create", "production", "--roles", str(asking.root.parent))
    assert code == 1, answer  # the executor names the place itself
    asked = ("db-create", "production", "--roles", "executor")
    code, answer = asking.exits(*asked)
    assert (code, answer["details"]["state"]) == (4, "approval_required"), answer
    assert f'CREATE DATABASE "{name}"' in " ".join(answer["details"]["statements"])
    plan = answer["details"]["plan_id"]
    code, answer = asking.exits(*asked, "--plan", plan)
    assert code == 4, answer  # nobody has signed
    signed = there.own.sign(plan, loses=("production",))
    assert signed.exit_code == 0, signed.screen
    assert "CREATE production" in signed.screen
    code, answer = asking.exits(*asked, "--plan", plan)
    assert (code, answer["details"]["state"]) == (0, "done"), answer
    migrate, read = map(Path, answer["details"]["files"])
    for file in (migrate, read):
        assert (file.stat().st_uid, file.stat().st_mode & 0o777) == (there.executor.uid, 0o600)
        assert not there.agent.can_read(file)
        assert file.read_text("utf-8").strip() not in json.dumps(answer)
    there.stop()
    there.configure(environments={"production": {"url": f"file:{migrate}"}})
    there.own.at_terminal(
        "protect",
        "production",
        "--as",
        APPROVER,
        answers=[Typed(f"Passphrase for {APPROVER}", PASSPHRASE)],
    )
    there.start()
    code, answer = asking.exits("policy", "show", "production")
    assert answer["details"]["pinned"] is True, answer
    code, answer = asking.exits(*asked)
    assert (code, answer["details"]["state"]) == (0, "skipped"), answer
