"""Nobody waits behind a migration for long, while an application reads and writes all the time.

Waits are those that the server reports, by its own clock. A wait that is looked at is either in the
queue behind a request of ours that is not granted, or for a lock that we hold.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pymysql
import pytest

from faber_db.adapters.engines.mysql import Mysql
from faber_db.adapters.engines.mysql import address as mysql_address
from faber_db.adapters.engines.postgresql import Postgresql
from faber_db.adapters.handlers import handler_for
from faber_db.errors import LockTimeout
from faber_db.model.dialect import Dialect
from faber_db.model.finding import Risk
from faber_db.model.migration import SourceFile
from faber_db.rules import analyze
from faber_db.rules.context import Context
from faber_db.services.ports import Engine, Limits, Session
from faber_db.sql.script import parse

pytestmark = pytest.mark.slow

LOCK = 1.0  # seconds of lock_timeout
NOTICED = 0.5  # so late a busy machine's timer may fire, and so much a look takes
LIMITS = Limits(lock_timeout=timedelta(seconds=LOCK), lock_retries=20)
NOW = datetime(2026, 11, 26, tzinfo=UTC)

SET_UP = (
    "CREATE TABLE shops (id int PRIMARY KEY, name varchar(40))",
    "INSERT INTO shops VALUES (1, 'one'), (2, 'two')",
    "CREATE TABLE orders (id int PRIMARY KEY, shop_id int, total int NOT NULL, note varchar(40))",
)
FILL = {
    "postgresql": "INSERT INTO orders SELECT n, 1 + n % 2, n, 'x' FROM generate_series(1, 20000) n",
    "mariadb": "INSERT INTO orders SELECT seq, 1 + seq % 2, seq, 'x' FROM seq_1_to_20000",
}
MIGRATIONS = {
    "postgresql": (
        "ALTER TABLE orders ADD COLUMN paid boolean",
        "ALTER TABLE orders ADD COLUMN state text NOT NULL DEFAULT 'new'",
        "ALTER TABLE orders ALTER COLUMN state SET DEFAULT 'open'",
        "CREATE INDEX CONCURRENTLY orders_total ON orders (total)",
        "ALTER TABLE orders ADD CONSTRAINT total_sane CHECK (total > -1000000) NOT VALID",
        "ALTER TABLE orders VALIDATE CONSTRAINT total_sane",
        "ALTER TABLE orders ADD CONSTRAINT shop FOREIGN KEY (shop_id) REFERENCES shops NOT VALID",
        "ALTER TABLE orders VALIDATE CONSTRAINT shop",
        "CREATE TABLE payments (id int PRIMARY KEY, order_id int REFERENCES orders)",
        "COMMENT ON TABLE orders IS 'what was ordered'; COMMENT ON COLUMN shops.name IS 'shown'",
        "CREATE VIEW totals AS SELECT shop_id, sum(total) AS total FROM orders GROUP BY shop_id",
        "DROP INDEX CONCURRENTLY orders_total",
    ),
    "mariadb": (
        "ALTER TABLE orders ADD COLUMN paid boolean",
        "ALTER TABLE orders ADD COLUMN state varchar(9) NOT NULL DEFAULT 'new'",
        "ALTER TABLE orders ALTER COLUMN state SET DEFAULT 'open'",
        "CREATE INDEX orders_total ON orders (total)",
        "CREATE TABLE payments (id int PRIMARY KEY, amount int)",
        "CREATE VIEW totals AS SELECT shop_id, sum(total) AS total FROM orders GROUP BY shop_id",
        "DROP INDEX orders_total ON orders",
    ),
}
LONG = "ALTER TABLE orders ADD COLUMN after_all int"

# Of each session of the application that waits: for how long, and whether for a lock that is held.
WAITS = """
    SELECT extract(epoch FROM clock_timestamp() - l.waitstart)::float8,
        NOT EXISTS (SELECT FROM pg_locks o WHERE o.pid = %(ours)s AND NOT o.granted)
    FROM pg_locks l JOIN pg_stat_activity a USING (pid)
    WHERE NOT l.granted AND l.waitstart IS NOT NULL AND a.application_name = 'shop'
        AND %(ours)s = ANY(pg_blocking_pids(l.pid))
