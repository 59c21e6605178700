"""Prisma Migrate: `prisma/migrations/<14 digits>_<name>/migration.sql` and `_prisma_migrations`.

The rows are those that Prisma's own engine writes, so both can work on one database (checked
against its source, schema-engine/core/src/commands/apply_migrations.rs and
sql_migration_persistence.rs, and by the interoperability tests). What Prisma has no word for is
left as Prisma would leave it; `down.sql` beside `migration.sql` is ours and Prisma ignores it.
"""

import re
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from faber_db.adapters.handlers.naming import new_id
from faber_db.adapters.handlers.other_tools import refuse_ledgers
from faber_db.adapters.handlers.reading import folders, has_statements, text_of
from faber_db.adapters.handlers.single_transaction import is_one
from faber_db.adapters.handlers.status import KEPT, is_same, status
from faber_db.adapters.handlers.tables import columns_of
from faber_db.errors import (
    ConnectionFailed,
    FaberDbError,
    LedgerError,
    LockBusy,
    LockTimeout,
    MigrationFailed,
    MigrationIrreversible,
    MigrationUnreadable,
    NotSupported,
)
from faber_db.model.dialect import Dialect
from faber_db.model.migration import (
    AppliedMigration,
    LedgerRow,
    Migration,
    MigrationStatus,
    SourceFile,
    StatementRun,
)
from faber_db.services.ports import Bound, FoundHistory, Session
from faber_db.sql.script import Script

TABLE = "_prisma_migrations"
LOCK_KEY = 72_707_369  # what Prisma's engine passes to pg_advisory_lock
_LOCK_FILE = "migration_lock.toml"
_COLUMNS = {
    "id",
    "checksum",
    "finished_at",
    "migration_name",
    "logs",
    "rolled_back_at",
    "started_at",
    "applied_steps_count",
}
_DDL = {
    Dialect.POSTGRESQL: """CREATE TABLE _prisma_migrations (
    id                      VARCHAR(36) PRIMARY KEY NOT NULL,
    checksum                VARCHAR(64) NOT NULL,
    finished_at             TIMESTAMPTZ,
    migration_name          VARCHAR(255) NOT NULL,
    logs                    TEXT,
    rolled_back_at          TIMESTAMPTZ,
    started_at              TIMESTAMPTZ NOT NULL DEFAULT now(),
    applied_steps_count     INTEGER NOT NULL DEFAULT 0
)""",
    Dialect.SQLITE: """CREATE TABLE "_prisma_migrations" (
    "id"                    TEXT PRIMARY KEY NOT NULL,
    "checksum"              TEXT NOT NULL,
    "finished_at"           DATETIME,
    "migration_name"        TEXT NOT NULL,
    "logs"                  TEXT,
    "rolled_back_at"        DATETIME,
    "started_at"            DATETIME NOT NULL DEFAULT current_timestamp,
    "applied_steps_count"   INTEGER UNSIGNED NOT NULL DEFAULT 0
)""",
}
_FINISHED_NOW = {
    Dialect.POSTGRESQL: "greatest(started_at, clock_timestamp())",
    Dialect.SQLITE: "max(started_at, CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER))",
}
_SELECT = (
    "SELECT migration_name, checksum, started_at, finished_at, rolled_back_at, logs,"
    " applied_steps_count FROM _prisma_migrations ORDER BY started_at, migration_name"
)
_COUNTS = "rolled_back_at IS NULL"  # what is rolled back counts for nothing


