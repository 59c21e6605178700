import pytest

from faber_db.adapters.shadows import PostgresShadow, SqliteShadow
from faber_db.errors import ShadowUnavailable
from faber_db.services.ports import Shadow


@pytest.fixture
def sqlite_shadow() -> Shadow:
    return SqliteShadow()


@pytest.fixture(scope="session")
def postgresql_shadow() -> Shadow:
    shadow = PostgresShadow(None)
    try:
        with shadow.new():
            return shadow
    except ShadowUnavailable as error:
        pytest.skip(error.message)
