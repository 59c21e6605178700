"""One suite over every migration format on every product, on real databases."""

import json
import re
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from faber_db.adapters.engines.mysql import Mysql
from faber_db.adapters.engines.postgresql import Postgresql
from faber_db.adapters.engines.sqlite import Sqlite
from faber_db.adapters.handlers import HANDLERS, handler_for
from faber_db.errors import (
    LedgerError,
    LedgerForeign,
    LockBusy,
    LockTimeout,
    MigrationFailed,
    MigrationIrreversible,
    MigrationOutOfOrder,
    NotSupported,
)
from faber_db.model.dialect import Dialect
from faber_db.model.migration import (
    AppliedMigration,
    LedgerRow,
    Migration,
    MigrationStatus,
    SourceFile,
    recorded_file,
)
from faber_db.services.ports import Engine, Handler, Limits, Session
from faber_db.sql.identifiers import quote
from faber_db.sql.mysql_transactions import MYSQL
from faber_db.sql.script import parse

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
LIMITS = Limits(
    lock_timeout=timedelta(milliseconds=200),
    statement_timeout=timedelta(seconds=20),
    lock_retries=0,
)

FAILED = {"prisma": "failed", "golang-migrate": "failed"}
"""As what a migration that failed and kept nothing stands in the ledger of a tool; else `pending`."""
BACK = {"prisma": "rolled_back", "flyway": "rolled_back"}
"""The same of one that was rolled back."""
BLIND = {
    "yoyo",
    "dbmate",
    "golang-migrate",
    "goose",
    "typeorm",
    "sequelize",
    "knex",
    "alembic",
    "django",
}
"""Tools whose ledger keeps no checksum, so that what was edited cannot be told."""
OTHER_SUM = {"flyway"}
"""Tools whose checksum is none of the bytes as they are."""
NO_TIME = {
    "drizzle",
    "dbmate",
    "golang-migrate",
    "typeorm",
    "sequelize",
    "alembic",
}
"""Tools whose ledger does not say when a migration was applied."""
ENDS = {"alembic", "golang-migrate"}
"""Tools whose ledger has the last migrations alone: what those need is applied too."""


LATE = {"drizzle": "skipped_by_tool"}
"""As what a migration stands that comes after one that is applied; else `out_of_order`."""


class Place:
    """A handler, a new database and a history that grows."""

    def __init__(self, handler: Handler, engine: Engine, url: str) -> None:
        self.handler, self.engine, self.url = handler, engine, url
        self.files: list[SourceFile] = []
        self.names: dict[str, str] = {}  # of a version; a ledger may have only that

    def add(self, name: str, up: str, down: str = "") -> Migration:
        existing = self.history()
        new = self.handler.generate(name, up, down, now=NOW, existing=existing)
        self.files = [f for f in self.files if f.path not in {n.path for n in new}] + [*new]
        if self.handler.code:  # a program: as if a recording had given just this
            version = self.history()[-1].version
            self.files.append(recorded_file(version, up))
            if down:
                self.files.append(recorded_file(version, down, back=True))
        added = self.history()[-1]
        self.names[added.version] = added.name
        return added

    def remove(self, migration: Migration) -> None:
        """As if its files had never come, its entry in a journal neither."""
        gone = (migration.path, migration.down_path, "meta/_journal.json")
        kept = [f for f in self.files if f.path not in gone]
        for journal in (f for f in self.files if f.path == "meta/_journal.json"):
            whole = json.loads(journal.content)
            whole["entries"] = [e for e in whole["entries"] if e["tag"] != migration.name]
            kept.append(SourceFile(journal.path, json.dumps(whole).encode()))
        self.files = kept

    def history(self) -> tuple[Migration, ...]:
        return self.handler.parse(self.files)

    @staticmethod
    def line_of(migration: Migration, text: str) -> int:
        """Where a statement stands in the file, or the recording, of a migration."""
        lines = migration.content.decode().splitlines()
        return next(n for n, line in enumerate(lines, 1) if text.rstrip(";") in line)

    def states(self, session: Session) -> str:
        found = self.handler.status(self.history(), self.handler.ledger(session))
        return ", ".join(f"{self.word(s)} {s.state.value}" for s in found)

    def word(self, of: MigrationStatus | LedgerRow) -> str:
        """`one` of `20261123090000_one`, `0001_one.js`, `V1__one`, `shop.0001_one` or `One1795424400000`."""
        name = re.sub(r"\.(sql|[cm]?[jt]s)$", "", self.names.get(of.version, of.name))
        return re.split(r"[-_.]", re.sub(r"(?<=[a-z])\d{13}$", "", name))[-1].lower()

    def apply(
        self, session: Session, migration: Migration, *, rehearse: bool = False
    ) -> AppliedMigration:
        script = parse(migration.up, session.dialect)
        return self.handler.apply_one(session, migration, script, now=NOW, rehearse=rehearse)

    def roll_back(self, session: Session, migration: Migration) -> AppliedMigration:
        script = parse(migration.down or "", session.dialect)
        return self.handler.roll_back(session, migration, script, now=NOW)


