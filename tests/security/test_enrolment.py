"""Who may approve is in the target and changes by signature only, whatever an agent edits or runs."""

import json
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from faber_db.adapters.signers.ed25519 import KeyFolder
from faber_db.adapters.signers.public_file import written
from faber_db.app import build
from faber_db.demo.pseudo_terminal import Finished, Typed
from faber_db.errors import ApprovalNotSetUp, FaberDbError, InputError, PolicyRefused
from faber_db.model.approver_change import ApproverChange
from faber_db.model.plan import Requester
from faber_db.services import approve
from tests.adapters.signers import ssh_keys
from tests.e2e.project import APPROVER, PASSPHRASE, Project

OTHERS = "another passphrase"


def key_of(project: Project, name: str) -> Path:
    """A second person's key, made in their own account, and the file that they hand over."""
    folder = project.root.parent / f"account of {name}"
    key = KeyFolder(folder / "faber-db" / "keys").create(name, OTHERS)
    file = folder / "key.json"
    file.write_text(written(key), "utf-8")
    return file


def sign_as(project: Project, name: str, plan: str, *, deploy: bool = False) -> Finished:
    """Approve from the account of another approver than the first."""
    environ = project.environ | {"XDG_CONFIG_HOME": str(project.root.parent / f"account of {name}")}
    other = Project(project.root, environ, project.urls)
    answers = [
        Typed("[q] leave: ", ""),
        Typed("Type production to go on: ", "production"),
        Typed(f"Passphrase for {name}: ", OTHERS),
    ]
    if deploy:
        return other.at_terminal("approve", plan, "--deploy", answers=answers)
    return other.at_terminal("approve", plan, answers=[*answers, Typed("[q] leave it: ", "q")])


def approvers(project: Project) -> list[str]:
    found = project.json("approvers", "list", "production")["details"]["approvers"]
    return [a["approver"] for a in found]


def changed(project: Project, *words: str) -> Finished:
    """Propose a change, and have it signed by the first approver."""
    done = project.sign(project.plan(*words), loses=("production",), deploy=True)
    assert done.exit_code == 0, done.screen
    return done


def code(project: Project, *words: str) -> str:
    exit_code, answer = project.exits(*words)
    assert exit_code not in (0, 4), answer
    return str(answer["errors"][0]["code"])


@pytest.mark.slow
def test_an_approver_is_added_signs_and_is_taken_away(released: Project) -> None:
    file = key_of(released, "bob")
    plan = released.plan("approvers", "add", "production", "bob", "--key", str(file))
    assert approvers(released) == [APPROVER], "nothing changes before it is signed"
    shown = released.run("plan", "show", plan).stdout
    assert "bob: passphrase key" in shown
    assert f"then there are 2: {APPROVER}, bob" in shown
    assert "every open approval becomes void" in shown
    assert "SHA256:" in shown

    released.add_migration("20261101000000_new", "CREATE TABLE n (a integer);\n")
    open_one = released.plan("release", "production")
    assert released.sign(open_one).exit_code == 0
    done = released.sign(plan, loses=("production",), deploy=True)
    assert done.exit_code == 0, done.screen
    assert approvers(released) == [APPROVER, "bob"]
    assert code(released, "release", "production", "--plan", open_one) == "approval-stale"

    again = released.plan("approvers", "revoke", "production", APPROVER)
    signed = sign_as(released, "bob", again, deploy=True)
    assert signed.exit_code == 0, signed.screen
    assert approvers(released) == ["bob"]
    gone = released.at_terminal("approve", released.plan("release", "production"), answers=[])
    assert "[approval-key-unknown]" in gone.screen
    assert code(released, "approvers", "revoke", "production", "bob") == "policy-refused"


