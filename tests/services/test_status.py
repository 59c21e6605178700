"""Where a project stands: ledgers, plans, jobs, and the one next step."""

import json
import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from faber_db.adapters.handlers.sql import SqlFiles
from faber_db.app import build as build_app
from faber_db.errors import (
    BackupMissing,
    Exit,
    FaberDbError,
    InputError,
    LedgerBlocked,
    StatementFailed,
    UnknownEnvironment,
    UnknownHandle,
)
from faber_db.executor.local import LocalExecutor
from faber_db.model.answer import NextPerson, NextTool, State
from faber_db.model.migration import LedgerNote, LedgerRow, Migration, MigrationState
from faber_db.model.plan import PlanState
from faber_db.services import build, health
from faber_db.services.app import App
from faber_db.services.backup import create
from faber_db.services.coordinate import Request as BuildRequest
from faber_db.services.history import history
from faber_db.services.kept_recordings import Kept, Outcome
from faber_db.services.ports import Session
from faber_db.services.status import Request, run
from faber_db.services.status_lines import StatusDetails
from tests.services.conftest import AppFactory

MIGRATIONS = {
    "001_users.up.sql": "CREATE TABLE users (id integer PRIMARY KEY);\n",
    "001_users.down.sql": "DROP TABLE users;\n",
    "002_posts.up.sql": "CREATE TABLE posts (id integer PRIMARY KEY);\n",
    "002_posts.down.sql": "DROP TABLE posts;\n",
}


@pytest.fixture
def app(app_factory: AppFactory, sqlite_url: str) -> App:
    return app_factory(sqlite_url, migrations=MIGRATIONS)


def status(app: App, **arguments: Any) -> StatusDetails:
    return run(Request(**arguments), app).details


def _file(app: App) -> Path:
    url = app.database().environment("dev").resolve_url()
    return Path(url.removeprefix("sqlite:"))


def test_unreached_environment_is_a_line_and_a_warning(app: App) -> None:
    answer = run(Request(), app)
    (line,) = answer.details.environments
    assert line.problem
    assert answer.status == "warning"
    assert answer.warnings[0].code == "connection-failed"
    assert answer.exit_code is Exit.DONE
    set_up = replace(app, config_path=app.root / "faber-db.json")
    assert run(Request(), set_up).details.next == NextPerson(person="faber-db doctor")


def test_the_one_environment_that_was_named_could_not_be_looked_at(app: App) -> None:
    assert run(Request(environment="dev"), app).exit_code is Exit.FAILED
    _file(app).touch()
    assert run(Request(environment="dev"), app).exit_code is Exit.DONE


def test_a_folder_that_cannot_be_read_is_not_up_to_date(app: App) -> None:
    _file(app).touch()
    set_up = replace(app, config_path=app.root / "faber-db.json")
    orphan = app.root / "migrations/002_posts.up.sql"
    orphan.unlink()
    answer = run(Request(), set_up)
    (line,) = answer.details.environments
    assert "002_posts.down.sql lacks its pair" in line.problem
    assert line.counts == {}
    assert [w.code for w in answer.warnings] == ["migration-unreadable"]
    assert answer.message == "dev: could not look"
    assert answer.details.next is None
    assert run(Request(environment="dev"), set_up).exit_code is Exit.FAILED


def test_another_tools_project_is_not_sent_to_init(tmp_path: Path) -> None:
    (tmp_path / "alembic.ini").touch()
    answer = run(Request(), build_app(tmp_path, {}))
    assert [w.code for w in answer.warnings] == ["ledger-foreign"]
    assert answer.details.next is None


def test_pending_then_applied(app: App) -> None:
    _file(app).touch()
    (line,) = status(app).environments
    assert line.counts == {MigrationState.PENDING: 2}
    assert line.pending == ["001_users", "002_posts"]
    build.run(BuildRequest(), app)
    (line,) = status(app).environments
    assert line.counts == {MigrationState.APPLIED: 2}
    assert line.ledger_head == "002_posts"
    assert line.health == "healthy"


def test_a_plan_for_what_is_gone_is_not_shown(app: App) -> None:
    _file(app).touch()
    build.run(BuildRequest(dry_run=True), app)
    assert [p.environment for p in status(app).waiting] == ["dev"]
    for name in ("up", "down"):
        (app.database().folder / f"002_posts.{name}.sql").unlink()
    assert status(app).waiting == []


