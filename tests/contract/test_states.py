"""One suite over both stores: one winner, one chain, nothing damaged or newer is used."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from faber_db.errors import ApprovalError, BackupMissing, InputError, StateUnusable, UnknownHandle
from faber_db.model.approval import Approval, ApprovalPayload
from faber_db.model.backup import Backup, BackupState
from faber_db.model.job import Job, JobState
from faber_db.model.plan import BackupRequirement, PlanKind, PlanState
from faber_db.model.sha256 import sha256_of
from tests.contract.state_worker import AUDITED
from tests.contract.states import NOW, Place, Store, at_once, damage, plan

PROCESSES = 20


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """Where a new store lives."""
    if request.param == "sqlite":
        return Place(str(tmp_path / "state" / "state.sqlite3"))
    return Place(request.getfixturevalue("postgresql_url"))


@pytest.fixture
def store(place: Place) -> Iterator[Store]:
    with closing(place.open()) as store:
        yield store


def a_job(number: int, state: JobState = JobState.RUNNING, plan_id: str = "") -> Job:
    return Job(
        id=f"job_{number}",
        kind="backup",
        database="main",
        environment="dev",
        state=state,
        plan_id=plan_id,
        created_at=NOW.isoformat(),
    )


def an_approval(plan_id: str, approver: str) -> Approval:
    return Approval(
        payload=ApprovalPayload(
            plan_id=plan_id,
            nonce="0" * 32,
            kind=PlanKind.DEPLOY,
            plan_digest="0" * 64,
            target="0" * 64,
            backup_requirement=BackupRequirement(required=False),
            policy_digest="0" * 64,
            min_approvals=1,
            requester="test",
            not_before=NOW.isoformat(timespec="seconds"),
            expires_at=NOW.isoformat(timespec="seconds"),
            approver=approver,
            key_id="0",
        ),
        signer="ed25519",
        public_key="00",
        signature="0" * 128,
    )


def a_backup(backup_id: str, environment: str = "production") -> Backup:
    return Backup(
        id=backup_id,
        database="main",
        environment=environment,
        state=BackupState.GOOD,
        path="a",
        created_at=NOW.isoformat(),
    )


# --- each method -------------------------------------------------------------------------------


def test_gives_back_the_plan_it_took(store: Store, place: Place) -> None:
    made = plan("plan_abc", work_id="123", arguments={"note": "caf\u00e9 \u202e"})
    content = b"SELECT \x00\xff"
    store.add_plan(made, {sha256_of(content): content}, PlanState.WAITING)
    with closing(place.open()) as later:  # a restart
        assert later.plan("plan_a").plan == made
        assert later.plan("plan_abc").plan.digest == made.digest
        assert later.plan_file(sha256_of(content)) == content


def test_the_same_file_of_two_plans(store: Store) -> None:
    content = {sha256_of(b"x"): b"x"}
    store.add_plan(plan("plan_1"), content, PlanState.OPEN)
    store.add_plan(plan("plan_2"), content, PlanState.OPEN)
    assert store.plan_file(sha256_of(b"x")) == b"x"


NARROWED: dict[str, tuple[dict[str, Any], list[str]]] = {
    "nothing": ({}, ["plan_4", "plan_3", "plan_2", "plan_1"]),
    "work item": ({"work_id": "7"}, ["plan_2"]),
    "environment": ({"environment": "staging"}, ["plan_3"]),
    "database": ({"database": "other"}, ["plan_4"]),
    "subject": ({"subject": "s1"}, ["plan_1"]),
    "state": ({"states": (PlanState.WAITING,)}, ["plan_3", "plan_1"]),
    "about": ({"about": plan("x").about}, ["plan_2", "plan_1"]),
    "since": ({"since": "2026-11-23T12:00:01+00:00"}, ["plan_4"]),
    "two": ({"database": "main", "states": (PlanState.OPEN,)}, ["plan_2"]),
}


@pytest.mark.parametrize(("wanted", "ids"), NARROWED.values(), ids=NARROWED)
def test_plans_newest_first(store: Store, wanted: dict[str, Any], ids: list[str]) -> None:
    later = "2026-11-23T12:00:02+00:00"
    store.add_plan(plan("plan_1", subject="s1"), {}, PlanState.WAITING)
    store.add_plan(plan("plan_2", work_id="7"), {}, PlanState.OPEN)
    store.add_plan(plan("plan_3", environment="staging"), {}, PlanState.WAITING)
    store.add_plan(plan("plan_4", database="other", created_at=later), {}, PlanState.OPEN)
    assert [s.plan.id for s in store.plans(**wanted)] == ids


@pytest.mark.parametrize("handle", ["plan_a", "", "plan_%", "nothing", "plan_\0", "a" * 10_000])
def test_a_prefix_has_to_be_unique(store: Store, handle: str) -> None:
    store.add_plan(plan("plan_aa"), {}, PlanState.OPEN)
    store.add_plan(plan("plan_ab"), {}, PlanState.OPEN)
    for look, error in (
        (store.plan, UnknownHandle),
        (store.job, UnknownHandle),
        (store.backup, BackupMissing),
    ):
        with pytest.raises(error):
            look(handle)


def test_an_id_that_begins_another(store: Store) -> None:
    store.add_plan(plan("plan_a"), {}, PlanState.OPEN)
    store.add_plan(plan("plan_ab"), {}, PlanState.OPEN)
    assert store.plan("plan_a").plan.id == "plan_a"


def test_a_new_plan_voids_the_unfinished_ones_of_its_subject(store: Store) -> None:
    for number, state in enumerate(PlanState):
        store.add_plan(plan(f"plan_{number}"), {}, state)
        store.move_plan(f"plan_{number}", expect=tuple(PlanState), to=state)
    damage_free = {s.plan.id: s.state for s in store.plans()}
    for number, before in enumerate(PlanState):
        store.add_plan(plan(f"plan_x{number}", subject=f"plan_{number}"), {}, PlanState.WAITING)
        after = store.plan(f"plan_{number}")
        unfinished = before in (PlanState.OPEN, PlanState.WAITING, PlanState.SIGNED)
        assert after.state is (PlanState.VOID if unfinished else damage_free[f"plan_{number}"])
        assert after.reason == (f"superseded by plan_x{number}" if unfinished else "")


def test_a_plan_moves_only_from_where_it_is_expected(store: Store) -> None:
    store.add_plan(plan("plan_1"), {}, PlanState.WAITING)
    assert not store.move_plan("plan_1", expect=(PlanState.SIGNED,), to=PlanState.CLAIMED)
    assert store.plan("plan_1").state is PlanState.WAITING
    assert store.move_plan(
        "plan_1",
        expect=(PlanState.OPEN, PlanState.WAITING),
        to=PlanState.DONE,
        reason="because",
        job_id="job_1",
        result={"applied": ["1"]},
    )
    assert store.move_plan("plan_1", expect=(PlanState.DONE,), to=PlanState.FAILED)
    found = store.plan("plan_1")
    assert (found.state, found.reason, found.job_id, found.result) == (
        PlanState.FAILED,
        "",
        "job_1",
        {"applied": ["1"]},
    )


def test_approvals_oldest_first(store: Store) -> None:
    store.add_plan(plan("plan_22222222"), {}, PlanState.WAITING)
    store.add_plan(plan("plan_33333333"), {}, PlanState.WAITING)
    for approver in ("ada", "bob"):
        store.add_approval(an_approval("plan_22222222", approver))
    assert [a.payload.approver for a in store.approvals("plan_22222222")] == ["ada", "bob"]
    assert store.approvals("plan_33333333") == []
    with pytest.raises(StateUnusable):
        store.add_approval(an_approval("plan_44444444", "ada"))


def test_jobs(store: Store) -> None:
    store.save_job(a_job(1, JobState.QUEUED, "plan_1"))
    store.save_job(a_job(2))
    store.save_job(a_job(3))
    store.save_job(a_job(3, JobState.DONE))
    assert [j.id for j in store.jobs()] == ["job_3", "job_2", "job_1"]
    assert [j.id for j in store.jobs(running=True)] == ["job_2", "job_1"]
    assert [j.id for j in store.jobs(plan_id="plan_1")] == ["job_1"]
    assert store.job("job_3").state is JobState.DONE


def test_backups(store: Store) -> None:
    store.save_backup(a_backup("backup_1"))
    store.save_backup(a_backup("backup_2", "staging"))
    assert [b.id for b in store.backups()] == ["backup_2", "backup_1"]
    assert [b.id for b in store.backups(environment="production")] == ["backup_1"]
    store.forget_backup("backup_1")
    with pytest.raises(BackupMissing):
        store.backup("backup_1")
    assert store.backup("backup_2") == a_backup("backup_2", "staging")


def test_what_is_remembered(store: Store) -> None:
    assert store.recall("key") is None
    store.remember("key", {"a": 1})
    store.remember("key", {"a": ["x", None, True]})
    assert store.recall("key") == {"a": ["x", None, True]}


def test_audit_entries_are_chained(store: Store) -> None:
    for number in range(3):
        store.append_audit("event", {"number": number})
    entries = store.audit()
    assert [e.seq for e in entries] == [1, 2, 3]
    assert [e.previous for e in entries] == ["", entries[0].hash, entries[1].hash]
    assert all(e.hash == e.expected_hash() for e in entries)
    assert [e.seq for e in store.audit(after=1, limit=1)] == [2]
    assert store.audit_entry(2) == entries[1]
    assert store.audit_entry(4) is None


def test_texts_that_a_database_cannot_hold(store: Store) -> None:
    """What anybody may send is written down all the same, without what cannot be kept."""
    hostile = "a\0b\ud800"
    seq, _ = store.append_audit("event", {"reason": hostile, "list": [hostile]})
    entry = store.audit_entry(seq)
    assert entry is not None
    assert (entry.body["reason"], entry.hash) == ("a\\u{0}b\\u{d800}", entry.expected_hash())
    store.add_plan(plan("plan_1"), {}, PlanState.WAITING)
    assert store.move_plan("plan_1", expect=tuple(PlanState), to=PlanState.REJECTED, reason=hostile)
    assert store.plan("plan_1").reason == "a\ufffdb?"
    store.remember("key", {"value": hostile})
    assert store.recall("key") == {"value": "a\ufffdb?"}
    for look in (store.plan, store.job):
        with pytest.raises(UnknownHandle):
            look(hostile)
    with pytest.raises(InputError):
        store.plans(work_id="\ud800")


# --- many processes, and an end without warning ------------------------------------------------


def test_twenty_processes_have_one_winner(store: Store, place: Place) -> None:
    store.add_plan(plan("plan_1"), {}, PlanState.SIGNED)
    won = at_once("claim", place, PROCESSES)
    assert len(won) == 1
    found = store.plan("plan_1")
    assert (found.state, found.job_id) == (PlanState.CLAIMED, f"job_{won[0]}")


@pytest.mark.slow
def test_twenty_processes_write_one_chain(store: Store, place: Place) -> None:
    store.append_audit("first", {})
    at_once("audit", place, PROCESSES)
    entries = store.audit(limit=PROCESSES * AUDITED + 2)
    assert [e.seq for e in entries] == list(range(1, PROCESSES * AUDITED + 2))
    previous = ""
    for entry in entries:
        assert (entry.previous, entry.hash) == (previous, entry.expected_hash())
        previous = entry.hash
    for number in range(PROCESSES):  # each one's own entries are in its own order
        own = [e.body["entry"] for e in entries if e.body.get("process") == number]
        assert own == list(range(AUDITED))


def test_killed_in_the_middle(store: Store, place: Place) -> None:
    """What was not committed is not there, and nobody waits for the dead."""
    store.add_plan(plan("plan_1"), {}, PlanState.SIGNED)
    done = subprocess.run(
        [sys.executable, "-m", "tests.contract.state_worker", "die", place.where, "1"],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=False,
    )
    assert "-9" in done.stderr, done.stderr
    assert store.plan("plan_1").state is PlanState.SIGNED
    assert at_once("claim", place, 2) in ([0], [1])
    with closing(place.open()) as later:
        assert later.plan("plan_1").state is PlanState.CLAIMED


# --- damage, and formats -----------------------------------------------------------------------

DAMAGED: dict[str, tuple[str, str, str, Callable[[Store], object]]] = {
    "plan: no JSON": ("plans", "body", "{", lambda s: s.plan("plan_1")),
    "plan: no object": ("plans", "body", "[]", lambda s: s.plans()),
    "plan: another environment": ("plans", "environment", "dev", lambda s: s.plan("plan_1")),
    "plan: about another thing": ("plans", "about", "f00", lambda s: s.plan("plan_1")),
    "plan: unknown state": ("plans", "state", "approved", lambda s: s.plan("plan_1")),
    "plan: result": ("plans", "result", "nonsense", lambda s: s.plan("plan_1")),
    "file: other bytes": ("files", "content", "evil", lambda s: s.plan_file(sha256_of(b"good"))),
    "approval": ("approvals", "body", "{}", lambda s: s.approvals("plan_22222222")),
    "job": ("jobs", "body", '{"id": 7}', lambda s: s.job("job_1")),
    "backup": ("backups", "body", "null", lambda s: s.backup("backup_1")),
    "memory": ("memory", "body", "7", lambda s: s.recall("key")),
    "audit": ("audit", "body", "not JSON", lambda s: s.audit()),
    "audit entry": ("audit", "body", "7", lambda s: s.audit_entry(1)),
}


@pytest.mark.parametrize(("table", "column", "value", "look"), DAMAGED.values(), ids=DAMAGED)
def test_damage_is_an_error_with_a_name(
    store: Store,
    place: Place,
    table: str,
    column: str,
    value: str,
    look: Callable[[Store], object],
) -> None:
    store.add_plan(plan("plan_1"), {sha256_of(b"good"): b"good"}, PlanState.WAITING)
    store.add_plan(plan("plan_22222222"), {}, PlanState.WAITING)
    store.add_approval(an_approval("plan_22222222", "ada"))
    store.save_job(a_job(1))
    store.save_backup(a_backup("backup_1"))
    store.remember("key", {"a": 1})
    store.append_audit("event", {})
    look(store)  # sound before
    if column == "content" and not place.is_server:
        place.execute("UPDATE files SET content = x'00'")
    else:
        damage(place, table, column, value)
    with pytest.raises((StateUnusable, ApprovalError)):
        look(store)


def test_a_newer_format_is_refused_untouched(store: Store, place: Place) -> None:
    store.add_plan(plan("plan_1"), {}, PlanState.WAITING)
    place.set_format(99)
    with closing(place.open()) as old, pytest.raises(StateUnusable, match="newer"):
        old.plans()
    place.set_format(2)
    assert store.plan("plan_1").state is PlanState.WAITING


def test_an_older_format_is_brought_up_after_a_copy(store: Store, place: Place) -> None:
    store.add_plan(plan("plan_1", work_id="7"), {sha256_of(b"x"): b"x"}, PlanState.WAITING)
    store.add_plan(plan("plan_2"), {}, PlanState.WAITING)
    store.append_audit("event", {"plan_id": "plan_1"})
    before = store.audit()
    place.execute("DROP INDEX plans_by_about")  # as format 1 was
    place.execute("ALTER TABLE plans DROP COLUMN about")
    place.execute("UPDATE plans SET body = '{' WHERE id = 'plan_2'")  # damaged long ago
    place.set_format(1)
    with closing(place.open()) as upgraded:
        assert [s.plan.id for s in upgraded.plans(about=plan("x").about)] == ["plan_1"]
        assert upgraded.plan("plan_1").plan == plan("plan_1", work_id="7")
        assert upgraded.plan_file(sha256_of(b"x")) == b"x"
        assert upgraded.audit() == before
        with pytest.raises(StateUnusable):
            upgraded.plan("plan_2")
    if place.is_server:
        copied = place.execute("SELECT id FROM faber_db_state_format_1.plans ORDER BY id")
    else:
        copied = Place(f"{place.where}.format-1").execute("SELECT id FROM plans ORDER BY id")
    assert copied == [("plan_1",), ("plan_2",)]


@pytest.mark.slow
def test_many_open_a_new_store_at_once(place: Place) -> None:
    """The first use makes it; nobody finds half of it."""
    at_once("audit", place, 8)
    with closing(place.open()) as store:
        assert len(store.audit(limit=1000)) == 8 * AUDITED


# --- no room -----------------------------------------------------------------------------------


def fill(place: Place, store: Store) -> None:
    """Let the store refuse every further byte."""
    if place.is_server:
        place.execute("ALTER TABLE audit ADD CHECK (seq < 2) NOT VALID")
    else:
        store.audit()
        connection = store._connection  # type: ignore[attr-defined]  # the limit is a session's
        connection.execute("PRAGMA max_page_count = 1")


def test_no_room_is_a_coded_error_and_keeps_what_was_there(place: Place) -> None:
    with closing(place.open()) as store:
        store.append_audit("event", {})
        fill(place, store)
        with pytest.raises(StateUnusable) as caught:
            store.append_audit("event", {str(n): "x" * 200 for n in range(1000)})
        assert caught.value.hint
        assert [e.seq for e in store.audit()] == [1]
    with closing(place.open()) as later:
        assert [e.seq for e in later.audit()] == [1]