class Prisma:
    """Folders with a `migration.sql` each, in order of their names."""

    name = "prisma"
    ledger_tables = (TABLE,)

    def discover(self, root: Path) -> list[FoundHistory]:
        """A folder with `migration_lock.toml` or `*/migration.sql`, or one beside a schema."""
        found: dict[Path, FoundHistory] = {}
        for folder, files in folders(root):
            if folder.name == "migrations" or folder == root or _LOCK_FILE in files:
                count = sum((sub / "migration.sql").is_file() for sub in folder.iterdir())
                if count or _LOCK_FILE in files:
                    found[folder] = self._history(folder, f"{count} folders with migration.sql")
            if "schema.prisma" in files:
                folder = folder.parent if folder.name == "schema" else folder
                migrations = folder / "migrations"
                found.setdefault(migrations, self._history(migrations, "schema.prisma"))
        return list(found.values())

    def wants(self, path: str) -> bool:
        return path == _LOCK_FILE or re.fullmatch(r"[^/]+/(migration|down)\.sql", path) is not None

    def parse(self, files: Sequence[SourceFile]) -> tuple[Migration, ...]:
        by_path = {file.path: file for file in files if self.wants(file.path)}
        lock = by_path.pop(_LOCK_FILE, None)
        provider = provider_of(text_of(lock)) if lock else ""
        names = sorted({path.partition("/")[0] for path in by_path})
        return tuple(self._migration(name, by_path, provider) for name in names)

    def ledger(self, session: Session) -> tuple[LedgerRow, ...]:
        columns = columns_of(session, TABLE)
        if columns is None:
            refuse_ledgers(session, TABLE)
            return ()
        if not set(columns) >= _COLUMNS:
            missing = ", ".join(sorted(_COLUMNS - set(columns)))
            raise LedgerError(f"{TABLE} lacks the columns {missing}")
        rows = session.query(_SELECT)
        return _newest_of_each([_ledger_row(row) for row in rows])

    def status(
        self, history: Sequence[Migration], ledger: Sequence[LedgerRow]
    ) -> tuple[MigrationStatus, ...]:
        return status(history, ledger)

    def lock(self, session: Session, *, wait: timedelta) -> AbstractContextManager[None]:
        """`pg_advisory_lock(72707369)`, asked for in a bounded loop so that the holder is named.

        On SQLite Prisma locks the file itself when it writes; there is nothing more to hold.
        """
        if session.dialect is not Dialect.POSTGRESQL:
            return nullcontext()
        return _advisory_lock(session, wait)

    def apply_one(
        self,
        session: Session,
        migration: Migration,
        script: Script,
        *,
        now: datetime,
        rehearse: bool = False,
        observe: Callable[[StatementRun], None] | None = None,
    ) -> AppliedMigration:
        """Started row in a transaction of its own; then the script and the finished row in one.

        A lock that could not be had takes the started row off again: nothing happened, so nothing
        has to be settled before the next try. Every other failure leaves Prisma's failed row.
        """
        _check_provider(session, migration)
        if rehearse:
            ran = session.run(script, wrap=migration.wrap, rehearse=True, observe=observe)
        else:
            self._ensure_table(session)
            row_id = _insert_started(session, migration, now)
            try:
                ran = session.run(
                    script,
                    wrap=migration.wrap,
                    then=[_finished(session.dialect, row_id)],
                    observe=observe,
                )
            except ConnectionFailed:
                raise  # the row stands unfinished, as after a crash of Prisma's own
            except FaberDbError as error:
                _record_failure(session, row_id, error, may_have_kept=not is_one(migration, script))
                raise
        return AppliedMigration(
            version=migration.version,
            name=migration.name,
            sha256=migration.sha256,
            duration_ms=ran.duration_ms,
            statements=ran.statements,
        )

    def roll_back(
        self, session: Session, migration: Migration, script: Script, *, now: datetime
    ) -> AppliedMigration:
        """Run `down.sql`, and set `rolled_back_at`, in one transaction."""
        if migration.down is None:
            raise MigrationIrreversible(
                f"{migration.version} has no down.sql",
                hint="Write down.sql beside its migration.sql, or restore a backup.",
            )
        _check_provider(session, migration)
        ran = session.run(script, wrap=True, then=[_rolled_back(session.dialect, migration, now)])
        return AppliedMigration(
            migration.version, migration.name, migration.sha256, ran.duration_ms, ran.statements
        )

    def mark(self, session: Session, migration: Migration, state: str, *, now: datetime) -> None:
        """As `prisma migrate resolve` does; `applied` on an applied one records its new checksum."""
        row = next((r for r in self.ledger(session) if r.version == migration.version), None)
        if state == "applied":
            self._ensure_table(session)
            with session.transaction():
                self._mark_applied(session, migration, row, now)
        elif state == "rolled_back":
            if row is None or row.rolled_back:
                raise LedgerError(f"{migration.version} does not stand in {TABLE} as applied")
            with session.transaction():
                bound = _rolled_back(session.dialect, migration, now)
                session.execute(bound.sql, bound.parameters)
        else:
            raise NotSupported(f"a migration cannot be marked {state!r}")

    def generate(
        self, name: str, up: str, down: str, *, now: datetime, existing: Sequence[Migration]
    ) -> tuple[SourceFile, ...]:
        folder = new_id(name, now=now, existing=existing)
        files = [SourceFile(f"{folder}/migration.sql", up.encode())]
        if has_statements(down):
            files.append(SourceFile(f"{folder}/down.sql", down.encode()))
        return tuple(files)

    def scaffold(self, engine: str) -> tuple[SourceFile, ...]:
        if engine not in ("postgresql", "sqlite"):
            raise NotSupported(f"a Prisma project on {engine or 'an unnamed product'} is not made")
        return (
            SourceFile("prisma/schema.prisma", _SCHEMA.format(engine=engine).encode()),
            SourceFile(f"prisma/migrations/{_LOCK_FILE}", _LOCK.format(engine=engine).encode()),
        )

    def _history(self, folder: Path, evidence: str) -> FoundHistory:
        lock = folder / _LOCK_FILE
        single, several = folder.parent / "schema.prisma", folder.parent / "schema"
        schemas = [single] if single.is_file() else sorted(several.glob("**/*.prisma"))
        engine = _provider_in(lock) or next((p for s in schemas if (p := _datasource_in(s))), "")
        return FoundHistory(self.name, folder, evidence, engine, tuple(schemas))

    def _migration(self, name: str, files: dict[str, SourceFile], provider: str) -> Migration:
        up, down = files.get(f"{name}/migration.sql"), files.get(f"{name}/down.sql")
        if up is None:
            raise MigrationUnreadable(
                f"{name} holds down.sql and no migration.sql", hint="Add it, or remove the folder."
            )
        down_text = text_of(down) if down else ""
        return Migration(
            version=name,
            name=name,
            path=up.path,
            content=up.content,
            up=text_of(up),
            down=down_text if has_statements(down_text) else None,
            down_path=down.path if down else "",
            provider=provider,
        )

    def _ensure_table(self, session: Session) -> None:
        if columns_of(session, TABLE) is None:
            refuse_ledgers(session, TABLE)
            with session.transaction():
                session.execute(_DDL[session.dialect])

    def _mark_applied(
        self, session: Session, migration: Migration, row: LedgerRow | None, now: datetime
    ) -> None:
        if row and row.finished and not row.rolled_back:
            if not (row.sha256 and is_same(migration, row.sha256)):
                session.execute(
                    f"UPDATE {TABLE} SET checksum = %s"  # noqa: S608 -- constant
                    f" WHERE migration_name = %s AND {_COUNTS}",
                    (migration.sha256, migration.name),
                )
            return
        bound = _rolled_back(session.dialect, migration, now)
        session.execute(bound.sql, bound.parameters)
        at = _time(session.dialect, now)
        session.execute(
            f"INSERT INTO {TABLE} (id, checksum, logs, started_at, finished_at, migration_name)"  # noqa: S608 -- constant
            " VALUES (%s, %s, %s, %s, %s, %s)",
            (str(uuid.uuid4()), migration.sha256, "", at, at, migration.name),
        )


