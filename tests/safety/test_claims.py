"""The locks, rewrites and scans of `statements[]` are those that a server was seen to take and do.

test_measured runs the same comparison on each version of PostgreSQL there is.
"""

import pytest

from faber_db.model.dialect import Dialect
from tests.safety.cases import Case, cases
from tests.safety.claims import ACCEPTED, disagreements
from tests.safety.truth import measured

CASES = [
    case
    for case in cases(Dialect.POSTGRESQL)
    if not case.not_run and not measured(case).fails  # what failed has let go of its locks
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_claims(case: Case) -> None:
    wrong = list(disagreements(case, measured(case).facts))
    assert bool(wrong) == (case.name in ACCEPTED), wrong


def test_what_is_accepted_exists() -> None:
    assert {case.name for case in CASES} >= ACCEPTED.keys()
