"""golang-migrate's `schema_migrations`: one row, the newest version and whether it is `dirty`.

The row means that everything up to its version is applied; no row, or version -1, that nothing is.
`dirty` stands there from before the first statement of a script until after its last (migrate.go,
`runMigrations`; database/*/: `SetVersion`). That a file came later with a smaller number, the row does
not say; `golang_migrate_late` asks the schema.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from faber_db.adapters.handlers.golang_migrate_late import SeenRow
from faber_db.adapters.handlers.ledger_table import LedgerTable
from faber_db.errors import LedgerError, MigrationOutOfOrder
from faber_db.model.dialect import Dialect
from faber_db.model.migration import LedgerRow, Migration
from faber_db.services.ports import Bound, Session

TABLE = "schema_migrations"
NOTHING = -1  # the version before the first
_DIRTY = "dirty stands in {}: its script, or the way back of the one after it, did not end well"
_DIRTY_NOTHING = "dirty stands in {} at -1: its way back did not end well"
COLUMNS = frozenset({"version", "dirty"})


@dataclass(frozen=True, slots=True)
class Position:
    """Where the one row stands."""

    version: int = NOTHING
    dirty: bool = False


def rows_of(session: Session, table: LedgerTable) -> Position:
    """The one row of a ledger that is there.

    Raises:
        LedgerError: several rows.
    """
    name = table.quoted(session.dialect)
    rows = session.query(f"SELECT version, dirty FROM {name} LIMIT 2")  # noqa: S608 -- quoted
    if len(rows) > 1:
        raise LedgerError(
            f"{table.label} holds several rows, and golang-migrate keeps one",
            hint="Find out which version the schema has, and delete the other rows.",
        )
    if not rows:
        return Position()
    version, dirty = rows[0]
    if not isinstance(version, int):
        raise LedgerError(
            f"{table.label} holds a version that is no number", hint="Look at its row."
        )
    return Position(version, bool(dirty))


def row_of(position: Position, session: Session, table: LedgerTable) -> tuple[LedgerRow, ...]:
    if position == Position():
        return ()
    log = (_DIRTY_NOTHING if position.version == NOTHING else _DIRTY) if position.dirty else ""
    version = str(position.version)
    return (
        SeenRow(
            version,
            version,
            None,
            None,
            finished=not position.dirty,
            log=log.format(table.label),
            seen=partial(session.catalogue, leave_out=(table.label,)),
            dialect=session.dialect,
        ),
    )


def newest_of(ledger: Sequence[LedgerRow]) -> int:
    """The number up to which everything counts as applied."""
    finished = [int(row.version) for row in ledger if row.finished]
    return max(finished or [int(row.version) for row in ledger], default=NOTHING)


def rows_for(history: Sequence[Migration], ledger: Sequence[LedgerRow]) -> tuple[LedgerRow, ...]:
    """What the one row says of each migration, and the rows that have no file."""
    rows = {row.version: row for row in ledger}
    first = rows.pop(str(NOTHING), None)
    if first is not None and history:
        at = history[0]
        rows.setdefault(
            at.version, LedgerRow(at.version, at.name, None, None, False, log=first.log)
        )
        return tuple(rows.values())
    newest = newest_of(tuple(rows.values()))
    behind = (m for m in history if int(m.version) < newest and m.version not in rows)
    return (*(LedgerRow(m.version, m.name, None, None) for m in behind), *rows.values())


def previous(migration: Migration) -> int:
    return int(migration.needs[0]) if migration.needs else NOTHING


def require_next(position: Position, migration: Migration, table: LedgerTable) -> None:
    """Raise where a row for this migration would say more than is true.

    Raises:
        LedgerError: the row is dirty.
        MigrationOutOfOrder: another one comes first, or this one counts as applied.
    """
    if position.dirty:
        raise LedgerError(
            f"{table.label} says that {position.version} is dirty",
            hint="Look what is there, then mark it applied or rolled_back.",
        )
    if position.version != previous(migration):
        raise MigrationOutOfOrder(
            f"{migration.name} does not come next after {position.version} in {table.label}",
            hint="One row stands for all versions up to it, so migrations run in order only.",
        )


def place(dialect: Dialect, table: LedgerTable, position: Position) -> tuple[Bound, ...]:
    """What puts the one row where it has to be, as the tool does: away with it, then the new one."""
    name = table.quoted(dialect)
    delete = Bound(f"DELETE FROM {name}")  # noqa: S608 -- quoted
    if position == Position():
        return (delete,)
    insert = f"INSERT INTO {name} (version, dirty) VALUES (%s, %s)"  # noqa: S608 -- quoted
    return (delete, Bound(insert, (position.version, position.dirty)))


def ddl_of(dialect: Dialect, table: LedgerTable) -> tuple[str, ...]:
    name = table.quoted(dialect)
    if dialect is Dialect.SQLITE:
        return (
            f"CREATE TABLE {name} (version uint64, dirty bool)",
            f"CREATE UNIQUE INDEX version_unique ON {name} (version)",
        )
    return (f"CREATE TABLE {name} (version bigint NOT NULL PRIMARY KEY, dirty boolean NOT NULL)",)
