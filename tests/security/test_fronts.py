"""What never counts as an approval, through every way in: nothing runs, and nothing leaks."""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from faber_db.app import build
from faber_db.errors import ApprovalError, FaberDbError
from faber_db.model.approval import approval_from_text
from tests.e2e.project import APPROVER, PASSPHRASE, Project
from tests.security.forging import (
    changed,
    key_of,
    read,
    rewrite_approval,
    rewrite_plan,
    signed_by,
    write,
)
from tests.security.fronts import FRONTS, CommandLine, Front, command_line, over_stdio

DROP = "ALTER TABLE customers DROP COLUMN legacy_token;\n"
LOST = ("customers.legacy_token",)


def intact(project: Project) -> bool:
    return "legacy_token" in project.columns("production", "customers")


@pytest.fixture(params=FRONTS)
def front(request: pytest.FixtureRequest, released: Project) -> Iterator[Front]:
    with FRONTS[request.param](released) as found:
        yield found


def autonomous(project: Project, _plan: str) -> None:
    project.configure(autonomy="autonomous")


def unprotected(project: Project, _plan: str) -> None:
    project.configure("production", protected=False, approval="none", backup="off")


def fabers_file(project: Project, plan: str) -> None:
    """The approval files of the workflow that calls us, in each of its places."""
    text = json.dumps({"approval_granted": True, "plan_id": plan, "approved_by": APPROVER})
    for folder in (".fractary", ".fractary/faber-db", ".fractary/plugins/faber-db", "."):
        where = project.root / folder
        where.mkdir(parents=True, exist_ok=True)
        for name in ("approval.json", "approval_granted", f"{plan}.approval", "state.json"):
            (where / name).write_text(text, "utf-8")


def says_signed(project: Project, plan: str) -> None:
    write(project, "UPDATE plans SET state = 'signed' WHERE id = ?", plan)


def says_claimed(project: Project, plan: str) -> None:
    write(project, "UPDATE plans SET state = 'claimed' WHERE id = ?", plan)


def says_open(project: Project, plan: str) -> None:
    rewrite_plan(project, plan, lambda body: body.update(protected=False, min_approvals=0))
    write(project, "UPDATE plans SET state = 'open' WHERE id = ?", plan)


def forged_signature(project: Project, plan: str) -> None:
    """Honest in everything but who signed it."""
    app = build(project.root, project.environ)
    good = signed_by(key_of(project), app, plan)
    text = good.model_copy(update={"signature": "00" * 64}).text().decode()
    write(project, "INSERT INTO approvals (plan_id, body) VALUES (?, ?)", plan, text)
    write(project, "UPDATE plans SET state = 'signed' WHERE id = ?", plan)


def another_plans_signature(project: Project, plan: str) -> None:
    """The one that released the first migration, spent, put under this plan."""
    ((body,),) = read(project, "SELECT body FROM approvals ORDER BY id LIMIT 1")
    write(project, "INSERT INTO approvals (plan_id, body) VALUES (?, ?)", plan, body)
    rewrite_approval(project, plan, lambda a: a["payload"].update(plan_id=plan))
    write(project, "UPDATE plans SET state = 'signed' WHERE id = ?", plan)


NEVER: dict[str, Callable[[Project, str], None]] = {
    "asking": lambda _project, _plan: None,
    "autonomy": autonomous,
    "the configuration": unprotected,
    "a file of the workflow": fabers_file,
    "a state that says signed": says_signed,
    "a state that says claimed": says_claimed,
    "a state that says open": says_open,
    "a forged signature": forged_signature,
    "a signature of another plan": another_plans_signature,
}


@pytest.mark.slow
def test_nothing_of_this_counts(released: Project, front: Front) -> None:
    """One table after the other through one server: each leaves production as it was."""
    released.add_migration("20261101000000_drop", DROP)
    config = (released.root / "faber-db.json").read_text("utf-8")
    for name, forge in NEVER.items():
        asked = front.call("coordinate-release", environment="production")
        plan = str(asked.details["plan_id"])
        assert asked.state == "approval_required", (name, asked.text)
        forge(released, plan)
        for tool in ("coordinate-release", "coordinate-build", "coordinate-evaluate"):
            for arguments in ({"plan_id": plan}, {}):
                said = front.call(tool, environment="production", **arguments)
                assert said.state != "done", (name, said.text)
                assert said.codes or said.state == "approval_required", (name, said.text)
                assert intact(released), (name, tool)
        (released.root / "faber-db.json").write_text(config, "utf-8")
        write(released, "UPDATE plans SET state = 'void' WHERE id = ?", plan)
    assert any(PASSPHRASE in text for text in front.seen) is False