PLACES = [  # the quick suite has the two first formats on every product, and each on SQLite
    pytest.param(
        (handler.name, product),
        id=f"{product}-{handler.name}",
        marks=() if product == "sqlite" or handler.name in ("prisma", "sql") else pytest.mark.slow,
    )
    for handler in HANDLERS
    for product in ("sqlite", "postgresql", "mariadb")
]


@pytest.fixture(params=PLACES)
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    name, product = request.param
    url: str = request.getfixturevalue(f"{product}_url")
    engines: dict[str, Engine] = {"postgresql": Postgresql(), "mariadb": Mysql()}
    handler = handler_for(name)
    return Place(handler, engines.get(product, Sqlite(tmp_path / "locks")), url)


@pytest.fixture
def session(place: Place) -> Iterator[Session]:
    with place.engine.connect(place.url, limits=LIMITS, create=True) as session:
        yield session


def tables(session: Session) -> list[str]:
    return [table.full_name for table in session.catalogue().tables]


def test_no_table_is_an_empty_ledger_and_none_is_made(place: Place, session: Session) -> None:
    assert place.handler.ledger(session) == ()
    assert tables(session) == []


def test_apply_then_status(place: Place, session: Session) -> None:
    up = "CREATE TABLE t (a integer);\nINSERT INTO t VALUES (1);"
    one = place.add("one", up)
    place.add("two", "ALTER TABLE t ADD COLUMN b integer;")
    assert place.states(session) == "one pending, two pending"
    applied = place.apply(session, one)
    assert (applied.version, applied.sha256) == (one.version, one.sha256)
    lines = [place.line_of(one, text) for text in up.splitlines()]
    assert [run.line for run in applied.statements] == lines
    assert place.states(session) == "one applied, two pending"
    assert session.query("SELECT a FROM t") == [(1,)]
    (row,) = place.handler.ledger(session)
    if place.handler.name in NO_TIME:
        assert row.applied_at is None
    else:
        assert row.applied_at is not None
        assert row.applied_at >= NOW
    assert row.sha256 == (None if place.handler.name in BLIND | OTHER_SUM else one.sha256)


def test_the_ledger_is_ordered_and_named(place: Place, session: Session) -> None:
    for name in ("one", "two", "three"):
        place.apply(session, place.add(name, f"CREATE TABLE {name} (a integer);"))
    rows = [place.word(row) for row in place.handler.ledger(session)]
    assert rows == (["three"] if place.handler.name in ENDS else ["one", "two", "three"])
    assert place.states(session) == "one applied, two applied, three applied"
    shown = session.catalogue(leave_out=place.handler.ledger_tables)
    assert [table.full_name for table in shown.tables] == ["one", "three", "two"]


def test_a_failure_keeps_nothing_of_the_migration(place: Place, session: Session) -> None:
    if session.dialect in MYSQL:  # where a definition stays: the failing statement is the first
        up = "CREATE TABLE t (a missing);\nINSERT INTO t VALUES (1);"
    else:
        up = "CREATE TABLE t (a integer);\nINSERT INTO missing VALUES (1);"
    one = place.add("one", up)
    with pytest.raises(MigrationFailed) as caught:
        place.apply(session, one)
    assert caught.value.rolled_back
    assert "t" not in tables(session)
    assert place.states(session) == f"one {FAILED.get(place.handler.name, 'pending')}"


def test_a_failed_migration_is_settled_and_applied_again(place: Place, session: Session) -> None:
    one = place.add("one", "INSERT INTO missing VALUES (1);")
    with pytest.raises(MigrationFailed):
        place.apply(session, one)
    if place.handler.name in FAILED:
        place.handler.mark(session, one, "rolled_back", now=NOW)
        assert place.states(session) == f"one {BACK.get(place.handler.name, 'pending')}"
    session.execute("CREATE TABLE missing (a integer)")
    place.apply(session, one)
    assert place.states(session) == "one applied"


