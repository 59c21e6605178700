"""Plans of each format of SQL files, carried out and taken back: what a plan holds yields its migrations."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from faber_db.adapters.handlers import HANDLERS, handler_for
from faber_db.app import build as build_app
from faber_db.executor.carried_out import applied_of, history_of
from faber_db.model.migration import Migration
from faber_db.model.plan import PlanState
from faber_db.services import build, rollback, status
from faber_db.services.app import App
from faber_db.services.coordinate import Request as BuildRequest
from faber_db.services.history import history

QUICK = ("golang-migrate", "drizzle")  # of one a plan needs what is before it, of one a journal
FORMATS = [
    pytest.param(handler.name, marks=() if handler.name in QUICK else pytest.mark.slow)
    for handler in HANDLERS
    if not handler.code
]
NOW = datetime(2026, 11, 23, tzinfo=UTC)


@pytest.fixture(params=FORMATS)
def app(request: pytest.FixtureRequest, tmp_path: Path) -> App:
    (tmp_path / "project" / "migrations").mkdir(parents=True)
    configuration = {
        "engine": "sqlite",
        "handler": request.param,
        "migrations": "migrations",
        "environments": {"dev": {"url": str(tmp_path / "a.db")}},
    }
    (tmp_path / "project" / "faber-db.json").write_text(json.dumps(configuration))
    return build_app(tmp_path / "project", {"HOME": str(tmp_path)})


def add(app: App, name: str) -> Migration:
    """A migration that makes a table, and one way back."""
    database = app.database()
    handler = handler_for(database.handler.name)
    there = history(database) if any(database.folder.iterdir()) else ()
    up, down = f"CREATE TABLE {name} (a integer);", f"DROP TABLE {name};"
    for file in handler.generate(name, up, down, now=NOW, existing=there):
        (database.folder / file.path).parent.mkdir(parents=True, exist_ok=True)
        (database.folder / file.path).write_bytes(file.content)
    return history(database)[-1]


def states(app: App) -> list[str]:
    details = status.run(status.Request(environment="dev", detail="full"), app).details
    return [line.state.value for line in details.migrations.values()]


def test_one_plan_after_another_and_back(app: App) -> None:
    names = [add(app, name).version for name in ("one", "two")]
    build.run(BuildRequest(), app)
    (first,) = app.state.plans(states=[PlanState.DONE])
    handler = app.database().handler
    with app.database().engine.connect(
        app.database().environment("dev").resolve_url(), read_only=True
    ) as session:
        stored = history_of(first.plan, handler, app.state)
        assert applied_of(handler, stored, session) == set(names)
    names.append(add(app, "three").version)
    assert states(app) == ["applied", "applied", "pending"]
    build.run(BuildRequest(), app)
    assert states(app) == ["applied"] * 3
    if history(app.database())[-1].down is None:  # a format without a way back
        return
    rollback.run(rollback.RollbackRequest(environment="dev"), app)
    rollback.run(rollback.RollbackRequest(environment="dev"), app)
    assert states(app)[0] == "applied"
    assert set(states(app)[1:]) <= {"pending", "rolled_back"}
    build.run(BuildRequest(), app)
    assert states(app) == ["applied"] * 3
