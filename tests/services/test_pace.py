"""One timed scan, remembered; a locked target has no pace and nobody waits for it."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import psycopg

from faber_db.services.app import App
from faber_db.services.pace import pace_of, paced
from faber_db.services.verdict import Surroundings, surroundings, verdict_of
from faber_db.sql.script import parse

TABLE = (
    "CREATE TABLE big AS SELECT g AS id, g % 7 AS a FROM generate_series(1, 60000) g;"
    "CREATE TABLE small AS SELECT 1 AS id; ANALYZE"
)
PARTS = """
    CREATE TABLE parted (id integer, a integer) PARTITION BY RANGE (id);
    CREATE TABLE parted_1 PARTITION OF parted FOR VALUES FROM (0) TO (9000);
    CREATE TABLE parted_2 PARTITION OF parted FOR VALUES FROM (9000) TO (18000);
    INSERT INTO parted SELECT g, g FROM generate_series(0, 17999) g;
    ANALYZE parted_1; ANALYZE parted_2
"""


def _around(app: App) -> Surroundings:
    database = app.database()
    with database.engine.connect(database.environment("dev").resolve_url()) as session:
        return surroundings(session, leave_out=(), protected=False)


def test_it_is_measured_once_a_day(postgresql_url: str, app_factory: Callable[..., App]) -> None:
    now = [datetime(2026, 11, 23, tzinfo=UTC)]
    app = app_factory(postgresql_url, now=lambda: now[0])
    with psycopg.connect(postgresql_url, autocommit=True) as connection:
        connection.execute(TABLE.encode())
    around = paced(_around(app), app, app.database(), app.database().environment("dev"))
    assert around.pace is not None
    assert 1 <= around.pace < 100_000
    key = "pace:main:dev"
    app.state.remember(key, {"nanoseconds": 7, "at": now[0].isoformat()})
    again = paced(_around(app), app, app.database(), app.database().environment("dev"))
    assert again.pace == 7
    now[0] += timedelta(days=2)
    later = paced(_around(app), app, app.database(), app.database().environment("dev"))
    assert later.pace != 7


def test_nobody_waits_for_a_locked_table(
    postgresql_url: str, app_factory: Callable[..., App]
) -> None:
    app = app_factory(postgresql_url)
    with psycopg.connect(postgresql_url, autocommit=True) as connection:
        connection.execute(TABLE.encode())
    around = _around(app)
    database = app.database()
    assert around.catalogue is not None
    assert around.sizes is not None
    with psycopg.connect(postgresql_url) as other:
        other.execute("LOCK TABLE big IN ACCESS EXCLUSIVE MODE")
        found = pace_of(app, database, database.environment("dev"), around.catalogue, around.sizes)
    assert found is None


def test_a_small_database_counts_as_slow(
    postgresql_url: str, app_factory: Callable[..., App]
) -> None:
    app = app_factory(postgresql_url)
    around = paced(_around(app), app, app.database(), app.database().environment("dev"))
    assert around.pace == 150


def test_elsewhere_no_time_is_given(sqlite_url: str, app_factory: Callable[..., App]) -> None:
    """The factors were not measured on SQLite."""
    app = app_factory(sqlite_url)
    with app.database().engine.connect(sqlite_url, create=True) as session:
        session.execute("CREATE TABLE t (id integer)")
    around = paced(_around(app), app, app.database(), app.database().environment("dev"))
    assert around.pace is None


def test_a_partitioned_table_is_the_sum_of_its_partitions(
    postgresql_url: str, app_factory: Callable[..., App]
) -> None:
    app = app_factory(postgresql_url)
    with psycopg.connect(postgresql_url, autocommit=True) as connection:
        connection.execute(PARTS.encode())
    around = _around(app)
    assert around.sizes is not None
    assert around.sizes["parted"].rows == 18_000
    assert around.sizes["parted_1"].rows == 9_000
    scripts = [
        parse(f"ALTER TABLE {t} ADD CONSTRAINT k CHECK (a >= 0)", around.dialect)
        for t in ("parted", "parted_1")
    ]
    risks = {
        f.objects: f.risk.value
        for script in scripts
        for f in verdict_of([script], [""], [True], around).findings
        if f.code == "add-check"
    }
    assert risks == {("parted",): "high", ("parted_1",): "medium"}
