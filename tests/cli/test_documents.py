"""The generated reference pages are current, and an entry says what to do."""

from pathlib import Path

import pytest

from faber_db.cli.documents import main, pages
from faber_db.errors import FaberDbError, all_errors

DOCS = Path(__file__).parents[2] / "docs"


def test_pages_are_current() -> None:
    assert main(["--check"], DOCS) == 0, "run `make docs`"


def test_a_stale_page_is_noticed_and_written(tmp_path: Path) -> None:
    (tmp_path / "cli.md").write_text("old")
    assert main(["--check"], tmp_path) == 1
    assert (tmp_path / "cli.md").read_text() == "old"
    main([], tmp_path)
    assert main(["--check"], tmp_path) == 0


@pytest.mark.parametrize("error", list(all_errors()), ids=lambda error: str(error.code))
def test_every_error_has_an_entry(error: type[FaberDbError]) -> None:
    assert error.__doc__
    assert f"### `{error.code}`" in pages()["troubleshooting.md"]


def test_codes_are_unique() -> None:
    codes = [error.code for error in all_errors()]
    assert len(codes) == len(set(codes))
