"""The stored measurements are of these cases, and servers still do what they say."""

import importlib.util
import os

import pytest

from faber_db.model.dialect import Dialect
from tests.safety.cases import DIALECTS, Case, cases, read
from tests.safety.claims import ACCEPTED, disagreements
from tests.safety.measure import measurer
from tests.safety.truth import LABELS, is_current, measured

pytestmark = pytest.mark.alone  # what is measured here is no other test's

# What else each version does than the one whose measurement is stored: (version, case): labels.
DIFFERENCES: dict[tuple[int, str], tuple[str, ...]] = {
    (15, "enum-new-type-used-at-once"): ("fails",),  # allowed from 17
    (18, "partition-foreign-key-from-parent-not-valid"): (),  # allowed from 18
}
SERVERS = [
    (Dialect.POSTGRESQL, 15),
    (Dialect.POSTGRESQL, 17),
    (Dialect.POSTGRESQL, 18),
    (Dialect.MYSQL, 0),
    (Dialect.SQLITE, 0),
]


EVERY = 1 if os.environ.get("FABER_DB_TEST_ALL_CASES") else 6
"""One case in so many is measured again; the rest when that variable is set, which takes an hour."""


def _run(dialect: Dialect) -> list[Case]:
    return [case for case in cases(dialect) if not case.not_run]


def _again(dialect: Dialect) -> list[Case]:
    """The cases to measure again: those known to differ between versions, and a sample."""
    differing = {name for _, name in DIFFERENCES}
    return [c for at, c in enumerate(_run(dialect)) if at % EVERY == 0 or c.name in differing]


@pytest.mark.parametrize("dialect", DIALECTS)
def test_every_case_is_measured_as_it_stands(dialect: Dialect) -> None:
    old = [case.name for case in _run(dialect) if not is_current(case)]
    assert not old, f"run `python -m tests.safety.measure {dialect.value}`"


@pytest.mark.slow
@pytest.mark.parametrize(("dialect", "version"), SERVERS)
def test_servers_still_do_so(dialect: Dialect, version: int) -> None:
    if not _run(dialect) or importlib.util.find_spec(f"tests.safety.on_{dialect.value}") is None:
        pytest.skip(f"no case of {dialect.value}")
    other: dict[tuple[int, str], tuple[str, ...]] = {}
    wrong: dict[str, list[str]] = {}
    with measurer(dialect, *([version] if version else [])) as measure:
        for case in _again(dialect):
            if case.since <= version or not version:
                found, stored = measure(case), measured(case).labels
                if found.labels != stored:
                    other[version, case.name] = found.labels
                if dialect is Dialect.POSTGRESQL and not found.fails and case.name not in ACCEPTED:
                    said = list(disagreements(case, found.facts, version))
                    wrong |= {case.name: said} if said else {}
    assert wrong == {}
    assert other == {key: what for key, what in DIFFERENCES.items() if key[0] == version}


@pytest.mark.parametrize(
    "text",
    [
        "-- case: a\nDROP TABLE t;",
        "-- case: a\n-- role: fine\nDROP TABLE t;",
        "-- case: a\n-- role: safe\n-- transaction: maybe\nDROP TABLE t;",
        "-- case: a\n-- role: safe\n-- not-run: it calls out\nDROP TABLE t;",
        "-- case: a\n-- role: safe\n",
    ],
)
def test_a_wrong_head_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="case a of x"):
        list(read(text, Dialect.POSTGRESQL, "x"))


def test_cases_are_read() -> None:
    text = "-- case: a\n-- role: safe\n-- setup: CREATE TABLE t (id int);\n-- setup: SELECT 1;\n-- a remark\nDROP TABLE t;\n\n-- case: b\n-- role: hazard\n-- transaction: none\nDELETE FROM t;"
    first, second = read(text, Dialect.POSTGRESQL, "x")
    assert (first.setup, first.sql, first.wrap) == (
        "CREATE TABLE t (id int);\nSELECT 1;",
        "-- a remark\nDROP TABLE t;\n",
        True,
    )
    assert (second.name, second.wrap, second.role) == ("b", False, "hazard")


def test_labels_are_kinds_of_findings() -> None:
    from faber_db.model.finding import Kind

    assert set(LABELS) <= {kind.value for kind in Kind}