def test_migrations_of_one_environment(app: App) -> None:
    build.run(BuildRequest(), app)
    states = status(app, environment="dev", detail="full").migrations
    assert [m.state for m in states.values()] == [MigrationState.APPLIED] * 2
    (app.database().folder / "001_users.up.sql").write_text("CREATE TABLE other (id integer);")
    edited = status(app, environment="dev").migrations
    assert edited["001_users"].state is MigrationState.EDITED
    command = "faber-db accept-edit dev 001_users"
    assert edited["001_users"].command == command
    app = replace(app, config_path=app.root / "faber-db.json")
    assert status(app, environment="dev").next == NextPerson(person=command)
    look = NextTool(tool="status", arguments={"environment": "dev", "detail": "full"})
    assert status(app).next == look


def test_summary_leaves_old_ones_out_and_pages_hold_all(
    app_factory: AppFactory, sqlite_url: str
) -> None:
    many = {f"{n:04}_t.up.sql": f"CREATE TABLE t{n} (id integer);\n" for n in range(60)}
    many |= {f"{n:04}_t.down.sql": f"DROP TABLE t{n};\n" for n in range(60)}
    app = app_factory(sqlite_url, migrations=many)
    _file(app).touch()
    first = status(app, environment="dev")
    assert (len(first.migrations), first.left_out) == (50, 10)
    second = status(app, environment="dev", cursor=first.cursor)
    assert len(second.migrations) == 10
    assert not second.cursor
    build.run(BuildRequest(), app)
    after = status(app, environment="dev")
    assert len(after.migrations) == 3
    assert after.left_out == 57


def test_follow_a_plan_to_its_end(app: App) -> None:
    planned = build.run(BuildRequest(dry_run=True), app).details
    ready = run(Request(id=planned.plan_id), app).details
    assert ready.state is State.PLANNED
    assert ready.waiting[0].state is PlanState.OPEN
    assert isinstance(ready.next, NextTool)
    assert ready.next.arguments["plan_id"] == planned.plan_id
    assert [p.plan_id for p in status(app).waiting] == [planned.plan_id]
    build.run(BuildRequest(plan_id=planned.plan_id), app)
    done = run(Request(id=planned.plan_id), app).details
    assert done.waiting[0].state is PlanState.DONE
    assert status(app).waiting == []


def test_waiting_plan_names_the_person_s_command(app: App) -> None:
    plan_id = build.run(BuildRequest(dry_run=True), app).details.plan_id
    app.state.move_plan(plan_id, expect=[PlanState.OPEN], to=PlanState.WAITING)
    for answer in (run(Request(id=plan_id), app), run(Request(), app)):
        assert answer.details.next == NextPerson(person=f"faber-db approve {plan_id}")
    assert run(Request(id=plan_id), app).details.state is State.APPROVAL_REQUIRED


def test_expired_plan_is_not_waiting(app_factory: AppFactory, sqlite_url: str) -> None:
    times = [datetime(2026, 1, 1, tzinfo=UTC)]
    app = app_factory(sqlite_url, migrations=MIGRATIONS, now=lambda: times[0])
    plan_id = build.run(BuildRequest(dry_run=True), app).details.plan_id
    times[0] += timedelta(days=30)
    assert status(app).waiting == []
    assert run(Request(id=plan_id), app).warnings[0].code == "approval-stale"


def test_rejected_plan_gives_the_reason(app: App) -> None:
    plan_id = build.run(BuildRequest(dry_run=True), app).details.plan_id
    app.state.move_plan(
        plan_id, expect=[PlanState.OPEN], to=PlanState.REJECTED, reason="not this week"
    )
    (warning,) = run(Request(id=plan_id), app).warnings
    assert warning.code == "approval-rejected"
    assert "not this week" in warning.message


def test_follow_a_job_and_a_backup(app: App) -> None:
    built = build.run(BuildRequest(), app).details
    job = run(Request(id=built.job_id, wait_seconds=5), app).details
    assert job.jobs[0].state == "done"
    made = create(app, app.database(), app.database().environment("dev"))
    backup = run(Request(id=made.id), app).details
    assert backup.backup is not None
    assert backup.backup.level == 2


BAD: dict[str, tuple[dict[str, Any], type[FaberDbError]]] = {
    "no such plan": ({"id": "plan_nothing"}, UnknownHandle),
    "no such job": ({"id": "job_nothing"}, UnknownHandle),
    "no such backup": ({"id": "backup_nothing"}, BackupMissing),
    "no id": ({"id": "7"}, InputError),
    "nothing to wait for": ({"wait_seconds": 3}, InputError),
    "no such environment": ({"environment": "moon"}, UnknownEnvironment),
}


@pytest.mark.parametrize(("arguments", "error"), BAD.values(), ids=BAD.keys())
def test_refused(app: App, arguments: dict[str, Any], error: type[FaberDbError]) -> None:
    with pytest.raises(error):
        run(Request(**arguments), app)


def test_work_id_narrows(app: App) -> None:
    build.run(BuildRequest(dry_run=True, work_id="123"), app)
    assert len(status(app, work_id="123").waiting) == 1
    assert status(app, work_id="124").waiting == []


