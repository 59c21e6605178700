"""What migrations of Flyway and its table say together."""

from collections.abc import Sequence
from dataclasses import replace

from faber_db.adapters.handlers.flyway_text import BASELINES, checksum_of, is_repeated, order_of
from faber_db.adapters.handlers.reading import text_in
from faber_db.adapters.handlers.status import status
from faber_db.model.migration import LedgerRow, Migration, MigrationState, MigrationStatus

_AGAIN = "Its file changed since it was applied; the next deployment runs it again."
_WAITING = (MigrationState.PENDING, MigrationState.OUT_OF_ORDER)


def states(
    history: Sequence[Migration], ledger: Sequence[LedgerRow]
) -> tuple[MigrationStatus, ...]:
    """Versioned ones by version, then repeatable ones by description, then what has no file."""
    return _Look(history, ledger).all()


class _Look:
    """One history and one ledger."""

    def __init__(self, history: Sequence[Migration], ledger: Sequence[LedgerRow]) -> None:
        self._history, self._ledger = history, ledger
        self._rows = {row.version: row for row in ledger}
        versions = [row for row in ledger if not is_repeated(row.version)]
        there = [r for r in versions if r.finished and not r.rolled_back]
        self._baseline = max(
            (order_of(r.version) for r in there if r.kind in BASELINES), default=()
        )
        self._newest = max((order_of(r.version) for r in there), default=())
        self._base = next((m for m in history if _is_base(m.name)), None)

    def all(self) -> tuple[MigrationStatus, ...]:
        versioned = [m for m in self._history if not is_repeated(m.version)]
        rows = [self._rows[m.version] for m in versioned if m.version in self._rows]
        found = [
            self._of_file(m, s) for m, s in zip(versioned, status(versioned, rows), strict=True)
        ]
        for migration in self._history[len(versioned) :]:
            row = self._rows.get(migration.version)
            (alone,) = status([migration], [row] if row else [])
            found.append(self._of_file(migration, alone))
        known = {migration.version for migration in self._history}
        others = [r for r in self._ledger if r.version not in known and r.kind not in BASELINES]
        return (*found, *(self._of_row(s) for s in status([], others)))

    def _of_file(self, migration: Migration, found: MigrationStatus) -> MigrationStatus:
        row = self._rows.get(migration.version)
        if found.state in _WAITING:
            return self._waiting(found)
        if found.state is not MigrationState.APPLIED or row is None or not row.checksum:
            return found
        now = str(checksum_of(text_in(migration.content)))
        if row.checksum == now or _is_base(migration.name) != (row.kind in BASELINES):
            return found
        if is_repeated(migration.version):
            return replace(found, state=MigrationState.PENDING, detail=_AGAIN)
        detail = (
            f"Restore its file from version control: Flyway's checksum {row.checksum} was"
            f" applied, {now} is there now."
        )
        return replace(found, state=MigrationState.EDITED, detail=detail)

    def _waiting(self, found: MigrationStatus) -> MigrationStatus:
        """What a baseline stands for is never run by Flyway."""
        if is_repeated(found.version) or order_of(found.version) > self._baseline:
            return found
        version = ".".join(map(str, self._baseline))
        detail = f"The baseline {version} stands for it; it does not run."
        return replace(found, state=MigrationState.APPLIED, detail=detail)

    def _of_row(self, found: MigrationStatus) -> MigrationStatus:
        row = self._rows[found.version]
        if found.state is not MigrationState.MISSING:
            return found
        if row.kind:
            detail = f"Only Flyway itself can run such a migration ({row.kind}); deploy with it."
            return replace(found, detail=detail)
        if self._base is None or is_repeated(row.version):
            return found
        limit = order_of(self._base.version)
        if order_of(row.version) <= limit <= self._newest:
            detail = f"Its script was folded into {self._base.path}."
            return replace(found, state=MigrationState.APPLIED, detail=detail)
        return found


def _is_base(name: str) -> bool:
    return name.startswith("B")
