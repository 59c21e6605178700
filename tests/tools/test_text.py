"""The text part says all that the structured part says."""

from typing import Any

from faber_db.tools.text import render


def test_waiting_for_a_person() -> None:
    answer = {
        "status": "warning",
        "message": "plan_7kq2 (high, loses users.legacy_token) waits for a person",
        "details": {
            "state": "approval_required",
            "plan_id": "plan_7kq2",
            "next": {"person": "faber-db approve plan_7kq2"},
        },
        "errors": [],
        "warnings": [],
    }
    assert render(answer) == (
        "approval_required: plan_7kq2 (high, loses users.legacy_token) waits for a person\n"
        "plan_id: plan_7kq2\n"
        "Tell the user: run `faber-db approve plan_7kq2` in their own terminal.\n"
        "You cannot approve it. Nothing has run."
    )


def test_error_is_one_line() -> None:
    error = {"code": "lock-busy", "message": "held by pid 4121.", "hint": "Wait for it."}
    answer = {"status": "failure", "message": error["message"], "details": {}, "errors": [error]}
    assert render(answer) == "[lock-busy] held by pid 4121. Hint: Wait for it."


def test_values_of_all_shapes() -> None:
    details: dict[str, Any] = {
        "state": "done",
        "empty": "",
        "none": [],
        "flag": False,
        "zero": 0,
        "names": ["a", "b"],
        "map": {"pending": 1, "applied": 2},
        "sql": "ALTER TABLE t\n  ADD c int;",
        "items": [{"line": 3, "code": "x", "effect": "e" * 70, "objects": ["t", "t.c"]}],
        "next": {"tool": "status", "arguments": {"id": "job_1", "wait_seconds": 25}},
    }
    assert render({"message": "well", "details": details}) == "\n".join(
        [
            "well",
            "flag: no",
            "zero: 0",
            "names: a, b",
            "map: pending 1, applied 2",
            "sql:",
            "  ALTER TABLE t",
            "    ADD c int;",
            "items:",
            "- line 3, code x, objects t t.c",
            "  effect: " + "e" * 70,
            'Next: call status with {"id": "job_1", "wait_seconds": 25}.',
        ]
    )
