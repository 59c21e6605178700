"""The screen that a person signs from fits a terminal of 24 lines, whatever the plan holds."""

from collections.abc import Callable

import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from faber_db.cli.render.decisions import FIRST_SCREEN_LINES, first_screen
from faber_db.model.migration import SourceFile
from faber_db.model.plan import PlanKind, StoredPlan
from faber_db.services.app import App
from faber_db.services.ports import Proposal, Rendering
from tests.executor.test_approving import PLAN
from tests.services.conftest import app_factory

__all__ = ["app_factory"]

LONG = "a_name_as_long_as_the_server_takes_it_" + "x" * 22
COLUMNS = [f"{LONG}{n:02}" for n in range(12)]
SCHEMA = f"""
    CREATE TABLE "{LONG}t1" (id integer PRIMARY KEY, a integer, {", ".join(f"{c} text" for c in COLUMNS)});
    CREATE TABLE "{LONG}t2" (id integer PRIMARY KEY, a integer REFERENCES "{LONG}t1", b text);
    INSERT INTO "{LONG}t1" SELECT g, g, {", ".join("'x'" for _ in COLUMNS)} FROM generate_series(1, 500) g;
    INSERT INTO "{LONG}t2" SELECT g, g, 'x' FROM generate_series(1, 500) g;
    ANALYZE
"""
MIGRATION = "\n".join(
    [
        *(f'ALTER TABLE "{LONG}t1" DROP COLUMN {c};' for c in COLUMNS),
        f'ALTER TABLE "{LONG}t2" ALTER COLUMN b TYPE integer USING length(b);',
        f'ALTER TABLE "{LONG}t2" ALTER COLUMN a SET NOT NULL;',
        f"-- faber-db: allow create-index: {'because it was always so, and ' * 9}at night only",
        f'CREATE INDEX "{LONG}i" ON "{LONG}t2" (a);',
        f'DELETE FROM "{LONG}t2" WHERE id < 10;',
        f'GRANT ALL ON "{LONG}t2" TO PUBLIC;',
        f'TRUNCATE "{LONG}t1" CASCADE;',
        f'DROP TABLE "{LONG}t1" CASCADE;',
    ]
)


@pytest.fixture
def worst(postgresql_url: str, app_factory: Callable[..., App]) -> Rendering:
    with psycopg.connect(postgresql_url, autocommit=True) as connection:
        connection.execute(SCHEMA.encode())
    app = app_factory(postgresql_url)
    files = (
        SourceFile(path="001_x.up.sql", content=MIGRATION.encode()),
        SourceFile(path="001_x.down.sql", content=b"SELECT 1;"),
    )
    proposal = Proposal(
        kind=PlanKind.DEPLOY,
        database="main",
        environment="dev",
        files=files,
        work_id="a very long work item " * 9,
    )
    return app.executor.show(app.executor.propose(proposal).plan.id)


@pytest.mark.parametrize("width", [80, 100, 120, 40])
def test_the_worst_real_plan_fits(worst: Rendering, width: int) -> None:
    screen = first_screen(worst, width)
    lines = screen.split("\n")
    assert len(lines) < FIRST_SCREEN_LINES, screen  # and one for the prompt
    assert max(map(len, lines)) <= width, screen
    assert "HIGH" in lines[0]
    names = [line[2:12].strip() for line in lines]
    for name, _ in worst.facts:
        assert name in names, screen
    assert names.index("Lost") < names.index("Waits") < names.index("Breaks")
    assert "[a]" in screen
    assert worst.stored.plan.id in screen
    assert " more: [a]" in screen
    assert any(line.startswith("   1  ") for line in lines), screen


TEXT = st.text(max_size=300)


@given(
    facts=st.lists(st.tuples(st.sampled_from(["Lost", "Waits", "Undo"]), TEXT), max_size=30),
    statements=st.lists(TEXT, max_size=40),
    width=st.integers(min_value=40, max_value=120),
)
@settings(max_examples=150)
def test_no_plan_fills_more_than_the_screen(
    facts: list[tuple[str, str]], statements: list[str], width: int
) -> None:
    rendering = Rendering(
        stored=StoredPlan(plan=PLAN, state="waiting"),
        title="RELEASE to production " * 9,
        facts=tuple(facts),
        statements=tuple(statements),
        sql="",
        loses=(),
    )
    lines = first_screen(rendering, width).split("\n")
    assert len(lines) < FIRST_SCREEN_LINES
    assert max(map(len, lines)) <= width
