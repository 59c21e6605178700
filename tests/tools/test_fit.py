"""Answers fit, say what was cut, and are never cut when they fit."""

import json
from typing import Any

import pytest

from faber_db.tools.fit import FULL, SUMMARY, fit, size_of
from faber_db.tools.text import render


def _answer(details: dict[str, Any]) -> dict[str, Any]:
    return {"status": "success", "message": "m", "details": details, "warnings": []}


LONG: dict[str, dict[str, Any]] = {
    "one list": {"findings": [{"code": f"c{i}", "effect": "e" * 50} for i in range(500)]},
    "two lists": {"a": ["x" * 30] * 400, "b": [{"n": i} for i in range(2000)]},
    "nested": {"tables": [{"name": "t", "columns": [f"c{i} text" for i in range(5000)]}]},
    "one text": {"migration": {"sql": "ALTER TABLE t ADD c int;\n" * 4000}},
    "text in a list": {"notes": ["n" * 100_000]},
    "many of both": {"l": ["y" * 900] * 60, "sql": "s" * 40_000, "left_out": 0},
}


@pytest.mark.parametrize("details", LONG.values(), ids=LONG.keys())
@pytest.mark.parametrize("limit", [SUMMARY, FULL])
def test_fits(details: dict[str, Any], limit: int) -> None:
    shown = fit(json.loads(json.dumps(_answer(details))), limit)
    assert size_of(shown) <= limit
    assert len(render(shown).encode()) <= limit


def test_says_what_was_cut() -> None:
    shown = fit(_answer({"findings": [{"effect": "e" * 100}] * 200, "left_out": 3}), SUMMARY)
    left = len(shown["details"]["findings"])
    assert 20 < left < 200
    (warning,) = shown["warnings"]
    assert warning["code"] == "answer-cut"
    assert f"{200 - left} findings" in warning["message"]
    assert shown["details"]["left_out"] == 203 - left


def test_first_stay() -> None:
    shown = fit(_answer({"findings": [{"n": i, "e": "e" * 90} for i in range(300)]}), SUMMARY)
    kept = [item["n"] for item in shown["details"]["findings"]]
    assert kept == list(range(len(kept)))


def test_small_answer_is_untouched() -> None:
    answer = _answer({"findings": [1, 2, 3]})
    assert fit(json.loads(json.dumps(answer)), SUMMARY) == answer
