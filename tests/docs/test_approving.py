"""The commands of docs/approving.md that add a second approver, as two people would type them."""

from pathlib import Path

import pytest

from tests.docs.walkthrough import Reader, sections

SECTIONS = sections(Path(__file__).parents[2] / "docs" / "approving.md")


@pytest.mark.slow
def test_a_second_approver(tmp_path: Path) -> None:
    reader = Reader(tmp_path)
    reader.copy("faber-db init --handler sql\n")
    (reader.start / "production.db").touch()
    (reader.start / "faber-db.json").write_text(
        '{"environments": {"production": {"url": "production.db"}}}', "utf-8"
    )
    reader.copy("faber-db protect production --as ada\n")
    said = [reader.copy(block) for block in SECTIONS["A second approver"]]
    assert "ada: passphrase key" in said[-1]
    assert "bob: passphrase key" in said[-1]