def test_an_edited_migration(place: Place, session: Session) -> None:
    one = place.add("one", "CREATE TABLE t (a integer);", "DROP TABLE t;")
    place.apply(session, one)
    up = next(f for f in place.files if f.path == one.path)
    place.files[place.files.index(up)] = SourceFile(up.path, up.content + b"\n-- more")
    blind = place.handler.name in BLIND
    assert place.states(session) == ("one applied" if blind else "one edited")
    (edited,) = place.history()
    place.handler.mark(session, edited, "applied", now=NOW)
    assert place.states(session) == "one applied"


def test_a_missing_and_an_out_of_order_one(place: Place, session: Session) -> None:
    place.add("one", "CREATE TABLE one (a integer);")
    two = place.add("two", "CREATE TABLE two (a integer);")
    if place.handler.name in ENDS:  # it would say that the first is applied too
        with pytest.raises(MigrationOutOfOrder):
            place.apply(session, two)
        if place.handler.name == "golang-migrate":
            with pytest.raises(MigrationOutOfOrder):
                place.handler.mark(session, two, "applied", now=NOW)
        assert place.states(session) == "one pending, two pending"
        return
    place.apply(session, two)
    late = LATE.get(place.handler.name, "out_of_order")
    assert place.states(session) == f"one {late}, two applied"
    place.remove(two)
    assert place.states(session) == f"one {LATE.get(place.handler.name, 'pending')}, two missing"


def test_roll_back(place: Place, session: Session) -> None:
    one = place.add("one", "CREATE TABLE t (a integer);", "DROP TABLE t;")
    place.apply(session, one)
    place.roll_back(session, one)
    assert "t" not in tables(session)
    assert place.states(session) == f"one {BACK.get(place.handler.name, 'pending')}"
    place.apply(session, one)
    assert place.states(session) == "one applied"


def test_a_failed_roll_back_leaves_it_applied(place: Place, session: Session) -> None:
    down = ["DROP TABLE t;", "DROP TABLE missing;"]
    if session.dialect in MYSQL:
        down.reverse()
    one = place.add("one", "CREATE TABLE t (a integer);", "\n".join(down))
    place.apply(session, one)
    with pytest.raises(MigrationFailed):
        place.roll_back(session, one)
    assert place.states(session) == "one applied"
    assert "t" in tables(session)


def test_no_way_back(place: Place, session: Session) -> None:
    one = place.add("one", "CREATE TABLE t (a integer);")
    place.apply(session, one)
    with pytest.raises(MigrationIrreversible):
        place.roll_back(session, one)
    assert place.states(session) == "one applied"


def test_a_rehearsal_leaves_no_trace(place: Place, session: Session) -> None:
    one = place.add("one", "CREATE TABLE t (a integer);")
    if session.dialect in MYSQL:  # nothing can be rehearsed that cannot be rolled back
        with pytest.raises(NotSupported):
            place.apply(session, one, rehearse=True)
    else:
        assert len(place.apply(session, one, rehearse=True).statements) == 1
    assert tables(session) == []


def test_marks(place: Place, session: Session) -> None:
    one = place.add("one", "CREATE TABLE t (a integer);")
    with pytest.raises(LedgerError):
        place.handler.mark(session, one, "rolled_back", now=NOW)
    place.handler.mark(session, one, "applied", now=NOW)
    place.handler.mark(session, one, "applied", now=NOW)
    assert place.states(session) == "one applied"
    assert "t" not in tables(session)
    place.handler.mark(session, one, "rolled_back", now=NOW)
    assert place.states(session) in ("one rolled_back", "one pending")


def test_a_lock_that_cannot_be_had_needs_no_settling(place: Place, session: Session) -> None:
    place.apply(session, place.add("one", "CREATE TABLE t (a integer);"))
    two = place.add("two", "ALTER TABLE t ADD COLUMN b integer;")
    with place.engine.connect(place.url, limits=LIMITS) as other, other.transaction():
        postgresql = session.dialect is Dialect.POSTGRESQL
        other.execute("LOCK TABLE t" if postgresql else "UPDATE t SET a = 2")
        with pytest.raises(LockTimeout):
            place.apply(session, two)
    assert place.states(session) == "one applied, two pending"
    place.apply(session, two)
    assert place.states(session) == "one applied, two applied"


