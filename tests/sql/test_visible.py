"""Nothing in a text can move the cursor, reverse the order, or hide."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from faber_db.sql.visible import visible

CASES = {
    "escape": ("\x1b[2Jhidden", "\\u{1b}[2Jhidden"),
    "right to left override": ("a\u202eb", "a\\u{202e}b"),
    "zero width": ("a\u200bb", "a\\u{200b}b"),
    "tag": ("a\U000e0041b", "a\\u{e0041}b"),
    "carriage return": ("DROP\rSELECT", "DROP\\u{d}SELECT"),
    "no-break space": ("a\u00a0b", "a\\u{a0}b"),
    "hangul filler": ("a\u3164b", "a\\u{3164}b"),
    "plain": ("naïve 表", "naïve 表"),
}


@pytest.mark.parametrize(("text", "expected"), CASES.values(), ids=CASES)
def test_shown(text: str, expected: str) -> None:
    assert visible(text) == expected


def test_line_feeds_stay_unless_unwanted() -> None:
    assert visible("a\n\tb") == "a\n\tb"
    assert visible("a\nb", keep_lines=False) == "a\\u{a}b"


@given(st.text())
def test_no_control_character_is_left(text: str) -> None:
    shown = visible(text, keep_lines=False)
    assert not any(unicodedata.category(c) in ("Cc", "Cf", "Cs", "Co", "Zl", "Zp") for c in shown)
