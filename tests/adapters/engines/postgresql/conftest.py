import pytest

from faber_db.adapters.engines.postgresql import Postgresql


@pytest.fixture
def engine() -> Postgresql:
    return Postgresql()
