"""Scripts that are not one transaction, cut off at each of their steps, by way of the deployment.

Afterwards `status` names the lines that are in the database, and `resume` goes on with the others.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from faber_db.adapters.handlers import handler_for
from faber_db.services import resume
from tests.faults.conftest import new_database
from tests.faults.places import Place, new_place
from tests.faults.watching import wait_until

pytestmark = pytest.mark.slow

ROW = "SELECT count(*) FROM {table} WHERE a = {n}"
INDEX = (
    "SELECT count(*) FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid"
    " WHERE c.relname = '{index}' AND i.indisvalid"
)
SCRIPTS: dict[str, tuple[tuple[str, str], ...]] = {
    "postgresql": (
        ("INSERT INTO there VALUES ({n})", ROW.format(table="there", n="{n}")),
        ("CREATE TABLE first_{n} (a integer)", "SELECT count(*) FROM pg_class WHERE relname = 'first_{n}'"),
        ("CREATE INDEX CONCURRENTLY on_there_{n} ON there (a)", INDEX.format(index="on_there_{n}")),
        ("INSERT INTO first_{n} VALUES ({n})", ROW.format(table="first_{n}", n="{n}")),
        ("CREATE INDEX CONCURRENTLY on_first_{n} ON first_{n} (a)", INDEX.format(index="on_first_{n}")),
    ),
    "mariadb": (
        ("INSERT INTO there VALUES ({n})", ROW.format(table="there", n="{n}")),
        ("CREATE TABLE first_{n} (a integer)", "SELECT count(*) FROM information_schema.tables"
            " WHERE table_schema = database() AND table_name = 'first_{n}'"),
        ("INSERT INTO first_{n} VALUES ({n})", ROW.format(table="first_{n}", n="{n}")),
        ("ALTER TABLE first_{n} ADD COLUMN b integer", "SELECT count(*) FROM information_schema.columns"
            " WHERE table_schema = database() AND table_name = 'first_{n}' AND column_name = 'b'"),
        ("INSERT INTO there VALUES (-{n})", ROW.format(table="there", n="-{n}")),
    ),
}  # fmt: skip
"""By product: each statement, and the query that counts what it has made."""

ALONE = {"postgresql": (3, 5), "mariadb": (2, 4)}
"""Lines that commit by themselves: there the answer may be lost while the work is done."""

_CLAUSE = re.compile(r"lines? (\d+(?:, \d+)*) ([^;]+)")

PLACES = [
    ("sql", "postgresql17"),
    ("prisma", "postgresql15"),
    ("dbmate", "postgresql17"),
    ("goose", "postgresql15"),
    ("sql", "mariadb"),
    ("prisma", "mariadb"),
    ("flyway", "mariadb"),
]


@pytest.fixture
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Place]:
    handler, product = request.param
    url = new_database(request, product, tmp_path)
    with new_place(handler_for(handler), product, url, tmp_path) as made:
        yield made


def script(place: Place) -> list[tuple[str, str]]:
    product = "mariadb" if place.engine.name == "mysql" else "postgresql"
    return [(does.format(n=place.number), asks.format(n=place.number)) for does, asks in SCRIPTS[product]]  # fmt: skip


def add_next(place: Place) -> None:
    place.number += 1
    up = "".join(f"{does};\n" for does, _ in script(place))
    place.add(f"next{place.number}", up, "SELECT 1;\n")


def cuts(place: Place) -> Iterator[tuple[int, bool]]:
    """Before the statement of a line reaches the server, or its answer us; 6 is the ledger's."""
    product = "mariadb" if place.engine.name == "mysql" else "postgresql"
    for line in range(1, 7):
        yield line, False
        if line in ALONE[product]:
            yield line, True


def there(place: Place) -> set[int]:
    """Lines whose work is in the database."""
    with place.session() as session:
        found = set()
        for line, (_, asks) in enumerate(script(place), start=1):
            if "FROM first_" in asks and 2 not in found:
                continue  # no table to look into
            ((count,),) = session.query(asks)
            assert count in (0, 1), f"line {line} ran {count} times"
            found |= {line} if count else set()
    return found


