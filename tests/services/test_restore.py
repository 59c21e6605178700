"""Restores of real databases: proven beside, swapped in, and nothing touched when that fails."""

import sqlite3
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from faber_db.app import build
from faber_db.errors import (
    BackupDamaged,
    BackupFailed,
    BackupMissing,
    Cancelled,
    Exit,
    InputError,
    LockBusy,
    NotSupported,
    RestoreUnproved,
)
from faber_db.model.answer import State
from faber_db.model.backup import BackupState
from faber_db.model.target import Marker, PinnedApprover
from faber_db.services import backup as backups
from faber_db.services import create_backup, restore
from faber_db.services.app import App, Database, Environment

MIGRATIONS = {
    "001_orders.up.sql": """
        CREATE TABLE customers (id integer PRIMARY KEY, name varchar(40));
        CREATE TABLE orders (
            id integer PRIMARY KEY,
            customer integer NOT NULL REFERENCES customers (id) ON DELETE CASCADE,
            state varchar(9) DEFAULT 'new' CHECK (state IN ('new', 'paid')));
        CREATE INDEX orders_by_customer ON orders (customer) WHERE state IN ('new', 'paid');
    """,
    "001_orders.down.sql": "DROP TABLE orders; DROP TABLE customers;",
}
LATER = {
    "002_total.up.sql": "ALTER TABLE orders ADD COLUMN total integer;",
    "002_total.down.sql": "ALTER TABLE orders DROP COLUMN total;",
}


@pytest.fixture(params=["sqlite_url", "postgresql_url"])
def app(
    request: pytest.FixtureRequest,
    app_factory: Callable[..., App],
    apply_all: Callable[[App], None],
) -> App:
    made = app_factory(request.getfixturevalue(request.param), migrations=MIGRATIONS)
    apply_all(made)
    run(
        made,
        *(f"INSERT INTO customers VALUES ({n}, 'name {n}')" for n in range(1, 21)),
        *(f"INSERT INTO orders (id, customer) VALUES ({n}, {n % 20 + 1})" for n in range(1, 51)),
    )
    return made


def file_of(url: str) -> Path:
    return Path(url.removeprefix("sqlite:"))


def place(app: App) -> tuple[Database, Environment]:
    database = app.database()
    return database, next(iter(database.environments.values()))


def run(app: App, *statements: str) -> None:
    database, environment = place(app)
    with database.engine.connect(environment.resolve_url()) as session, session.transaction():
        for statement in statements:
            session.execute(statement)


def ask(app: App, sql: str) -> list[tuple[object, ...]]:
    database, environment = place(app)
    with database.engine.connect(environment.resolve_url(), read_only=True) as session:
        return session.query(sql)


def every_row(app: App) -> list[list[tuple[object, ...]]]:
    return [ask(app, f"SELECT * FROM {t} ORDER BY 1") for t in ("customers", "orders")]


def copies(app: App) -> list[str]:
    """What a restore left beside the live database and should not have."""
    database, environment = place(app)
    if database.engine.name == "sqlite":
        live = file_of(environment.resolve_url())
        return [p.name for p in live.parent.glob(f"{live.stem}.*") if p != live]
    rows = ask(
        app,
        "SELECT datname FROM pg_database WHERE datname <> current_database()"
        " AND datname ~ current_database()",
    )
    return [str(name) for (name,) in rows]


def test_the_data_comes_back_and_the_way_back_is_named(
    app: App, app_factory: Callable[..., App], apply_all: Callable[[App], None]
) -> None:
    before = every_row(app)
    kept = backups.create(app, *place(app))
    database, environment = place(app)
    later = app_factory(environment.resolve_url(), migrations=LATER)
    apply_all(later)
    run(
        app,
        "DELETE FROM orders WHERE customer < 10",
        "DELETE FROM customers WHERE id < 10",
        "UPDATE orders SET total = 7",
    )
    result = restore.carry_out(app, *place(app), kept)
    assert every_row(app) == before
    with database.engine.connect(environment.resolve_url()) as session:
        assert [row.version for row in database.handler.ledger(session)] == ["001_orders"]
    saved = app.state.backup(result["safety_backup_id"])
    assert (saved.state, saved.reason) == (BackupState.GOOD, "restore")
    assert saved.ledger_head == "002_total"
    assert saved.id in result["undo"]
    restore.carry_out(app, *place(app), saved)  # the undo really undoes
    assert ask(app, "SELECT count(*), min(total) FROM orders WHERE total = 7")[0][1] == 7
    assert ask(app, "SELECT count(*) FROM customers") == [(11,)]


