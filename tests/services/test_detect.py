import json

import pytest

from faber_db.errors import InputError, InputTooLarge
from faber_db.services.detect import MAX_CHARACTERS, detect_lines


def test_one_verdict_a_line_in_order() -> None:
    lines = [
        json.dumps({"id": "b", "title": "Add a `plan` column to accounts", "labels": ["db"]}),
        "",
        json.dumps({"id": 7, "title": "Fix typo in README", "description": None, "url": "x"}),
    ]
    answers = [json.loads(line) for line in detect_lines(lines)]
    assert [(a["id"], a["needs_migration"]) for a in answers] == [("b", "yes"), ("7", "no")]
    assert set(answers[0]) == {"id", "needs_migration", "confidence", "kinds", "indicators"}
    assert answers[0]["kinds"] == ["add_column"]


@pytest.mark.parametrize("line", ["nonsense", "[]", '{"id": 1}'])
def test_a_line_that_is_no_work_item(line: str) -> None:
    with pytest.raises(InputError, match="line 2"):
        list(detect_lines(['{"title": "x"}', line]))


def test_too_large() -> None:
    with pytest.raises(InputTooLarge):
        list(detect_lines([json.dumps({"title": "x" * (MAX_CHARACTERS + 1)})]))
