"""Every rule is registered, explained, and shown by an example that speaks and one that is silent."""

import re
from pathlib import Path

import pytest

import faber_db.rules
from faber_db.model.dialect import Dialect
from faber_db.model.finding import Analysis
from faber_db.rules import RULES, Rule
from tests.rules.judging import HERE, judge

PACKAGE = Path(faber_db.rules.__file__).parent
_OPTION = re.compile(r"^-- (dialect|transaction|version): (\w+)$", re.MULTILINE)
BY_CODE = {rule.code: rule for rule in RULES}


def analysed(file: Path) -> Analysis:
    text = file.read_text("utf-8")
    options = dict(_OPTION.findall(text))
    return judge(
        text,
        Dialect(options.get("dialect", "postgresql")),
        wrap=options.get("transaction", "wrap") == "wrap",
        version=int(options["version"]) if "version" in options else None,
    )


def test_every_module_with_a_rule_is_registered() -> None:
    modules = {f.stem for f in PACKAGE.glob("*.py") if "\nRULE = Rule(" in f.read_text("utf-8")}
    assert modules == {rule.code.replace("-", "_") for rule in RULES}


def test_codes_are_unique() -> None:
    assert len(BY_CODE) == len(RULES)


def test_no_example_is_left_over() -> None:
    folders = {folder.name for folder in (HERE / "examples").iterdir()}
    assert folders == {code.replace("-", "_") for code in BY_CODE}


@pytest.mark.parametrize("rule", RULES, ids=BY_CODE)
def test_a_rule_explains_itself(rule: Rule) -> None:
    for text in (rule.effect, rule.remedy):
        assert text
        assert text[0].isupper() or text.startswith("--"), text
        assert text.rstrip()[-1] in ".;)", text
    assert rule.source
    assert rule.looks


@pytest.mark.parametrize("code", BY_CODE)
def test_the_unsafe_example_speaks(code: str) -> None:
    findings = analysed(HERE / "examples" / code.replace("-", "_") / "unsafe.sql").findings
    assert code in {f.code for f in findings}


@pytest.mark.parametrize("code", BY_CODE)
def test_the_safe_example_is_silent(code: str) -> None:
    findings = analysed(HERE / "examples" / code.replace("-", "_") / "safe.sql").findings
    assert code not in {f.code for f in findings}
