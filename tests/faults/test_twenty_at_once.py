"""Twenty deployers at once, as processes: one applies, the rest find nothing to do and succeed."""

from collections import Counter
from contextlib import ExitStack
from typing import Any

import pytest

from faber_db.adapters.handlers import HANDLERS
from tests.faults.places import Place

MANY = 20
PLACES = [
    pytest.param(
        (handler.name, product),
        id=f"{handler.name}-{product}",
        marks=() if (handler.name, product) == ("sql", "sqlite") else pytest.mark.slow,
    )
    for handler in HANDLERS
    for product in ("sqlite", "postgresql", "mariadb")
]


@pytest.mark.parametrize("states", ["one state", "a state each"])
@pytest.mark.parametrize("place", PLACES, indirect=True)
def test_one_applies_and_the_rest_succeed(place: Place, states: str) -> None:
    answers = all_at_once(place, apart=states == "a state each")
    wrong = Counter(str(a["errors"] or a) for a in answers if a["exit"] != 0)
    assert not wrong, wrong
    assert place.told().state == "applied"
    assert place.there() == place.objects  # with one row: it ran once
    with place.session() as session:
        versions = [row.version for row in place.handler.ledger(session)]
    assert versions.count(place.newest.version) == 1
    if states == "a state each":  # else they attach to the one that applies, and say so too
        assert [a["applied"] for a in answers].count([place.newest.version]) == 1
        assert [a["applied"] for a in answers].count([]) == MANY - 1


def all_at_once(place: Place, *, apart: bool) -> list[dict[str, Any]]:
    with ExitStack() as stack:
        deployers = []
        for number in range(MANY):
            state = place.root.parent / f"state-{number}" if apart else None
            deployers.append(stack.enter_context(place.deployer(state=state)))
        return [deployer.answer() for deployer in deployers]