@pytest.mark.slow
def test_a_voided_approval_does_not_come_back_with_a_copy_of_the_state(released: Project) -> None:
    """The agent keeps the state with a signature in it, and puts its rows back afterwards."""
    released.add_migration("20261101000000_new", "CREATE TABLE n (a integer);\n")
    plan = released.plan("release", "production")
    assert released.sign(plan).exit_code == 0
    with closing(sqlite3.connect(released.state_file)) as db:
        rows = db.execute("SELECT * FROM approvals").fetchall()
    changed(released, "policy", "propose", "production")
    with closing(sqlite3.connect(released.state_file)) as db, db:
        db.execute("UPDATE plans SET state = 'signed', reason = '' WHERE id = ?", (plan,))
        assert [r for r in db.execute("SELECT * FROM approvals") if r in rows] == rows
    done = code(released, "release", "production", "--plan", plan)
    assert done in ("policy-target-changed", "approval-stale", "approval-invalid")
    assert released.columns("production", "n") == []


REFUSED: dict[str, tuple[str, str, str, type[FaberDbError]]] = {
    "the last one": ("revoke", APPROVER, "", PolicyRefused),
    "one who is none": ("revoke", "bob", "", InputError),
    "a name that is none": ("add", "../bob", "bob", InputError),
    "another's key": ("add", "bob", "own", InputError),
    "nothing new": ("add", APPROVER, "own", InputError),
}


def test_what_cannot_be_is_not_even_proposed(released: Project) -> None:
    app = build(released.root, released.environ)
    assert app.keys is not None
    (own,) = app.keys.keys()
    keys = {"own": own, "bob": app.keys.read(key_of(released, "bob"), "bob")}

    def propose(change: ApproverChange, environment: str = "production") -> None:
        approve.propose_policy(
            app, environment=environment, database="", requester=Requester(), change=change
        )

    def change_of(action: str, name: str, key: str = "", **more: Any) -> ApproverChange:
        values = {"action": action, "approver": name, **more}
        if key:
            values |= {"signer": keys[key].signer, "public_key": keys[key].public_key}
        return ApproverChange.model_validate(values)

    for action, approver, key, error in REFUSED.values():
        with pytest.raises(error):
            propose(change_of(action, approver, key))
    with pytest.raises(InputError):
        propose(change_of("add", "bob", "bob", accounts=("a b",)))
    with pytest.raises(InputError):
        propose(change_of("revoke", APPROVER, "own"))
    with pytest.raises(ApprovalNotSetUp):
        propose(change_of("add", "bob", "bob"), environment="dev")
    assert [s for s in app.state.plans() if s.plan.kind == "policy"] == []


@pytest.mark.slow
def test_approvers_and_policy_do_not_change_in_one_plan(released: Project) -> None:
    file = key_of(released, "bob")
    add = ["approvers", "add", "production", "bob", "--key", str(file)]
    released.configure("production", max_backup_age="300d")
    assert code(released, *add) == "policy-changed"
    released.configure("production", max_backup_age="24h")
    plan = released.plan(*add)
    released.configure("production", max_backup_age="300d")
    assert "ANOTHER NOW" in released.run("plan", "show", plan).stdout
    done = released.sign(plan, loses=("production",), deploy=True)
    assert done.exit_code == 5, done.screen
    assert approvers(released) == [APPROVER]


@pytest.mark.slow
def test_two_people_are_reached_and_kept(released: Project) -> None:
    bob = ["approvers", "add", "production", "bob", "--key", str(key_of(released, "bob"))]
    released.configure("production", min_approvals=2)
    assert code(released, "policy", "propose", "production") == "policy-refused"
    released.configure("production", min_approvals=1)
    changed(released, *bob)
    released.configure("production", min_approvals=2)
    plan = released.plan("policy", "propose", "production")
    first = released.at_terminal(
        "approve",
        plan,
        answers=[
            Typed("[q] leave: ", ""),
            Typed("Type production to go on: ", "production"),
            Typed(f"Passphrase for {APPROVER}: ", PASSPHRASE),
        ],
    )
    assert first.exit_code == 4, first.screen
    second = sign_as(released, "bob", plan, deploy=True)
    assert second.exit_code == 0, second.screen
    assert code(released, "approvers", "revoke", "production", "bob") == "policy-refused"


