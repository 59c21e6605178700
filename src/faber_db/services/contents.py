"""What a database holds, as far as a backup is proved by it: schema, ledger head, row counts."""

from collections.abc import Mapping
from dataclasses import dataclass

from faber_db.errors import LedgerError, LedgerForeign, StatementTimeout
from faber_db.services.ports import Handler, Session
from faber_db.services.reprinting import reprinted

ROWS_COUNTED = 20_000_000  # a table that is estimated bigger is not counted; a note says so


@dataclass(frozen=True, slots=True)
class Contents:
    """One look at a database."""

    ledger_head: str
    schema_fingerprint: str
    row_counts: Mapping[str, int]
    notes: tuple[str, ...] = ()


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
    return Contents(head, fingerprint, counts, tuple(notes))


def unchanged(before: Contents, after: Contents) -> Contents:
    """What two looks agree on: the counts of tables that nobody wrote to in between."""
    counts = {n: c for n, c in before.row_counts.items() if after.row_counts.get(n) == c}
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
