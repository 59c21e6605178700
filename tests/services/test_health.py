"""Health of real databases, made sick and then well, and what stands beside: ledger, drift, backup."""

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import psycopg
import pytest

from faber_db.checks import FOR
from faber_db.errors import ConfigError, Exit, InputError
from faber_db.model.backup import BackupState
from faber_db.model.health import CheckResult, CheckStatus, Health, Overall
from faber_db.services import backup as backups
from faber_db.services import health
from faber_db.services.app import App, Database, Environment
from faber_db.services.drift import drift
from tests.plain_user import as_plain_user, own_folder

MIGRATIONS = {
    "001_orders.up.sql": """
        CREATE TABLE orders (id integer PRIMARY KEY, state varchar(9) CHECK (state IN ('a', 'b')));
        CREATE INDEX orders_by_state ON orders (state);
    """,
    "001_orders.down.sql": "DROP TABLE orders;",
}
SECOND = {
    "002_lines.up.sql": "CREATE TABLE lines (id integer PRIMARY KEY);",
    "002_lines.down.sql": "DROP TABLE lines;",
}
FAST = {  # limits that a test can reach
    "long-transactions.warning": "1ms",
    "long-transactions.critical": "1h",
    "idle-in-transaction.warning": "1ms",
    "idle-in-transaction.critical": "1h",
    "blocked-sessions.warning": "1ms",
    "prepared-transactions.warning": "1ms",
}


@pytest.fixture(params=["sqlite_url", "postgresql_url"])
def app(
    request: pytest.FixtureRequest,
    app_factory: Callable[..., App],
    apply_all: Callable[[App], None],
) -> App:
    made = app_factory(request.getfixturevalue(request.param), migrations=MIGRATIONS)
    apply_all(made)
    return made


def file_of(url: str) -> Path:
    return Path(url.removeprefix("sqlite:"))


def place(app: App) -> tuple[Database, Environment]:
    database = app.database()
    return database, next(iter(database.environments.values()))


def run(app: App, *statements: str) -> None:
    database, environment = place(app)
    with database.engine.connect(environment.resolve_url()) as session:
        for statement in statements:
            session.execute(statement)


def look(app: App, **arguments: Any) -> Health:
    return health.look(app, *place(app), **arguments)


def of(found: Health, check: str) -> CheckResult:
    """The worst result of a check."""
    order = list(CheckStatus)
    rank = {s: order.index(s) for s in order} | {CheckStatus.UNKNOWN: 9, CheckStatus.SKIPPED: -1}
    return max((c for c in found.checks if c.check == check), key=lambda c: rank[c.status])


def status(app: App, check: str) -> CheckStatus:
    return of(look(app, checks=(check,)), check).status


def test_a_well_database_is_well_and_remembered(app: App) -> None:
    found = look(app)
    loud = {c.check for c in found.checks if c.status not in (CheckStatus.OK, CheckStatus.INFO)}
    assert loud <= {"dangerous-settings"}  # the private server of the tests runs without fsync
    assert found.overall in (Overall.HEALTHY, Overall.DEGRADED)
    assert found.cannot_see == ()
    assert of(found, "drift").value.startswith("as 1 applied migration on ")
    remembered = app.state.recall("health:main:dev")
    assert remembered is not None
    assert remembered["overall"] == found.overall


def test_a_selection_is_not_remembered(app: App) -> None:
    assert [c.check for c in look(app, checks=("connectivity",)).checks] == ["connectivity"]
    assert app.state.recall("health:main:dev") is None


def test_a_misspelt_check_or_threshold_is_named(
    app: App, sqlite_url: str, app_factory: Callable[..., App]
) -> None:
    with pytest.raises(InputError, match="there is no check 'conectivity'") as caught:
        look(app, checks=("conectivity",))
    assert "connectivity" in caught.value.hint
    wrong = app_factory(sqlite_url, settings={"thresholds": {"connectivity.warn": 5}})
    with pytest.raises(ConfigError, match=r"connectivity\.warn"):
        look(wrong)


def test_a_database_that_cannot_be_reached_is_unhealthy(
    app_factory: Callable[..., App], tmp_path: Path
) -> None:
    for url in (str(tmp_path / "none.db"), "postgresql://nobody@127.0.0.1:1/none"):
        app = app_factory(url)
        found = look(app)
        assert found.overall is Overall.UNHEALTHY
        assert of(found, "connectivity").status is CheckStatus.CRITICAL
        assert {c.status for c in found.checks if c.check != "connectivity"} == {
            CheckStatus.UNKNOWN
        }
        answer = health.run(health.Request(environment="dev"), app)
        assert (answer.status, answer.exit_code) == ("failure", Exit.UNHEALTHY)
    assert not (tmp_path / "none.db").exists()


