"""The same rules where the executor is another account's: asked over its socket, by the agent's."""

import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from faber_db.adapters.signers.ed25519 import KeyFolder, UnlockedKey
from faber_db.model.approval import Approval, ApprovalPayload
from tests.e2e.accounts import Apart
from tests.e2e.project import APPROVER, PASSPHRASE
from tests.e2e.test_executor import agent_account, executor_account, on_sqlite, release_first
from tests.security.forging import changed
from tests.security.fronts import FRONTS, Front
from tests.security.test_binding import REFUSED, approval_changes

__all__ = ["agent_account", "executor_account", "on_sqlite"]
pytestmark = pytest.mark.slow

NAME = "20261101000000_drop"
DROP = "ALTER TABLE customers DROP COLUMN legacy_token;\n"

# What an agent writes who knows our protocol: it asks the executor itself, with whatever it likes.
CLIENT = """
import json, os, sys
from pathlib import Path
from faber_db.app import build
from faber_db.errors import FaberDbError
from faber_db.model.approval import Approval

app = build(Path.cwd(), os.environ)
asked = json.load(sys.stdin)
if "key_id" in asked:
    app.executor.show(asked["plan"])
    found = app.executor.payload(asked["plan"], approver=asked["approver"], key_id=asked["key_id"])
    print(found.model_dump_json())
else:
    told = {}
    for name, body in asked["approvals"].items():
        try:
            told[name] = ["", app.executor.sign(Approval.model_validate(body)).state, ""]
        except FaberDbError as error:
            told[name] = [error.code, error.message, error.hint]
    print(json.dumps(told))
"""


def asks(there: Apart, **what: Any) -> Any:
    """Over the socket, as the agent's account."""
    agent = there.asking
    done = subprocess.run(
        [*there.agent.prefix, str(there.python), "-c", CLIENT],
        cwd=agent.root,
        env=agent.environ,
        input=json.dumps(what),
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def add_drop(there: Apart) -> None:
    there.asking.add_migration(NAME, DROP)
    for end in ("up", "down"):
        there.agent.own(there.asking.root / "migrations" / f"{NAME}.{end}.sql", 0o600)


@pytest.fixture
def waiting(on_sqlite: Apart) -> Apart:
    release_first(on_sqlite)
    add_drop(on_sqlite)
    return on_sqlite


def intact(there: Apart) -> bool:
    return "legacy_token" in there.place.columns("production", "customers")


def approvers_key(there: Apart) -> UnlockedKey:
    folder = there.folder / "executor" / "config" / "faber-db" / "keys"
    key = KeyFolder(folder).unlock(APPROVER, PASSPHRASE)
    assert isinstance(key, UnlockedKey)
    return key


def test_each_field_over_the_socket(waiting: Apart) -> None:
    there, key = waiting, approvers_key(waiting)
    plan = there.asking.plan("release", "production")
    payload = ApprovalPayload.model_validate(
        asks(there, plan=plan, approver=APPROVER, key_id=key.public.key_id)
    )
    honest = Approval(
        payload=payload,
        signer=key.signer,
        public_key=key.public.public_key,
        signature=key.sign(payload.signed_bytes()),
    )
    forged: dict[str, Any] = {}
    for name, path, value in approval_changes(json.loads(honest.text())):
        body = json.loads(honest.text())
        changed(path, value)(body)
        forged[name] = body
    assert {f"payload.{n}" for n in ApprovalPayload.model_fields} - set(forged) == {
        "payload.backup_requirement"  # each of its own fields is there
    }
    told = asks(there, approvals=forged)
    assert {tuple(t) for t in told.values()} == {REFUSED}, told
    assert there.asking.exits("release", "production", "--plan", plan)[0] == 4
    assert intact(there)
    assert asks(there, approvals={"honest": json.loads(honest.text())})["honest"][1] == "signed"
    again = asks(there, approvals={"again": json.loads(honest.text())})["again"]
    assert again[0] == "approval-stale", again


def autonomous(there: Apart, plan: str) -> None:
    there.asking.configure(autonomy="autonomous")


def says_open(there: Apart, plan: str) -> None:
    there.asking.configure("production", protected=False, approval="none", backup="off")


def fabers_file(there: Apart, plan: str) -> None:
    folder: Path = there.asking.root / ".fractary" / "faber-db"
    folder.mkdir(parents=True, exist_ok=True)
    text = json.dumps({"approval_granted": True, "plan_id": plan, "approved_by": APPROVER})
    (folder / "approval.json").write_text(text, "utf-8")


NEVER: dict[str, Callable[[Apart, str], None]] = {
    "asking": lambda _there, _plan: None,
    "autonomy": autonomous,
    "the agent's configuration": says_open,
    "a file of the workflow": fabers_file,
}


@pytest.fixture(params=FRONTS)
def front(request: pytest.FixtureRequest, waiting: Apart) -> Iterator[Front]:
    with FRONTS[request.param](waiting.asking) as found:
        yield found


def test_nothing_of_this_counts(waiting: Apart, front: Front) -> None:
    there = waiting
    config = (there.asking.root / "faber-db.json").read_text("utf-8")
    for name, forge in NEVER.items():
        plan = str(front.call("coordinate-release", environment="production").details["plan_id"])
        forge(there, plan)
        for tool in ("coordinate-release", "coordinate-build", "coordinate-evaluate"):
            said = front.call(tool, environment="production", plan_id=plan)
            assert said.state != "done", (name, said.text)
            assert intact(there), (name, tool)
        (there.asking.root / "faber-db.json").write_text(config, "utf-8")
