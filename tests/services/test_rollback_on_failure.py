"""A deployment that fails takes back what it had applied, where that is asked for and proved."""

import json
from pathlib import Path

import pytest

from faber_db.app import build as compose
from faber_db.errors import ConfigError
from faber_db.model.answer import Answer
from faber_db.services import build
from faber_db.services.app import App
from faber_db.services.coordinate import CoordinateDetails, Request
from faber_db.services.history import history
from tests.services.conftest import AppFactory
from tests.services.test_way_back import FIRST, URLS, tables

FAILS = "INSERT INTO users (id, name) VALUES (1, 'a'), (1, 'b');\n"
MORE = "ALTER TABLE users ADD x integer;\n"
BACK = "ALTER TABLE users DROP COLUMN x;\n"
# On MariaDB it would not even begin after the trial run.
ALLOW = [{"code": "fails-on-trial", "objects": [], "reason": "it has to fail here"}]


@pytest.fixture(params=URLS)
def url(request: pytest.FixtureRequest) -> str:
    found: str = request.getfixturevalue(request.param)
    return found


def failed(
    app_factory: AppFactory,
    url: str,
    files: dict[str, str],
    *,
    asked: bool = True,
    last: str = FAILS,
) -> tuple[App, Answer[CoordinateDetails]]:
    """What a build says that ends with a migration that fails."""
    ending = {"9_fails.up.sql": last, "9_fails.down.sql": "-- none\n"}
    settings = {"rollback_on_failure": asked, "allow": ALLOW}
    app = app_factory(url, migrations={**files, **ending}, settings=settings)
    answer = build.run(Request(), app)
    assert (answer.status, [e.code for e in answer.errors]) == ("failure", ["migration-failed"])
    return app, answer


def states(app: App) -> dict[str, str]:
    database = app.database()
    with database.engine.connect(database.environment("dev").resolve_url()) as session:
        found = database.handler.status(history(app.database()), database.handler.ledger(session))
    return {s.version: s.state.value for s in found}


def test_the_database_is_as_it_was_before(app_factory: AppFactory, url: str) -> None:
    more = {"2_more.up.sql": MORE, "2_more.down.sql": BACK}
    app, answer = failed(app_factory, url, {**FIRST, **more})
    told = answer.errors[0].message
    assert "what it had applied before (1_users, 2_more) was taken back by plan_" in told
    assert tables(app) == {}
    assert set(states(app).values()) <= {"pending", "rolled_back"}
    events = [entry.event for entry in app.state.audit()]
    assert events.index("deploy.failed") < events.index("rollback.intent")
    assert "rollback.done" in events


def test_only_what_this_deployment_applied(app_factory: AppFactory, sqlite_url: str) -> None:
    assert build.run(Request(), app_factory(sqlite_url, migrations=FIRST)).status != "failure"
    app, answer = failed(app_factory, sqlite_url, {"2_more.up.sql": MORE, "2_more.down.sql": BACK})
    assert "(2_more) was taken back" in answer.errors[0].message
    assert tables(app) == {"users": ["id", "name"]}
    assert states(app)["1_users"] == "applied"


NOT_PROVED = {
    "leads elsewhere": ("ALTER TABLE users ADD y integer;\n", "does not lead back"),
    "fails": ("DROP TABLE missing;\n", "not proved"),
}


@pytest.mark.parametrize(("down", "why"), NOT_PROVED.values(), ids=NOT_PROVED)
def test_what_is_not_proved_stays_and_is_told(
    down: str, why: str, app_factory: AppFactory, sqlite_url: str
) -> None:
    build.run(Request(), app_factory(sqlite_url, migrations=FIRST))
    files = {"2_more.up.sql": MORE, "2_more.down.sql": down}
    app, answer = failed(app_factory, sqlite_url, files)
    assert "(2_more) stays: " in answer.errors[0].message
    assert why in answer.errors[0].message
    assert tables(app) == {"users": ["id", "name", "x"]}
    assert states(app)["2_more"] == "applied"


def test_nothing_is_undone_where_nobody_asked(app_factory: AppFactory, sqlite_url: str) -> None:
    app, answer = failed(app_factory, sqlite_url, FIRST, asked=False)
    assert "taken back" not in answer.errors[0].message
    assert tables(app) == {"users": ["id", "name"]}


@pytest.mark.slow
def test_a_migration_that_is_half_there_is_left_to_a_person(
    app_factory: AppFactory, mariadb_url: str
) -> None:
    """MariaDB commits each definition: nothing proves a way back from the middle of a file."""
    app, answer = failed(
        app_factory, mariadb_url, FIRST, last=f"CREATE TABLE half (id integer);\n{FAILS}"
    )
    assert "(1_users) stays: 9_fails did not end in dev" in answer.errors[0].message
    assert set(tables(app)) == {"users", "half"}
    assert states(app)["1_users"] == "applied"


PROTECTED = {
    "by name": ("production", {"url": "live.db"}),
    "by host": ("dev", {"url": "postgresql://u@db.example/shop"}),
    "by an executor": ("dev", {"executor": "unix:/nowhere/shop.sock"}),
}


@pytest.mark.parametrize(("name", "settings"), PROTECTED.values(), ids=PROTECTED)
def test_where_people_sign_it_is_refused(
    name: str, settings: dict[str, str], tmp_path: Path
) -> None:
    environment = {**settings, "rollback_on_failure": True}
    whole = {"engine": "sqlite", "handler": "sql", "environments": {name: environment}}
    if "postgresql" in settings.get("url", ""):
        whole["engine"] = "postgresql"
    (tmp_path / "faber-db.json").write_text(json.dumps(whole), "utf-8")
    with pytest.raises(ConfigError, match="nothing rolls back by itself"):
        compose(tmp_path, {}).database()
