"""Versions of servers, as people and servers write them."""

import pytest

from faber_db.model.dialect import Dialect, version_number

P, M, S = Dialect.POSTGRESQL, Dialect.MYSQL, Dialect.SQLITE
WRITTEN = {
    "17": (P, 170_000),
    "17.2": (P, 170_002),
    "170010": (P, 170_010),
    "PostgreSQL 15.18 (Debian 15.18-1)": (P, 150_018),
    "8": (M, 80_099),
    "8.0": (M, 80_099),
    "8.0.36": (M, 80_036),
    "8.4.3-0ubuntu0.1": (M, 80_403),
    "80036": (M, 80_036),
    "10.11": (M, 101_199),
    "10.11.19-MariaDB-0+deb12u1": (M, 101_119),
    "5.5.5-10.11.19-MariaDB": (M, 101_119),
    "0": (M, 0),
    "5.5.5": (M, 50_505),
    "3": (S, 3_000_000),
    "3.45.1": (S, 3_045_001),
    "3045001": (S, 3_045_001),
}


@pytest.mark.parametrize("said", WRITTEN)
def test_read(said: str) -> None:
    dialect, number = WRITTEN[said]
    assert version_number(said, dialect) == number


@pytest.mark.parametrize("said", ["", "new", "v", "1.2.3.4", "10.x", "-1"])
def test_refused(said: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        version_number(said, M)