def test_health_is_the_last_known_with_its_age(app_factory: AppFactory, sqlite_url: str) -> None:
    times = [datetime(2026, 1, 1, tzinfo=UTC)]
    app = app_factory(sqlite_url, migrations=MIGRATIONS, now=lambda: times[0])
    _file(app).touch()
    assert status(app).environments[0].health == ""
    health.run(health.Request(environment="dev"), app)
    times[0] += timedelta(hours=3)
    (line,) = status(app).environments
    assert line.health_age == "3 h"


def test_without_a_file_the_proposal_is_shown(app: App) -> None:
    details = status(app)
    assert details.proposed_config is not None
    assert "dev" in details.proposed_config["environments"]
    assert details.next == NextPerson(person="faber-db init")


def test_broken_folder_is_a_warning(app: App, apply_all: Callable[[App], None]) -> None:
    apply_all(app)
    (app.database().folder / "003_bad.up.sql").write_bytes(b"\xff\xfe")
    answer = run(Request(), app)
    assert answer.status == "warning"
    assert any(w.code == "migration-unreadable" for w in answer.warnings)


class _Heads(SqlFiles):
    """A tool whose ledger is odd as a whole."""

    note = LedgerNote("several-heads", "there are two heads", "Merge them.", blocks=True)

    def notes(
        self, session: Session, history: Sequence[Migration], ledger: Sequence[LedgerRow]
    ) -> tuple[LedgerNote, ...]:
        return (self.note,)


def test_what_is_odd_about_the_ledger_is_told_and_blocks(app: App) -> None:
    _file(app).touch()
    database = replace(app.database(), handler=_Heads())
    databases = {"main": database}
    odd = replace(app, databases=databases)
    odd = replace(odd, executor=LocalExecutor(lambda: odd, {}, {}))
    assert status(odd).environments[0].notes == [_Heads.note]
    with pytest.raises(LedgerBlocked, match="dev: there are two heads") as caught:
        build.run(BuildRequest(), odd)
    assert caught.value.hint == "Merge them."


def test_what_a_tool_left_of_a_program_is_told(tmp_path: Path) -> None:
    """From the recording that is kept and the catalogue; no program runs for a status."""
    (tmp_path / "migrations").mkdir()
    program = "module.exports = { up: (queryInterface) => process.exit(1) }"
    (tmp_path / "migrations" / "20261123090000-two-tables.js").write_text(program)
    settings = {"environments": {"dev": {"url": "sqlite:dev.db"}}}
    (tmp_path / "faber-db.json").write_text(json.dumps(settings))
    app = build_app(tmp_path, {"XDG_STATE_HOME": str(tmp_path / "state")})
    database = app.database()
    with database.engine.connect(str(tmp_path / "dev.db"), create=True) as session:
        session.execute("CREATE TABLE a (id integer)")
    assert "half-applied" not in {note.code for note in status(app).environments[0].notes}
    sql = "CREATE TABLE a (id integer);\nCREATE TABLE b (id integer);"
    Kept(app, database, history(database)).keep(0, Outcome(sql=sql), twice=False)
    (line,) = status(app).environments
    (note,) = [note for note in line.notes if note.blocks]
    assert note.code == "half-applied"
    assert "a part of it is there: table a; not table b" in note.message
    assert len(line.pending) == 1


def test_who_deploys_now_is_named(app: App) -> None:
    build.run(BuildRequest(), app)
    engine, url = app.database().engine, app.database().environment("dev").resolve_url()
    assert status(app).environments[0].deploying == ""
    with engine.connect(url) as session, session.deploy_lock(wait=timedelta(0)):
        answer = run(Request(), app)
    (line,) = answer.details.environments
    assert line.deploying == f"process {os.getpid()}"
    assert datetime.fromisoformat(line.deploying_since) <= datetime.now(UTC)
    assert f"process {os.getpid()} deploys now" in answer.message


@pytest.mark.slow
def test_invalid_indexes_are_told(app_factory: AppFactory, postgresql_url: str) -> None:
    app = app_factory(postgresql_url, migrations=MIGRATIONS)
    build.run(BuildRequest(), app)
    with app.database().engine.connect(postgresql_url) as session:
        session.execute("INSERT INTO users VALUES (1), (2)")
        session.execute("ALTER TABLE users ADD COLUMN name text DEFAULT 'x'")
        with pytest.raises(StatementFailed):
            session.execute("CREATE UNIQUE INDEX CONCURRENTLY by_name ON users (name)")
    (note,) = status(app).environments[0].notes
    assert note.code == "invalid-index"
    assert "by_name on users" in note.message
    assert "DROP INDEX CONCURRENTLY by_name" in note.hint