# --- ledger, drift, backup -----------------------------------------------------------------------


def test_ledger(
    app: App, app_factory: Callable[..., App], apply_all: Callable[[App], None]
) -> None:
    assert status(app, "ledger") is CheckStatus.OK
    url = place(app)[1].resolve_url()
    app = app_factory(url, migrations=SECOND)
    pending = of(look(app, checks=("ledger",)), "ledger")
    assert (pending.status, pending.value) == (CheckStatus.INFO, "1 pending")
    assert look(app).overall is not Overall.UNHEALTHY
    apply_all(app)
    edited = app_factory(url, migrations={"002_lines.up.sql": "CREATE TABLE lines (id bigint);"})
    assert of(look(edited, checks=("ledger",)), "ledger").key == "ledger:edited"
    assert look(edited).overall is Overall.UNHEALTHY
    for name in SECOND:
        (app.root / "migrations" / name).unlink()
    assert of(look(app, checks=("ledger",)), "ledger").key == "ledger:missing"


def test_drift_is_found_and_may_be_ignored_by_name(
    app: App, app_factory: Callable[..., App]
) -> None:
    assert status(app, "drift") is CheckStatus.OK
    run(app, "CREATE TABLE scratch (a integer)", "DROP INDEX orders_by_state")
    run(app, "ALTER TABLE orders ADD COLUMN note text")
    found = look(app)
    assert found.overall is Overall.UNHEALTHY
    database, environment = place(app)
    with database.engine.connect(environment.resolve_url(), read_only=True) as session:
        differences = drift(app, database, environment, session).differences
    assert {(d.kind, d.name, d.object) for d in differences} == {
        ("table", "scratch", "scratch"),
        ("index", "orders.orders_by_state", "orders"),
        ("column", "orders.note", "orders"),
    }
    ignore = [{"kind": d.kind, "name": d.name, "reason": "known"} for d in differences]
    app = app_factory(environment.resolve_url(), project={"drift": {"ignore": ignore}})
    result = of(look(app, checks=("drift",)), "drift")
    assert result.status is CheckStatus.OK
    assert "3 ignored" in result.value


def test_drift_after_a_restore_is_none(app: App) -> None:
    from faber_db.services import restore

    kept = backups.create(app, *place(app))
    restore.carry_out(app, *place(app), kept)
    assert status(app, "drift") is CheckStatus.OK


def test_the_replayed_history_is_kept(app: App) -> None:
    look(app)
    kept = list((app.state_folder / "catalogues").iterdir())
    assert len(kept) == 1
    changed = kept[0].stat().st_mtime_ns
    look(app)
    assert kept[0].stat().st_mtime_ns == changed
    kept[0].write_text("{ this is cut", encoding="utf-8")
    assert status(app, "drift") is CheckStatus.OK  # unreadable: replayed again


def test_tables_without_a_ledger_prove_nothing(
    sqlite_url: str, app_factory: Callable[..., App]
) -> None:
    with sqlite3.connect(file_of(sqlite_url)) as db:
        db.execute("CREATE TABLE old (a)")
    db.close()
    found = look(app_factory(sqlite_url, migrations=MIGRATIONS))
    assert of(found, "drift").status is CheckStatus.UNKNOWN
    assert "baseline" in of(found, "drift").why
    assert found.overall is Overall.UNKNOWN


def test_a_history_that_does_not_replay_is_unknown(
    app: App, app_factory: Callable[..., App]
) -> None:
    app = app_factory(
        place(app)[1].resolve_url(), migrations={"001_orders.up.sql": "CREATE TABLE other (a int);"}
    )
    result = of(look(app, checks=("drift",)), "drift")
    assert result.status is CheckStatus.UNKNOWN
    assert "edited" in result.why