def test_marker_and_used_approvals_of_the_live_target_stay(app: App) -> None:
    kept = backups.create(app, *place(app))
    database, environment = place(app)
    with database.engine.connect(environment.resolve_url()) as session:
        marker = Marker(
            target_id="t1",
            environment="dev",
            database="main",
            approvers=(PinnedApprover(approver="ada", key_id="k1", public_key_sha256="0" * 64),),
            policy_digest="p",
            server_digest=session.identity().server_digest,
        )
        session.write_marker(marker)
        assert session.use_nonce("n1", "d1", "2026-11-23T09:00:00+00:00")
    restore.carry_out(app, *place(app), kept)
    with database.engine.connect(environment.resolve_url()) as session:
        found = session.read_marker()
        assert found is not None
        assert (found.target_id, found.approvers) == ("t1", marker.approvers)
        assert not session.use_nonce("n1", "d1", "2026-11-23T09:00:01+00:00")


def test_a_damaged_backup_is_not_restored(app: App) -> None:
    kept = backups.create(app, *place(app))
    data = bytearray(Path(kept.path).read_bytes())
    data[len(data) // 2] ^= 1
    Path(kept.path).write_bytes(data)
    before = every_row(app)
    with pytest.raises(BackupDamaged):
        restore.carry_out(app, *place(app), kept)
    assert every_row(app) == before
    assert copies(app) == []


def test_a_copy_that_is_not_as_recorded_is_dropped(app: App) -> None:
    kept = backups.create(app, *place(app))
    wrong = kept.model_copy(update={"row_counts": {**kept.row_counts, "orders": 49}})
    before = every_row(app)
    with pytest.raises(RestoreUnproved, match="orders has 50 rows, recorded were 49"):
        restore.carry_out(app, *place(app), wrong)
    assert every_row(app) == before
    assert copies(app) == []


def test_cancelling_before_the_swap_changes_nothing(app: App) -> None:
    kept = backups.create(app, *place(app))
    run(app, "DELETE FROM orders WHERE id = 1")
    before = every_row(app)
    words: list[str] = []
    with pytest.raises(Cancelled):
        restore.carry_out(
            app,
            *place(app),
            kept,
            progress=words.append,
            cancelled=lambda: "comparing the copy with what the backup recorded" in words,
        )
    assert "comparing the copy with what the backup recorded" in words
    assert every_row(app) == before
    assert copies(app) == []


def test_a_deployer_under_way_is_not_pushed_aside(app: App) -> None:
    kept = backups.create(app, *place(app))
    database, environment = place(app)
    with (
        database.engine.connect(environment.resolve_url()) as other,
        other.deploy_lock(wait=timedelta(seconds=1)),
        pytest.raises(LockBusy),
    ):
        restore.carry_out(app, *place(app), kept)
    assert copies(app) == []


def test_a_live_file_beyond_saving_is_left_alone(
    sqlite_url: str, app_factory: Callable[..., App], apply_all: Callable[[App], None]
) -> None:
    app = app_factory(sqlite_url, migrations=MIGRATIONS)
    apply_all(app)
    run(app, *(f"INSERT INTO customers VALUES ({n}, '{'x' * 40}')" for n in range(1, 2000)))
    kept = backups.create(app, *place(app))
    with file_of(sqlite_url).open("r+b") as file:
        file.seek(4096 * 8)
        file.write(b"\xff" * 4096)
    before = file_of(sqlite_url).read_bytes()
    with pytest.raises(BackupFailed, match="could not be saved first") as caught:
        restore.carry_out(app, *place(app), kept)
    assert kept.path in caught.value.hint
    assert file_of(sqlite_url).read_bytes() == before


def test_readers_keep_their_handle_on_sqlite(
    sqlite_url: str, app_factory: Callable[..., App], apply_all: Callable[[App], None]
) -> None:
    app = app_factory(sqlite_url, migrations=MIGRATIONS)
    apply_all(app)
    kept = backups.create(app, *place(app))
    reader = sqlite3.connect(file_of(sqlite_url))
    try:
        run(app, "INSERT INTO customers VALUES (1, 'new')")
        assert reader.execute("SELECT count(*) FROM customers").fetchone() == (1,)
        restore.carry_out(app, *place(app), kept)
        assert reader.execute("SELECT count(*) FROM customers").fetchone() == (0,)
    finally:
        reader.close()


def test_the_plan_says_what_is_lost(
    app: App, app_factory: Callable[..., App], apply_all: Callable[[App], None]
) -> None:
    kept = backups.create(app, *place(app))
    database, environment = place(app)
    apply_all(app_factory(environment.resolve_url(), migrations=LATER))
    run(app, "INSERT INTO orders (id, customer) VALUES (100, 1)", "CREATE TABLE extra (a integer)")
    loses = restore.plan(app, database, environment, kept).loses
    assert "orders: 51 rows now, 50 in the backup" in loses
    assert "table extra (0 rows) is not in the backup" in loses
    assert "migrations after 001_orders, up to 002_total" in loses
    assert loses[0] == f"every change since {kept.created_at}"


def test_going_back_to_a_migration_takes_its_newest_good_backup(
    app: App, app_factory: Callable[..., App], apply_all: Callable[[App], None]
) -> None:
    database, environment = place(app)
    backups.create(app, *place(app))
    second = backups.create(app, *place(app))
    apply_all(app_factory(environment.resolve_url(), migrations=LATER))
    backups.create(app, *place(app))

    def choose(**named: str) -> str:
        full = {"backup_id": "", "to_migration": "", **named}
        return restore.chosen(app, database, environment, **full).id

    assert choose(to_migration="001_orders") == second.id
    app.state.save_backup(second.model_copy(update={"state": BackupState.DAMAGED}))
    assert choose(to_migration="001_orders") != second.id
    for wrong, error in (
        ({"to_migration": "009_none"}, BackupMissing),
        ({"backup_id": second.id}, BackupMissing),
        ({}, InputError),
        ({"backup_id": second.id, "to_migration": "001_orders"}, InputError),
    ):
        with pytest.raises(error):
            choose(**wrong)


def test_single_tables_are_refused_with_a_code(app: App) -> None:
    with pytest.raises(NotSupported):
        restore.run(restore.Request(environment="dev", backup_id="x", tables=("orders",)), app)


def test_through_the_executor_with_a_job_of_its_own(tmp_path: Path) -> None:
    project = tmp_path / "shop"
    project.mkdir()
    live = sqlite3.connect(project / "dev.db", isolation_level=None)
    live.execute("CREATE TABLE orders (id integer PRIMARY KEY)")
    live.execute("INSERT INTO orders VALUES (1), (2)")
    (project / "faber-db.json").write_text(
        '{"environments": {"dev": {"url": "dev.db", "approval": "confirm"}}}', encoding="utf-8"
    )
    app = build(project, {"XDG_STATE_HOME": str(tmp_path / "state"), "PATH": "/usr/bin:/bin"})
    try:
        made = create_backup.run(create_backup.Request(environment="dev", label="first"), app)
        assert made.status == "success", made.message
        assert (made.details.level, made.details.size_bytes > 0) == (2, True)
        assert app.state.backup(made.details.backup_id).label == "first"
        live.execute("DELETE FROM orders WHERE id = 2")
        wanted = restore.Request(environment="dev", backup_id=made.details.backup_id)
        planned = restore.run(wanted.model_copy(update={"dry_run": True}), app)
        assert planned.details.state is State.PLANNED
        assert "orders: 1 rows now, 2 in the backup" in planned.details.loses
        asked = restore.run(wanted, app)
        assert (asked.details.state, asked.exit_code) == (State.CONFIRM_REQUIRED, Exit.WAITING)
        assert live.execute("SELECT count(*) FROM orders").fetchone() == (1,)
        done = restore.run(wanted.model_copy(update={"plan_id": asked.details.plan_id}), app)
        assert done.status == "success", done.message
        assert live.execute("SELECT count(*) FROM orders").fetchone() == (2,)
        assert app.state.backup(done.details.safety_backup_id).state is BackupState.GOOD
        assert "backup.intent" in [e.event for e in app.state.audit()]
    finally:
        live.close()
        app.state.close()  # type: ignore[attr-defined]  # of the file store
