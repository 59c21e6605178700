"""golang-migrate's `schema_migrations`: one row, the newest version and whether it is `dirty`.

The row means that everything up to its version is applied; no row, or version -1, that nothing is.
`dirty` stands there from before the first statement of a script until after its last (migrate.go,
`runMigrations`; database/*/: `SetVersion`). That a file came later with a smaller number, the row does
not say; `golang_migrate_late` asks the schema.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from faber_db.adapters.handlers import other_tools
from faber_db.adapters.handlers.golang_migrate_late import SeenRow
from faber_db.adapters.handlers.tables import columns_of, require_columns
from faber_db.errors import LedgerError, MigrationOutOfOrder
from faber_db.model.dialect import Dialect
from faber_db.model.migration import LedgerRow, Migration
from faber_db.services.ports import Bound, Session

TABLE = "schema_migrations"
NOTHING = -1  # the version before the first
_DIRTY = (
    f"dirty stands in {TABLE}: its script, or the way back of the one after it, did not end well"
)
_DIRTY_NOTHING = f"dirty stands in {TABLE} at -1: its way back did not end well"
_PLAIN = f"CREATE TABLE {TABLE} (version bigint NOT NULL PRIMARY KEY, dirty boolean NOT NULL)"
_SQLITE = (
    f"CREATE TABLE {TABLE} (version uint64, dirty bool)",
    f"CREATE UNIQUE INDEX version_unique ON {TABLE} (version)",
)


@dataclass(frozen=True, slots=True)
class Position:
    """Where the one row stands."""

    version: int = NOTHING
    dirty: bool = False


def read(session: Session) -> Position | None:
    """The one row; None where there is no table.

    Raises:
        LedgerForeign: the table is another tool's, or another ledger is there.
        LedgerError: another shape, or several rows.
    """
    columns = columns_of(session, TABLE)
    if columns is None:
        other_tools.refuse_ledgers(session, TABLE, ("version", "dirty"))
        return None
    other_tools.require_owner(session, TABLE, "golang-migrate")
    require_columns(TABLE, columns, {"version", "dirty"})
    rows = session.query(f"SELECT version, dirty FROM {TABLE} LIMIT 2")  # noqa: S608 -- constant
    if len(rows) > 1:
        raise LedgerError(
            f"{TABLE} holds several rows, and golang-migrate keeps one",
            hint="Find out which version the schema has, and delete the other rows.",
        )
    if not rows:
        return Position()
    version, dirty = rows[0]
    if not isinstance(version, int):
        raise LedgerError(f"{TABLE} holds a version that is no number", hint="Look at its row.")
    return Position(version, bool(dirty))


def row_of(position: Position, session: Session) -> tuple[LedgerRow, ...]:
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
            log=log,
            seen=partial(session.catalogue, leave_out=(TABLE,)),
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


def require_next(position: Position, migration: Migration) -> None:
    """Raise where a row for this migration would say more than is true.

    Raises:
        LedgerError: the row is dirty.
        MigrationOutOfOrder: another one comes first, or this one counts as applied.
    """
    if position.dirty:
        raise LedgerError(
            f"{TABLE} says that {position.version} is dirty",
            hint="Look what is there, then mark it applied or rolled_back.",
        )
    if position.version != previous(migration):
        raise MigrationOutOfOrder(
            f"{migration.name} does not come next after {position.version} in {TABLE}",
            hint="One row stands for all versions up to it, so migrations run in order only.",
        )


def place(position: Position) -> tuple[Bound, ...]:
    """What puts the one row where it has to be, as the tool does: away with it, then the new one."""
    delete = Bound(f"DELETE FROM {TABLE}")  # noqa: S608 -- constant
    if position == Position():
        return (delete,)
    insert = f"INSERT INTO {TABLE} (version, dirty) VALUES (%s, %s)"  # noqa: S608 -- constant
    return (delete, Bound(insert, (position.version, position.dirty)))


def move(session: Session, position: Position) -> None:
    """Put the row there in a transaction of its own, the table made where there is none."""
    is_there = columns_of(session, TABLE) is not None
    with session.transaction():
        for ddl in () if is_there else ddl_of(session.dialect):
            session.execute(ddl)
        for bound in place(position):
            session.execute(bound.sql, bound.parameters)


def ddl_of(dialect: Dialect) -> tuple[str, ...]:
    return _SQLITE if dialect is Dialect.SQLITE else (_PLAIN,)
