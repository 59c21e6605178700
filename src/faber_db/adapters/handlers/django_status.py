"""What Django's files and rows say together: squashed migrations, conflicts, what runs out of order."""

from collections.abc import Iterator, Mapping, Sequence

from faber_db.adapters.handlers.django_files import DjangoMigration
from faber_db.adapters.handlers.graph import Graph
from faber_db.adapters.handlers.status import graph_status
from faber_db.model.migration import LedgerNote, LedgerRow, MigrationState, MigrationStatus


def states(
    history: Sequence[DjangoMigration], ledger: Sequence[LedgerRow]
) -> tuple[MigrationStatus, ...]:
    """State of each migration, then of rows that no file has, those of apps outside left out."""
    apps = {m.app for m in history}
    replaced = {version for m in history for version in m.replaces}
    known = {m.version for m in history}
    rows = [
        row
        for row in ledger
        if (
            row.version.partition(".")[0] in apps
            and (row.version in known or row.version not in replaced)
        )
        or not row.finished
    ]
    applied = {row.version for row in ledger if row.finished}
    instead = _squashes(history, applied)
    applied |= {v for v, (state, _) in instead.items() if state is MigrationState.APPLIED}
    graph = Graph({m.version: m.needs for m in history})
    below = graph.before(v for v in applied if v in known) - applied
    found = []
    for status in graph_status(history, rows, applied, sure=True):
        state, detail = instead.get(status.version, (status.state, status.detail))
        if state is MigrationState.PENDING and status.version in below:
            state = MigrationState.OUT_OF_ORDER
            detail = "A migration that comes after it is applied, and it is not."
        if status.state not in (MigrationState.FAILED, MigrationState.HALF_APPLIED):
            status = MigrationStatus(status.version, status.name, state, status.applied_at, detail)
        found.append(status)
    return tuple(found)


def _squashes(
    history: Sequence[DjangoMigration], applied: set[str]
) -> Mapping[str, tuple[MigrationState, str]]:
    """Squashed migrations and those that they replace, where another is taken in their place."""
    known = {m.version for m in history}
    found: dict[str, tuple[MigrationState, str]] = {}
    for squash in (m for m in history if m.replaces):
        there = [v for v in squash.replaces if v in applied]
        if squash.version in applied or len(there) == len(squash.replaces):
            found[squash.version] = (MigrationState.APPLIED, "")
            for version in squash.replaces:
                if version not in applied:
                    found[version] = (
                        MigrationState.SKIPPED_BY_TOOL,
                        f"{squash.version} replaces it, and is applied.",
                    )
        elif not there:
            for version in squash.replaces:
                found[version] = (
                    MigrationState.SKIPPED_BY_TOOL,
                    f"{squash.version} replaces it, and is applied in its place.",
                )
        elif all(v in known for v in squash.replaces):
            found[squash.version] = (
                MigrationState.SKIPPED_BY_TOOL,
                f"It replaces migrations of which {len(there)} of {len(squash.replaces)} are"
                " applied; Django goes on with those.",
            )
        else:
            found[squash.version] = (
                MigrationState.OUT_OF_ORDER,
                "It replaces migrations of which some are applied, and the files of the others are"
                " gone; restore them.",
            )
    return found


def conflicts(history: Sequence[DjangoMigration]) -> Iterator[LedgerNote]:
    """Apps with several migrations that nothing of the same app comes after."""
    replaced = {v: m.version for m in history for v in m.replaces}
    left = [m for m in history if m.version not in replaced]
    for app in sorted({m.app for m in left}):
        own = {m.version for m in left if m.app == app}
        inner = Graph(
            {
                m.version: tuple(n for v in m.needs if (n := replaced.get(v, v)) in own)
                for m in left
                if m.app == app
            }
        )
        ends = inner.last()
        if len(ends) > 1:
            yield LedgerNote(
                "several-heads",
                f"app {app} has {len(ends)} last migrations: {', '.join(ends)}",
                "Join them: `python manage.py makemigrations --merge`.",
                blocks=True,
            )
