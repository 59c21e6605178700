"""Adopting a database that is there: on evidence, and nothing runs."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from faber_db.errors import (
    BaselineDiffers,
    FaberDbError,
    InputError,
    LedgerError,
    MigrationEdited,
)
from faber_db.model.answer import NextPerson, State
from faber_db.model.finding import Risk
from faber_db.model.migration import MigrationState
from faber_db.services import build, status
from faber_db.services.app import App
from faber_db.services.baseline import BaselineRequest, run
from faber_db.services.coordinate import Request as BuildRequest
from faber_db.services.history import history
from tests.services.conftest import AppFactory

USERS = "CREATE TABLE users (id integer PRIMARY KEY, name varchar(20));\n"
POSTS = "CREATE TABLE posts (id integer PRIMARY KEY, title varchar(20));\n"
MIGRATIONS = {
    "001_users.up.sql": USERS,
    "001_users.down.sql": "DROP TABLE users;\n",
    "002_posts.up.sql": POSTS,
    "002_posts.down.sql": "DROP TABLE posts;\n",
}
URLS = [
    "sqlite_url",
    pytest.param("postgresql_url", marks=pytest.mark.slow),
    pytest.param("mariadb_url", marks=pytest.mark.slow),
]


@pytest.fixture(params=URLS)
def app(request: pytest.FixtureRequest, app_factory: AppFactory) -> App:
    return app_factory(request.getfixturevalue(request.param), migrations=MIGRATIONS)


def by_hand(app: App, *statements: str) -> None:
    """As somebody made it who has no ledger."""
    url = app.database().environment("dev").resolve_url()
    with app.database().engine.connect(url, create=True) as session:
        for statement in statements:
            session.execute(statement)


def states(app: App) -> dict[str, MigrationState]:
    details = status.run(status.Request(environment="dev", detail="full"), app).details
    return {version: line.state for version, line in details.migrations.items()}


def test_what_is_there_is_adopted_and_the_rest_built(app: App) -> None:
    by_hand(app, USERS)
    found = status.run(status.Request(), replace(app, config_path=app.root / "faber-db.json"))
    assert [note.code for note in found.details.environments[0].notes] == ["not-adopted"]
    assert found.details.next == NextPerson(person="faber-db baseline dev")
    with pytest.raises(BaselineDiffers, match=r"table posts") as caught:
        run(BaselineRequest(environment="dev"), app)
    assert "`faber-db baseline dev --up-to 001_users`" in caught.value.hint
    assert set(states(app).values()) == {MigrationState.PENDING}
    answer = run(BaselineRequest(environment="dev", up_to="001_users"), app)
    assert answer.message == "dev: 1 migration adopted, up to 001_users; nothing ran"
    assert answer.details.risk is Risk.MEDIUM
    assert states(app)["001_users"] is MigrationState.APPLIED
    assert build.run(BuildRequest(), app).details.applied == ["002_posts"]
    again = run(BaselineRequest(environment="dev"), app)
    assert again.details.state is State.SKIPPED
    events = [entry.event for entry in app.state.audit()]
    assert "baseline.intent" in events
    assert "baseline.done" in events


def test_nothing_is_marked_in_an_empty_database(app: App) -> None:
    by_hand(app)
    with pytest.raises(BaselineDiffers, match="nothing to adopt"):
        run(BaselineRequest(environment="dev"), app)
    assert set(states(app).values()) == {MigrationState.PENDING}


def test_differences_are_listed_and_have_to_be_accepted(app: App) -> None:
    by_hand(
        app, USERS, POSTS.replace("varchar(20)", "varchar(30)"), "CREATE TABLE more (a integer)"
    )
    with pytest.raises(BaselineDiffers) as caught:
        run(BaselineRequest(environment="dev"), app)
    assert "--accept-differences" in caught.value.hint
    planned = run(BaselineRequest(environment="dev", accept_differences=True, dry_run=True), app)
    told = [f.objects[0] for f in planned.details.findings if f.code == "baseline-differs"]
    assert told == ["more", "posts.title"]
    assert planned.details.risk is Risk.HIGH
    assert set(states(app).values()) == {MigrationState.PENDING}
    request = BaselineRequest(environment="dev", accept_differences=True)
    assert run(request, app).details.state is State.DONE
    assert set(states(app).values()) == {MigrationState.APPLIED}


def test_a_plan_is_stale_once_the_schema_changed(app_factory: AppFactory, sqlite_url: str) -> None:
    app = app_factory(sqlite_url, migrations=MIGRATIONS)
    by_hand(app, USERS, POSTS)
    plan_id = run(BaselineRequest(environment="dev", dry_run=True), app).details.plan_id
    by_hand(app, "CREATE TABLE more (a integer)")
    answer = run(BaselineRequest(environment="dev", plan_id=plan_id), app)
    assert [problem.code for problem in answer.errors] == ["approval-stale"]
    assert set(states(app).values()) == {MigrationState.PENDING}


def _edited(app: App) -> None:
    (app.database().folder / "001_users.up.sql").write_text("CREATE TABLE other (id integer);")


def _nothing(app: App) -> None:
    pass


REFUSED: dict[str, tuple[Callable[[App], None], str, type[FaberDbError]]] = {
    "a later one is applied": (_nothing, "001_users", LedgerError),
    "an applied one was edited": (_edited, "", MigrationEdited),
    "no such version": (_nothing, "003", InputError),
}


@pytest.mark.parametrize(("before", "up_to", "error"), REFUSED.values(), ids=REFUSED)
def test_a_ledger_that_does_not_agree(
    before: Callable[[App], None],
    up_to: str,
    error: type[FaberDbError],
    app_factory: AppFactory,
    sqlite_url: str,
) -> None:
    app = app_factory(sqlite_url, migrations=MIGRATIONS)
    build.run(BuildRequest(), app)
    before(app)
    with pytest.raises(error):
        run(BaselineRequest(environment="dev", up_to=up_to), app)


def test_rows_that_agree_are_left_alone(app_factory: AppFactory, sqlite_url: str) -> None:
    app = app_factory(sqlite_url, migrations=MIGRATIONS)
    by_hand(app, USERS, POSTS)
    database = app.database()
    url = database.environment("dev").resolve_url()
    with database.engine.connect(url) as session:
        database.handler.mark(session, history(database)[0], "applied", now=app.now())
        before = database.handler.ledger(session)
    answer = run(BaselineRequest(environment="dev"), app)
    assert answer.details.pending == ["002_posts"]
    with database.engine.connect(url) as session:
        assert database.handler.ledger(session)[0] == before[0]


def test_what_cannot_be_compared_is_no_evidence(app_factory: AppFactory, sqlite_url: str) -> None:
    app = app_factory(
        sqlite_url,
        migrations={
            **MIGRATIONS,
            "003_no.up.sql": "DROP TABLE missing;",
            "003_no.down.sql": "SELECT 1;",
        },
    )
    by_hand(app, USERS, POSTS)
    with pytest.raises(BaselineDiffers, match="cannot be proved") as caught:
        run(BaselineRequest(environment="dev"), app)
    assert "baseline dev --up-to 002_posts" in caught.value.hint
