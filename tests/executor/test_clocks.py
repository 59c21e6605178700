"""Clocks that differ, or go back, are found."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from faber_db.adapters.engines.mysql import Mysql
from faber_db.adapters.engines.postgresql import Postgresql
from faber_db.adapters.engines.sqlite import Sqlite
from faber_db.errors import ClockSkewed
from faber_db.executor import clocks

MINUTE = timedelta(minutes=1)


def test_the_clock_of_a_file_is_the_machines(tmp_path: Path) -> None:
    with Sqlite(tmp_path).connect(str(tmp_path / "a.db"), create=True) as session:
        there = session.now()
    assert timedelta(0) <= datetime.now(UTC) - there < MINUTE


def test_the_clock_of_postgresql_goes_on_in_a_transaction(postgresql_url: str) -> None:
    with Postgresql().connect(postgresql_url) as session, session.transaction():
        first = session.now()
        session.query("SELECT pg_sleep(0.01)")
        assert session.now() > first
        assert abs(datetime.now(UTC) - first) < MINUTE


@pytest.mark.parametrize("zone", ["Europe/Berlin", "-03:30"])
def test_the_zone_of_the_session_does_not_matter(postgresql_url: str, zone: str) -> None:
    with Postgresql().connect(postgresql_url) as session:
        session.execute("SELECT set_config('TimeZone', %s, false)", (zone,))
        clocks.require_agreement(datetime.now(UTC), session)


def test_the_clock_of_mariadb(new_mariadb: Callable[[], str]) -> None:
    with Mysql().connect(new_mariadb()) as session:
        session.execute("SET time_zone = '-03:30'")
        clocks.require_agreement(datetime.now(UTC), session)


@pytest.mark.parametrize("apart", [61, -61, 3600, -86_400])
def test_over_a_minute_apart_is_refused(tmp_path: Path, apart: int) -> None:
    with Sqlite(tmp_path).connect(str(tmp_path / "a.db"), create=True) as session:
        ours = session.now() + timedelta(seconds=apart)
        with pytest.raises(ClockSkewed, match="ahead of" if apart > 0 else "behind") as caught:
            clocks.require_agreement(ours, session)
        (said,) = re.findall(r"\d+", caught.value.message)
        assert abs(int(said) - abs(apart)) < 30  # the two clocks are read one after the other
        clocks.require_agreement(session.now() + timedelta(seconds=50), session)


NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
JUMPS = {
    "on": (timedelta(hours=1), timedelta(0), False),
    "a little back": (-MINUTE, timedelta(0), False),
    "back": (-MINUTE - timedelta(seconds=1), timedelta(0), True),
    "back while time went on": (timedelta(0), MINUTE + timedelta(seconds=1), True),
    "suspended meanwhile": (timedelta(hours=9), MINUTE, False),
}


@pytest.mark.parametrize(("moved", "passed", "refused"), JUMPS.values(), ids=JUMPS)
def test_a_clock_that_goes_back(moved: timedelta, passed: timedelta, refused: bool) -> None:
    if refused:
        with pytest.raises(ClockSkewed, match="went back"):
            clocks.require_no_jump(NOW + moved, since=NOW, passed=passed)
    else:
        clocks.require_no_jump(NOW + moved, since=NOW, passed=passed)
