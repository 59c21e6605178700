"""Two people: other keys, other names, and whoever asked is not one of them."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from faber_db.adapters.signers.ed25519 import KeyFolder, UnlockedKey
from faber_db.app import build
from faber_db.errors import ApprovalError, PolicyRefused
from faber_db.executor import guard
from faber_db.model.canonical import digest_of
from faber_db.model.plan import PlanState
from faber_db.services.account import account
from tests.e2e.project import Project
from tests.security.forging import claim, key_of, signed_by, write

ADD = "20261101000000_add"
PHONE = "ALTER TABLE customers ADD COLUMN phone text;\n"
PASSPHRASE = "another passphrase"
Pinned = Sequence[tuple[UnlockedKey, tuple[str, ...]]]


@pytest.fixture(scope="module")
def others(tmp_path_factory: pytest.TempPathFactory) -> dict[str, UnlockedKey]:
    """Bob's and Cyd's keys, in accounts of their own."""
    found = {}
    for name in ("bob", "cyd"):
        folder = KeyFolder(tmp_path_factory.mktemp(name))
        folder.create(name, PASSPHRASE)
        found[name] = folder.unlock(name, PASSPHRASE)
    return found


def pin(project: Project, pinned: Pinned) -> None:
    """What a signed change of the approvers leaves in the target."""
    app = build(project.root, project.environ)
    database = app.database()
    environment = database.environment("production")
    approvers = tuple(key.public.pinned(accounts) for key, accounts in pinned)
    policy = guard.policy_for(database, environment, True, approvers)
    with database.engine.connect(environment.resolve_url()) as session:
        marker = session.read_marker()
        assert marker is not None
        changes = {
            "approvers": approvers,
            "policy_digest": digest_of(policy),
            "min_approvals": environment.settings.min_approvals,
        }
        session.write_marker(marker.model_copy(update=changes))


def sign(project: Project, plan: str, key: UnlockedKey) -> PlanState:
    app = build(project.root, project.environ)
    return app.executor.sign(signed_by(key, app, plan)).state


def test_one_person_is_not_two(released: Project, others: dict[str, UnlockedKey]) -> None:
    ada, bob = key_of(released), others["bob"]
    released.configure("production", min_approvals=2)
    pin(released, [(ada, ()), (bob, ())])
    released.add_migration(ADD, PHONE)
    plan = released.plan("release", "production")
    assert sign(released, plan, ada) is PlanState.WAITING
    assert sign(released, plan, ada) is PlanState.WAITING  # once more, with another nonce
    code, answer = released.exits("release", "production", "--plan", plan)
    assert (code, answer["details"]["state"]) == (4, "approval_required"), answer
    job = claim(released, plan)
    released.run("job", "run", job)  # whoever can write the state says that it is enough
    assert "phone" not in released.columns("production", "customers")
    again = released.plan("release", "production")
    assert sign(released, again, ada) is PlanState.WAITING
    assert sign(released, again, bob) is PlanState.SIGNED
    code, answer = released.exits("release", "production", "--plan", again)
    assert (code, answer["details"]["applied"]) == (0, [ADD]), answer


@pytest.mark.slow
@pytest.mark.parametrize("accounts", [(account(),), (account().upper(),)], ids=["", "capitals"])
def test_whoever_asked_is_not_one_of_them(
    released: Project, others: dict[str, UnlockedKey], accounts: tuple[str, ...]
) -> None:
    ada, bob, cyd = key_of(released), others["bob"], others["cyd"]
    released.configure("production", min_approvals=2)
    released.add_migration(ADD, PHONE)
    pin(released, [(ada, accounts), (bob, ())])
    code, answer = released.exits("release", "production")
    assert (code, answer["errors"][0]["code"]) == (5, "policy-refused"), answer
    assert "who asks" in answer["errors"][0]["message"]
    pin(released, [(ada, accounts), (bob, ()), (cyd, ())])
    plan = released.plan("release", "production")
    with pytest.raises(PolicyRefused, match="is not one of them"):
        sign(released, plan, ada)
    assert sign(released, plan, bob) is PlanState.WAITING
    app = build(released.root, released.environ)
    app.state.add_approval(signed_by(ada, app, plan))  # into the state, past the executor
    write(released, "UPDATE plans SET state = 'signed' WHERE id = ?", plan)
    code, answer = released.exits("release", "production", "--plan", plan)
    assert (code, answer["errors"][0]["code"]) == (5, ApprovalError.code), answer
    assert "phone" not in released.columns("production", "customers")


@pytest.mark.slow
def test_what_is_critical_and_named_by_the_policy_takes_two(
    postgresql_released: Project, others: dict[str, UnlockedKey], tmp_path: Path
) -> None:
    project = postgresql_released
    ada, bob = key_of(project), others["bob"]
    project.write("production", "CREATE SCHEMA attic; CREATE TABLE attic.box (id int)")
    project.add_migration(ADD, "DROP SCHEMA attic CASCADE;\n")
    code, answer = project.exits("release", "production")
    assert (code, answer["errors"][0]["code"]) == (5, "analysis-refused"), answer
    named = [
        {"code": f["code"], "objects": f["objects"], "reason": "moved away"}
        for f in project.json("analyze", "--environment", "production")["findings"]
    ]
    project.configure(
        "production",
        allow=named,
        schemas=["public", "attic"],
    )
    pin(project, [(ada, ())])
    code, answer = project.exits("release", "production")
    assert (code, answer["errors"][0]["code"]) == (5, "policy-refused"), answer
    assert "2 people have to sign" in answer["errors"][0]["message"]
    pin(project, [(ada, ()), (bob, ())])
    plan = project.plan("release", "production")
    assert sign(project, plan, ada) is PlanState.WAITING
    assert project.rows("production", "SELECT count(*) FROM attic.box") == [(0,)]
    assert sign(project, plan, bob) is PlanState.SIGNED
    code, answer = project.exits("release", "production", "--plan", plan)
    assert (code, answer["details"]["applied"]) == (0, [ADD]), answer
    assert project.rows("production", "SELECT to_regnamespace('attic')") == [(None,)]
    assert len(project.rows("production", "SELECT * FROM faber_db.used_approvals")) == 3