def test_backup_age(
    sqlite_url: str, app_factory: Callable[..., App], apply_all: Callable[[App], None]
) -> None:
    app = app_factory(sqlite_url, environment="production", migrations=MIGRATIONS, protected=True)
    with sqlite3.connect(file_of(sqlite_url)):
        pass
    apply_all(app)
    assert of(look(app), "backup-age").why == "there is no good backup"
    made = backups.create(app, *place(app))
    assert status(app, "backup-age") is CheckStatus.OK
    later = replace(app, now=lambda: datetime.now(UTC) + timedelta(hours=30))
    old = of(look(later, checks=("backup-age",)), "backup-age")
    assert (old.status, old.value) == (CheckStatus.WARNING, "1.3 d")
    app.state.save_backup(
        made.model_copy(
            update={
                "id": "backup_x",
                "state": BackupState.FAILED,
                "error": "disk full",
                "created_at": datetime.now(UTC).isoformat(),
            }
        )
    )
    failed = of(look(app, checks=("backup-age",)), "backup-age")
    assert failed.status is CheckStatus.WARNING
    assert "disk full" in failed.why


# --- SQLite ---------------------------------------------------------------------------------------


@pytest.fixture
def on_sqlite(
    sqlite_url: str, app_factory: Callable[..., App], apply_all: Callable[[App], None]
) -> App:
    made = app_factory(sqlite_url, migrations=MIGRATIONS)
    apply_all(made)
    return made


def test_orphans_are_critical_until_they_are_gone(on_sqlite: App) -> None:
    db = sqlite3.connect(file_of(place(on_sqlite)[1].resolve_url()), isolation_level=None)
    db.execute("CREATE TABLE parent (id integer PRIMARY KEY)")
    db.execute("CREATE TABLE child (p integer REFERENCES parent)")
    db.execute("INSERT INTO child VALUES (1), (2)")
    sick = of(look(on_sqlite), "foreign-key-check")
    assert (sick.status, sick.value, sick.object) == (CheckStatus.CRITICAL, "2", "child")
    db.execute("INSERT INTO parent VALUES (1), (2)")
    db.close()
    assert status(on_sqlite, "foreign-key-check") is CheckStatus.OK


def test_a_damaged_page_is_critical(on_sqlite: App) -> None:
    file = file_of(place(on_sqlite)[1].resolve_url())
    db = sqlite3.connect(file)
    db.executemany("INSERT INTO orders VALUES (?, 'a')", [(n,) for n in range(5000)])
    db.commit()
    db.close()
    well = file.read_bytes()
    with file.open("r+b") as handle:
        handle.seek(4096 * 5)
        handle.write(b"\xff" * 4096)
    assert status(on_sqlite, "quick-check") is CheckStatus.CRITICAL
    file.write_bytes(well)
    assert status(on_sqlite, "quick-check") is CheckStatus.OK


def test_a_log_that_does_not_shrink_is_a_warning(
    sqlite_url: str, app_factory: Callable[..., App]
) -> None:
    app = app_factory(sqlite_url, settings={"thresholds": {"log-size.warning": "20kB"}})
    writer = sqlite3.connect(file_of(sqlite_url), isolation_level=None)
    writer.execute("PRAGMA journal_mode = WAL")
    writer.execute("PRAGMA wal_autocheckpoint = 0")
    writer.execute("CREATE TABLE big (a)")
    writer.execute("INSERT INTO big VALUES (zeroblob(100000))")
    assert status(app, "log-size") is CheckStatus.WARNING
    writer.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    assert status(app, "log-size") is CheckStatus.OK
    writer.close()


def test_room_is_measured_against_the_file(on_sqlite: App, app_factory: Callable[..., App]) -> None:
    assert status(on_sqlite, "free-disk") is CheckStatus.OK
    url = place(on_sqlite)[1].resolve_url()
    app = app_factory(url, settings={"thresholds": {"free-disk.critical": 10**9}})
    assert status(app, "free-disk") is CheckStatus.CRITICAL


def test_muting_makes_a_note_but_never_of_what_blocks(
    on_sqlite: App, app_factory: Callable[..., App]
) -> None:
    run(on_sqlite, "CREATE TABLE scratch (a integer)")
    url = place(on_sqlite)[1].resolve_url()
    app = app_factory(
        url,
        settings={
            "thresholds": {"free-disk.critical": 10**9},
            "muted": ["free-disk", "drift:scratch", "drift"],
        },
    )
    found = look(app)
    assert of(found, "free-disk").status is CheckStatus.INFO
    assert "Muted" in of(found, "free-disk").why
    assert of(found, "drift").status is CheckStatus.CRITICAL


