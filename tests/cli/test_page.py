"""A page wraps, aligns, escapes and hides; colour only adds."""

import re

import pytest

from faber_db.cli.render.page import Page, bad, good


def _page() -> Page:
    page = Page(width=60)
    page.line(bad("HIGH"), "  1 of 6 statements needs care")
    page.blank()
    page.blank()
    page.fact("blocking", "reads and writes wait while every row is checked, which takes long")
    page.fact("a-label-too-long-for-it", "text")
    page.table([("dev", good("up to date"), "25"), ("production", "1 pending", "7")])
    page.next_step("faber-db approve plan_7kq2", "asked 4 min ago")
    return page


def test_layout() -> None:
    assert _page().render() == "\n".join(
        (
            "HIGH  1 of 6 statements needs care",
            "",
            "  blocking  reads and writes wait while every row is",
            "            checked, which takes long",
            "  a-label-too-long-for-it  text",
            "  dev          up to date   25",
            "  production   1 pending    7",
            "",
            "Next: faber-db approve plan_7kq2   (asked 4 min ago)",
        )
    )


def test_colour_only_adds() -> None:
    painted = _page().render(colour=True)
    assert "\x1b[1;31mHIGH\x1b[0m" in painted
    assert [line.rstrip() for line in re.sub(r"\x1b\[[0-9;]*m", "", painted).split("\n")] == (
        _page().render().split("\n")
    )


def test_ascii_stand_ins() -> None:
    page = Page()
    page.line("3 … 5 · ü")
    assert page.render(ascii_only=True) == "3 ... 5 - \\xfc"


FOREIGN = {
    "escape sequence": "\x1b[2Jx",
    "carriage return": "safe\rDROP",
    "right-to-left override": "abc\u202etxt",
    "zero width": "a\u200bb",
    "tag character": "a\U000e0041b",
    "bell": "\a",
}


@pytest.mark.parametrize("text", FOREIGN.values(), ids=FOREIGN)
def test_foreign_text_is_escaped(text: str) -> None:
    page = Page()
    page.line(text)
    page.fact("label", text)
    page.table([(text, "x")])
    assert all(character.isprintable() or character == "\n" for character in page.render())


def test_secrets_are_hidden() -> None:
    page = Page()
    page.line("postgresql://app:hunter2@db-1/shop refused us")
    assert "hunter2" not in page.render()
    assert "db-1" in page.render()