def provider_of(lock: str) -> str:
    """The product that a `migration_lock.toml` names.

    Raises:
        MigrationUnreadable: it names none.
        NotSupported: one that this version does not have.
    """
    match = re.search(r'(?m)^provider\s*=\s*"([^"]*)"', lock)
    if match is None:
        raise MigrationUnreadable(f"{_LOCK_FILE} names no provider")
    if match[1] not in ("postgresql", "sqlite"):
        raise NotSupported(f"{_LOCK_FILE} is for {match[1]}, which is not supported yet")
    return match[1]


_SCHEMA = """generator client {{
  provider = "prisma-client-js"
}}

datasource db {{
  provider = "{engine}"
}}
"""
_LOCK = """# Please do not edit this file manually
# It should be added in your version-control system (e.g., Git)
provider = "{engine}"
"""


def _provider_in(lock: Path) -> str:
    if not lock.is_file():
        return ""
    match = re.search(r'(?m)^provider\s*=\s*"([^"]*)"', lock.read_text(errors="replace"))
    return match[1] if match else ""


def _datasource_in(schema: Path) -> str:
    text = schema.read_text(errors="replace")
    match = re.search(r'(?ms)^\s*datasource\s+\w+\s*\{[^}]*?\bprovider\s*=\s*"(\w+)"', text)
    if match is None:
        return ""
    return "postgresql" if match[1] == "postgres" else match[1]


def _check_provider(session: Session, migration: Migration) -> None:
    if migration.provider and migration.provider != session.dialect.value:
        raise MigrationUnreadable(
            f"{_LOCK_FILE} says {migration.provider}, but this is {session.server_label}",
            hint="A history is written for one product; make another folder for another one.",
        )


def _ledger_row(row: tuple[object, ...]) -> LedgerRow:
    name, checksum, started, finished, rolled_back, logs, steps = row
    log = str(logs or "")
    if finished is None and isinstance(steps, int) and steps > 0:
        log = f"{log}\n{KEPT}"
    return LedgerRow(
        version=str(name),
        name=str(name),
        sha256=str(checksum),
        applied_at=_moment(finished if finished is not None else started),
        finished=finished is not None,
        rolled_back=rolled_back is not None,
        log=log,
    )


