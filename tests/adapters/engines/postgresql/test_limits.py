"""No statement of a script waits or runs longer than the limits, whatever the script sets."""

import threading
import time
from datetime import timedelta

import psycopg
import pytest

from faber_db.adapters.engines.postgresql import Postgresql
from faber_db.errors import LockTimeout, MigrationFailed
from faber_db.model.dialect import Dialect
from faber_db.services.ports import Limits
from faber_db.sql.script import parse

QUICK = Limits(
    lock_timeout=timedelta(milliseconds=300),
    statement_timeout=timedelta(seconds=30),
    lock_retries=0,
)
PREPARE = """
    CREATE TABLE t (a int); CREATE TABLE u (a int);
    CREATE FUNCTION hidden() RETURNS void LANGUAGE plpgsql AS
        $$ BEGIN PERFORM set_config('lock' || '_timeout', '0', false); END $$;
    CREATE FUNCTION loose() RETURNS void LANGUAGE plpgsql SET lock_timeout = 0 AS
        $$ BEGIN LOCK TABLE t; END $$;
    CREATE FUNCTION fires() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN PERFORM set_config('lock' || '_timeout', '0', true); RETURN new; END $$;
    CREATE TRIGGER fires BEFORE INSERT ON u FOR EACH ROW EXECUTE FUNCTION fires();
"""

OVERRIDDEN = {
    "SET": "SET lock_timeout = 0",
    "SET LOCAL": "SET LOCAL lock_timeout = 0",
    "SET SESSION": "SET SESSION statement_timeout = '0'; SET SESSION lock_timeout TO DEFAULT",
    "set_config": "SELECT set_config('lock_timeout', '0', false)",
    "a name put together": "SELECT set_config('lock' || '_timeout', '0', true)",
    "a function": "SELECT hidden()",
    "a trigger": "INSERT INTO u VALUES (1)",
    "RESET": "RESET lock_timeout",
    "RESET ALL": "RESET ALL",
}
REFUSED = {
    "a block": "DO $$ BEGIN SET LOCAL lock_timeout = 0; LOCK TABLE t; END $$",
    "a block with set_config": "DO $$ BEGIN PERFORM set_config('x.y', '0', true); LOCK TABLE t; END $$",
    "a block that resets": "DO $$ BEGIN RESET ALL; LOCK TABLE t; END $$",
    "a function that has a clause": "SELECT loose()",
    "one that gets a clause": "ALTER FUNCTION hidden() SET lock_timeout = 0; SELECT hidden()",
    "one that is made here": (
        "CREATE FUNCTION made() RETURNS void LANGUAGE sql SET statement_timeout = 0 AS 'SELECT 1';"
        " SELECT made()"
    ),
}


@pytest.fixture
def prepared(postgresql_url: str) -> str:
    with psycopg.connect(postgresql_url) as other:
        other.execute(PREPARE.encode())
    return postgresql_url


@pytest.mark.slow
@pytest.mark.parametrize("wrap", [True, False], ids=["one transaction", "each by itself"])
@pytest.mark.parametrize("text", OVERRIDDEN.values(), ids=OVERRIDDEN)
def test_what_would_loosen_them_is_overridden(prepared: str, text: str, wrap: bool) -> None:
    """The next statement gives up in time, by the server's own word."""
    with (
        Postgresql().connect(prepared, limits=QUICK) as session,
        psycopg.connect(prepared) as other,
    ):
        other.execute("INSERT INTO t VALUES (1)")
        with pytest.raises((LockTimeout, MigrationFailed)) as caught:
            session.run(parse(f"{text}; ALTER TABLE t ADD b int", Dialect.POSTGRESQL), wrap=wrap)
        cause = caught.value.__cause__
        assert isinstance(cause, psycopg.errors.LockNotAvailable)


@pytest.mark.slow
@pytest.mark.parametrize("text", REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_overridden_is_refused(prepared: str, text: str) -> None:
    with Postgresql().connect(prepared, limits=QUICK) as session:
        before = session.catalogue()
        with pytest.raises(MigrationFailed, match="is not run: ") as caught:
            session.run(parse(text, Dialect.POSTGRESQL), wrap=True)
        assert caught.value.rolled_back
        assert session.catalogue() == before


@pytest.mark.slow
def test_what_is_set_for_role_or_database_does_not_count(prepared: str) -> None:
    with psycopg.connect(prepared, autocommit=True) as other:
        name = other.info.dbname
        other.execute(f'ALTER DATABASE "{name}" SET lock_timeout = 0'.encode())
        other.execute(f'ALTER DATABASE "{name}" SET statement_timeout = 0'.encode())
    with Postgresql().connect(prepared, limits=QUICK) as session:
        text = "CREATE TABLE seen AS SELECT current_setting('lock_timeout') || ' ' || current_setting('statement_timeout') v"
        session.run(parse(text, Dialect.POSTGRESQL), wrap=True)
        assert session.query("SELECT v FROM seen") == [("300ms 30s",)]


@pytest.mark.slow
def test_waiting_for_a_second_lock_counts_with_the_first(prepared: str) -> None:
    """What is held already is not held for twice as long."""
    limits = Limits(lock_timeout=timedelta(seconds=60), lock_retries=0)
    with (
        Postgresql().connect(prepared, limits=limits) as session,
        psycopg.connect(prepared) as first,
        psycopg.connect(prepared, autocommit=True) as watch,
    ):
        first.execute("INSERT INTO t VALUES (1)")
        waits = (
            "SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE 'ALTER%'"
        )

        def let_go() -> None:
            while not watch.execute(waits.encode()).fetchall():
                time.sleep(0.01)
            time.sleep(0.5)  # so that there is something to count
            first.commit()

        going = threading.Thread(target=let_go)
        going.start()
        text = (
            "ALTER TABLE t ADD b int;"
            "CREATE TABLE seen AS SELECT extract(epoch FROM current_setting('lock_timeout')::interval) v"
        )
        session.run(parse(text, Dialect.POSTGRESQL), wrap=True)
        going.join()
        ((left,),) = session.query("SELECT v::float8 FROM seen")
        assert 0.3 <= float(str(left)) <= 59.5
