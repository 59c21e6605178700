"""Knex's lock row: taken, given back, lent to Knex, stuck, and what is said of it."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest

from faber_db.adapters.engines.mysql import Mysql
from faber_db.adapters.engines.postgresql import Postgresql
from faber_db.adapters.engines.sqlite import Sqlite
from faber_db.adapters.handlers import handler_for, knex_lock
from faber_db.adapters.handlers.at_work import AtWork, others_at_work
from faber_db.adapters.handlers.ledger_table import LedgerTable
from faber_db.errors import LedgerError, LockBusy
from faber_db.model.migration import LedgerNote
from faber_db.services.ports import Engine, Limits, Session

KNEX = handler_for("knex")
LOCK = LedgerTable("knex_migrations_lock")
LIMITS = Limits(lock_timeout=timedelta(milliseconds=200), lock_retries=0)
AT_ONCE = timedelta(0)
VALUE = "SELECT is_locked FROM knex_migrations_lock"


class Place:
    def __init__(self, engine: Engine, url: str) -> None:
        self.engine, self.url = engine, url


@pytest.fixture(
    params=[
        "sqlite",
        pytest.param("postgresql", marks=pytest.mark.slow),
        pytest.param("mariadb", marks=pytest.mark.slow),
    ]
)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    url: str = request.getfixturevalue(f"{request.param}_url")
    engines: dict[str, Engine] = {"postgresql": Postgresql(), "mariadb": Mysql()}
    return Place(engines.get(request.param, Sqlite(tmp_path / "locks")), url)


@pytest.fixture
def one(place: Place) -> Iterator[Session]:
    with place.engine.connect(place.url, limits=LIMITS, create=True) as session:
        yield session


@pytest.fixture
def two(place: Place, one: Session) -> Iterator[Session]:
    with place.engine.connect(place.url, limits=LIMITS) as session:
        yield session


def notes(session: Session) -> tuple[LedgerNote, ...]:
    return KNEX.notes(session, (), ())


def value(session: Session) -> int:
    ((found,),) = session.query(VALUE)
    return int(str(found))


def test_a_second_deployer_is_told_who_has_it(one: Session, two: Session) -> None:
    with KNEX.lock(one, wait=AT_ONCE):
        assert value(two) < 0  # for Knex it is locked
        if one.dialect != "sqlite":  # where a process is one holder
            assert notes(one) == ()
        (note,) = notes(two)
        assert (note.code, note.blocks) == ("tool-lock-held", False)
        with pytest.raises(LockBusy, match="faber-db holds"), KNEX.lock(two, wait=AT_ONCE):
            pytest.fail("two hold one lock")
        assert value(one) < 0
    assert value(one) == 0
    with KNEX.lock(two, wait=AT_ONCE):
        assert value(one) < 0


def test_what_knex_left_is_stuck_until_it_is_freed(one: Session) -> None:
    with KNEX.lock(one, wait=AT_ONCE):
        pass
    one.execute("UPDATE knex_migrations_lock SET is_locked = 1")
    (note,) = notes(one)
    assert note.blocks
    assert "knex migrate:unlock" in note.hint
    assert note.code == ("lock-row-held" if one.dialect == "sqlite" else "lock-row-stuck")
    with pytest.raises(LockBusy, match="is locked"), KNEX.lock(one, wait=AT_ONCE):
        pytest.fail("it was locked")
    assert value(one) == 1


def test_it_is_lent_and_taken_again(one: Session, two: Session) -> None:
    with KNEX.lock(one, wait=AT_ONCE):
        with knex_lock.lent(one, LOCK, wait=AT_ONCE):
            assert value(two) == 0
            two.execute("UPDATE knex_migrations_lock SET is_locked = 1")  # as Knex does
            two.execute("UPDATE knex_migrations_lock SET is_locked = 0")
        assert value(two) < 0
    assert value(two) == 0
    with knex_lock.lent(one, LOCK, wait=AT_ONCE):  # it was not ours
        assert value(two) == 0


def test_what_another_took_meanwhile_is_not_freed(one: Session) -> None:
    with KNEX.lock(one, wait=AT_ONCE):
        one.execute("UPDATE knex_migrations_lock SET is_locked = 1")
    assert value(one) == 1


def test_several_rows(one: Session) -> None:
    with KNEX.lock(one, wait=AT_ONCE):
        pass
    one.execute("INSERT INTO knex_migrations_lock (is_locked) VALUES (0)")
    (note,) = notes(one)
    assert (note.code, note.blocks) == ("lock-rows-several", True)
    with pytest.raises(LedgerError, match="several rows"), KNEX.lock(one, wait=AT_ONCE):
        pytest.fail("Knex could not")
    assert one.query(VALUE) == [(0,), (0,)]


def test_a_lock_table_without_its_row(one: Session) -> None:
    with KNEX.lock(one, wait=AT_ONCE):
        pass
    one.execute("DELETE FROM knex_migrations_lock")
    with KNEX.lock(one, wait=AT_ONCE):
        assert value(one) < 0
    one.execute("DROP TABLE knex_migrations_lock")
    assert notes(one) == ()
    with KNEX.lock(one, wait=AT_ONCE):
        assert value(one) < 0


def test_what_a_dead_session_of_ours_left_is_freed(place: Place, one: Session) -> None:
    program = (
        "import os, sys\n"
        "from datetime import timedelta\n"
        "from pathlib import Path\n"
        "from faber_db.adapters.engines.mysql import Mysql\n"
        "from faber_db.adapters.engines.postgresql import Postgresql\n"
        "from faber_db.adapters.engines.sqlite import Sqlite\n"
        "from faber_db.adapters.handlers import handler_for\n"
        "name, url = sys.argv[1:]\n"
        "engines = {'postgresql': Postgresql(), 'mysql': Mysql()}\n"
        "engine = engines.get(name) or Sqlite(Path('/nowhere'))\n"
        "with engine.connect(url) as session:\n"
        "    with handler_for('knex').lock(session, wait=timedelta(0)):\n"
        "        os.kill(os.getpid(), 9)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, place.engine.name, place.url],
        check=False, timeout=60, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == -9, done.stderr
    if one.dialect == "sqlite":
        (note,) = notes(one)
        assert (note.code, note.blocks) == ("lock-row-stuck", True)
        assert "not on this machine" in note.message
        with pytest.raises(LockBusy), KNEX.lock(one, wait=AT_ONCE):
            pytest.fail("it may be held elsewhere")
        return
    with KNEX.lock(one, wait=timedelta(seconds=10)):  # the server notices in a moment
        assert value(one) < 0
    assert value(one) == 0
    assert notes(one) == ()


@pytest.mark.slow
def test_who_could_hold_it_is_named(postgresql_url: str) -> None:
    with Postgresql().connect(postgresql_url, limits=LIMITS) as session:
        with KNEX.lock(session, wait=AT_ONCE):
            pass
        session.execute("UPDATE knex_migrations_lock SET is_locked = 1")
        with closing(psycopg.connect(postgresql_url, application_name="reports")) as other:
            other.execute("SELECT 1")
            (note,) = notes(session)
            assert (note.code, note.blocks) == ("lock-row-held", False)
            assert f"session {other.info.backend_pid} (reports, user " in note.message


@pytest.mark.slow
def test_a_deployment_of_knex_in_one_transaction(postgresql_url: str) -> None:
    with Postgresql().connect(postgresql_url, limits=LIMITS) as session:
        with KNEX.lock(session, wait=AT_ONCE):
            pass
        with closing(psycopg.connect(postgresql_url)) as other:
            other.execute("UPDATE knex_migrations_lock SET is_locked = 1")
            with (
                pytest.raises(LockBusy, match="a transaction that is not over"),
                KNEX.lock(session, wait=AT_ONCE),
            ):
                pytest.fail("it was locked")
            other.rollback()
        with KNEX.lock(session, wait=AT_ONCE):
            assert value(session) < 0


def test_what_is_given_back_while_it_is_asked_who_has_it(
    one: Session, two: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Knex ends well right before we look who is at work: nothing is stuck."""
    with KNEX.lock(one, wait=AT_ONCE):
        pass
    one.execute("UPDATE knex_migrations_lock SET is_locked = 1")
    assert notes(two)
    looks = others_at_work

    def look(session: Session) -> AtWork:
        one.execute("UPDATE knex_migrations_lock SET is_locked = 0")
        return looks(session)

    monkeypatch.setattr(knex_lock, "others_at_work", look)
    assert notes(two) == ()
