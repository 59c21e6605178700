"""What a person reads before signing: who waits how long, what was counted, what is allowed."""

from collections.abc import Callable

import psycopg
import pytest

from faber_db.model.migration import SourceFile
from faber_db.model.plan import PlanKind
from faber_db.services.app import App
from faber_db.services.ports import Proposal

SCHEMA = """
    CREATE TABLE big (id integer PRIMARY KEY, a integer, b text);
    INSERT INTO big SELECT g, g, 'x' FROM generate_series(1, 30000) g;
    CREATE TABLE few (id integer PRIMARY KEY, a integer);
    INSERT INTO few VALUES (1, 1), (2, NULL);
    ANALYZE
"""
MIGRATION = """CREATE INDEX few_a ON few (a);
ALTER TABLE big ALTER COLUMN a SET NOT NULL;
-- faber-db: allow create-index: written at night only
CREATE INDEX big_b ON big (b);
ALTER TABLE few ALTER COLUMN a SET NOT NULL;
ALTER TABLE few DROP COLUMN id;
"""


@pytest.fixture
def facts(postgresql_url: str, app_factory: Callable[..., App]) -> dict[str, str]:
    with psycopg.connect(postgresql_url, autocommit=True) as connection:
        connection.execute(SCHEMA.encode())
    app = app_factory(postgresql_url)
    files = (
        SourceFile(path="001_x.up.sql", content=MIGRATION.encode()),
        SourceFile(path="001_x.down.sql", content=b"SELECT 1;"),
    )
    proposal = Proposal(kind=PlanKind.DEPLOY, database="main", environment="dev", files=files)
    stored = app.executor.propose(proposal)
    return dict(app.executor.show(stored.plan.id).facts)


def test_waits(facts: dict[str, str]) -> None:
    first, *rest = facts["Waits"].split("; ")
    assert first.startswith("Column big.a becomes NOT NULL: an ACCESS EXCLUSIVE lock is held")
    assert "(until line 6" in first
    assert rest[0].startswith("30,000 rows, under ")
    assert rest[-1] == "gives up after 2 s and retries"
    assert "few: small enough to be rewritten or read at once" in rest


def test_checked(facts: dict[str, str]) -> None:
    assert facts["Checked"] == ("NULLs in few.a: 1 of 2 rows; 1 of 2 data checks passed just now")


def test_fails_and_lost_are_counted(facts: dict[str, str]) -> None:
    assert "1 of 2 rows has NULL in few.a" in facts["Fails"]
    assert "big.a" not in facts["Fails"]
    assert "(2 values in 2 rows)" in facts["Lost"]


def test_what_is_allowed_is_listed(facts: dict[str, str]) -> None:
    assert facts["Allowed"] == "create-index at line 4: written at night only"
    assert "big_b" not in facts["Waits"]