def test_two_formats_do_not_share_a_database(place: Place, session: Session) -> None:
    other = next(h for h in HANDLERS if h.name != place.handler.name)
    place.apply(session, place.add("one", "CREATE TABLE t (a integer);"))
    with pytest.raises(LedgerForeign) as caught:
        other.ledger(session)
    assert f'"handler": "{place.handler.name}"' in caught.value.hint


OWN = {
    "dbmate": "dbmate",
    "golang-migrate": "golang-migrate",
    "drizzle": "Drizzle",
    "goose": "goose",
    "flyway": "Flyway",
    "yoyo": "yoyo",
    "typeorm": "TypeORM",
    "sequelize": "Sequelize",
    "knex": "Knex",
    "alembic": "Alembic",
    "django": "Django",
}
"""The tool, as it is named below, whose ledger a handler keeps."""

LEDGERS = {
    "dbmate": "CREATE TABLE schema_migrations (version varchar(128) PRIMARY KEY)",
    "golang-migrate": "CREATE TABLE schema_migrations (version bigint, dirty boolean)",
    "Alembic": "CREATE TABLE alembic_version (version_num varchar(32) PRIMARY KEY)",
    "Django": "CREATE TABLE django_migrations (id integer, app text, name text)",
    "Flyway": "CREATE TABLE flyway_schema_history (installed_rank integer)",
    "Sequelize": 'CREATE TABLE "SequelizeMeta" (name varchar(255) PRIMARY KEY)',
    "Knex": "CREATE TABLE knex_migrations (id integer, name text)",
    "TypeORM": 'CREATE TABLE migrations (id integer, "timestamp" bigint, name text)',
    "Drizzle": "CREATE TABLE __drizzle_migrations (id integer, hash text)",
    "yoyo": "CREATE TABLE _yoyo_migration (migration_hash varchar(64))",
    "goose": "CREATE TABLE goose_db_version (id integer)",
}


def test_another_tools_ledger_is_named(place: Place, session: Session) -> None:
    one = place.add("one", "CREATE TABLE t (a integer);")
    for tool, ddl in LEDGERS.items():
        if OWN.get(place.handler.name) == tool:
            continue
        session.execute(ddl.replace('"', "`") if session.dialect in MYSQL else ddl)
        with pytest.raises(LedgerForeign, match=tool):
            place.handler.ledger(session)
        with pytest.raises(LedgerForeign, match=tool):
            place.apply(session, one)
        (table,) = tables(session)
        session.execute(
            f"DROP TABLE {table}" if session.dialect in MYSQL else f'DROP TABLE "{table}"'
        )


def test_an_applications_own_migrations_table_is_no_ledger(place: Place, session: Session) -> None:
    session.execute("CREATE TABLE migrations (bird text, month integer)")
    if "migrations" in place.handler.ledger_tables:  # where that tool itself would write its rows
        with pytest.raises(LedgerError, match="lacks the columns"):
            place.handler.ledger(session)
    else:
        assert place.handler.ledger(session) == ()


def test_a_ledger_of_another_shape(place: Place, session: Session) -> None:
    table = quote(place.handler.ledger_tables[0], session.dialect)
    session.execute(f"CREATE TABLE {table} (a integer)")
    with pytest.raises(LedgerError, match="lacks the columns"):
        place.handler.ledger(session)


def test_the_ledger_can_be_read_without_the_right_to_write(place: Place, session: Session) -> None:
    place.apply(session, place.add("one", "CREATE TABLE t (a integer);"))
    with place.engine.connect(place.url, limits=LIMITS, read_only=True) as reader:
        assert place.states(reader) == "one applied"


def test_the_lock_is_given_back(place: Place, session: Session) -> None:
    for _ in range(2):
        with place.handler.lock(session, wait=timedelta(0)):
            place.handler.ledger(session)
    with (
        place.engine.connect(place.url, limits=LIMITS) as other,
        place.handler.lock(other, wait=timedelta(0)),
    ):
        place.handler.ledger(other)


def test_the_holder_of_prismas_lock_is_named(postgresql_url: str) -> None:
    place = Place(handler_for("prisma"), Postgresql(), postgresql_url)
    with (
        place.engine.connect(place.url, limits=LIMITS) as one,
        place.engine.connect(place.url, limits=LIMITS) as two,
        place.handler.lock(one, wait=timedelta(0)),
    ):
        ((pid,),) = one.query("SELECT pg_backend_pid()")
        assert place.handler.notes(one, (), ()) == ()  # nobody else
        (note,) = place.handler.notes(two, (), ())
        assert f"held by process {pid} (faber-db, user " in note.message
        assert not note.blocks
        with (
            pytest.raises(LockBusy, match=f"process {pid} "),
            place.handler.lock(two, wait=timedelta(milliseconds=150)),
        ):
            pytest.fail("two sessions hold one lock")


