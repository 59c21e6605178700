"""A whole history, each migration judged against the schema it meets and then run on a server."""

from pathlib import Path

import pytest

from bench.replay import replay
from faber_db.model.dialect import Dialect
from tests.safety.generated_history import history


@pytest.mark.slow
def test_what_waits_on_a_server_was_said_before(tmp_path: Path) -> None:
    for name, sql in history(300, seed=20261126):
        (tmp_path / name).mkdir()
        (tmp_path / name / "migration.sql").write_text(sql, "utf-8")
    tally = replay(tmp_path, Dialect.POSTGRESQL)
    assert tally.migrations == 300
    assert not tally.failed
    assert not tally.not_understood
    assert not tally.blocking_files.get("missed")
    assert not tally.blocking_files.get("false alarm")
    assert tally.blocking["found"] > 50
    assert tally.blocking["quiet"] > 100


def test_the_history_is_repeatable() -> None:
    assert list(history(50, seed=7)) == list(history(50, seed=7))
    assert list(history(50, seed=7)) != list(history(50, seed=8))