@pytest.mark.parametrize("place", PLACES, indirect=True, ids="-".join)
def test_cut_off_anywhere(place: Place) -> None:
    for line, answered in cuts(place):
        add_next(place)
        cut_off(place, line, answered)
        told, lines = place.told(), there(place)
        assert told.state.value == place.ledger(), (line, answered, told.detail)
        match told.state.value:
            case "pending":
                assert lines == set(), (line, answered)
                place.deploy()
            case "failed":
                assert "Look what is there" in told.detail, told.detail
                assert lines == set(), (line, answered)
                go_on(place)
            case "half_applied":
                assert said(place, told.detail) == lines, (line, answered, told.detail)
                go_on(place)
            case state:
                pytest.fail(f"{state} after line {line}: {told.detail}")
        assert place.told().state == "applied"
        assert there(place) == {1, 2, 3, 4, 5}, (line, answered)


def said(place: Place, detail: str) -> set[int]:
    """Statements whose lines a detail claims to be in the database; of others it says else."""
    found: set[int] = set()
    first = script(place)[0][0] + ";"
    above = (place.newest.up or "").splitlines().index(first)  # the tool's own words
    for lines, words in _CLAUSE.findall(detail):
        if "is in the database" in words or "is there and valid" in words:
            found |= {int(number) - above for number in lines.split(", ")}
    return found


def cut_off(place: Place, line: int, answered: bool) -> None:
    """Kill a deployer at a statement."""
    assert place.proxy is not None
    texts = [does for does, _ in script(place)]
    texts.append(place.handler.ledger_tables[0].rpartition(".")[2])
    messages = [text.encode() for text in texts[:line]]
    with (
        place.proxy.stopping(messages, answered=answered) as stop,
        place.deployer() as deployer,
    ):
        stop.wait()
        deployer.kill()
        place.proxy.cut()
    place.wait_until_nobody_is_left()


def go_on(place: Place) -> None:
    answer = resume.run(resume.ResumeRequest(environment="dev"), place.app)
    assert answer.exit_code == 0, answer
    assert answer.details.applied == [place.newest.version]


@pytest.mark.parametrize("place", PLACES[:2], indirect=True, ids="-".join)
def test_a_build_of_an_index_ended_by_the_server(place: Place) -> None:
    """It leaves an invalid index; that is told, and going on builds it anew."""
    add_next(place)
    with psycopg.connect(place.url) as reader:  # the build waits for who may still look
        reader.execute("SELECT count(*) FROM there")
        reader.execute("LOCK TABLE there IN ROW EXCLUSIVE MODE")
        with place.deployer() as deployer:
            wait_until(lambda: builds_and_waits(place), "the build of the index")
            end_the_builder(place)
            ((code, message, hint),) = deployer.answer()["errors"]
        reader.rollback()
    assert code == "connection-lost", message
    assert "begun and not finished" in message
    assert "`faber-db status dev`" in hint
    told = place.told()
    assert told.state == "half_applied"
    assert said(place, told.detail) == there(place) == {1, 2}, told
    go_on(place)
    assert there(place) == {1, 2, 3, 4, 5}
    with place.session() as session:
        assert session.query("SELECT count(*) FROM pg_index WHERE NOT indisvalid") == [(0,)]


BUILDER = (
    "FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    " AND query LIKE 'CREATE INDEX CONCURRENTLY%'"
)


def builds_and_waits(place: Place) -> bool:
    with psycopg.connect(place.url) as connection:
        return connection.execute(f"SELECT 1 {BUILDER}".encode()).fetchall() != []


def end_the_builder(place: Place) -> None:
    with psycopg.connect(place.url) as connection:
        connection.execute(f"SELECT pg_terminate_backend(pid) {BUILDER}".encode())