@pytest.mark.slow
def test_the_first_of_two_adds_the_second(project: Project) -> None:
    project.configure("production", min_approvals=2)
    project.protect()
    assert code(project, "release") == "policy-refused"
    project.configure("production", min_approvals=1)
    assert code(project, "policy", "propose", "production") == "policy-refused"
    project.configure("production", min_approvals=2)
    changed(project, "approvers", "add", "production", "bob", "--key", str(key_of(project, "bob")))
    assert approvers(project) == [APPROVER, "bob"]
    assert project.json("release")["details"]["state"] == "approval_required"


@pytest.mark.slow
def test_an_approver_is_added_on_postgresql(postgresql_released: Project) -> None:
    project = postgresql_released
    file = str(key_of(project, "bob"))
    changed(project, "approvers", "add", "production", "bob", "--key", file, "--account", "bobby")
    assert approvers(project) == [APPROVER, "bob"]
    plan = project.plan("approvers", "revoke", "production", APPROVER)
    signed = sign_as(project, "bob", plan, deploy=True)
    assert signed.exit_code == 0, signed.screen
    assert approvers(project) == ["bob"]


def edited_policy(**settings: object) -> Callable[[Project], dict[str, str]]:
    def edit(project: Project) -> dict[str, str]:
        project.configure("production", **settings)
        return {}

    return edit


def renamed(project: Project) -> dict[str, str]:
    file = project.root / "faber-db.json"
    whole = json.loads(file.read_text("utf-8"))
    whole["environments"]["sandbox"] = {"url": "production.db", "protected": False}
    del whole["environments"]["production"]
    file.write_text(json.dumps(whole), "utf-8")
    return {}


def second_name(project: Project) -> dict[str, str]:
    file = project.root / "faber-db.json"
    whole = json.loads(file.read_text("utf-8"))
    (project.root / "link.db").symlink_to("production.db")
    whole["environments"]["sandbox"] = {"url": "link.db", "protected": False}
    file.write_text(json.dumps(whole), "utf-8")
    return {}


def another_file(project: Project) -> dict[str, str]:
    other = project.root / "other.json"
    other.write_text(
        json.dumps(
            {
                "environments": {
                    "sandbox": {"url": str(project.root / "production.db"), "protected": False}
                }
            }
        ),
        "utf-8",
    )
    return {"FABER_DB_CONFIG": str(other)}


def own_key_in_the_folder(project: Project) -> dict[str, str]:
    """Mallory's key under the approver's name, in the approver's folder."""
    folder = Path(project.environ["XDG_CONFIG_HOME"]) / "faber-db" / "keys"
    shutil.rmtree(folder)
    KeyFolder(folder).create(APPROVER, OTHERS)
    return {}


def another_key_folder(project: Project) -> dict[str, str]:
    folder = project.root.parent / "mallory"
    KeyFolder(folder / "faber-db" / "keys").create(APPROVER, OTHERS)
    return {"XDG_CONFIG_HOME": str(folder)}


def emptied_state(project: Project) -> dict[str, str]:
    shutil.rmtree(project.root.parent / "state")
    return {}


def another_state(project: Project) -> dict[str, str]:
    return {"XDG_STATE_HOME": str(project.root.parent / "elsewhere")}


def proposed_key(project: Project) -> dict[str, str]:
    file = str(key_of(project, "mallory"))
    plan = project.plan("approvers", "add", "production", "mallory", "--key", file)
    with closing(sqlite3.connect(project.state_file)) as db, db:
        db.execute("UPDATE plans SET state = 'signed' WHERE id = ?", (plan,))
    done = project.run("release", "production", "--plan", plan)
    assert done.returncode == 5, done.stdout
    return {}