"""
WAITS_MARIADB = """
    SELECT time_ms / 1000, 0 FROM information_schema.processlist
    WHERE state LIKE 'Waiting for table metadata lock%%' AND id IN %s
"""


@dataclass
class Load:
    """An application of four sessions, and one that watches them in the server's own words."""

    product: str
    url: str
    stop: threading.Event = field(default_factory=threading.Event)
    queries: int = 0
    errors: list[str] = field(default_factory=list)
    queued: list[float] = field(default_factory=list)
    held: list[float] = field(default_factory=list)
    sessions: list[int] = field(default_factory=list)  # of MariaDB

    def work(self, number: int, ready: threading.Barrier) -> None:
        try:
            with connected(self.product, self.url) as run:
                if self.product == "mariadb":
                    self.sessions.append(int(str(run("SELECT connection_id()")[0][0])))
                ready.wait(60)
                turn = number
                while not self.stop.is_set():
                    turn += 4
                    key = turn % 20000 + 1
                    run(f"SELECT total FROM orders WHERE id = {key}")
                    run(f"UPDATE orders SET total = total + 1 WHERE id = {key}")
                    run(f"INSERT INTO orders (id, shop_id, total) VALUES ({100_000 + turn}, 1, 1)")
                    run(f"DELETE FROM orders WHERE id = {100_000 + turn}")
                    self.queries += 4
        except (psycopg.Error, pymysql.err.Error) as error:
            self.errors.append(repr(error))

    def watch(self, ours: Callable[[], int], ready: threading.Barrier) -> None:
        with connected(self.product, self.url) as run:
            ready.wait(60)
            while not self.stop.wait(0.02):
                if self.product == "mariadb":
                    found = run(WAITS_MARIADB, (tuple(self.sessions),))
                else:
                    found = run(WAITS, {"ours": ours()})
                for seconds, held in found:
                    (self.held if held else self.queued).append(float(str(seconds)))


@contextmanager
def connected(product: str, url: str) -> Iterator[Callable[..., list[tuple[object, ...]]]]:
    """Runs one statement of the application, in a transaction of its own."""
    if product == "postgresql":
        with psycopg.connect(url, autocommit=True, application_name="shop") as connection:

            def run(sql: str, given: Any = None) -> list[tuple[object, ...]]:
                cursor = connection.execute(sql.encode(), given)
                return cursor.fetchall() if cursor.description else []

            yield run
        return
    to = mysql_address.parse(url)
    with (
        pymysql.connect(
            unix_socket=to.socket, user=to.user, database=to.database, autocommit=True
        ) as mariadb,
        mariadb.cursor() as cursor,
    ):

        def run_there(sql: str, given: object = None) -> list[tuple[object, ...]]:
            cursor.execute(sql, given)
            return list(cursor.fetchall())

        yield run_there


@contextmanager
def under_load(product: str, url: str, ours: Callable[[], int]) -> Iterator[Load]:
    load = Load(product, url)
    ready = threading.Barrier(6)
    threads = [
        *(threading.Thread(target=load.work, args=(n, ready)) for n in range(4)),
        threading.Thread(target=load.watch, args=(ours, ready)),
    ]
    for thread in threads:
        thread.start()
    ready.wait(60)
    try:
        yield load
    finally:
        load.stop.set()
        for thread in threads:
            thread.join(60)


PLACES = ["postgresql 15", "postgresql 17", "mariadb"]


@dataclass
class Place:
    product: str
    engine: Engine
    url: str


@pytest.fixture(params=PLACES)
def place(request: pytest.FixtureRequest) -> Place:
    product, _, major = request.param.partition(" ")
    if product == "mariadb":
        place = Place(product, Mysql(), request.getfixturevalue("mariadb_url"))
    else:
        new = request.getfixturevalue("new_postgresql")
        place = Place(product, Postgresql(), new(int(major)))
    with place.engine.connect(place.url) as session:
        for statement in (*SET_UP, FILL[product]):
            session.execute(statement)
    return place


