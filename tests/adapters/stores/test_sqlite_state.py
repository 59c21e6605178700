"""The state store: one winner, one chain, nothing of a newer version touched."""

import sqlite3
import stat
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from faber_db.adapters.stores.sqlite_state import SqliteState
from faber_db.errors import StateUnusable, UnknownHandle
from faber_db.model.finding import Analysis, Risk
from faber_db.model.job import Job, JobState
from faber_db.model.plan import (
    BackupRequirement,
    Plan,
    PlanKind,
    PlanSettings,
    PlanState,
    Requester,
)
from faber_db.model.sha256 import sha256_of
from faber_db.model.target import TargetIdentity

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def plan(plan_id: str, *, subject: str = "s", work_id: str = "") -> Plan:
    return Plan(
        id=plan_id,
        kind=PlanKind.DEPLOY,
        database="main",
        environment="production",
        protected=True,
        engine="sqlite",
        handler="sql",
        work_id=work_id,
        requester=Requester(client="test", account="me"),
        created_at=NOW.isoformat(),
        expires_at=NOW.isoformat(),
        target=TargetIdentity(product="sqlite", parts={"inode": "1"}),
        ledger_head="",
        subject=subject,
        analysis=Analysis(risk=Risk.LOW),
        settings=PlanSettings(lock_timeout_ms=1, statement_timeout_ms=1, lock_retries=0),
        schema_fingerprint="",
        backup=BackupRequirement(required=False),
        policy_digest="",
        min_approvals=1,
        rules_version="1",
        tool_version="1",
    )


@pytest.fixture
def state(tmp_path: Path) -> Iterator[SqliteState]:
    state = SqliteState(tmp_path / "state" / "state.sqlite3", lambda: NOW)
    yield state
    state.close()


def test_gives_back_the_plan_it_took(state: SqliteState) -> None:
    made = plan("plan_abc", work_id="123")
    content = b"SELECT 1"
    state.add_plan(made, {sha256_of(content): content}, PlanState.WAITING)
    assert state.plan("plan_a").plan == made
    assert state.plan("plan_abc").plan.digest == made.digest
    assert state.plan_file(sha256_of(content)) == content
    assert [s.plan.id for s in state.plans(work_id="123")] == ["plan_abc"]


def test_a_prefix_has_to_be_unique(state: SqliteState) -> None:
    state.add_plan(plan("plan_aa", subject="1"), {}, PlanState.OPEN)
    state.add_plan(plan("plan_ab", subject="2"), {}, PlanState.OPEN)
    for handle in ("plan_a", "", "plan_%", "nothing"):
        with pytest.raises(UnknownHandle):
            state.plan(handle)


def test_a_new_plan_voids_the_unfinished_ones_of_its_subject(state: SqliteState) -> None:
    state.add_plan(plan("plan_1"), {}, PlanState.SIGNED)
    state.add_plan(plan("plan_2"), {}, PlanState.WAITING)
    assert state.plan("plan_1").state is PlanState.VOID


def test_a_plan_moves_only_from_where_it_is_expected(state: SqliteState) -> None:
    state.add_plan(plan("plan_1"), {}, PlanState.WAITING)
    assert not state.move_plan("plan_1", expect=(PlanState.SIGNED,), to=PlanState.CLAIMED)
    assert state.plan("plan_1").state is PlanState.WAITING


def test_twenty_claims_have_one_winner(state: SqliteState, tmp_path: Path) -> None:
    state.add_plan(plan("plan_1"), {}, PlanState.SIGNED)
    won: list[int] = []
    gate = threading.Barrier(20)

    def claim(number: int) -> None:
        own = SqliteState(tmp_path / "state" / "state.sqlite3", lambda: NOW)
        gate.wait()
        if own.move_plan("plan_1", expect=(PlanState.SIGNED,), to=PlanState.CLAIMED):
            won.append(number)
        own.close()

    threads = [threading.Thread(target=claim, args=(n,)) for n in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(won) == 1


def test_changed_bytes_are_noticed(state: SqliteState, tmp_path: Path) -> None:
    state.add_plan(plan("plan_1"), {sha256_of(b"good"): b"good"}, PlanState.OPEN)
    with sqlite3.connect(tmp_path / "state" / "state.sqlite3") as other:
        other.execute("UPDATE files SET content = ?", (b"evil",))
    other.close()
    with pytest.raises(StateUnusable):
        state.plan_file(sha256_of(b"good"))


def test_audit_entries_are_chained(state: SqliteState) -> None:
    for number in range(3):
        state.append_audit("event", {"number": number})
    entries = state.audit()
    assert [e.seq for e in entries] == [1, 2, 3]
    assert [e.previous for e in entries] == ["", entries[0].hash, entries[1].hash]
    assert all(e.hash == e.expected_hash() for e in entries)


def test_jobs_that_still_run(state: SqliteState) -> None:
    for number, job_state in enumerate((JobState.DONE, JobState.RUNNING)):
        state.save_job(
            Job(
                id=f"job_{number}",
                kind="backup",
                database="main",
                environment="dev",
                state=job_state,
                created_at=NOW.isoformat(),
            )
        )
    assert [j.id for j in state.jobs(running=True)] == ["job_1"]
    assert len(state.jobs()) == 2


def test_only_its_owner_can_read_it(state: SqliteState, tmp_path: Path) -> None:
    state.remember("key", {"a": 1})
    assert stat.S_IMODE((tmp_path / "state").stat().st_mode) == 0o700
    assert stat.S_IMODE((tmp_path / "state" / "state.sqlite3").stat().st_mode) == 0o600


def test_a_newer_format_is_refused_untouched(tmp_path: Path) -> None:
    file = tmp_path / "state.sqlite3"
    with sqlite3.connect(file) as newer:
        newer.execute("PRAGMA user_version = 99")
    newer.close()
    state = SqliteState(file, lambda: NOW)
    with pytest.raises(StateUnusable, match="newer"):
        state.plans()
    state.close()


def test_a_folder_that_cannot_be_made_is_a_coded_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x", "utf-8")
    state = SqliteState(tmp_path / "file" / "state.sqlite3", lambda: NOW)
    with pytest.raises(StateUnusable):
        state.jobs()
