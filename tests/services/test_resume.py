"""Going on with what did not end: what is there is passed over, the rest runs, and the ledger is true."""

from collections.abc import Mapping
from dataclasses import replace

import pytest

from faber_db.adapters.handlers import handler_for
from faber_db.errors import InputError, LedgerFailed
from faber_db.executor.local import LocalExecutor
from faber_db.model.answer import State
from faber_db.model.migration import MigrationState
from faber_db.services import build, status
from faber_db.services.app import App
from faber_db.services.coordinate import Request as BuildRequest
from faber_db.services.resume import ResumeRequest, run
from tests.services.conftest import AppFactory

HALF = {
    "sqlite": "CREATE TABLE one (a integer);\nINSERT INTO missing VALUES (1);\n",
    "postgresql": "CREATE TABLE one (a integer);\nINSERT INTO missing VALUES (1);\n",
    "mariadb": "CREATE TABLE one (a integer);\nINSERT INTO missing VALUES (1);\n",
}
PLAIN = {
    product: f"-- migrate:up transaction:false\n{up}-- migrate:down\nDROP TABLE one;\n"
    for product, up in HALF.items()
}
# On MariaDB it would not even begin after the trial run.
ALLOW = [{"code": "fails-on-trial", "objects": [], "reason": "it has to fail here"}]
PLACES = [
    pytest.param((handler, product), id=f"{product}-{handler}", marks=marks)
    for product, marks in (("sqlite", ()), ("postgresql", pytest.mark.slow), ("mariadb", pytest.mark.slow))
    for handler in ("sql", "dbmate", *(("prisma",) if product == "mariadb" else ()))
]  # fmt: skip


def made(app_factory: AppFactory, url: str, handler: str, files: Mapping[str, str]) -> App:
    app = app_factory(url, settings={"allow": ALLOW})
    for path, text in files.items():
        file = app.database().folder / path
        file.parent.mkdir(exist_ok=True)
        file.write_text(text)
    databases = {"main": replace(app.database(), handler=handler_for(handler))}
    found = replace(app, databases=databases)
    return replace(found, executor=LocalExecutor(lambda: found, {}, {}))


def states(app: App) -> dict[str, str]:
    details = status.run(status.Request(environment="dev", detail="full"), app).details
    return {version: line.state.value for version, line in details.migrations.items()}


def execute(app: App, sql: str) -> None:
    url = app.database().environment("dev").resolve_url()
    with app.database().engine.connect(url) as session:
        session.execute(sql)


def rows(app: App, sql: str) -> list[tuple[object, ...]]:
    url = app.database().environment("dev").resolve_url()
    with app.database().engine.connect(url) as session:
        return session.query(sql)


@pytest.fixture
def half(request: pytest.FixtureRequest, app_factory: AppFactory) -> App:
    handler, product = request.param
    url = request.getfixturevalue(f"{product}_url")
    files = {"20260101000000_one.sql": PLAIN[product]}
    if handler == "prisma":
        files = {"20260101000000_one/migration.sql": HALF[product]}
    app = made(app_factory, url, handler, files)
    assert [p.code for p in build.run(BuildRequest(), app).errors] == ["migration-failed"]
    assert set(states(app).values()) == {"half_applied"}
    return app


@pytest.mark.parametrize("half", PLACES, indirect=True)
def test_the_rest_runs_once_what_failed_is_mended(half: App) -> None:
    with pytest.raises(LedgerFailed):
        build.run(BuildRequest(), half)
    again = run(ResumeRequest(environment="dev"), half)  # nothing was mended
    assert [p.code for p in again.errors] == ["migration-failed"]
    assert set(states(half).values()) == {"half_applied"}
    execute(half, "CREATE TABLE missing (a integer)")
    answer = run(ResumeRequest(environment="dev"), half)
    assert answer.details.state is State.DONE, answer
    assert len(answer.details.applied) == 1
    assert set(states(half).values()) == {"applied"}
    assert rows(half, "SELECT a FROM missing") == [(1,)]
    assert build.run(BuildRequest(), half).details.state is State.SKIPPED
    assert run(ResumeRequest(environment="dev"), half).details.state is State.SKIPPED


@pytest.mark.parametrize("half", PLACES[:1], indirect=True)
def test_what_is_there_is_not_known(half: App) -> None:
    """Without the journal nothing proves what ran, so nothing runs and it stays half applied."""
    (journal,) = [
        str(name)
        for (name,) in rows(half, "SELECT name FROM sqlite_master WHERE name LIKE '\\_faber\\_db\\_%journal%' ESCAPE '\\'")
    ]  # fmt: skip
    execute(half, f"DELETE FROM {journal}")
    answer = run(ResumeRequest(environment="dev"), half)
    assert [p.code for p in answer.errors] == ["migration-resume-unsafe"]
    assert set(states(half).values()) <= {"half_applied", "failed"}


def test_one_that_kept_nothing_runs_again(app_factory: AppFactory, sqlite_url: str) -> None:
    """Prisma's failed row stops every deployment, though all was rolled back."""
    files = {
        "20260101000000_one/migration.sql": HALF["sqlite"],
        "20260102000000_two/migration.sql": "CREATE TABLE two (a integer);",
    }
    app = made(app_factory, sqlite_url, "prisma", files)
    assert build.run(BuildRequest(), app).errors
    assert states(app)["20260101000000_one"] == MigrationState.FAILED
    execute(app, "CREATE TABLE missing (a integer)")
    plan = run(ResumeRequest(environment="dev", dry_run=True), app).details
    assert plan.pending == ["20260101000000_one"]
    assert run(ResumeRequest(environment="dev"), app).details.applied == ["20260101000000_one"]
    assert build.run(BuildRequest(), app).details.applied == ["20260102000000_two"]


def test_a_plan_is_stale_once_more_is_left(app_factory: AppFactory, sqlite_url: str) -> None:
    files = {"20260101000000_one/migration.sql": HALF["sqlite"]}
    app = made(app_factory, sqlite_url, "prisma", files)
    build.run(BuildRequest(), app)
    plan = run(ResumeRequest(environment="dev", dry_run=True), app).details
    execute(app, "UPDATE _prisma_migrations SET logs = 'something else'")
    answer = run(ResumeRequest(environment="dev", plan_id=plan.plan_id), app)
    assert [p.code for p in answer.errors] == ["approval-stale"]


def test_what_did_not_fail_is_not_resumed(app_factory: AppFactory, sqlite_url: str) -> None:
    app = made(app_factory, sqlite_url, "prisma", {"1_a/migration.sql": "CREATE TABLE a (b int);"})
    build.run(BuildRequest(), app)
    with pytest.raises(InputError, match="1_a did not fail in dev"):
        run(ResumeRequest(environment="dev", version="1_a"), app)
