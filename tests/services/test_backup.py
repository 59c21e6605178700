"""Backups of real databases: what counts as one, what does not, and what is kept."""

import os
import shutil
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest

from faber_db.errors import BackupDamaged, BackupFailed, BackupMissing, Cancelled
from faber_db.model.backup import Backup, BackupState
from faber_db.services import backup as backups
from faber_db.services import list_backups
from faber_db.services.app import App, Database, Environment
from faber_db.services.contents import contents
from faber_db.services.retention import prune, unkept

ORDERS = {
    "001_orders.up.sql": """
        CREATE TABLE orders (
            id integer PRIMARY KEY, note varchar(40), state varchar(9) CHECK (state IN ('a', 'b')));
    """,
    "001_orders.down.sql": "DROP TABLE orders;",
}
NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


@pytest.fixture(params=["sqlite_url", "postgresql_url"])
def app(
    request: pytest.FixtureRequest,
    app_factory: Callable[..., App],
    apply_all: Callable[[App], None],
) -> App:
    made = app_factory(request.getfixturevalue(request.param), migrations=ORDERS)
    apply_all(made)
    fill(made, 100)
    return made


@pytest.fixture
def on_sqlite(
    sqlite_url: str, app_factory: Callable[..., App], apply_all: Callable[[App], None]
) -> App:
    made = app_factory(sqlite_url, migrations=ORDERS)
    apply_all(made)
    fill(made, 100)
    return made


def file_of(url: str) -> Path:
    return Path(url.removeprefix("sqlite:"))


def place(app: App) -> tuple[Database, Environment]:
    database = app.database()
    return database, next(iter(database.environments.values()))


def fill(app: App, rows: int, first: int = 1) -> None:
    database, environment = place(app)
    with database.engine.connect(environment.resolve_url()) as session, session.transaction():
        for number in range(first, first + rows):
            session.execute(
                "INSERT INTO orders VALUES (%s, %s, 'a')", [number, f"note {number} " * 2]
            )


def files(app: App) -> list[str]:
    return sorted(path.name for path in (app.state_folder / "backups").iterdir())


def flip(path: Path, position: int) -> None:
    data = bytearray(path.read_bytes())
    data[position] ^= 1
    path.write_bytes(data)


def test_a_backup_is_hashed_decoded_private_and_recorded(app: App) -> None:
    made = backups.create(app, *place(app), label="before lunch")
    assert app.state.backup(made.id) == made
    assert (made.state, made.level, made.label) == (BackupState.GOOD, 2, "before lunch")
    assert made.ledger_head == "001_orders"
    assert made.row_counts["orders"] == 100
    assert made.tool
    assert made.server_version
    path = Path(made.path)
    assert files(app) == [path.name]
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert path.stat().st_size == made.size_bytes
    assert [e.event for e in app.state.audit()][-2:] == ["backup.intent", "backup.done"]


def test_level_3_restores_compares_and_leaves_nothing(app: App) -> None:
    made = backups.create(app, *place(app))
    fill(app, 5, first=1000)
    assert backups.verify(app, made, 3).level == 3
    database, environment = place(app)
    with database.engine.connect(environment.resolve_url()) as session:
        assert contents(session, database.handler).row_counts["orders"] == 105
    assert files(app) == [Path(made.path).name]
    if database.engine.name == "sqlite":
        live = file_of(environment.resolve_url())
        assert [p.name for p in live.parent.glob("*restored*")] == []


