"""A signature covers every field: change any one of them and it allows nothing."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from faber_db.adapters.signers.ed25519 import KeyFolder, UnlockedKey, verify
from faber_db.executor import approving
from faber_db.model.approval import Approval, ApprovalPayload
from faber_db.model.finding import Analysis, Risk
from faber_db.model.plan import (
    BackupRequirement,
    Plan,
    PlanKind,
    PlannedMigration,
    PlanSettings,
    Requester,
)
from faber_db.model.target import Marker, TargetIdentity

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
LIFETIME = timedelta(minutes=15)

PLAN = Plan(
    id="plan_abcdefgh",
    kind=PlanKind.DEPLOY,
    database="main",
    environment="production",
    protected=True,
    engine="sqlite",
    handler="sql",
    requester=Requester(client="test", account="me"),
    created_at=NOW.isoformat(),
    expires_at=(NOW + timedelta(days=7)).isoformat(),
    target=TargetIdentity(product="sqlite", marker_id="m", parts={"inode": "1"}),
    ledger_head="1",
    subject="s",
    migrations=(
        PlannedMigration(version="2", name="2", path="2", sha256="aa", size_bytes=1, statements=1),
    ),
    analysis=Analysis(risk=Risk.LOW),
    settings=PlanSettings(lock_timeout_ms=1, statement_timeout_ms=1, lock_retries=0),
    schema_fingerprint="f",
    backup=BackupRequirement(required=True),
    policy_digest="p",
    min_approvals=1,
    rules_version="1",
    tool_version="1",
)


@pytest.fixture(scope="module")
def alice(tmp_path_factory: pytest.TempPathFactory) -> UnlockedKey:
    keys = KeyFolder(tmp_path_factory.mktemp("alice"))
    keys.create("alice", "correct horse")
    return keys.unlock("alice", "correct horse")


@pytest.fixture(scope="module")
def mallory(tmp_path_factory: pytest.TempPathFactory) -> UnlockedKey:
    keys = KeyFolder(tmp_path_factory.mktemp("mallory"))
    keys.create("alice", "mallory calls himself alice")
    return keys.unlock("alice", "mallory calls himself alice")


@pytest.fixture(scope="module")
def marker(alice: UnlockedKey) -> Marker:
    return Marker(
        target_id="m",
        environment="production",
        database="main",
        approvers=(alice.public.pinned(),),
        policy_digest="p",
        server_digest=PLAN.target.server_digest,
    )


def signed(key: UnlockedKey, payload: ApprovalPayload | None = None) -> Approval:
    payload = payload or approving.payload_for(
        PLAN, approver=key.public.approver, key_id=key.public.key_id, now=NOW, lifetime=LIFETIME
    )
    return Approval(
        payload=payload,
        signer=key.signer,
        public_key=key.public.public_key,
        signature=key.sign(payload.signed_bytes()),
    )


def fault(approval: Approval, plan: Plan, marker: Marker) -> str:
    return approving.fault(approval, plan, marker, verifiers={"ed25519": verify}, lifetime=LIFETIME)


OTHER: dict[str, Any] = {
    "v": 2,
    "plan_id": "plan_zzzzzzzz",
    "nonce": "0" * 32,
    "kind": PlanKind.RESTORE,
    "plan_digest": "0" * 64,
    "target": "0" * 64,
    "backup_requirement": BackupRequirement(required=False),
    "policy_digest": "q",
    "min_approvals": 2,
    "requester": "somebody else",
    "not_before": (NOW - timedelta(minutes=5)).isoformat(),
    "expires_at": (NOW + timedelta(minutes=10)).isoformat(),
    "approver": "bob",
    "key_id": "0" * 16,
}


def test_the_table_of_fields_is_whole() -> None:
    assert set(OTHER) == set(ApprovalPayload.model_fields)


def test_an_honest_signature_holds(alice: UnlockedKey, marker: Marker) -> None:
    assert fault(signed(alice), PLAN, marker) == ""


@pytest.mark.parametrize("field", OTHER)
def test_a_changed_field_breaks_the_signature(
    field: str, alice: UnlockedKey, marker: Marker
) -> None:
    good = signed(alice)
    bad = good.model_copy(update={"payload": good.payload.model_copy(update={field: OTHER[field]})})
    assert fault(bad, PLAN, marker) != ""


@pytest.mark.parametrize(
    "field", sorted(set(OTHER) - {"nonce", "not_before", "expires_at"}), ids=str
)
def test_a_field_that_is_signed_but_not_the_plans_is_refused(
    field: str, alice: UnlockedKey, marker: Marker
) -> None:
    payload = signed(alice).payload.model_copy(update={field: OTHER[field]})
    assert fault(signed(alice, payload), PLAN, marker) != ""


def _field_of(plan: Plan, name: str) -> Plan:
    changes: dict[str, Callable[[], Any]] = {
        "migrations": lambda: (plan.migrations[0].model_copy(update={"sha256": "bb"}),),
        "target": lambda: plan.target.model_copy(update={"marker_id": "n"}),
        "backup": lambda: BackupRequirement(required=False),
        "analysis": lambda: Analysis(risk=Risk.HIGH),
        "settings": lambda: plan.settings.model_copy(update={"lock_timeout_ms": 60_000}),
        "policy_digest": lambda: "q",
        "ledger_head": lambda: "2",
        "arguments": lambda: {"to": "1"},
        "environment": lambda: "dev",
    }
    return plan.model_copy(update={name: changes[name]()})


@pytest.mark.parametrize(
    "name",
    [
        "migrations",
        "target",
        "backup",
        "analysis",
        "settings",
        "policy_digest",
        "ledger_head",
        "arguments",
        "environment",
    ],
)
def test_a_plan_that_differs_in_anything_is_another_plan(
    name: str, alice: UnlockedKey, marker: Marker
) -> None:
    assert fault(signed(alice), _field_of(PLAN, name), marker) != ""


def test_a_key_that_is_not_pinned_verifies_nothing(mallory: UnlockedKey, marker: Marker) -> None:
    assert fault(signed(mallory), PLAN, marker) == "key is not pinned in the target"


def test_a_borrowed_key_id_does_not_help(
    mallory: UnlockedKey, alice: UnlockedKey, marker: Marker
) -> None:
    payload = approving.payload_for(
        PLAN, approver="alice", key_id=alice.public.key_id, now=NOW, lifetime=LIFETIME
    )
    assert fault(signed(mallory, payload), PLAN, marker) == "public key is not the pinned one"


def test_nobody_signs_for_longer_than_the_policy_allows(alice: UnlockedKey, marker: Marker) -> None:
    payload = signed(alice).payload.model_copy(
        update={"expires_at": (NOW + timedelta(days=365)).isoformat()}
    )
    assert fault(signed(alice, payload), PLAN, marker) == "lifetime is not allowed"


@pytest.mark.parametrize(
    ("passed", "gone"),
    [(timedelta(0), False), (LIFETIME, False), (LIFETIME + timedelta(seconds=1), True)],
    ids=str,
)
def test_it_lapses(passed: timedelta, gone: bool, alice: UnlockedKey) -> None:
    assert approving.expired(signed(alice), NOW + passed) is gone


def test_two_signatures_of_one_key_count_once(alice: UnlockedKey) -> None:
    assert not approving.enough([signed(alice), signed(alice)], 2)


def test_two_keys_of_one_person_count_once(alice: UnlockedKey, mallory: UnlockedKey) -> None:
    assert alice.public.approver == mallory.public.approver
    assert not approving.enough([signed(alice), signed(mallory)], 2)


@pytest.mark.parametrize("demanded", [1, 0, -1])
def test_nobody_is_never_enough(demanded: int, alice: UnlockedKey) -> None:
    assert not approving.enough([], demanded)
    assert approving.enough([signed(alice)], demanded)


@pytest.mark.parametrize(
    ("passed", "too_old"),
    [
        (timedelta(0), False),
        (LIFETIME + timedelta(hours=24), False),
        (LIFETIME + timedelta(hours=24, seconds=1), True),
        (-timedelta(minutes=2), True),
    ],
    ids=str,
)
def test_a_claim_does_not_keep_a_signature_alive_for_ever(
    passed: timedelta, too_old: bool, alice: UnlockedKey
) -> None:
    assert approving.unclaimable(signed(alice), NOW + passed) is too_old


def test_the_people_are_told_apart_whatever_the_case(
    alice: UnlockedKey, mallory: UnlockedKey
) -> None:
    other = signed(mallory).model_copy(
        update={"payload": signed(mallory).payload.model_copy(update={"approver": "ALICE"})}
    )
    assert not approving.enough([signed(alice), other], 2)


ASKING = {
    "named like the approver": ("alice", (), True),
    "in capitals": ("ALICE", (), True),
    "an account of the approver's": ("dev1", ("root", "Dev1"), True),
    "somebody else": ("dev2", ("dev1",), False),
    "nobody": ("", (), False),
}


@pytest.mark.parametrize(("account", "accounts", "own"), ASKING.values(), ids=ASKING)
@pytest.mark.parametrize("demanded", [1, 2])
def test_where_two_are_demanded_the_requesters_own_key_does_not_count(
    account: str, accounts: tuple[str, ...], own: bool, demanded: int, alice: UnlockedKey
) -> None:
    plan = PLAN.model_copy(
        update={"requester": Requester(client="x", account=account), "min_approvals": demanded}
    )
    marker = Marker(
        target_id="m",
        environment="production",
        database="main",
        approvers=(alice.public.pinned(accounts),),
        policy_digest="p",
        server_digest="s",
    )
    counting = approving.counting([signed(alice)], plan, marker)
    assert (counting == []) is (own and demanded > 1)


def test_a_stored_plan_is_believed_only_if_somebody_signed_its_digest(alice: UnlockedKey) -> None:
    assert approving.is_of(PLAN, [signed(alice)])
    assert not approving.is_of(PLAN.model_copy(update={"work_id": "another"}), [signed(alice)])
    assert not approving.is_of(PLAN, [])


@pytest.mark.parametrize(
    ("passed", "late"),
    [
        (timedelta(0), False),
        (LIFETIME + timedelta(seconds=60), False),
        (LIFETIME + timedelta(seconds=61), True),
        (-timedelta(seconds=61), True),
    ],
    ids=str,
)
def test_a_job_begins_within_a_minute_of_its_claim(
    passed: timedelta, late: bool, alice: UnlockedKey
) -> None:
    assert approving.begun_late(signed(alice), NOW + passed) is late
