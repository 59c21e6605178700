"""Health of MariaDB: databases made sick and then well."""

from collections.abc import Callable, Iterator

import pytest

from faber_db.adapters.engines.mysql import Mysql, address
from faber_db.model.health import CheckStatus, Overall
from faber_db.services import drift
from faber_db.services.app import App
from faber_db.services.ports import Session
from tests.services.test_health import look, of, place, status

MIGRATIONS = {
    "001_orders.up.sql": "CREATE TABLE orders (id tinyint AUTO_INCREMENT PRIMARY KEY, s text);",
    "001_orders.down.sql": "DROP TABLE orders;",
}
FAST = {"long-transactions.warning": "1s", "blocked-sessions.warning": "1s"}
UNSEEN = {"free-disk"}  # the server of the tests has no plugin DISKS


@pytest.fixture
def app(mariadb_url: str, app_factory: Callable[..., App], apply_all: Callable[[App], None]) -> App:
    made = app_factory(mariadb_url, migrations=MIGRATIONS, settings={"thresholds": FAST})
    apply_all(made)
    return made


@pytest.fixture
def other(app: App) -> Iterator[Session]:
    """Another session on the same database."""
    with Mysql().connect(place(app)[1].resolve_url()) as session:
        yield session


def test_a_well_database(app: App) -> None:
    found = look(app)
    loud = {c.check for c in found.checks if c.status not in (CheckStatus.OK, CheckStatus.INFO)}
    assert loud == {"dangerous-settings", *UNSEEN}  # the private server does not sync
    assert found.overall is Overall.DEGRADED
    assert [words.partition(":")[0] for words in found.cannot_see] == list(UNSEEN)
    assert of(found, "drift").value.startswith("as 1 applied migration on private MariaDB")


SICK = {
    "counter": (
        ["INSERT INTO orders (id) VALUES (120)"],
        ("auto-increment-use", CheckStatus.CRITICAL, "orders.id"),
        ["DELETE FROM orders", "ALTER TABLE orders AUTO_INCREMENT = 1"],
    ),
    "engine": (
        ["CREATE TABLE m (a int) ENGINE=MyISAM"],
        ("not-transactional", CheckStatus.WARNING, "m"),
        ["DROP TABLE m"],
    ),
    "read only": (
        ["SET GLOBAL read_only = 1"],
        ("read-only", CheckStatus.CRITICAL, "read_only"),
        ["SET GLOBAL read_only = 0"],
    ),
    "connections": (
        ["SET GLOBAL max_connections = 10"],
        ("connections", CheckStatus.OK, ""),
        ["SET GLOBAL max_connections = 60"],
    ),
    "drift": (
        ["ALTER TABLE orders ADD c int"],
        ("drift", CheckStatus.CRITICAL, "orders.c"),
        ["ALTER TABLE orders DROP c"],
    ),
}


@pytest.mark.parametrize(("sick", "expected", "well"), SICK.values(), ids=list(SICK))
def test_sick_and_well(
    app: App,
    other: Session,
    sick: list[str],
    expected: tuple[str, CheckStatus, str],
    well: list[str],
) -> None:
    check, worst, name = expected
    assert status(app, check) is CheckStatus.OK
    try:
        for statement in sick:
            other.execute(statement)
        found = of(look(app, checks=(check,)), check)
        assert (found.status, found.object) == (worst, name), found
        if worst is not CheckStatus.OK:
            assert found.why
            assert found.action
    finally:
        for statement in well:
            other.execute(statement)
    assert status(app, check) is CheckStatus.OK


def test_a_long_transaction(app: App, other: Session) -> None:
    with other.transaction():
        other.execute("INSERT INTO orders (s) VALUES ('x')")
        ((number,),) = other.query("SELECT connection_id()")
        other.query("SELECT sleep(1.1)")
        found = of(look(app, checks=("long-transactions",)), "long-transactions")
        assert (found.status, found.object) == (CheckStatus.WARNING, f"session {number}")
    other.query("SELECT sleep(0.3)")  # InnoDB answers from a cache when asked again at once
    assert status(app, "long-transactions") is CheckStatus.OK
    assert status(app, "blocked-sessions") is CheckStatus.OK


def test_an_account_that_may_not_look_knows_nothing(
    app: App, other: Session, app_factory: Callable[..., App]
) -> None:
    url = place(app)[1].resolve_url()
    name = address.parse(url).database
    other.execute("CREATE OR REPLACE USER blind@localhost")
    other.execute(f"GRANT SELECT ON `{name}`.* TO blind@localhost")
    try:
        weak = app_factory(url.replace("root@", "blind@"), migrations=MIGRATIONS)
        found = look(weak)
        result = of(found, "long-transactions")
        assert result.status is CheckStatus.UNKNOWN
        assert result.action == "GRANT PROCESS ON *.* TO 'blind'@'localhost'"
        assert found.overall is Overall.UNKNOWN
        other.execute("GRANT PROCESS ON *.* TO blind@localhost")
        assert status(weak, "long-transactions") is CheckStatus.OK
    finally:
        other.execute("DROP USER blind@localhost")


def test_drift_of_a_database_with_another_character_set(app: App, other: Session) -> None:
    """The history is replayed with the live database's character set, or every text would differ."""
    name = address.parse(place(app)[1].resolve_url()).database
    other.execute("DROP TABLE orders")
    other.execute(f"ALTER DATABASE `{name}` CHARACTER SET latin1 COLLATE latin1_german1_ci")
    other.execute(MIGRATIONS["001_orders.up.sql"].rstrip(";"))
    with Mysql().connect(place(app)[1].resolve_url()) as session:
        found = drift.drift(app, *place(app), session)
    assert (found.unproved, found.differences) == ("", ())
