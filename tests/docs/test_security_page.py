"""The threat model names everything that there is: fields, holes, tiers, and tests that exist."""

import re

import pytest

from faber_db.model.approval import ApprovalPayload
from faber_db.model.tier import highest, words
from faber_db.services.holes import KINDS
from tests.docs.spoken import ROOT

PAGE = (ROOT / "docs" / "security.md").read_text("utf-8")


def rows(title: str) -> str:
    """The first column of the table below a heading."""
    section = PAGE.split(f"## {title}\n", 1)[1].split("\n## ", 1)[0]
    return "\n".join(line.split("|")[1] for line in section.splitlines() if line.startswith("|"))


def test_every_signed_field_has_its_reason() -> None:
    told = re.findall(r"`(\w+)`", rows("What is signed, and why"))
    assert sorted(told) == sorted(ApprovalPayload.model_fields)


def test_every_hole_is_explained() -> None:
    told = re.findall(r"`([\w-]+)`", rows("Which tier holds here"))
    assert sorted(told) == sorted(KINDS)


def test_every_tier_is_there() -> None:
    told = [int(n) for n in re.findall(r"\d", rows("What each tier stops"))]
    assert told == list(range(1, highest("host") + 1))
    assert all(words(n) for n in told)


@pytest.mark.parametrize("named", sorted(set(re.findall(r"`(tests/[\w/.]+)`", PAGE))))
def test_what_checks_a_claim_exists(named: str) -> None:
    assert (ROOT / named).is_file()