def _newest_of_each(rows: Sequence[LedgerRow]) -> tuple[LedgerRow, ...]:
    """One row a migration: one that still fails, else the newest that counts, else the newest."""
    newest: dict[str, LedgerRow] = {}
    for row in rows:
        before = newest.pop(row.version, None)
        keep_before = before is not None and (
            (not row.rolled_back and not before.rolled_back and not before.finished)
            or (row.rolled_back and not before.rolled_back)
        )
        newest[row.version] = before if before is not None and keep_before else row
    return tuple(newest.values())


def _insert_started(session: Session, migration: Migration, now: datetime) -> str:
    row_id = str(uuid.uuid4())
    with session.transaction():
        session.execute(
            f"INSERT INTO {TABLE} (id, checksum, started_at, migration_name)"  # noqa: S608 -- constant
            " VALUES (%s, %s, %s, %s)",
            (row_id, migration.sha256, _time(session.dialect, now), migration.name),
        )
    return row_id


def _finished(dialect: Dialect, row_id: str) -> Bound:
    return Bound(
        f"UPDATE {TABLE} SET applied_steps_count = applied_steps_count + 1,"  # noqa: S608 -- constants
        f" finished_at = {_FINISHED_NOW[dialect]} WHERE id = %s",
        (row_id,),
    )


def _rolled_back(dialect: Dialect, migration: Migration, now: datetime) -> Bound:
    return Bound(
        f"UPDATE {TABLE} SET rolled_back_at = %s"  # noqa: S608 -- constants
        f" WHERE migration_name = %s AND {_COUNTS}",
        (_time(dialect, now), migration.name),
    )


def _record_failure(
    session: Session, row_id: str, error: FaberDbError, *, may_have_kept: bool
) -> None:
    with session.transaction():
        if isinstance(error, LockTimeout):
            session.execute(f"DELETE FROM {TABLE} WHERE id = %s", (row_id,))  # noqa: S608 -- constant
            return
        kept = not error.rolled_back if isinstance(error, MigrationFailed) else may_have_kept
        session.execute(
            f"UPDATE {TABLE} SET logs = %s WHERE id = %s",  # noqa: S608 -- constant
            (error.message + (f"\n{KEPT}" if kept else ""), row_id),
        )


@contextmanager
def _advisory_lock(session: Session, wait: timedelta) -> Iterator[None]:
    until = time.monotonic() + wait.total_seconds()
    while session.query("SELECT pg_try_advisory_lock(%s)", (LOCK_KEY,)) != [(True,)]:
        if time.monotonic() >= until:
            raise LockBusy(
                f"Prisma's migration lock is held by {_holder(session)}",
                hint="Somebody else deploys here. Wait for it, then look at the status again.",
            )
        time.sleep(0.1)
    try:
        yield
    finally:
        with suppress(ConnectionFailed):  # the server gave it back with the connection
            session.query("SELECT pg_advisory_unlock(%s)", (LOCK_KEY,))


def _holder(session: Session) -> str:
    rows = session.query(
        "SELECT l.pid, coalesce(a.application_name, ''), coalesce(a.usename::text, '')"
        " FROM pg_catalog.pg_locks l LEFT JOIN pg_catalog.pg_stat_activity a USING (pid)"
        " WHERE l.locktype = 'advisory' AND l.granted AND l.classid = 0 AND l.objid = %s"
        " AND l.database = (SELECT oid FROM pg_catalog.pg_database"
        " WHERE datname = current_database())",
        (LOCK_KEY,),
    )
    if not rows:
        return "a session that is gone already"
    pid, application, user = rows[0]
    return f"process {pid} ({application or 'unnamed'}, user {user or 'unknown'})"


def _time(dialect: Dialect, moment: datetime) -> object:
    """A moment as Prisma stores it: milliseconds since 1970 on SQLite."""
    if dialect is Dialect.SQLITE:
        return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)
    return moment


def _moment(value: object) -> datetime | None:
    """What a driver gives for a moment; on SQLite a number, or a text of another client."""
    match value:
        case datetime():
            return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)
        case int() | float():
            return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=value)
        case str():
            try:
                moment = datetime.fromisoformat(value)
            except ValueError as error:
                raise LedgerError(f"{TABLE} holds a time that cannot be read: {value!r}") from error
            return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
        case _:
            return None