def pid_of(session: Session) -> int:
    postgresql = session.dialect is Dialect.POSTGRESQL
    ((number,),) = session.query(
        "SELECT pg_backend_pid()" if postgresql else "SELECT connection_id()"
    )
    return int(str(number))


def deploy(session: Session, number: int, up: str) -> None:
    """As `faber-db` deploys: by the handler, under the deployment lock."""
    handler = handler_for("sql")
    name = f"{number:03}_step"
    files = [SourceFile(f"{name}.up.sql", up.encode()), SourceFile(f"{name}.down.sql", b"-- none")]
    (migration,) = handler.parse(files)
    script = parse(migration.up, session.dialect)
    with session.deploy_lock(wait=timedelta(seconds=10)):
        handler.apply_one(session, migration, script, now=NOW)


def risk_of(session: Session, up: str) -> Risk:
    context = Context(
        session.dialect,
        session.server_version,
        session.catalogue(),
        session.sizes(),
        takes_out=True,
    )
    return analyze(parse(up, session.dialect), context).risk


def test_low_and_medium_migrations_hold_nobody_up(place: Place) -> None:
    with place.engine.connect(place.url, limits=LIMITS) as session, ExitStack() as stack:
        ours = pid_of(session)
        load = stack.enter_context(under_load(place.product, place.url, lambda: ours))
        for number, up in enumerate(MIGRATIONS[place.product], start=1):
            assert not risk_of(session, up).at_least(Risk.HIGH), up
            before = load.queries
            deploy(session, number, up)
            until(lambda before=before: load.queries > before or bool(load.errors))  # type: ignore[misc]
        stack.close()
    assert load.errors == []
    assert max(load.queued, default=0) <= LOCK + NOTICED
    assert max(load.held, default=0) <= LOCK + 1


def test_a_long_transaction_on_the_table(place: Place) -> None:
    """It outlasts every try; between two tries the application goes on, and nothing is kept."""
    limits = Limits(lock_timeout=timedelta(seconds=LOCK), lock_retries=2)
    with (
        place.engine.connect(place.url, limits=limits) as session,
        place.engine.connect(place.url) as reader,
        ExitStack() as stack,
    ):
        ours = pid_of(session)
        load = stack.enter_context(under_load(place.product, place.url, lambda: ours))
        with reader.transaction():
            reader.query("SELECT count(*) FROM orders")
            before = load.queries
            with pytest.raises(LockTimeout, match="nothing was kept"):
                deploy(session, 1, LONG)
            until(lambda: load.queries > before)
        assert "after_all" not in str(session.catalogue().table("orders"))
        deploy(session, 1, LONG)
        stack.close()
        assert "after_all" in str(session.catalogue().table("orders"))
    assert load.errors == []
    assert load.queued, "nobody was seen to wait behind us: the case is not the one that is meant"
    assert max(load.queued) <= LOCK + NOTICED
    assert max(load.held, default=0) <= LOCK + 1


def test_without_a_limit_it_is_seen(place: Place) -> None:
    """What is measured above is there to be measured: the same statement, run by a plain client."""
    with (
        connected(place.product, place.url) as plain,
        place.engine.connect(place.url) as reader,
        ExitStack() as stack,
    ):
        sql = (
            "SELECT pg_backend_pid()" if place.product == "postgresql" else "SELECT connection_id()"
        )
        ours = int(str(plain(sql)[0][0]))
        load = stack.enter_context(under_load(place.product, place.url, lambda: ours))
        with reader.transaction():
            reader.query("SELECT count(*) FROM orders")
            waiting = threading.Thread(target=plain, args=(LONG,))
            waiting.start()
            until(lambda: max(load.queued, default=0) > LOCK + NOTICED)
        waiting.join(60)
        stack.close()
    assert load.errors == []


def until(holds: Callable[[], bool]) -> None:
    waited = threading.Event()
    for _ in range(600):
        if holds():
            return
        waited.wait(0.05)
    pytest.fail("it never came")
