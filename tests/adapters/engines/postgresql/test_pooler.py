import tempfile
from pathlib import Path

import psycopg
import pytest

from faber_db.adapters.engines.postgresql import Postgresql
from faber_db.errors import ConnectionPooled
from tests.adapters.engines.postgresql.transaction_pooler import pooled

POOLERS = {
    "sessions in turn": (2, False),
    "the same session while nobody else asks": (2, True),
    "a single session": (1, True),
}


@pytest.mark.parametrize(("sessions", "newest_first"), POOLERS.values(), ids=POOLERS)
def test_a_transaction_pooler_is_refused(
    engine: Postgresql, postgresql_url: str, sessions: int, newest_first: bool
) -> None:
    with (
        tempfile.TemporaryDirectory(prefix="fdbt") as folder,
        pooled(postgresql_url, Path(folder), sessions=sessions, newest_first=newest_first) as url,
    ):
        with psycopg.connect(url, autocommit=True) as plain:  # it is a working pooler
            assert plain.execute("SELECT 1 + 1").fetchone() == (2,)
        with pytest.raises(ConnectionPooled) as caught, engine.connect(url):
            pass
        assert "direct_url" in caught.value.hint
