"""The server itself goes away in the middle of a migration, and comes back: the truth is told."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from faber_db.adapters.handlers import handler_for
from faber_db.services import status
from tests.faults.conftest import database_on
from tests.faults.crashing import Crashing, crashing
from tests.faults.places import Place, new_place
from tests.faults.test_every_handler import go_on, require_honest, require_true, texts

pytestmark = pytest.mark.slow

STEPS = ("before the first statement", "between statements", "before COMMIT", "in COMMIT")
PLACES = [
    ("prisma", "postgresql15"),
    ("dbmate", "postgresql17"),
    ("sql", "postgresql15"),
    ("alembic", "postgresql17"),
    ("prisma", "mariadb"),
    ("dbmate", "mariadb"),
    ("sql", "mariadb"),
    ("alembic", "mariadb"),
]


@pytest.fixture(scope="module")
def server() -> Iterator[Callable[[str], Crashing]]:
    """Of a product, started when first asked for."""
    with ExitStack() as stack:
        running: dict[str, Crashing] = {}

        def get(product: str) -> Crashing:
            if product not in running:
                running[product] = crashing(product)
                stack.enter_context(running[product])
            if not running[product].is_running:  # a case failed while it was away
                running[product].come_back()
            return running[product]

        yield get


@pytest.fixture
def site(
    request: pytest.FixtureRequest, server: Callable[[str], Crashing], tmp_path: Path
) -> Iterator[tuple[Place, Crashing]]:
    """A project on a server that can go away."""
    handler, product = request.param
    there = server(product)
    url = database_on(there.url())
    with new_place(handler_for(handler), product, url, tmp_path) as place:
        yield place, there


@pytest.mark.parametrize("site", PLACES, indirect=True, ids="-".join)
def test_it_comes_back(site: tuple[Place, Crashing]) -> None:
    place, server = site
    for step in STEPS:
        place.add_next()
        answer = break_off(place, server, step)
        told, there = place.told(), place.there()
        assert told.state.value == place.ledger(), (step, told)
        require_true(place, told.state.value, told.detail, there, back=False)
        if step == "in COMMIT":  # its answer was all that was lost
            assert told.state == "applied", told
        if not place.handler.code:
            require_told(answer, told.state.value)
        go_on(place, told.state.value, back=False)


def break_off(place: Place, server: Crashing, step: str) -> dict[str, Any]:
    """The answer of a deployer whose server went away at a step and came back."""
    assert place.proxy is not None
    messages, answered = texts(place, step, back=False)
    with (
        place.proxy.stopping(messages, answered=answered) as stop,
        place.deployer() as deployer,
    ):
        stop.wait()
        server.crash()
        server.come_back()
        place.proxy.cut()
        answer = deployer.answer()
    place.wait_until_nobody_is_left()
    return answer


def require_told(answer: dict[str, Any], state: str) -> None:
    """What was kept, or that it cannot be seen yet: it gives a server some time to come back."""
    ((code, message, hint),) = answer["errors"]
    if "what was kept cannot be seen now" in message:
        assert (code, "`faber-db status dev`" in hint) == ("connection-lost", True), answer
    else:
        require_honest(answer, state, back=False)


@pytest.mark.parametrize("site", [PLACES[1], PLACES[6]], indirect=True, ids="-".join)
def test_it_stays_away(site: tuple[Place, Crashing]) -> None:
    """Nothing is claimed that was not seen; once it is back `status` says it."""
    place, server = site
    place.add_next()
    assert place.proxy is not None
    messages, answered = texts(place, "in COMMIT", back=False)
    with (
        place.proxy.stopping(messages, answered=answered) as stop,
        place.deployer() as deployer,
    ):
        stop.wait()
        server.crash()
        place.proxy.cut()
        ((code, message, hint),) = deployer.answer()["errors"]
    assert code == "connection-lost"
    assert "what was kept cannot be seen now: no server answers" in message, message
    assert "`faber-db status dev`" in hint
    away = status.run(status.Request(environment="dev"), place.app)
    assert [problem.code for problem in away.warnings] == ["connection-failed"], away
    assert away.exit_code != 0
    server.come_back()
    told = place.told()
    assert (told.state, place.there()) == ("applied", place.objects), told
    place.deploy()