def test_prisma_is_said_to_object_to_what_was_changed_after_it_failed(
    tmp_path: Path, sqlite_url: str
) -> None:
    """Its `migrate dev` compares every row, also those that were rolled back."""
    place = Place(handler_for("prisma"), Sqlite(tmp_path / "locks"), sqlite_url)
    with place.engine.connect(place.url, limits=LIMITS, create=True) as session:
        one = place.add("one", "INSERT INTO missing VALUES (1);")
        with pytest.raises(MigrationFailed):
            place.apply(session, one)
        place.handler.mark(session, one, "rolled_back", now=NOW)
        assert place.handler.notes(session, place.history(), ()) == ()
        place.files = [SourceFile(one.path, b"CREATE TABLE t (a integer);")]
        place.apply(session, place.history()[0])
        (note,) = place.handler.notes(session, place.history(), ())
        assert (note.code, note.blocks) == ("prisma-dev-objects", False)
        assert note.message.startswith(one.name)


def stop_half_way(place: Place, session: Session, up: str) -> Migration:
    """Apply a migration without a transaction whose second statement fails."""
    place.files.append(SourceFile("20261123080000_half.sql", up.encode()))
    (half,) = place.history()
    with pytest.raises(MigrationFailed) as caught:
        place.apply(session, half)
    assert not caught.value.rolled_back
    return half


def test_half_applied_without_a_transaction(tmp_path: Path, sqlite_url: str) -> None:
    place = Place(handler_for("sql"), Sqlite(tmp_path / "locks"), sqlite_url)
    up = (
        "-- migrate:up transaction:false\nCREATE TABLE t (a integer);\n"
        "INSERT INTO missing VALUES (1);\n-- migrate:down\nDROP TABLE t;\n"
    )
    with place.engine.connect(place.url, limits=LIMITS, create=True) as session:
        half = stop_half_way(place, session, up)
        assert place.states(session) == "half half_applied"
        assert "t" in tables(session)
        place.handler.mark(session, half, "applied", now=NOW)
        assert place.states(session) == "half applied"


def test_a_concurrent_index_and_its_row(postgresql_url: str) -> None:
    place = Place(handler_for("sql"), Postgresql(), postgresql_url)
    with place.engine.connect(place.url, limits=LIMITS) as session:
        place.apply(session, place.add("one", "CREATE TABLE t (a integer);"))
        two = place.add("two", "CREATE INDEX CONCURRENTLY t_a ON t (a);")
        place.apply(session, two)
        assert place.states(session) == "one applied, two applied"
        up = "INSERT INTO t VALUES (1), (1);\nCREATE UNIQUE INDEX CONCURRENTLY u ON t (a);"
        with pytest.raises(MigrationFailed):
            place.apply(session, place.add("three", up))
        assert place.states(session) == "one applied, two applied, three half_applied"
        assert session.query("SELECT count(*) FROM t") == [(2,)]


def test_rows_are_those_that_prisma_writes(tmp_path: Path, sqlite_url: str) -> None:
    place = Place(handler_for("prisma"), Sqlite(tmp_path / "locks"), sqlite_url)
    rows = (
        "SELECT id, checksum, typeof(started_at), typeof(finished_at), migration_name, logs,"
        " rolled_back_at, applied_steps_count FROM _prisma_migrations ORDER BY rowid"
    )
    with place.engine.connect(place.url, limits=LIMITS, create=True) as session:
        one = place.add("one", "CREATE TABLE t (a integer);")
        place.apply(session, one)
        ((row_id, *rest),) = session.query(rows)
        assert str(uuid.UUID(str(row_id))) == row_id
        assert rest == [one.sha256, "integer", "integer", one.name, None, None, 1]
        two = place.add("two", "INSERT INTO missing VALUES (1);")
        with pytest.raises(MigrationFailed):
            place.apply(session, two)
        _, _, started, finished, name, logs, rolled_back, steps = session.query(rows)[1]
        assert (started, finished, name, rolled_back, steps) == (
            "integer", "null", two.name, None, 0,
        )  # fmt: skip
        assert "missing" in str(logs)
        place.handler.mark(session, two, "applied", now=NOW)
        _, failed, resolved = session.query(rows)
        assert failed[6] is not None
        assert resolved[3:] == ("integer", two.name, "", None, 0)


