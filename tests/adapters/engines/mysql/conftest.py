"""Sessions on new databases."""

from collections.abc import Callable

import pytest

from faber_db.adapters.engines.mysql import Mysql


@pytest.fixture
def filled(mariadb_url: str) -> Callable[[str], str]:
    """Runs statements, one a line, in a new database; its URL."""

    def fill(text: str) -> str:
        with Mysql().connect(mariadb_url) as session:
            for line in text.strip().splitlines():
                session.execute(line)
        return mariadb_url

    return fill