AGENTS: dict[str, Callable[[Project], dict[str, str]]] = {
    "approvers add, marked as signed": proposed_key,
    "protected: false": edited_policy(protected=False),
    "a lower tier and older backups": edited_policy(minimum_tier=1, max_backup_age="300d"),
    "another name": renamed,
    "a second name by a link": second_name,
    "another configuration": another_file,
    "its own key in the key folder": own_key_in_the_folder,
    "another key folder": another_key_folder,
    "an emptied state": emptied_state,
    "another state": another_state,
}


@pytest.mark.slow
@pytest.mark.parametrize("attack", AGENTS.values(), ids=AGENTS)
def test_an_agent_with_a_shell_gains_nothing_on_a_pinned_target(
    released: Project, attack: Callable[[Project], dict[str, str]]
) -> None:
    released.add_migration("20261101000000_new", "CREATE TABLE n (a integer);\n")
    environ = released.environ | attack(released)
    agent = Project(released.root, environ, released.urls)
    for words in (["release"], ["build", "sandbox"]):
        done = agent.run(*words, "--json")
        assert "Traceback" not in done.stderr
        answer = json.loads(done.stdout)
        assert done.returncode in (1, 2, 4, 5), answer
        plan = answer["details"].get("plan_id")
        if plan and attack in (own_key_in_the_folder, another_key_folder):
            tried = agent.at_terminal("approve", plan, answers=[])
            assert "[approval-key-unknown]" in tried.screen
    assert released.columns("production", "n") == []


@pytest.mark.slow
def test_the_way_back_from_a_lost_state(released: Project) -> None:
    released.add_migration("20261101000000_new", "CREATE TABLE n (a integer);\n")
    plan = released.plan("release", "production")
    assert released.sign(plan).exit_code == 0
    kept = released.root.parent / "kept"
    shutil.copytree(released.root.parent / "state", kept)
    emptied_state(released)
    assert code(released, "release", "production") == "approval-state-lost"
    changed(released, "policy", "propose", "production")
    assert released.json("release", "production")["details"]["state"] == "approval_required"

    emptied_state(released)  # the agent puts the older state back, with its signed plan
    shutil.copytree(kept, released.root.parent / "state")
    found = code(released, "release", "production", "--plan", plan)
    assert found in ("approval-state-lost", "policy-target-changed"), found
    assert released.columns("production", "n") == []


# --- keys that somebody hands over ------------------------------------------------------------


def confirmed(project: Project, *words: str, name: str = "production") -> Finished:
    answers = [Typed("type production to go on: ", name)]
    return project.at_terminal("protect", "production", *words, answers=answers)


@pytest.mark.slow
def test_protect_pins_a_key_that_is_handed_over(project: Project) -> None:
    public = ssh_keys.new_key(project.root.parent / "id_ed25519")
    other = confirmed(project, "--key", str(public), "--as", "ada", name="yes")
    assert other.exit_code == 130, other.screen
    done = confirmed(project, "--key", str(public), "--as", "ada")
    assert done.exit_code == 0, done.screen
    assert "SHA256:" in done.screen

    plan = project.plan("release")
    signed = project.at_terminal(
        "approve",
        plan,
        "--ssh-key",
        str(public),
        "--deploy",
        answers=[Typed("[q] leave: ", ""), Typed("Enter passphrase", PASSPHRASE)],
    )
    assert signed.exit_code == 0, signed.screen
    assert "any program" in signed.screen
    assert project.columns("production", "customers")


