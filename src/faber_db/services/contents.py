"""What a database holds, as far as a backup is proved by it: schema, ledger head, row counts."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from faber_db.errors import LedgerError, LedgerForeign, StatementTimeout
from faber_db.model.dialect import Dialect
from faber_db.services.ports import Handler, Session
from faber_db.services.reprinting import reprinted
from faber_db.sql.mysql_transactions import MYSQL

ROWS_COUNTED = 20_000_000  # a table that is estimated bigger is not counted; a note says so


@dataclass(frozen=True, slots=True)
class Contents:
    """One look at a database."""

    ledger_head: str
    schema_fingerprint: str
    row_counts: Mapping[str, int]
    notes: tuple[str, ...] = ()
    writes: Mapping[str, int] = field(default_factory=dict)  # counters by table, if there are any


def contents(session: Session, handler: Handler) -> Contents:
    """Read schema, ledger head and the exact counts of all but huge tables. Reads every row."""
    head, notes = _ledger_head(session, handler)
    catalogue = session.catalogue()
    sizes = session.sizes()
    counts: dict[str, int] = {}
    for table in catalogue.tables:
        size = sizes.get(table.full_name)
        if size is not None and size.rows > ROWS_COUNTED:
            notes.append(f"rows of {table.full_name} not counted: about {size.rows:,}")
            continue
        try:
            counts.update(session.row_counts([table.full_name]))
        except StatementTimeout:
            notes.append(f"rows of {table.full_name} not counted: it took too long")
    fingerprint = reprinted(catalogue).fingerprint()
    return Contents(head, fingerprint, counts, tuple(notes), _writes(session))


def unchanged(before: Contents, after: Contents) -> Contents:
    """What two looks agree on: the counts of tables that nobody wrote to in between.

    An equal count is not enough: a row that came and went is in the dump or is not.
    """
    counts = {
        name: count
        for name, count in before.row_counts.items()
        if after.row_counts.get(name) == count and before.writes.get(name) == after.writes.get(name)
    }
    moved = sorted(before.row_counts.keys() - counts.keys())
    notes = (f"rows of {', '.join(moved)} changed while the dump ran",) if moved else ()
    return Contents(before.ledger_head, before.schema_fingerprint, counts, before.notes + notes)


def differences(*, fingerprint: str, row_counts: Mapping[str, int], found: Contents) -> list[str]:
    """What differs from the record, a sentence each; empty when everything recorded is equal."""
    problems = []
    if fingerprint and found.schema_fingerprint != fingerprint:
        problems.append("the schema is another one than the backup recorded")
    for name, count in sorted(row_counts.items()):
        if name not in found.row_counts:
            problems.append(f"table {name} is not there or was not counted")
        elif found.row_counts[name] != count:
            problems.append(f"{name} has {found.row_counts[name]:,} rows, recorded were {count:,}")
    return problems


def _ledger_head(session: Session, handler: Handler) -> tuple[str, list[str]]:
    try:
        rows = handler.ledger(session)
    except (LedgerForeign, LedgerError) as error:
        return "", [f"no ledger head: {error.message}"]
    done = [row.version for row in rows if row.finished and not row.rolled_back]
    return max(done, default=""), []


def _writes(session: Session) -> dict[str, int]:
    """How many rows were ever written, by table; PostgreSQL counts, up to a second late.

    MySQL has only the second of the last write.
    """
    if session.dialect in MYSQL:
        rows = session.query(
            "SELECT table_name, coalesce(unix_timestamp(update_time), 0)"
            " FROM information_schema.tables WHERE table_schema = database()"
        )
        return {str(name): int(str(moment)) for name, moment in rows}
    if session.dialect is not Dialect.POSTGRESQL:
        return {}
    rows = session.query(
        "SELECT CASE schemaname WHEN 'public' THEN relname ELSE schemaname || '.' || relname END,"
        " n_tup_ins + n_tup_upd + n_tup_del FROM pg_stat_user_tables"
    )
    return {str(name): int(str(count)) for name, count in rows}