def test_a_folder_that_is_not_writable_is_critical(on_sqlite: App) -> None:
    with own_folder() as folder:
        file = folder / "t.db"

        def attempts() -> None:
            engine = place(on_sqlite)[0].engine
            with engine.connect(f"sqlite:{file}", create=True) as session:
                session.execute("CREATE TABLE t (a integer)")
                folder.chmod(0o500)
                checks = [c for c in FOR["sqlite"] if c.name == "writable"]
                (found,) = health.examine(session, checks)
                assert found.status is CheckStatus.CRITICAL

        as_plain_user(attempts)


# --- PostgreSQL -----------------------------------------------------------------------------------


@pytest.fixture
def on_postgresql(
    postgresql_url: str, app_factory: Callable[..., App], apply_all: Callable[[App], None]
) -> App:
    made = app_factory(postgresql_url, migrations=MIGRATIONS, settings={"thresholds": FAST})
    apply_all(made)
    return made


@pytest.fixture
def other(on_postgresql: App) -> Iterator[psycopg.Connection]:
    """Another session on the same database."""
    url = place(on_postgresql)[1].resolve_url()
    with psycopg.connect(url, application_name="shop", autocommit=True) as connection:
        yield connection


def test_a_session_idle_in_transaction(on_postgresql: App, other: psycopg.Connection) -> None:
    with other.transaction():
        other.execute("SELECT 1")
        found = look(on_postgresql)
        idle = of(found, "idle-in-transaction")
        assert idle.status is CheckStatus.WARNING
        assert "shop" in idle.why
        assert of(found, "long-transactions").object == f"pid {other.info.backend_pid}"
        assert found.overall is Overall.DEGRADED
    assert status(on_postgresql, "idle-in-transaction") is CheckStatus.OK
    assert status(on_postgresql, "long-transactions") is CheckStatus.OK


def url_as(url: str, role: str) -> str:
    """The same database for another role."""
    parameters = {**psycopg.conninfo.conninfo_to_dict(url), "user": role}
    return "postgresql://?" + urlencode(parameters)


@contextmanager
def waiting(url: str, holder: psycopg.Connection, sql: str) -> Iterator[int]:
    """A third session that waits for a lock which `holder` has; its pid."""
    with psycopg.connect(url, autocommit=True) as connection:
        thread = threading.Thread(target=lambda: connection.execute(sql.encode()))
        thread.start()
        pid = connection.info.backend_pid
        query = "SELECT count(*) FROM pg_locks WHERE pid = %s AND NOT granted AND waitstart < now()"
        with psycopg.connect(url, autocommit=True) as watcher:
            while watcher.execute(query, [pid]).fetchone() == (0,):
                thread.join(0.01)
        try:
            yield pid
        finally:
            holder.execute("COMMIT")
            thread.join(10)


def test_a_blocked_session_and_who_blocks_it(on_postgresql: App, other: psycopg.Connection) -> None:
    other.execute("BEGIN; LOCK TABLE orders")
    url = place(on_postgresql)[1].resolve_url()
    with waiting(url, other, "SELECT * FROM orders") as pid:
        blocked = of(look(on_postgresql), "blocked-sessions")
        assert (blocked.status, blocked.object) == (CheckStatus.WARNING, f"pid {pid}")
        assert f"behind pid {other.info.backend_pid} on orders" in blocked.why
    assert status(on_postgresql, "blocked-sessions") is CheckStatus.OK


SICK = {  # sick: statements, check, status, object; well: statements
    "invalid unique index": (
        [
            "INSERT INTO orders VALUES (1, 'a'), (2, 'a')",
            "!CREATE UNIQUE INDEX CONCURRENTLY one_state ON orders (state)",
        ],
        ("invalid-indexes", CheckStatus.CRITICAL, "one_state"),
        ["DROP INDEX one_state"],
    ),
    "constraint never validated": (
        ["ALTER TABLE orders ADD CONSTRAINT positive CHECK (id > 0) NOT VALID"],
        ("not-valid-constraints", CheckStatus.WARNING, "orders.positive"),
        ["ALTER TABLE orders VALIDATE CONSTRAINT positive"],
    ),
    "identity column nearly used up": (
        [
            "CREATE TABLE small (id smallint GENERATED ALWAYS AS IDENTITY)",
            "SELECT setval('small_id_seq', 30000)",
        ],
        ("sequence-use", CheckStatus.CRITICAL, "small_id_seq"),
        ["SELECT setval('small_id_seq', 3)"],
    ),
    "bigint sequence behind an integer column": (
        [
            "CREATE SEQUENCE s; CREATE TABLE old (id integer DEFAULT nextval('s'))",
            "ALTER SEQUENCE s OWNED BY old.id; SELECT setval('s', 1800000000)",
        ],
        ("sequence-use", CheckStatus.WARNING, "s"),
        ["SELECT setval('s', 3)"],
    ),
    "disabled trigger": (
        [
            "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
            "CREATE TRIGGER t BEFORE INSERT ON orders FOR EACH ROW EXECUTE FUNCTION f()",
            "ALTER TABLE orders DISABLE TRIGGER t",
        ],
        ("disabled-triggers", CheckStatus.WARNING, "orders.t"),
        ["ALTER TABLE orders ENABLE TRIGGER t"],
    ),
    "names that need quotes": (
        [
            'CREATE SCHEMA "od.d"; CREATE SEQUENCE "od.d"."Next" AS smallint',
            """SELECT setval('"od.d"."Next"', 32000)""",
        ],
        ("sequence-use", CheckStatus.CRITICAL, '"od.d"."Next"'),
        ["""SELECT setval('"od.d"."Next"', 3)"""],
    ),
}


