"""What only the file of the state has to hold; the rest is in `tests/contract/test_states.py`."""

import os
import stat
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from faber_db.adapters.stores.sqlite_state import SqliteState
from faber_db.errors import StateUnusable

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def test_only_its_owner_can_read_it(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    with closing(SqliteState(folder / "state.sqlite3", lambda: NOW)) as state:
        state.remember("key", {"a": 1})
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        for file in folder.iterdir():
            assert stat.S_IMODE(file.stat().st_mode) == 0o600, file


def test_a_folder_that_cannot_be_made_is_a_coded_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x", "utf-8")
    state = SqliteState(tmp_path / "file" / "state.sqlite3", lambda: NOW)
    with pytest.raises(StateUnusable):
        state.jobs()


def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    (tmp_path / "state.sqlite3").write_bytes(os.urandom(8192))
    with (
        closing(SqliteState(tmp_path / "state.sqlite3", lambda: NOW)) as state,
        pytest.raises(StateUnusable),
    ):
        state.plans()
