"""Recorded SQL of a program with the one row that its tool's ledger has for it.

The row goes with the script: into the same transaction where it is one. What is not one is told by
the engine's journal (`status.with_interrupted`), since these ledgers have no word for it.
"""

from collections.abc import Callable, Sequence

from faber_db.adapters.handlers import by_hand
from faber_db.adapters.handlers.single_transaction import is_one
from faber_db.adapters.handlers.tables import require_writable
from faber_db.errors import MigrationIrreversible, MigrationNotRecorded
from faber_db.model.dialect import Dialect
from faber_db.model.migration import AppliedMigration, Migration, StatementRun
from faber_db.services.ports import Bound, Session
from faber_db.sql.script import Script


def require_recorded(migration: Migration) -> None:
    """Raise where only the tool could run it.

    Raises:
        MigrationNotRecorded.
    """
    if not migration.recorded_path:
        raise MigrationNotRecorded(
            f"{migration.path} is a program, and what it runs is not recorded",
            hint="A shadow database records it; `faber-db doctor` says what is missing for one.",
        )


def apply(
    session: Session,
    migration: Migration,
    script: Script,
    *,
    then: Sequence[Bound],
    rehearse: bool,
    observe: Callable[[StatementRun], None] | None,
) -> AppliedMigration:
    """Run what was recorded, and `then`, which writes the row."""
    require_recorded(migration)
    if not rehearse:
        require_writable(session, migration, script, then)
    ran = session.run(
        script,
        wrap=migration.wrap,
        then=then,
        rehearse=rehearse,
        observe=observe,
        name=migration.version,
    )
    return AppliedMigration(
        migration.version, migration.name, migration.sha256, ran.duration_ms, ran.statements
    )


def roll_back(
    session: Session, migration: Migration, script: Script, *, then: Sequence[Bound]
) -> AppliedMigration:
    """Run what was recorded of the way back, and `then`, which removes the row."""
    if migration.down is None:
        raise MigrationIrreversible(
            f"no way back of {migration.version} is recorded",
            hint="Restore a backup; or have its own tool undo it where the environment allows.",
        )
    require_writable(session, migration, script, then)
    ran = session.run(script, wrap=migration.wrap, then=then, name=migration.version)
    return AppliedMigration(
        migration.version, migration.name, migration.sha256, ran.duration_ms, ran.statements
    )


def text(
    dialect: Dialect, migration: Migration, script: Script, then: Sequence[Bound], *, back: bool
) -> str:
    """What runs, as text for the server's own client, with the ledger's statements."""
    ledger = ";\n".join(_written(dialect, bound) for bound in then)
    sql = (migration.down or "") if back else migration.up
    if is_one(migration, script):
        return by_hand.in_one(dialect, sql, ledger)
    return by_hand.then(sql, ledger)


def _written(dialect: Dialect, bound: Bound) -> str:
    values = (by_hand.literal(dialect, v) if isinstance(v, str) else v for v in bound.parameters)
    return bound.sql % tuple(values)
