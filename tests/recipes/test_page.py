"""The example of `docs/safe-steps.md` is what the recipes make of it."""

from pathlib import Path

from faber_db.model.dialect import Dialect
from faber_db.sql.schema import catalogue_of
from tests.recipes.proving import plan_of

PAGE = Path(__file__).parents[2] / "docs" / "safe-steps.md"
BEFORE = "CREATE TABLE orders (id bigint PRIMARY KEY, total numeric(10, 2));"


def test_the_example_is_so() -> None:
    text = PAGE.read_text("utf-8")
    source, shown = text.split("up.sql\n", 1)[1].split("$ faber-db analyze", 1)
    shown = shown.partition("```")[0]
    found = plan_of(source, catalogue_of(BEFORE, Dialect.POSTGRESQL), 17)
    assert len(found.steps) == 3
    at = 0
    for step in found.steps:
        for line in (step.why, *step.sql.strip().splitlines()):
            at = shown.index(f"     {line}\n", at)
