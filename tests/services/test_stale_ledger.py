"""A plan that writes the ledger is for the rows that were there when it was made."""

from dataclasses import replace
from pathlib import Path

from faber_db.adapters.handlers import handler_for, in_project
from faber_db.executor.local import LocalExecutor
from faber_db.services import build
from faber_db.services.coordinate import Request
from faber_db.services.mark import MarkRequest, run
from tests.services.conftest import AppFactory
from tests.services.test_resume import execute, made, states

USERS = "-- migrate:up\nCREATE TABLE users (id integer);\n-- migrate:down\nDROP TABLE users;\n"
HALF = (
    "-- migrate:up transaction:false\nINSERT INTO users VALUES (1);\n"
    "INSERT INTO missing VALUES (1);\n-- migrate:down\nDELETE FROM users;\n"
)


def test_a_mark_is_void_once_its_row_says_something_else(
    app_factory: AppFactory, sqlite_url: str
) -> None:
    """No table and no newest version changes here, only what is known of the one that is marked."""
    files = {"1_users.sql": USERS, "2_rows.sql": HALF}
    app = made(app_factory, sqlite_url, "dbmate", files)
    assert build.run(Request(), app).errors
    assert states(app)["2"] == "half_applied"
    applied = MarkRequest(environment="dev", version="2", marked_as="applied")
    plan_id = run(applied.model_copy(update={"dry_run": True}), app).details.plan_id
    assert not run(applied.model_copy(update={"marked_as": "rolled_back"}), app).errors
    assert states(app)["2"] == "pending"
    answer = run(applied.model_copy(update={"plan_id": plan_id}), app)
    assert [problem.code for problem in answer.errors] == ["approval-stale"]
    assert states(app)["2"] == "pending"


def test_a_plan_is_of_one_ledger(app_factory: AppFactory, sqlite_url: str, tmp_path: Path) -> None:
    """The project's files name another one meanwhile, whose rows are the same: an equal copy."""
    app = made(app_factory, sqlite_url, "dbmate", {"1_users.sql": USERS})
    assert not build.run(Request(), app).errors
    (app.database().folder / "2_rows.sql").write_text(USERS.replace("users", "rows_of_it"))
    applied = MarkRequest(environment="dev", version="2", marked_as="applied")
    plan_id = run(applied.model_copy(update={"dry_run": True}), app).details.plan_id
    execute(app, "CREATE TABLE done AS SELECT * FROM schema_migrations")
    (tmp_path / "project" / ".env").write_text("DBMATE_MIGRATIONS_TABLE=done\n")
    handler = in_project(handler_for("dbmate"), tmp_path / "project", app.database().folder)
    databases = {"main": replace(app.database(), handler=handler)}
    renamed = replace(app, databases=databases)
    renamed = replace(renamed, executor=LocalExecutor(lambda: renamed, {}, {}))
    assert states(renamed) == {"1": "applied", "2": "pending"}
    answer = run(applied.model_copy(update={"plan_id": plan_id}), renamed)
    assert [problem.code for problem in answer.errors] == ["approval-stale"]
    assert (
        "the ledger schema_migrations, and the project names done now" in answer.errors[0].message
    )
    assert states(app) == states(renamed) == {"1": "applied", "2": "pending"}
