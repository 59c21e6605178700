"""A backfill commits batch by batch, waits for nobody's row for long, and goes on where it was."""

import threading
from collections.abc import Callable

import psycopg
import pytest

from tests.recipes.proving import catalogue_at, fill, plan_of

ADD = "ALTER TABLE users ADD COLUMN token uuid DEFAULT gen_random_uuid()"


@pytest.fixture
def url(new_postgresql: Callable[..., str]) -> str:
    """A database whose column is there, not filled yet."""
    url = new_postgresql()
    fill(url, "")
    return url


@pytest.fixture
def block(url: str) -> str:
    """The DO block, after the step before it has run."""
    added, filled = plan_of(ADD, catalogue_at(url), 17).steps
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(added.sql.encode())
    return filled.sql


def one(connection: "psycopg.Connection[tuple[object, ...]]", sql: str) -> object:
    row = connection.execute(sql.encode()).fetchone()
    assert row is not None
    return row[0]


def test_each_batch_is_a_transaction_of_its_own(url: str, block: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(block.encode())
        assert one(connection, "SELECT count(*) FROM users WHERE token IS NULL") == 0
        assert one(connection, "SELECT count(DISTINCT token) FROM users") == 2500
        batches = "SELECT array_agg(n ORDER BY n) FROM (SELECT count(*) n FROM users GROUP BY xmin::text) x"
        assert one(connection, batches) == [500, 1000, 1000]


def test_it_goes_on_where_it_was(url: str, block: str) -> None:
    """Stopped in the third batch by a row that cannot be written."""
    stumble = """CREATE FUNCTION stumble() RETURNS trigger LANGUAGE plpgsql AS
        'BEGIN IF NEW.id = 2222 THEN RAISE EXCEPTION ''no''; END IF; RETURN NEW; END';
        CREATE TRIGGER stumble BEFORE UPDATE ON users FOR EACH ROW EXECUTE FUNCTION stumble()"""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(stumble.encode())
        with pytest.raises(psycopg.errors.RaiseException):
            connection.execute(block.encode())
        assert one(connection, "SELECT count(token) FROM users") == 2000
        before = one(connection, "SELECT array_agg(token ORDER BY id) FROM users WHERE id <= 2000")
        connection.execute("DROP TRIGGER stumble ON users")
        connection.execute(block.encode())
        assert one(connection, "SELECT count(token) FROM users") == 2500
        after = one(connection, "SELECT array_agg(token ORDER BY id) FROM users WHERE id <= 2000")
        assert after == before


def test_a_locked_row_is_tried_again(url: str, block: str) -> None:
    release = threading.Event()
    locked = threading.Event()

    def hold() -> None:
        with psycopg.connect(url) as connection:
            connection.execute("SELECT FROM users WHERE id = 1500 FOR UPDATE")
            locked.set()
            release.wait(60)

    holder = threading.Thread(target=hold)
    holder.start()
    assert locked.wait(60)
    threading.Timer(1.0, release.set).start()
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("SET lock_timeout = '100ms'")
        connection.execute(block.encode())
        assert one(connection, "SELECT count(token) FROM users") == 2500
    holder.join()


def test_an_empty_table_is_done_at_once(url: str, block: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("DELETE FROM users")
        connection.execute(block.encode())


def test_a_trigger_of_the_table_is_named(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            b"CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';"
            b"CREATE TRIGGER touched BEFORE UPDATE ON users FOR EACH ROW EXECUTE FUNCTION touch()"
        )
    _, filled = plan_of(ADD, catalogue_at(url), 17).steps
    assert "Trigger touched of the table fires for every row" in filled.why