@pytest.mark.slow
def test_an_openssh_key_is_tried_three_times_and_revoked_by_a_list(project: Project) -> None:
    public = ssh_keys.new_key(project.root.parent / "id_ed25519")
    krl = project.root.parent / "krl"
    krl.touch()
    project.configure(approvers={"revoked_keys": f"file:{krl}"})
    assert confirmed(project, "--key", str(public), "--as", "ada").exit_code == 0
    plan = project.plan("release")
    words = ["approve", plan, "--ssh-key", str(public)]
    wrong = [Typed("Enter passphrase", "wrong")] * 3
    tried = project.at_terminal(*words, answers=[Typed("[q] leave: ", ""), *wrong])
    assert tried.exit_code == 5, tried.screen
    assert "[approval-passphrase]" in tried.screen

    right = [Typed("[q] leave: ", ""), Typed("Enter passphrase", PASSPHRASE)]
    krl.write_text(public.read_text("utf-8"), "utf-8")
    revoked = project.at_terminal(*words, answers=right)
    assert "[approval-invalid]" in revoked.screen
    krl.unlink()
    unread = project.at_terminal(*words, answers=right)
    assert "[approval-signer-unavailable]" in unread.screen
    project.configure(approvers={})
    assert code(project, "release") == "policy-changed"
    assert project.columns("production", "customers") == []


def test_protect_refuses_what_is_no_key_for_it(project: Project) -> None:
    open_key = ssh_keys.new_key(project.root.parent / "open", passphrase="")
    for words, expected in (
        (["--key", str(open_key), "--as", "ada"], "[approval-key-unprotected]"),
        (["--key", "faber-db.json"], "[input-invalid]"),
    ):
        done = project.at_terminal("protect", "production", *words, answers=[])
        assert expected in done.screen
    without = project.run("protect", "production", "--key", str(open_key))
    assert "[input-no-terminal]" in without.stderr


def test_a_key_is_made_and_handed_over(project: Project) -> None:
    file = project.root.parent / "ada.json"
    made = project.at_terminal(
        "approvers",
        "key",
        "--as",
        "ada",
        "--export",
        str(file),
        answers=[Typed("New passphrase", PASSPHRASE), Typed("Once more", PASSPHRASE)],
    )
    assert made.exit_code == 0, made.screen
    secret = Path(project.environ["XDG_CONFIG_HOME"]) / "faber-db" / "keys" / "ada.json"
    sealed = json.loads(secret.read_text("utf-8"))
    text = file.read_text("utf-8")
    assert set(json.loads(text)) == {"v", "approver", "signer", "public_key", "key_id"}
    assert not any(sealed[name] in text for name in ("sealed", "nonce"))
    again = project.run("approvers", "key", "--as", "ada", "--export", str(file))
    assert "[approval-key-exists]" in again.stderr
    without = project.run("approvers", "key", "--as", "bob")
    assert "[input-no-terminal]" in without.stderr


# --- keys that fail ----------------------------------------------------------------------------


def test_keys_that_cannot_sign_are_told_apart(released: Project) -> None:
    released.add_migration("20261101000000_new", "CREATE TABLE n (a integer);\n")
    plan = released.plan("release", "production")
    folder = Path(released.environ["XDG_CONFIG_HOME"]) / "faber-db" / "keys"
    foreign = ssh_keys.new_key(released.root.parent / "foreign")

    def says(*words: str) -> str:
        done = released.at_terminal("approve", plan, *words, answers=[])
        assert done.exit_code in (1, 5), done.screen
        return done.screen

    assert "[approval-key-unknown]" in says("--ssh-key", str(foreign))
    assert "[input-file-unreadable]" in says("--ssh-key", "gone.pub")
    assert "[input-invalid]" in says("--as", "nobody")
    own = folder / f"{APPROVER}.json"
    whole = own.read_bytes()
    own.write_bytes(whole[: len(whole) // 2])
    assert "[input-file-unreadable]" in says()
    own.write_text(json.dumps(json.loads(whole) | {"public_key": "00" * 32}), "utf-8")
    assert "[approval-key-unknown]" in says()
    own.unlink()
    assert "[approval-not-set-up]" in says()
    assert released.columns("production", "n") == []
