"""The rows of `_prisma_migrations`, exactly as Prisma's own engine writes them.

Table, values and order of writing: schema-engine, sql_migration_persistence.rs and
flavour/{postgres,sqlite,mysql}.rs. On SQLite a moment is milliseconds since 1970, on MySQL it is UTC.
"""

import uuid
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from faber_db.adapters.handlers import by_hand
from faber_db.adapters.handlers.other_tools import refuse_ledgers
from faber_db.adapters.handlers.status import KEPT, WHOLE, is_same, with_remains
from faber_db.adapters.handlers.tables import columns_of, require_columns
from faber_db.errors import FaberDbError, LedgerError, LockTimeout, MigrationFailed
from faber_db.model.dialect import Dialect
from faber_db.model.migration import LedgerNote, LedgerRow, Migration
from faber_db.services.ports import Bound, Session
from faber_db.sql.mysql_transactions import MYSQL

TABLE = "_prisma_migrations"
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
_DDL |= dict.fromkeys(
    MYSQL,
    """CREATE TABLE _prisma_migrations (
    id                      VARCHAR(36) PRIMARY KEY NOT NULL,
    checksum                VARCHAR(64) NOT NULL,
    finished_at             DATETIME(3),
    migration_name          VARCHAR(255) NOT NULL,
    logs                    TEXT,
    rolled_back_at          DATETIME(3),
    started_at              DATETIME(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
    applied_steps_count     INTEGER UNSIGNED NOT NULL DEFAULT 0
) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_unicode_ci""",
)
_FINISHED_NOW = {
    Dialect.POSTGRESQL: "greatest(started_at, clock_timestamp())",
    Dialect.SQLITE: "max(started_at, CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER))",
}
_FINISHED_NOW |= dict.fromkeys(MYSQL, "greatest(started_at, utc_timestamp(3))")
_NOW = {
    Dialect.POSTGRESQL: "clock_timestamp()",
    Dialect.SQLITE: "CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)",
}
_NEW_ID = {
    Dialect.POSTGRESQL: "gen_random_uuid()::text",
    Dialect.SQLITE: "lower(hex(randomblob(16)))",
}
_NOW |= dict.fromkeys(MYSQL, "utc_timestamp(3)")
_NEW_ID |= dict.fromkeys(MYSQL, "uuid()")
_SELECT = (
    "SELECT migration_name, checksum, started_at, finished_at, rolled_back_at, logs,"
    " applied_steps_count FROM _prisma_migrations"
)
_ORDER = " ORDER BY started_at, migration_name"
_COUNTS = "rolled_back_at IS NULL"  # what is rolled back counts for nothing


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


def insert_started(session: Session, migration: Migration, now: datetime, *, whole: bool) -> str:
    """The row from before the script; with `whole` its log says what it means if it stays so."""
    row_id = str(uuid.uuid4())
    with session.transaction():
        session.execute(
            f"INSERT INTO {TABLE} (id, checksum, logs, started_at, migration_name)"  # noqa: S608 -- constant
            " VALUES (%s, %s, %s, %s, %s)",
            (
                row_id,
                migration.sha256,
                WHOLE if whole else None,
                _time(session.dialect, now),
                migration.name,
            ),
        )
    return row_id


def finished(dialect: Dialect, row_id: str) -> Bound:
    return Bound(
        f"UPDATE {TABLE} SET applied_steps_count = applied_steps_count + 1,"  # noqa: S608 -- constants
        f" logs = NULL, finished_at = {_FINISHED_NOW[dialect]} WHERE id = %s",
        (row_id,),
    )


def unfinish(session: Session, migration: Migration) -> Bound:
    """Before a way back that cannot be rolled back: a failed row, at which Prisma stops too.

    Returns:
        What makes the row as it was, for a way back that left nothing.
    """
    chosen = f"FROM {TABLE} WHERE migration_name = %s AND {_COUNTS} AND finished_at IS NOT NULL"
    found = session.query(f"SELECT id, finished_at, logs {chosen}", (migration.name,))
    if not found:
        raise LedgerError(f"{migration.version} does not stand in {TABLE} as applied")
    row_id, finished_at, logs = found[0]
    change = f"UPDATE {TABLE} SET finished_at = %s, logs = %s WHERE id = %s"  # noqa: S608 -- constant
    with session.transaction():
        session.execute(change, (None, KEPT, row_id))
    return Bound(change, (finished_at, logs, row_id))


def rolled_back(dialect: Dialect, migration: Migration, now: datetime) -> Bound:
    return Bound(
        f"UPDATE {TABLE} SET rolled_back_at = %s"  # noqa: S608 -- constants
        f" WHERE migration_name = %s AND {_COUNTS}",
        (_time(dialect, now), migration.name),
    )