@pytest.mark.parametrize(("sick", "expected", "well"), SICK.values(), ids=list(SICK))
def test_sick_and_well(
    on_postgresql: App,
    other: psycopg.Connection,
    sick: list[str],
    expected: tuple[str, CheckStatus, str],
    well: list[str],
) -> None:
    check, worst, name = expected
    assert status(on_postgresql, check) is CheckStatus.OK
    for statement in sick:
        if statement.startswith("!"):
            with pytest.raises(psycopg.errors.UniqueViolation):
                other.execute(statement.removeprefix("!").encode())
        else:
            other.execute(statement.encode())
    found = of(look(on_postgresql, checks=(check,)), check)
    assert (found.status, found.object) == (worst, name)
    assert found.why
    assert found.action
    for statement in well:
        other.execute(statement.encode())
    assert status(on_postgresql, check) is CheckStatus.OK


def test_a_role_that_may_not_look_knows_nothing(
    on_postgresql: App, other: psycopg.Connection, app_factory: Callable[..., App]
) -> None:
    url = place(on_postgresql)[1].resolve_url()
    role = f"blind_{other.info.dbname}"
    other.execute(f"CREATE ROLE {role} LOGIN".encode())
    other.execute(b"CREATE SEQUENCE hidden")
    try:
        with other.transaction():
            other.execute("SELECT 1")
            app = app_factory(url_as(url, role), settings={"thresholds": FAST})
            found = look(app)
        for check in ("long-transactions", "idle-in-transaction", "replication"):
            result = of(found, check)
            assert result.status is CheckStatus.UNKNOWN
            assert result.action == f"GRANT pg_monitor TO {role}"
        assert of(found, "sequence-use").status is CheckStatus.UNKNOWN
        assert of(found, "connections").status is CheckStatus.OK
        assert found.overall is Overall.UNKNOWN
        assert f"long-transactions: GRANT pg_monitor TO {role}" in found.cannot_see
        assert health.run(health.Request(environment="dev"), app).exit_code is Exit.FAILED
        other.execute(f"GRANT pg_monitor TO {role}".encode())
        assert status(app, "long-transactions") is CheckStatus.OK
    finally:
        other.execute(f"DROP OWNED BY {role}; DROP ROLE {role}".encode())


def test_a_lock_on_a_catalogue_makes_one_check_unknown_not_all(
    on_postgresql: App, other: psycopg.Connection
) -> None:
    other.execute("BEGIN; LOCK TABLE pg_sequence")
    try:
        found = look(on_postgresql, leave_out=("drift", "ledger", "backup-age"))
    finally:
        other.execute("ROLLBACK")
    assert of(found, "sequence-use").status is CheckStatus.UNKNOWN
    assert of(found, "invalid-indexes").status is CheckStatus.OK


def test_the_answer_names_what_is_well_and_shows_what_is_not(
    on_postgresql: App, other: psycopg.Connection
) -> None:
    other.execute("ALTER TABLE orders ADD CONSTRAINT positive CHECK (id > 0) NOT VALID")
    answer = health.run(health.Request(environment="dev"), on_postgresql)
    assert "connectivity" in answer.details.well
    assert "not-valid-constraints" in {c.check for c in answer.details.checks}
    assert "ALTER TABLE orders VALIDATE CONSTRAINT positive" in answer.suggested_fixes
    full = health.run(health.Request(environment="dev", detail="full"), on_postgresql)
    assert {"connectivity", "drift", "ledger"} <= {c.check for c in full.details.checks}
