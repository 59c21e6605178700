"""What migration files and ledger say together, the same for every format."""

import hashlib
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace

from faber_db.model.migration import LedgerRow, Migration, MigrationState, MigrationStatus
from faber_db.services.ports import Session

KEPT = "faber-db: not everything was rolled back."
"""Stands in the log of a ledger row whose migration failed and left something behind."""

WHOLE = "faber-db: the script and the end of this row are one transaction."
"""Stands in the log of a row that was begun, so that one that has no end is evidence by itself."""


def status(
    history: Sequence[Migration], ledger: Sequence[LedgerRow]
) -> tuple[MigrationStatus, ...]:
    """State of each migration, in order of the history, then of what only the ledger has.

    A row that is rolled back and has no file any more is settled, and left out.
    """
    rows = {row.version: row for row in ledger}
    applied = [
        m.version
        for m in history
        if (r := rows.get(m.version)) and r.finished and not r.rolled_back
    ]
    newest = applied[-1] if applied else ""
    behind = {m.version for m in history[: _index_of(history, newest)]}
    known = {migration.version for migration in history}
    return (
        *(_of_file(m, rows.get(m.version), newest if m.version in behind else "") for m in history),
        *(
            _of_row(row)
            for row in ledger
            if row.version not in known and not (row.finished and row.rolled_back)
        ),
    )


def graph_status(
    history: Sequence[Migration],
    ledger: Sequence[LedgerRow],
    applied: Collection[str],
    *,
    sure: bool = False,
) -> tuple[MigrationStatus, ...]:
    """The same where the history is a graph, and the ledger does not say all that is applied.

    Args:
        history: in an order in which it can run.
        ledger: its rows; one that did not end well counts for more than `applied`.
        applied: the versions that the rows mean.
        sure: a row that no file has says nothing about the others.
    """
    rows = {row.version: row for row in ledger}
    known = {migration.version for migration in history}
    missing = sorted(v for v, row in rows.items() if row.finished and v not in known)
    unsure = (
        f"Not known, since the ledger has {missing[0]} and the folder does not."
        if missing and not sure
        else ""
    )
    found = []
    for migration in history:
        row = rows.get(migration.version)
        if row is not None and not row.finished:
            found.append(_status(migration, row, *_unfinished(row)))
        elif migration.version in applied:
            found.append(_status(migration, row, MigrationState.APPLIED))
        else:
            found.append(_status(migration, row, MigrationState.PENDING, unsure))
    return (*found, *(_of_row(row) for row in ledger if row.version not in known))


def with_remains(rows: Sequence[LedgerRow], session: Session) -> Iterator[LedgerRow]:
    """Rows with what the product's journal tells of an unfinished one, as far as it keeps one.

    What is set aside before it is gone on with, and has no unfinished row for that moment, is told too.
    """
    left = dict(session.interrupted())
    for row in rows:
        words = left.pop(row.version, "")
        if words and (not row.finished or row.rolled_back):
            log = f"{row.log}\n{KEPT} {words}".strip()
            row = replace(row, finished=False, rolled_back=False, log=log)
        yield row
    for version, words in left.items():
        yield LedgerRow(version, version, None, None, finished=False, log=f"{KEPT} {words}")


def with_interrupted(rows: Sequence[LedgerRow], session: Session) -> tuple[LedgerRow, ...]:
    """Rows of a ledger that has no word for an unfinished migration, with those that are.

    What a run that did not end well has left counts as an unfinished row, whether the ledger has a
    row (its way back was cut off) or none. `Session.settle` has to follow each mark.
    """
    left = dict(session.interrupted())
    told = []
    for row in rows:
        if row.version in left:
            row = replace(row, finished=False, log=f"{KEPT} {left.pop(row.version)}")
        told.append(row)
    for version, words in left.items():
        told.append(LedgerRow(version, version, None, None, finished=False, log=f"{KEPT} {words}"))
    return tuple(told)


def is_same(migration: Migration, recorded: str) -> bool:
    """Whether a recorded checksum is that of these bytes, line ends aside.

    Version control may change line ends on check-out; Prisma compares in the same way.
    """
    unix = migration.content.replace(b"\r\n", b"\n")
    spellings = (migration.content, unix, unix.replace(b"\n", b"\r\n"))
    return recorded in (hashlib.sha256(content).hexdigest() for content in spellings)


def _index_of(history: Sequence[Migration], version: str) -> int:
    return next((i for i, m in enumerate(history) if m.version == version), 0)


def _of_file(migration: Migration, row: LedgerRow | None, behind: str) -> MigrationStatus:
    if row is None:
        if behind:
            detail = (
                f"It sorts before {behind}, which is applied; the history runs in another order."
            )
            return _status(migration, None, MigrationState.OUT_OF_ORDER, detail)
        return _status(migration, None, MigrationState.PENDING)
    if row.rolled_back:
        return _status(
            migration, row, MigrationState.ROLLED_BACK, "The next deployment applies it."
        )
    if not row.finished:
        return _status(migration, row, *_unfinished(row))
    if row.sha256 is not None and row.sha256 != migration.sha256:
        if is_same(migration, row.sha256):
            return _status(migration, row, MigrationState.APPLIED, "Only its line ends changed.")
        detail = (
            f"Restore its file from version control, or record it with accept-edit:"
            f" {row.sha256[:8]} was applied, {migration.sha256[:8]} is there now."
        )
        return _status(migration, row, MigrationState.EDITED, detail)
    return _status(migration, row, MigrationState.APPLIED)


def _of_row(row: LedgerRow) -> MigrationStatus:
    if not row.finished:
        state, detail = _unfinished(row)
    else:
        state = MigrationState.MISSING
        detail = "The ledger has it and the folder does not; restore its file."
    return MigrationStatus(row.version, row.name, state, row.applied_at, detail)


def _unfinished(row: LedgerRow) -> tuple[MigrationState, str]:
    how = f"mark {row.version} applied or rolled_back"
    if KEPT in row.log:
        there = row.log.rpartition(KEPT)[2].strip()
        part = f"a part of it may be there: {there}" if there else "a part of it stayed"
        return (
            MigrationState.HALF_APPLIED,
            f"It failed and {part}; finish or undo that by hand, then {how}.",
        )
    if row.log == WHOLE:
        return (
            MigrationState.FAILED,
            "It started and did not finish, and the end of its row is in one transaction with all"
            " of its statements: nothing of it was kept. Where nobody is deploying now,"
            f" mark {row.version} rolled_back, and deploy again.",
        )
    why = row.log.strip().partition("\n")[0][:200]
    said = f"It failed: {why}" if why else "It started and never finished"
    return MigrationState.FAILED, f"{said.rstrip('.')}. Look what is there, then {how}."


def _status(
    migration: Migration, row: LedgerRow | None, state: MigrationState, detail: str = ""
) -> MigrationStatus:
    return MigrationStatus(
        version=migration.version,
        name=migration.name,
        state=state,
        applied_at=row.applied_at if row else None,
        detail=detail,
    )