@pytest.mark.parametrize("level", [1, 2, 3])
def test_any_flipped_bit_is_found(app: App, level: int) -> None:
    made = backups.create(app, *place(app))
    whole = Path(made.path).read_bytes()
    for position in (0, len(whole) // 3, len(whole) // 2, len(whole) - 1):
        Path(made.path).write_bytes(whole)
        flip(Path(made.path), position)
        app.state.save_backup(made)
        with pytest.raises(BackupDamaged):
            backups.verify(app, made, level)
        assert app.state.backup(made.id).state is BackupState.DAMAGED
        assert backups.newest_good(app, *place(app)) is None


def test_a_cut_file_does_not_decode(app: App) -> None:
    made = backups.create(app, *place(app))
    path = Path(made.path)
    path.write_bytes(path.read_bytes()[: made.size_bytes * 2 // 3])
    resealed = made.model_copy(
        update={"sha256": backups.store_of(app).measure(path).sha256}
    )  # as if it had been hashed after the cut: level 2 has to find it
    with pytest.raises(BackupDamaged):
        backups.verify(app, resealed, 2)


def test_a_record_that_says_other_rows_fails_level_3(app: App) -> None:
    made = backups.create(app, *place(app))
    wrong = made.model_copy(update={"row_counts": {**made.row_counts, "orders": 101}})
    with pytest.raises(BackupDamaged, match="orders has 100 rows, recorded were 101"):
        backups.verify(app, wrong, 3)


def test_a_file_that_is_gone_is_no_backup(app: App) -> None:
    made = backups.create(app, *place(app))
    Path(made.path).unlink()
    assert backups.newest_good(app, *place(app)) is None
    with pytest.raises(BackupMissing):
        backups.verify(app, made, 1)


def test_cancelling_keeps_no_file_and_no_good_record(app: App) -> None:
    with pytest.raises(Cancelled):
        backups.create(app, *place(app), cancelled=lambda: True)
    assert files(app) == []
    assert [b.state for b in app.state.backups()] == [BackupState.FAILED]


def test_a_live_database_that_is_damaged_gives_no_backup(on_sqlite: App) -> None:
    _, environment = place(on_sqlite)
    live = file_of(environment.resolve_url())
    fill(on_sqlite, 2000, first=5000)
    with live.open("r+b") as file:
        file.seek(4096 * 4)
        file.write(b"\xff" * 4096)
    with pytest.raises(BackupFailed):
        backups.create(on_sqlite, *place(on_sqlite))
    assert files(on_sqlite) == []
    assert on_sqlite.state.backups()[0].state is BackupState.FAILED


def test_a_folder_open_to_others_is_refused(on_sqlite: App) -> None:
    folder = on_sqlite.state_folder / "backups"
    folder.mkdir()
    folder.chmod(0o755)
    with pytest.raises(BackupFailed, match="others may look"):
        backups.create(on_sqlite, *place(on_sqlite))


def test_the_copy_holds_what_the_write_ahead_log_holds(on_sqlite: App) -> None:
    _, environment = place(on_sqlite)
    writer = sqlite3.connect(file_of(environment.resolve_url()), isolation_level=None)
    try:
        writer.execute("PRAGMA journal_mode = WAL")
        writer.execute("PRAGMA wal_autocheckpoint = 0")
        writer.execute("INSERT INTO orders VALUES (999, 'in the log', 'b')")
        made = backups.create(on_sqlite, *place(on_sqlite))
    finally:
        writer.close()
    assert made.row_counts["orders"] == 101


def test_rows_that_come_and_go_during_the_dump_are_not_recorded(
    postgresql_url: str, app_factory: Callable[..., App], apply_all: Callable[[App], None]
) -> None:
    app = app_factory(postgresql_url, migrations=ORDERS)
    apply_all(app)
    fill(app, 10)
    with psycopg.connect(postgresql_url, autocommit=True) as other:
        other.execute("CREATE TABLE quiet (id integer PRIMARY KEY)")
    seen: list[str] = []

    def write(words: str) -> None:
        if words == "dumping dev":
            seen.append(words)
            with psycopg.connect(postgresql_url, autocommit=True) as other:
                other.execute("INSERT INTO orders VALUES (999, '', 'b')")
                other.execute("DELETE FROM orders WHERE id = 999")

    made = backups.create(app, *place(app), progress=write)
    assert seen
    assert "orders" not in made.row_counts
    assert made.row_counts["quiet"] == 0
    assert made.notes == ("rows of orders changed while the dump ran",)
    assert backups.verify(app, made, 3).level == 3


def test_newest_good_looks_at_level_age_and_target(
    on_sqlite: App, app_factory: Callable[..., App], tmp_path: Path
) -> None:
    made = backups.create(on_sqlite, *place(on_sqlite))
    assert backups.newest_good(on_sqlite, *place(on_sqlite)) == made
    assert backups.newest_good(on_sqlite, *place(on_sqlite), level=3) is None
    day = timedelta(hours=24)
    assert backups.newest_good(on_sqlite, *place(on_sqlite), max_age=day) == made
    later = replace(on_sqlite, now=lambda: datetime.now(UTC) + timedelta(hours=25))
    assert backups.newest_good(later, *place(on_sqlite), max_age=day) is None
    other = tmp_path / "other.db"
    shutil.copy(file_of(place(on_sqlite)[1].resolve_url()), other)
    elsewhere = app_factory(str(other))
    assert backups.newest_good(elsewhere, *place(elsewhere)) is None


MAKER = """
import os, sys, time
from pathlib import Path
from faber_db.adapters.stores.backup_folder import BackupFolder
with BackupFolder(Path(sys.argv[1])).making("dying.dump") as part:
    part.write_bytes(b"half")
    print("made", flush=True)
    time.sleep(60)
"""


def test_what_a_killed_process_left_is_settled(on_sqlite: App) -> None:
    folder = on_sqlite.state_folder / "backups"
    maker = subprocess.Popen(
        [sys.executable, "-c", MAKER, str(folder)], stdout=subprocess.PIPE, text=True
    )
    try:
        assert maker.stdout is not None
        assert maker.stdout.readline() == "made\n"
        record = Backup(
            id="backup_dying",
            database="main",
            environment="dev",
            state=BackupState.RUNNING,
            path=str(folder / "dying.dump"),
            created_at=datetime.now(UTC).isoformat(),
        )
        on_sqlite.state.save_backup(record)
        assert backups.recover(on_sqlite) == []  # its maker lives
        assert files(on_sqlite) == ["dying.dump.part", "dying.dump.part.lock"]
        os.kill(maker.pid, signal.SIGKILL)
        maker.wait()
        (settled,) = backups.recover(on_sqlite)
    finally:
        maker.kill()
        maker.wait()
        if maker.stdout is not None:
            maker.stdout.close()
    assert (settled.id, settled.state) == ("backup_dying", BackupState.FAILED)
    assert files(on_sqlite) == []
    assert backups.newest_good(on_sqlite, *place(on_sqlite)) is None


def record(number: int, age_days: float, state: BackupState = BackupState.GOOD) -> Backup:
    made = NOW - timedelta(days=age_days)
    return Backup(
        id=f"backup_{number}",
        database="main",
        environment="dev",
        state=state,
        path="",
        created_at=made.isoformat(),
    )


BAD = BackupState.FAILED
RETENTION = {
    "the last three": ([record(n, 10 * n) for n in range(5)], 3, 5, [4, 3]),
    "within, seen from the newest": ([record(n, 100 + n) for n in range(5)], 1, 2.5, [4, 3]),
    "either rule keeps": ([record(0, 0), record(1, 1), record(2, 40)], 1, 30, [2]),
    "only failed ones": ([record(n, n, BAD) for n in range(9)], 1, 1, []),
    "failed ones never push a good one out": (
        [record(9, 40), *[record(n, n, BAD) for n in range(8)]],
        1,
        30,
        [],
    ),
    "old failed ones go": ([record(0, 0), record(1, 40, BAD), record(2, 1, BAD)], 1, 30, [1]),
    "running ones stay": (
        [record(0, 0), record(1, 50, BackupState.RUNNING), record(2, 50)],
        1,
        30,
        [2],
    ),
    "none": ([], 1, 1, []),
}


@pytest.mark.parametrize(
    ("made", "keep_last", "days", "gone"), RETENTION.values(), ids=list(RETENTION)
)
def test_retention(made: list[Backup], keep_last: int, days: float, gone: list[int]) -> None:
    found = unkept(made, keep_last, timedelta(days=days))
    assert [b.id for b in found] == [f"backup_{n}" for n in gone]


def test_pruning_removes_files_but_none_that_is_read(
    sqlite_url: str, app_factory: Callable[..., App], apply_all: Callable[[App], None]
) -> None:
    moments = iter(range(0, 10_000))
    start = datetime.now(UTC) - timedelta(days=200)
    app = app_factory(
        sqlite_url,
        migrations=ORDERS,
        project={"backups": {"keep_last": 1, "keep_within": "1h"}},
        now=lambda: start + timedelta(days=next(moments)),
    )
    apply_all(app)
    made = [backups.create(app, *place(app)) for _ in range(3)]
    assert prune(app, *place(app), dry_run=True).removed == (made[0].id, made[1].id)
    assert len(files(app)) == 3
    with backups.sealed(app, made[0]):
        done = prune(app, *place(app), dry_run=False)
    assert done.in_use == (made[0].id,)
    assert done.removed == (made[1].id,)
    assert prune(app, *place(app), dry_run=False).removed == (made[0].id,)
    assert files(app) == [Path(made[2].path).name]
    assert prune(app, *place(app), dry_run=False).removed == ()


def test_listing_goes_on_from_a_cursor(on_sqlite: App) -> None:
    made = [backups.create(on_sqlite, *place(on_sqlite)) for _ in range(3)]
    first = list_backups.run(list_backups.Request(limit=2), on_sqlite).details
    assert [b.backup_id for b in first.backups] == [made[2].id, made[1].id]
    assert (first.left_out, first.cursor) == (1, made[1].id)
    rest = list_backups.run(
        list_backups.Request(limit=2, cursor=first.cursor, environment="development"), on_sqlite
    )
    assert [b.backup_id for b in rest.details.backups] == [made[0].id]
    assert rest.details.left_out == 0