@pytest.fixture(params=[p for p in PLACES if p.values[0][1] == "mariadb"])  # type: ignore[index]
def on_mariadb(request: pytest.FixtureRequest, mariadb_url: str) -> Place:
    return Place(handler_for(request.param[0]), Mysql(), mariadb_url)


def test_half_applied_where_definitions_stay(on_mariadb: Place) -> None:
    """The ledger claims nothing, and the status says line by line what is in the database."""
    place = on_mariadb
    up = (
        "CREATE TABLE t (a integer);\nINSERT INTO t VALUES (1);\n"
        "ALTER TABLE t ADD b missing;\nCREATE TABLE u (a integer);"
    )
    with place.engine.connect(place.url, limits=LIMITS) as session:
        half = place.add("half", up, "DROP TABLE t;\nDROP TABLE missing;")
        with pytest.raises(MigrationFailed) as caught:
            place.apply(session, half)
        one, two, three = (place.line_of(half, text) for text in up.splitlines()[:3])
        assert (caught.value.rolled_back, caught.value.line) == (False, three)
        said = f"in the database: lines {one}, {two}; nothing of line {three}, as the catalogue"
        assert said in caught.value.message
        (row,) = place.handler.ledger(session)
        assert not row.finished
        (status,) = place.handler.status(place.history(), [row])
        assert status.state.value == "half_applied"
        said = (
            f"line {one} is in the database; line {two} is in the database;"
            f" line {three} failed, and left nothing"
        )
        assert said in status.detail
        place.handler.mark(session, half, "applied", now=NOW)
        assert place.states(session) == "half applied"
        with pytest.raises(MigrationFailed):  # of the way back the first step is done
            place.roll_back(session, half)
        (status,) = place.handler.status(place.history(), place.handler.ledger(session))
        assert status.state.value == "half_applied"
        there, failed = re.findall(r"line (\d+)", status.detail)
        assert int(failed) == int(there) + 1
        assert f"line {there} is in the database; line {failed} failed, and" in status.detail


def test_rows_are_those_that_prisma_writes_on_mysql(mariadb_url: str) -> None:
    place = Place(handler_for("prisma"), Mysql(), mariadb_url)
    place.files.append(SourceFile("migration_lock.toml", b'provider = "mysql"\n'))
    rows = (
        "SELECT id, checksum, started_at <= finished_at, migration_name, logs, rolled_back_at,"
        " applied_steps_count, timestampdiff(SECOND, finished_at, utc_timestamp()) < 60"
        " FROM _prisma_migrations"
    )
    with place.engine.connect(place.url, limits=LIMITS) as session:
        one = place.add("one", "CREATE TABLE t (a integer);")
        session.execute("SET time_zone = '+09:00'")
        place.handler.apply_one(session, one, parse(one.up, session.dialect), now=datetime.now(UTC))
        ((row_id, *rest),) = session.query(rows)
        assert str(uuid.UUID(str(row_id))) == row_id
        assert rest == [one.sha256, 1, one.name, None, None, 1, 1]
        ((shown,),) = session.query(
            "SELECT group_concat(column_type ORDER BY ordinal_position) FROM"
            " information_schema.columns WHERE table_name = '_prisma_migrations'"
            " AND table_schema = database()"
        )
        assert shown == (
            "varchar(36),varchar(64),datetime(3),varchar(255),text,datetime(3),datetime(3),"
            "int(10) unsigned"
        )


def test_prismas_lock_on_mysql(new_mariadb: Callable[[], str]) -> None:
    """It belongs to the whole server, so another database waits too."""
    handler = handler_for("prisma")
    with (
        Mysql().connect(new_mariadb(), limits=LIMITS) as one,
        Mysql().connect(new_mariadb(), limits=LIMITS) as two,
        handler.lock(one, wait=timedelta(0)),
    ):
        ((number,),) = one.query("SELECT connection_id()")
        assert two.query("SELECT is_used_lock('prisma_migrate')") == [(number,)]
        with (
            pytest.raises(LockBusy, match=f"session {number}"),
            handler.lock(two, wait=timedelta(milliseconds=150)),
        ):
            pytest.fail("two sessions hold one lock")
