from datetime import UTC, datetime

import pytest

from faber_db.adapters.handlers.status import KEPT, status
from faber_db.model.migration import LedgerRow, Migration, MigrationState

AT = datetime(2026, 11, 23, tzinfo=UTC)


def migration(version: str, content: bytes = b"SELECT 1;\n") -> Migration:
    return Migration(version, version, f"{version}.up.sql", content, content.decode())


A, B, C = migration("a"), migration("b"), migration("c")


def row(version: str, **changes: object) -> LedgerRow:
    values: dict[str, object] = {"sha256": A.sha256, "applied_at": AT, **changes}
    return LedgerRow(version=version, name=version, **values)  # type: ignore[arg-type]  # per case


CASES: dict[str, tuple[list[Migration], list[LedgerRow], str]] = {
    "nothing yet": ([A, B], [], "a pending, b pending"),
    "one of two": ([A, B], [row("a")], "a applied, b pending"),
    "out of order": ([A, B, C], [row("c")], "a out_of_order, b out_of_order, c applied"),
    "edited": ([A], [row("a", sha256="0" * 64)], "a edited"),
    "line ends changed": ([migration("a", b"SELECT 1;\r\n")], [row("a")], "a applied"),
    "no checksum kept": ([A], [row("a", sha256=None)], "a applied"),
    "failed": ([A, B], [row("a", finished=False, log="x")], "a failed, b pending"),
    "half applied": ([A], [row("a", finished=False, log=f"x\n{KEPT}")], "a half_applied"),
    "rolled back": ([A, B], [row("a", rolled_back=True), row("b")], "a rolled_back, b applied"),
    "missing": ([B], [row("a"), row("b")], "b applied, a missing"),
    "missing and failed": ([], [row("a", finished=False)], "a failed"),
    "settled and gone": ([], [row("a", rolled_back=True)], ""),
    "a failed one is not applied": (
        [A, B], [row("b", finished=False)], "a pending, b failed",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("history", "ledger", "expected"), CASES.values(), ids=CASES)
def test_states(history: list[Migration], ledger: list[LedgerRow], expected: str) -> None:
    found = status(history, ledger)
    assert ", ".join(f"{s.version} {s.state.value}" for s in found) == expected


def test_every_odd_state_says_what_to_do() -> None:
    found = status([A, B, C], [row("a", sha256="0" * 64), row("c", finished=False), row("d")])
    odd = [s for s in found if s.state not in (MigrationState.PENDING, MigrationState.APPLIED)]
    assert len(odd) == 3
    assert all(s.detail.endswith(".") for s in odd)
