"""Roll-back: proved on a shadow before it is planned, made where nothing is lost, else refused."""

import pytest

from faber_db.errors import MigrationIrreversible
from faber_db.model.answer import State
from faber_db.model.finding import Risk
from faber_db.services import build
from faber_db.services.app import App
from faber_db.services.coordinate import Request
from faber_db.services.rollback import RollbackRequest, run
from tests.services.conftest import AppFactory

USERS = "CREATE TABLE users (id integer PRIMARY KEY, name varchar(20));\n"
FIRST = {"1_users.up.sql": USERS, "1_users.down.sql": "DROP TABLE users;\n"}
URLS = [
    "sqlite_url",
    pytest.param("postgresql_url", marks=pytest.mark.slow),
    pytest.param("mariadb_url", marks=pytest.mark.slow),
]


@pytest.fixture(params=URLS)
def url(request: pytest.FixtureRequest) -> str:
    found: str = request.getfixturevalue(request.param)
    return found


def made(app_factory: AppFactory, url: str, up: str, down: str = "-- none\n") -> App:
    app = app_factory(url, migrations={**FIRST, "2_more.up.sql": up, "2_more.down.sql": down})
    assert build.run(Request(), app).details.applied == ["1_users", "2_more"]
    return app


def execute(app: App, sql: str) -> None:
    url = app.database().environment("dev").resolve_url()
    with app.database().engine.connect(url) as session:
        session.execute(sql)


def tables(app: App) -> dict[str, list[str]]:
    database = app.database()
    with database.engine.connect(database.environment("dev").resolve_url()) as session:
        found = session.catalogue(leave_out=database.handler.ledger_tables)
    return {
        t.name: [*(c.name for c in t.columns), *(i.name for i in t.indexes)] for t in found.tables
    }


def test_a_way_back_that_leads_back_is_proved(app_factory: AppFactory, url: str) -> None:
    app = made(
        app_factory, url, "ALTER TABLE users ADD x integer;\n", "ALTER TABLE users DROP COLUMN x;\n"
    )
    planned = run(RollbackRequest(environment="dev", dry_run=True), app).details
    (proof,) = [said for said in planned.checked if said.startswith("way back: ")]
    assert "leads back to the schema before" in proof
    assert run(RollbackRequest(environment="dev"), app).details.state is State.DONE
    assert tables(app) == {"users": ["id", "name"]}


def test_what_it_does_not_restore_is_listed(app_factory: AppFactory, url: str) -> None:
    up = "ALTER TABLE users ADD x integer;\nCREATE TABLE more (a integer);\n"
    app = made(app_factory, url, up, "ALTER TABLE users DROP COLUMN x;\n")
    planned = run(RollbackRequest(environment="dev", dry_run=True), app).details
    found = [f for f in planned.findings if f.code == "way-back-differs"]
    assert [f.objects for f in found] == [("more",)]
    assert planned.risk is not None
    assert planned.risk.at_least(Risk.HIGH)


def test_one_that_fails_is_not_proved(app_factory: AppFactory, sqlite_url: str) -> None:
    app = made(app_factory, sqlite_url, "ALTER TABLE users ADD x integer;\n", "DROP TABLE mores;\n")
    planned = run(RollbackRequest(environment="dev", dry_run=True), app).details
    assert "way-back-not-proved" in {f.code for f in planned.findings}
    assert any("the way back of 2_more fails there" in said for said in planned.checked)


NEW = "CREATE TABLE more (a integer);\nALTER TABLE users ADD x integer;\nCREATE INDEX by_x ON users (x);\n"


def test_the_exact_inverse_is_made_where_nothing_is_lost(app_factory: AppFactory, url: str) -> None:
    app = made(app_factory, url, NEW)
    assert "more" in tables(app)
    planned = run(RollbackRequest(environment="dev", dry_run=True), app).details
    statements = [s.sql for step in planned.steps for part in step.parts for s in part.statements]
    assert [sql.split()[:2] for sql in statements] == [
        ["DROP", "INDEX"],
        ["ALTER", "TABLE"],
        ["DROP", "TABLE"],
    ]
    assert run(RollbackRequest(environment="dev"), app).details.applied == ["2_more"]
    assert tables(app) == {"users": ["id", "name"]}
    assert build.run(Request(), app).details.applied == ["2_more"]


USED = {
    "a row in the new table": ("INSERT INTO more VALUES (1)", "more has rows"),
    "a value in the new column": ("INSERT INTO users VALUES (1, 'a', 2)", "x has values"),
}


@pytest.mark.parametrize(("sql", "why"), USED.values(), ids=USED)
def test_none_is_made_once_something_was_written(
    sql: str, why: str, app_factory: AppFactory, sqlite_url: str
) -> None:
    app = made(app_factory, sqlite_url, NEW)
    execute(app, sql)
    with pytest.raises(MigrationIrreversible, match=why) as caught:
        run(RollbackRequest(environment="dev"), app)
    assert "faber-db restore dev" in caught.value.hint


NO_INVERSE = {
    "rows": "INSERT INTO users VALUES (1, 'a');\n",
    "a default": "ALTER TABLE users ADD x integer DEFAULT 1;\n",
    "may be there before": "CREATE TABLE IF NOT EXISTS users (id integer);\n",
    "a dropped column": "ALTER TABLE users DROP COLUMN name;\n",
    "a table of a query": "CREATE TABLE more AS SELECT * FROM users;\n",
}


@pytest.mark.parametrize("up", NO_INVERSE.values(), ids=NO_INVERSE)
def test_what_has_no_inverse(up: str, app_factory: AppFactory, sqlite_url: str) -> None:
    app = made(app_factory, sqlite_url, up)
    with pytest.raises(MigrationIrreversible, match="line 1 has no inverse that loses nothing"):
        run(RollbackRequest(environment="dev"), app)


def test_rows_written_after_the_plan_are_not_lost(app_factory: AppFactory, sqlite_url: str) -> None:
    app = made(app_factory, sqlite_url, NEW)
    plan_id = run(RollbackRequest(environment="dev", dry_run=True), app).details.plan_id
    execute(app, "INSERT INTO more VALUES (1)")
    answer = run(RollbackRequest(environment="dev", plan_id=plan_id), app)
    assert [p.code for p in answer.errors] == ["approval-stale"]
    assert "more" in tables(app)
