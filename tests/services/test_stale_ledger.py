"""A plan that writes the ledger is for the rows that were there when it was made."""

from faber_db.services import build
from faber_db.services.coordinate import Request
from faber_db.services.mark import MarkRequest, run
from tests.services.conftest import AppFactory
from tests.services.test_resume import made, states

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
