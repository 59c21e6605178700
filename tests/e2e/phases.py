"""What must hold for every engine: the same story, told on the command line."""

import shutil
from typing import Any

from tests.e2e.project import Project

CONTACT = "20261101000000_contact"
DROP = "20261102000000_drop"
LOST = ("customers.legacy_token",)
ADD_PHONE = "ALTER TABLE customers ADD COLUMN phone text;\n"
DROP_PHONE = "ALTER TABLE customers DROP COLUMN phone;\n"
DROP_TOKEN = "ALTER TABLE customers DROP COLUMN legacy_token;\n"


def five_phases(project: Project, *, health: str = "healthy", by_hand: bool = False) -> None:
    """Frame, architect, build, evaluate, release; each with its exit code, each twice.

    Args:
        project: released once.
        health: what the server is at its best; one that does not sync is `degraded`.
        by_hand: the migration is written by a person, where `architect` writes none.
    """
    code, answer = project.exits("detect", "Add a phone column to the customers table")
    assert (code, answer["details"]["verdict"]) == (0, "yes")

    code, answer = project.exits(
        "architect", "specs/123-customer-contact.md", "--work-id", "123", "--name", "contact"
    )
    if by_hand:
        assert (code, answer["errors"][0]["code"]) == (2, "not-supported"), answer
        version = CONTACT
        project.add_migration(version, ADD_PHONE, DROP_PHONE)
    else:
        assert code == 0, answer
        version = answer["details"]["migration"]["version"]

    code, answer = project.exits("build", "--dry-run")
    assert (code, answer["details"]["state"]) == (0, "planned"), answer
    assert project.columns("dev", "customers") == []

    for phase, environment in (("build", "dev"), ("evaluate", "staging")):
        code, answer = project.exits(phase, "--work-id", "123")
        assert code == 0, answer
        assert answer["details"]["applied"][-1] == version
        assert answer["details"]["health"] == health
        assert "phone" in project.columns(environment, "customers")
        code, answer = project.exits(phase, "--work-id", "123")
        assert (code, answer["details"]["state"]) == (0, "skipped"), answer

    code, answer = project.exits("release", "--dry-run", "--work-id", "123")
    assert (code, answer["details"]["state"]) == (0, "planned"), answer
    planned = answer["details"]["plan_id"]
    code, answer = project.exits("release", "--work-id", "123")
    assert (code, answer["details"]["state"]) == (4, "approval_required"), answer
    assert answer["details"]["plan_id"] == planned
    assert "phone" not in project.columns("production", "customers")

    signed = project.sign(planned, loses=_asked_for(answer))
    assert signed.exit_code == 0, signed.screen
    code, answer = project.exits("release", "--work-id", "123")
    assert code == 0, answer
    assert answer["details"]["applied"] == [version]
    assert "phone" in project.columns("production", "customers")
    backup = answer["details"]["backup_id"]
    code, answer = project.exits("release", "--work-id", "123")
    assert (code, answer["details"]["state"]) == (0, "skipped"), answer

    assert backup in [b["backup_id"] for b in listed(project)]
    code, answer = project.exits("health", "production")
    assert (code, answer["overall"]) == (0, health), answer
    code, answer = project.exits("status", "production")
    assert code == 0, answer
    assert project.run("audit", "verify").returncode == 0


def confirm_rule(project: Project) -> None:
    """A `confirm` environment applies when the call is repeated with its plan, and not before."""
    project.configure("staging", approval="confirm")
    code, answer = project.exits("evaluate")
    assert (code, answer["details"]["state"]) == (4, "confirm_required"), answer
    plan = answer["details"]["plan_id"]
    code, again = project.exits("evaluate")
    assert (code, again["details"]["state"]) == (4, "confirm_required"), again
    assert again["details"]["plan_id"] == plan
    assert project.columns("staging", "customers") == []
    code, answer = project.exits("evaluate", "--plan", plan)
    assert code == 0, answer
    assert "email" in project.columns("staging", "customers")


def autonomy(project: Project) -> None:
    """Each level decides for dev, staging and production as the design says."""
    first = [p.name.removesuffix(".up.sql") for p in project.root.glob("migrations/*.up.sql")]
    project.configure(autonomy="dry-run")
    for phase in ("build", "evaluate"):
        code, answer = project.exits(phase)
        assert (code, answer["details"]["state"]) == (0, "planned"), answer
        assert answer["details"]["pending"] == first
    assert project.columns("dev", "customers") == []
    project.configure(autonomy="assist")
    code, answer = project.exits("evaluate")
    assert (code, answer["details"]["state"]) == (4, "confirm_required"), answer
    assert project.exits("build")[1]["details"]["applied"] == first
    project.protect()
    code, answer = project.exits("release")
    assert (code, answer["details"]["state"]) == (5, "refused"), answer
    project.configure(autonomy="autonomous")
    assert project.exits("evaluate")[1]["details"]["applied"] == first
    code, answer = project.exits("release")
    assert (code, answer["details"]["state"]) == (4, "approval_required"), answer
    assert project.columns("production", "customers") == []