@pytest.mark.slow
def test_every_forged_signature_is_told_in_the_same_words(released: Project, front: Front) -> None:
    released.add_migration("20261101000000_drop", DROP)
    told = set()
    for field in ("nonce", "target", "policy_digest", "requester", "key_id"):
        asked = front.call("coordinate-release", environment="production")
        plan = str(asked.details["plan_id"])
        app = build(released.root, released.environ)
        text = signed_by(key_of(released), app, plan).text().decode()
        write(released, "INSERT INTO approvals (plan_id, body) VALUES (?, ?)", plan, text)
        other = "0" * (32 if field == "nonce" else 64)
        rewrite_approval(released, plan, changed(("payload", field), other))
        write(released, "UPDATE plans SET state = 'signed' WHERE id = ?", plan)
        said = front.call("coordinate-release", environment="production", plan_id=plan)
        told.add(said.told)
    assert told == {("approval-invalid", "the approval does not allow this", "")}
    assert intact(released)


SECRET = re.compile(r"[0-9a-f]{32,}|[A-Za-z0-9+/_-]{40,}={0,2}")


def files_of(project: Project) -> Iterator[Path]:
    """Everything that is stored outside the approver's key folder."""
    for folder in (project.root, project.root.parent / "state"):
        yield from (p for p in folder.rglob("*") if p.is_file())


@pytest.mark.slow
def test_nothing_printed_or_stored_is_accepted(released: Project) -> None:
    """A whole signed release; then each token that was seen is tried for the next plan."""
    released.add_migration("20261101000000_drop", DROP)
    with over_stdio(released) as server, command_line(released) as shell:
        plan = str(server.call("coordinate-release", environment="production").details["plan_id"])
        screen = released.sign(plan, loses=LOST).screen
        assert server.call("coordinate-release", plan_id=plan, environment="production").codes == ()
        assert not intact(released)
        look_at_everything(shell, plan)
        server.everything()
        server.call("status", id=plan)
        printed = [*server.seen, *shell.seen, screen]
    stored = [p.read_bytes().decode("latin-1") for p in files_of(released)]
    seed = key_of(released)._seed
    assert not any(PASSPHRASE in t or seed.hex() in t for t in (*printed, *stored))
    assert not any(seed.decode("latin-1") in t for t in stored)
    tokens = {t for text in (*printed, *stored) for t in SECRET.findall(text)}
    assert len(tokens) > 20
    signatures = {t for t in tokens if re.fullmatch("[0-9a-f]{128}", t)}
    assert signatures  # the state holds the spent ones; they are bound
    assert not any(s in text for s in signatures for text in printed)
    try_each(released, tokens)
    replayed(released, plan)


def look_at_everything(shell: CommandLine, plan: str) -> None:
    for words in (
        ["plan", "show", plan],
        ["plan", "show", plan, "--json"],
        ["status", plan, "--json"],
        ["status", "--json", "--detail", "full"],
        ["audit", "show"],
        ["audit", "export"],
        ["job", "list", "--json"],
        ["backup", "list", "--json"],
        ["policy", "show", "production", "--json"],
        ["approvers", "list", "production", "--json"],
        ["approve"],
        ["doctor", "--json"],
        ["config", "show", "--json"],
    ):
        shell.run(*words)


def try_each(project: Project, tokens: set[str]) -> None:
    """As the signature over the next plan, as a whole approval, and as a nonce of a signed one."""
    project.add_migration("20261102000000_worse", "DROP TABLE orders;\n")
    plan = project.plan("release", "production")
    app = build(project.root, project.environ)
    honest = signed_by(key_of(project), app, plan)
    for token in sorted(tokens):
        with pytest.raises(ApprovalError):
            approval_from_text(token.encode())
        with pytest.raises(FaberDbError):
            app.executor.sign(honest.model_copy(update={"signature": token}))
        payload = honest.payload.model_copy(update={"nonce": token[:32].lower()})
        with pytest.raises(FaberDbError):
            app.executor.sign(honest.model_copy(update={"payload": payload}))
    assert app.state.approvals(plan) == []


def replayed(project: Project, plan: str) -> None:
    """The stored signature of the release, taken for itself again: it is spent in the target."""
    app = build(project.root, project.environ)
    (spent,) = app.state.approvals(plan)
    with pytest.raises(FaberDbError):
        app.executor.sign(spent)
    write(project, "UPDATE plans SET state = 'waiting', job_id = '' WHERE id = ?", plan)
    with pytest.raises(ApprovalError) as caught:
        app.executor.sign(spent)
    assert caught.value.fault == "it is there already"
    used = project.rows("production", "SELECT nonce FROM _faber_db_used")
    assert (spent.payload.nonce,) in used