def text_by_hand(dialect: Dialect, migration: Migration, *, whole: bool, back: bool) -> str:
    """Script and ledger for the server's own client, as text; see `Handler.by_hand`."""
    name, now = by_hand.literal(dialect, migration.name), _NOW[dialect]
    if back:
        row = (
            f"UPDATE {TABLE} SET rolled_back_at = {now} WHERE migration_name = {name} AND {_COUNTS}"  # noqa: S608 -- quoted
        )
        text = migration.down or ""
        return by_hand.in_one(dialect, text, row) if whole else by_hand.then(text, row)
    columns = "id, checksum, started_at, migration_name"
    values = f"{_NEW_ID[dialect]}, {by_hand.literal(dialect, migration.sha256)}, {now}, {name}"
    insert = f"INSERT INTO {TABLE} ({columns}"
    if whole:
        row = f"{insert}, finished_at, applied_steps_count) VALUES ({values}, {now}, 1)"
        body = by_hand.in_one(dialect, migration.up, row)
    else:
        finish = (
            f"UPDATE {TABLE} SET finished_at = {now}, applied_steps_count = 1"  # noqa: S608 -- quoted
            f" WHERE migration_name = {name} AND finished_at IS NULL AND {_COUNTS}"
        )
        body = by_hand.one_by_one(f"{insert}) VALUES ({values})", migration.up, finish)
    return f"{by_hand.made_once(_DDL[dialect])}\n{body}"


def record_failure(
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


def _time(dialect: Dialect, moment: datetime) -> object:
    """A moment as Prisma stores it: milliseconds since 1970 on SQLite, UTC without zone on MySQL."""
    if dialect is Dialect.SQLITE:
        return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)
    if dialect in MYSQL:
        return moment.astimezone(UTC).replace(tzinfo=None)
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


def reworked(session: Session, history: Sequence[Migration]) -> tuple[LedgerNote, ...]:
    """Migrations that were rolled back with other bytes, at which `migrate dev` objects for good."""
    if columns_of(session, TABLE) is None:
        return ()
    rows = session.query(
        f"SELECT migration_name, checksum FROM {TABLE}"  # noqa: S608 -- constant
        " WHERE rolled_back_at IS NOT NULL ORDER BY started_at"
    )
    there = {m.name: m for m in history}
    names = dict.fromkeys(
        str(name)
        for name, checksum in rows
        if (found := there.get(str(name))) and not is_same(found, str(checksum))
    )
    return tuple(
        LedgerNote(
            "prisma-dev-objects",
            f"{name} was rolled back and then changed",
            "Deployments go on; `prisma migrate dev` will say that it was modified and want a reset."
            " Give the changed one a new folder to keep it content.",
        )
        for name in names
    )


def ensure_table(session: Session) -> None:
    """Make the ledger where there is none; a transaction of its own."""
    if columns_of(session, TABLE) is None:
        refuse_ledgers(session, TABLE)
        with session.transaction():
            session.execute(_DDL[session.dialect])


def mark_applied(
    session: Session, migration: Migration, row: LedgerRow | None, now: datetime
) -> None:
    if row and row.finished and not row.rolled_back:
        if not (row.sha256 and is_same(migration, row.sha256)):
            session.execute(
                f"UPDATE {TABLE} SET checksum = %s"  # noqa: S608 -- constant
                f" WHERE migration_name = %s AND {_COUNTS}",
                (migration.sha256, migration.name),
            )
        return
    bound = rolled_back(session.dialect, migration, now)
    session.execute(bound.sql, bound.parameters)
    at = _time(session.dialect, now)
    session.execute(
        f"INSERT INTO {TABLE} (id, checksum, logs, started_at, finished_at, migration_name)"  # noqa: S608 -- constant
        " VALUES (%s, %s, %s, %s, %s, %s)",
        (str(uuid.uuid4()), migration.sha256, "", at, at, migration.name),
    )


def read_ledger(session: Session, name: str = "") -> tuple[LedgerRow, ...]:
    """One row a migration, oldest first; no table is an empty ledger. Never writes.

    With `name` that of one migration only.
    """
    columns = columns_of(session, TABLE)
    if columns is None:
        refuse_ledgers(session, TABLE)
        return ()
    require_columns(TABLE, columns, _COLUMNS)
    if name:
        rows = session.query(f"{_SELECT} WHERE migration_name = %s{_ORDER}", (name,))
    else:
        rows = session.query(_SELECT + _ORDER)
    newest = _newest_of_each([_ledger_row(row) for row in rows])
    told = with_remains(newest, session)
    return tuple(row for row in told if name in ("", row.version))