def work_items(project: Project) -> None:
    """A plan is found again by work item and subject, and another work item has its own."""
    project.add_migration(CONTACT, ADD_PHONE, DROP_PHONE)
    one = project.plan("release", "--work-id", "1")
    two = project.plan("release", "--work-id", "2")
    assert one != two
    answer = project.json("status", "--work-id", "2")
    assert two in str(answer["details"]["waiting"]), answer
    assert one not in str(answer["details"]["waiting"])


def roll_back(project: Project) -> None:
    """The down script runs under the same rules as a deployment, and the ledger forgets the row."""
    project.add_migration(CONTACT, ADD_PHONE, DROP_PHONE)
    project.release()
    project.write("production", "UPDATE customers SET phone = '1'")
    answer = project.json("rollback", "production")
    assert answer["details"]["state"] == "approval_required", answer
    assert answer["details"]["loses"] == ["customers.phone"]
    plan = answer["details"]["plan_id"]
    done = project.sign(plan, loses=("customers.phone",), deploy=True)
    assert done.exit_code == 0, done.screen
    assert "phone" not in project.columns("production", "customers")
    answer = project.json("status", "production")
    assert answer["details"]["migrations"][CONTACT]["state"] == "pending", answer
    project.release()
    assert "phone" in project.columns("production", "customers")


def restore(project: Project) -> None:
    """A signed restore brings the rows back; the environment stays releasable and well anchored."""
    before = project.rows("production", "SELECT * FROM customers ORDER BY id")
    project.add_migration(DROP, DROP_TOKEN, "ALTER TABLE customers ADD COLUMN legacy_token text;\n")
    project.release(loses=LOST)
    assert "legacy_token" not in project.columns("production", "customers")
    backup = listed(project)[0]["backup_id"]
    answer = project.json("restore", "production", backup)
    assert answer["details"]["state"] == "approval_required", answer
    assert answer["details"]["loses"]
    done = project.sign(answer["details"]["plan_id"], loses=("production",), deploy=True)
    assert done.exit_code == 0, done.screen
    assert project.rows("production", "SELECT * FROM customers ORDER BY id") == before
    assert project.run("audit", "verify").returncode == 0

    code, answer = project.exits("release", "production")
    assert (code, answer["details"]["state"]) == (4, "approval_required"), answer
    assert answer["details"]["pending"] == [DROP]
    done = project.sign(answer["details"]["plan_id"], loses=LOST, deploy=True)
    assert done.exit_code == 0, done.screen
    assert "legacy_token" not in project.columns("production", "customers")
    assert project.run("audit", "verify").returncode == 0


def policy_change(project: Project) -> None:
    """A changed policy stops everything until it is signed; what was open before is void."""
    project.add_migration(CONTACT, ADD_PHONE, DROP_PHONE)
    plan = project.plan("release")
    project.configure("production", max_backup_age="1h")
    code, answer = project.exits("release")
    assert (code, answer["errors"][0]["code"]) == (5, "policy-changed"), answer
    assert "policy propose" in answer["errors"][0]["hint"]
    proposed = project.plan("policy", "propose", "production")
    done = project.sign(proposed, loses=("production",), deploy=True)
    assert done.exit_code == 0, done.screen
    assert "production: the policy is pinned" in done.screen
    code, answer = project.exits("release", "--plan", plan)
    assert (code, answer["errors"][0]["code"]) == (5, "approval-stale"), answer
    assert project.plan("release") != plan
    project.release()
    assert "phone" in project.columns("production", "customers")


def state_lost(project: Project) -> None:
    """Without the state that released there before, nothing runs until a person anchors it anew."""
    project.add_migration(CONTACT, ADD_PHONE, DROP_PHONE)
    shutil.rmtree(project.root.parent / "state")
    code, answer = project.exits("release")
    assert (code, answer["errors"][0]["code"]) == (5, "approval-state-lost"), answer
    proposed = project.plan("policy", "propose", "production")
    done = project.sign(proposed, loses=("production",), deploy=True)
    assert done.exit_code == 0, done.screen
    project.release()
    assert "phone" in project.columns("production", "customers")
    assert project.run("audit", "verify").returncode == 0


def listed(project: Project) -> list[dict[str, Any]]:
    """The backups of production, newest first."""
    found: list[dict[str, Any]] = project.json("backup", "list", "production")["details"]["backups"]
    return found


def _asked_for(answer: dict[str, Any]) -> tuple[str, ...]:
    """What the approver has to type for a plan."""
    if answer["details"]["risk"] not in ("high", "critical"):
        return ()
    return tuple(answer["details"]["loses"]) or (answer["details"]["environment"],)
