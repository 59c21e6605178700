"""What Drizzle's journal and ledger say together, its silent skips among it."""

from collections.abc import Sequence
from dataclasses import replace

from faber_db.adapters.handlers.drizzle_journal import JOURNAL
from faber_db.adapters.handlers.status import status
from faber_db.model.migration import LedgerRow, Migration, MigrationState, MigrationStatus

_OPEN = (MigrationState.PENDING, MigrationState.OUT_OF_ORDER)


def told(history: Sequence[Migration], ledger: Sequence[LedgerRow]) -> tuple[MigrationStatus, ...]:
    """The states of every format, and those that come of Drizzle's looking at one number only."""
    times = {m.version for m in history}
    strange = {row.sha256: row for row in ledger if row.version not in times and row.sha256}
    newest = max((int(row.version) for row in ledger if row.finished), default=-1)
    by_version = {m.version: m for m in history}
    found = []
    latest: Migration | None = None
    for one in status(history, ledger):
        migration = by_version.get(one.version)
        if migration is None:
            if not _is_known(one, ledger, history):
                found.append(one)
            continue
        moved = strange.get(migration.sha256)
        found.append(_of_entry(one, moved, newest, latest) if one.state in _OPEN else one)
        if latest is None or int(migration.version) > int(latest.version):
            latest = migration
    return tuple(found)


def _of_entry(
    one: MigrationStatus, moved: LedgerRow | None, newest: int, latest: Migration | None
) -> MigrationStatus:
    when = int(one.version)
    if moved is not None:
        again = "would run it again" if when > newest else "skips it"
        detail = (
            f"The ledger has the same bytes at {moved.version}, and Drizzle {again}:"
            f" restore that `when` in {JOURNAL}."
        )
        return replace(one, state=MigrationState.EDITED, detail=detail)
    if when <= newest:
        detail = (
            f"Drizzle silently skips it: its `when` {when} in {JOURNAL} is not newer than {newest},"
            f" the newest it has applied here. Set it to {newest + 1} or later where it has to run,"
            " or mark it applied where the schema has it."
        )
        return replace(one, state=MigrationState.SKIPPED_BY_TOOL, detail=detail)
    if latest is not None and when < int(latest.version) and not one.detail:
        detail = (
            f"Its `when` is older than that of {latest.name} before it: where that one is applied"
            f" first, Drizzle skips this one. Set it to {int(latest.version) + 1} or later."
        )
        return replace(one, detail=detail)
    return one


def _is_known(
    one: MigrationStatus, ledger: Sequence[LedgerRow], history: Sequence[Migration]
) -> bool:
    """A row of bytes that another row has at the time that their entry has now."""
    by_version = {row.version: row for row in ledger}
    row = by_version[one.version]
    return row.finished and any(m.sha256 == row.sha256 and m.version in by_version for m in history)
