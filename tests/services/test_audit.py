"""The audit trail: what was changed, removed, reordered or cut off is found."""

import json
import sqlite3
import tracemalloc
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from faber_db.adapters.engines.sqlite import Sqlite
from faber_db.adapters.handlers import handler_for
from faber_db.adapters.stores.sqlite_state import SqliteState
from faber_db.config.settings import DatabaseSettings, EnvironmentSettings, ProjectSettings
from faber_db.errors import Exit, FileUnreadable
from faber_db.model.audit import AuditEntry
from faber_db.model.target import Marker
from faber_db.services import audit
from faber_db.services.app import App, Database, Environment

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


class Trail:
    """A real state file with a few entries, and a way to tamper with it."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "state.sqlite"
        self.state = SqliteState(self.file, lambda: NOW)
        for number in range(1, 6):
            self.state.append_audit(
                "deploy.intent" if number % 2 else "deploy.done", {"plan_id": f"plan_{number}"}
            )

    def tamper(self, *statements: str) -> None:
        db = sqlite3.connect(self.file, isolation_level=None)
        for statement in statements:
            db.execute(statement)
        db.close()


@pytest.fixture
def trail(tmp_path: Path) -> Iterator[Trail]:
    made = Trail(tmp_path)
    yield made
    made.state.close()


@pytest.fixture
def app(trail: Trail, tmp_path: Path) -> App:
    return App(
        root=tmp_path,
        settings=ProjectSettings(environments={"dev": EnvironmentSettings(url="dev.db")}),
        config_path=None,
        databases={},
        state=trail.state,
        state_folder=tmp_path,
        executor=None,  # type: ignore[arg-type]  # the trail is read without one
        now=lambda: NOW,
        new_id=lambda kind: f"{kind}_1",
    )


def test_a_whole_trail(app: App) -> None:
    answer = audit.verify(app)
    assert (answer.status, answer.exit_code) == ("success", Exit.DONE)
    assert answer.details.entries == 5
    assert answer.details.broken == []


TAMPERED: dict[str, tuple[list[str], list[tuple[int, str]]]] = {
    "body changed": (
        ["""UPDATE audit SET body = '{"plan_id":"plan_9"}' WHERE seq = 3"""],
        [(3, "was changed")],
    ),
    "time changed": (["UPDATE audit SET at = '2020-01-01' WHERE seq = 1"], [(1, "was changed")]),
    "a value we never write": (
        ["""UPDATE audit SET body = '{"n":1.5}' WHERE seq = 2"""],
        [(2, "was changed")],
    ),
    "hash recomputed by a forger": (
        ["UPDATE audit SET hash = 'f00' WHERE seq = 3"],
        [(3, "was changed"), (4, "does not follow the entry before it")],
    ),
    "one removed": (["DELETE FROM audit WHERE seq = 3"], [(3, "is missing (3)")]),
    "two removed": (["DELETE FROM audit WHERE seq IN (2, 3)"], [(2, "is missing (2 to 3)")]),
    "first removed": (["DELETE FROM audit WHERE seq = 1"], [(1, "is missing (1)")]),
    "two swapped": (
        [
            "UPDATE audit SET seq = 99 WHERE seq = 2",
            "UPDATE audit SET seq = 2 WHERE seq = 3",
            "UPDATE audit SET seq = 3 WHERE seq = 99",
        ],
        [
            (2, "does not follow the entry before it"),
            (2, "was changed"),
            (3, "does not follow the entry before it"),
            (3, "was changed"),
            (4, "does not follow the entry before it"),
        ],
    ),
}


@pytest.mark.parametrize(("statements", "expected"), TAMPERED.values(), ids=TAMPERED)
def test_tampering_is_found(
    app: App, trail: Trail, statements: list[str], expected: list[tuple[int, str]]
) -> None:
    trail.tamper(*statements)
    answer = audit.verify(app)
    assert [(link.seq, link.problem) for link in answer.details.broken] == expected
    assert (answer.status, answer.exit_code) == ("failure", Exit.UNVERIFIED)
    assert [error.code for error in answer.errors] == ["state-audit-broken"]


SHOWN: dict[str, tuple[audit.ShowRequest, list[int], int]] = {
    "all": (audit.ShowRequest(), [1, 2, 3, 4, 5], 0),
    "newest two": (audit.ShowRequest(limit=2), [4, 5], 3),
    "an event": (audit.ShowRequest(event="deploy.done"), [2, 4], 0),
    "a family of events": (audit.ShowRequest(event="deploy", limit=1), [5], 4),
    "not a family": (audit.ShowRequest(event="depl"), [], 0),
    "about a plan": (audit.ShowRequest(about="plan_3"), [3], 0),
}


@pytest.mark.parametrize(("request_", "seqs", "left_out"), SHOWN.values(), ids=SHOWN)
def test_show(app: App, request_: audit.ShowRequest, seqs: list[int], left_out: int) -> None:
    details = audit.show(request_, app).details
    assert ([entry.seq for entry in details.entries], details.left_out) == (seqs, left_out)


def test_export_reads_every_page(app: App, trail: Trail, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit, "_PAGE", 2)
    assert [entry.seq for entry in audit.export(app).details.entries] == [1, 2, 3, 4, 5]


def exported(app: App, to: Path) -> list[str]:
    found = list(audit.lines(app))
    to.write_text("\n".join(found) + "\n", "utf-8")
    return found


def test_an_export_is_verified_without_the_state(app: App, tmp_path: Path) -> None:
    exported(app, tmp_path / "export")
    answer = audit.verify_file(tmp_path / "export")
    whole = audit.verify(app).details
    assert (answer.status, answer.exit_code) == ("success", Exit.DONE)
    assert (answer.details.entries, answer.details.head) == (whole.entries, whole.head)


EDITED: dict[str, tuple[Callable[[list[str]], list[str]], tuple[int, str]]] = {
    "changed": (
        lambda lines: [line.replace("plan_3", "plan_9") for line in lines],
        (3, "was changed"),
    ),
    "removed": (lambda lines: lines[:2] + lines[3:], (3, "is missing (3)")),
    "first removed": (lambda lines: lines[1:], (1, "is missing (1)")),
    "swapped": (
        lambda lines: [lines[0], lines[2], lines[1], *lines[3:]],
        (2, "is missing (2)"),
    ),
    "twice": (lambda lines: [*lines[:2], *lines[1:]], (2, "does not follow the entry before it")),
    "no JSON": (lambda lines: [*lines[:2], "{", *lines[2:]], (3, "cannot be read (line 3)")),
    "no entry": (lambda lines: [*lines[:2], "[]", *lines[2:]], (3, "cannot be read (line 3)")),
    "no text": (lambda lines: [*lines, "\x00"], (6, "cannot be read (line 6)")),
}


@pytest.mark.parametrize(("edit", "first"), EDITED.values(), ids=EDITED)
def test_an_edited_export(
    app: App, tmp_path: Path, edit: Callable[[list[str]], list[str]], first: tuple[int, str]
) -> None:
    whole = exported(app, tmp_path / "export")
    (tmp_path / "export").write_text("\n".join(edit(whole)), "utf-8")
    answer = audit.verify_file(tmp_path / "export")
    assert answer.exit_code == Exit.UNVERIFIED
    assert (answer.details.broken[0].seq, answer.details.broken[0].problem) == first


def test_an_export_cut_short_has_another_head(app: App, tmp_path: Path) -> None:
    """Offline nothing else tells; the head is what a target, or a copy elsewhere, remembers."""
    whole = exported(app, tmp_path / "export")
    (tmp_path / "export").write_text("\n".join(whole[:3]), "utf-8")
    answer = audit.verify_file(tmp_path / "export")
    assert answer.details.entries == 3
    assert answer.details.head != audit.verify(app).details.head


def test_no_export(tmp_path: Path) -> None:
    with pytest.raises(FileUnreadable):
        audit.verify_file(tmp_path / "none")


@pytest.mark.slow
def test_a_long_trail_is_never_in_memory_whole(app: App, trail: Trail, tmp_path: Path) -> None:
    """100,000 entries, written as they are, exported and verified within a few megabytes."""
    first = trail.state.audit_entry(5)
    assert first is not None
    previous = first.hash
    with trail.state._writing() as db:
        for seq in range(6, 100_001):
            entry = AuditEntry(
                seq=seq,
                at="t",
                event="e",
                body={"plan_id": f"plan_{seq}"},
                previous=previous,
                hash="",
            )
            previous = entry.expected_hash()
            db.execute(
                "INSERT INTO audit (seq, at, event, body, previous, hash) VALUES (?, ?, ?, ?, ?, ?)",
                (seq, "t", "e", json.dumps(entry.body), entry.previous, previous),
            )
    tracemalloc.start()
    try:
        with (tmp_path / "export").open("w", encoding="utf-8") as file:
            for line in audit.lines(app):
                file.write(f"{line}\n")
        found = [audit.verify(app), audit.verify_file(tmp_path / "export")]
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert [(a.status, a.details.entries) for a in found] == [("success", 100_000)] * 2
    assert most < 16 * 1024 * 1024, most


@pytest.fixture
def anchored(app: App, tmp_path: Path) -> Callable[[int, str], App]:
    """The same project with a target that remembers an entry by number and hash."""

    def make(seq: int, head: str) -> App:
        engine = Sqlite(tmp_path / "locks")
        url = str(tmp_path / "production.db")
        with engine.connect(url, create=True) as session:
            session.write_marker(
                Marker(
                    target_id="a",
                    environment="production",
                    database="main",
                    approvers=(),
                    policy_digest="",
                    server_digest="",
                    audit_seq=seq,
                    audit_head=head,
                )
            )
        production = Environment(
            name="production",
            settings=EnvironmentSettings(url=url),
            protected=True,
            why_protected="named production",
            resolve_url=lambda: url,
        )
        database = Database(
            name="main",
            settings=DatabaseSettings(),
            engine=engine,
            handler=handler_for("sql"),
            folder=tmp_path,
            environments={"production": production},
            shadow=None,  # type: ignore[arg-type]  # the trail is read without one
        )
        return replace(app, databases={"main": database})

    return make


def test_the_target_agrees(anchored: Callable[[int, str], App], trail: Trail) -> None:
    fourth = trail.state.audit_entry(4)
    assert fourth is not None
    answer = audit.verify(anchored(4, fourth.hash))
    assert answer.status == "success"
    assert [anchor.agrees for anchor in answer.details.anchors] == [True]


def test_a_trail_cut_short(anchored: Callable[[int, str], App], trail: Trail) -> None:
    app = anchored(5, "f00")
    trail.tamper("DELETE FROM audit WHERE seq > 3")
    answer = audit.verify(app)
    assert answer.exit_code == Exit.UNVERIFIED
    assert [link.seq for link in answer.details.broken] == [5]
    assert "cut short" in answer.details.broken[0].problem


def test_a_trail_written_anew(anchored: Callable[[int, str], App], trail: Trail) -> None:
    answer = audit.verify(anchored(3, "another hash"))
    assert answer.exit_code == Exit.UNVERIFIED
    assert "another one than production remembers" in answer.details.broken[0].problem


def test_a_target_out_of_reach_is_said(
    anchored: Callable[[int, str], App], trail: Trail, tmp_path: Path
) -> None:
    app = anchored(3, "f00")
    (tmp_path / "production.db").unlink()
    answer = audit.verify(app)
    assert (answer.status, answer.exit_code) == ("warning", Exit.FAILED)
    assert [anchor.agrees for anchor in answer.details.anchors] == [None]
    assert "was not compared" in answer.warnings[0].message
