"""Every code that can be shown can be explained."""

import pytest

from faber_db.checks import FOR
from faber_db.errors import InputError, all_errors
from faber_db.rules import RULES
from faber_db.services import explain

CODES = (
    *(rule.code for rule in RULES),
    *(error.code for error in all_errors()),
    *dict.fromkeys(check.name for checks in FOR.values() for check in checks),
)


@pytest.mark.parametrize("code", CODES)
def test_every_code_is_explained(code: str) -> None:
    details = explain.run(code).details
    assert details.code == code
    assert details.effect
    assert "{" not in details.effect + details.remedy


SPELLINGS = ("[drop-column]", "Drop-Column", " drop-column ")


@pytest.mark.parametrize("code", SPELLINGS)
def test_as_it_was_copied(code: str) -> None:
    assert explain.run(code).details.code == "drop-column"


def test_a_warning_of_health_names_its_check() -> None:
    name = FOR["sqlite"][0].name
    assert explain.run(f"health-{name}").details.about == "health check"


def test_an_unknown_code_names_the_nearest() -> None:
    with pytest.raises(InputError) as caught:
        explain.run("set-not-nul")
    assert "`set-not-null`" in caught.value.hint
    with pytest.raises(InputError) as caught:
        explain.run("zzzzzzzz")
    assert "brackets" in caught.value.hint
