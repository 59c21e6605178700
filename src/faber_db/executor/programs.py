"""Migrations that are programs, and were not recorded: the user's own tool applies them.

In an unprotected environment only, in the project's own account, under our lock, limits and audit.
"""

from collections.abc import Iterable, Mapping
from time import monotonic
from typing import cast

from faber_db.config.executor import ExecutorSettings
from faber_db.errors import ApprovalStale, FaberDbError, MigrationNotRecorded, ToolFailed
from faber_db.executor.planning import Ground
from faber_db.model.migration import AppliedMigration, Migration
from faber_db.model.sha256 import sha256_of
from faber_db.services.ports import Cancelled, CodeHandler, Progress, ToolPlace
from faber_db.services.recording import variables_of

USUAL_VARIABLE = "DATABASE_URL"


def is_program(migration: Migration) -> bool:
    """Whether nothing of it is known but the program."""
    return migration.code and not migration.recorded_path


def any_program(migrations: Iterable[Migration]) -> bool:
    """Whether the tool itself takes its lock, so that it cannot be held around all of them."""
    return any(map(is_program, migrations))


def apply(
    ground: Ground,
    migration: Migration,
    *,
    environ: Mapping[str, str],
    progress: Progress,
    cancelled: Cancelled,
) -> AppliedMigration:
    """Have the project's own tool apply a migration.

    Raises:
        MigrationNotRecorded: the environment is protected, or this is not the project's account.
        ApprovalStale: the file in the folder is not the planned one.
        ToolMissing, ToolFailed, Cancelled.
    """
    _require_allowed(ground, migration)
    _require_same_file(ground, migration)
    handler = cast(CodeHandler, ground.database.handler)
    place = ToolPlace(
        root=ground.app.root,
        folder=ground.database.folder,
        url=ground.environment.resolve_url(),
        variables=tuple(dict.fromkeys([*variables_of(ground.database), USUAL_VARIABLE])),
        environ=environ,
        limits=ground.environment.limits,
        progress=progress,
        cancelled=cancelled,
    )
    began = monotonic()
    try:
        handler.run_tool(ground.session, migration, place)
    except ToolFailed as error:
        if _is_applied(ground, migration):
            error.message += f"; the ledger holds {migration.version} all the same"
        raise
    took = round((monotonic() - began) * 1000)
    return AppliedMigration(migration.version, migration.name, migration.sha256, took)


def _require_allowed(ground: Ground, migration: Migration) -> None:
    if ground.target.protected or isinstance(ground.app.settings, ExecutorSettings):
        why = "is protected" if ground.target.protected else "is another account's"
        raise MigrationNotRecorded(
            f"{migration.name} is a program, and {ground.environment.name} {why}",
            hint="Only its recording runs there: plan it again, so that it is recorded.",
        )


def _require_same_file(ground: Ground, migration: Migration) -> None:
    """The tool runs what lies in the folder, which has to be what was planned and analysed."""
    try:
        content = (ground.database.folder / migration.path).read_bytes()
    except OSError:
        content = b""
    if sha256_of(content) != migration.sha256:
        raise ApprovalStale(
            f"{migration.path} was changed after the plan was made", hint="Ask for a new plan."
        )


def _is_applied(ground: Ground, migration: Migration) -> bool:
    try:
        rows = ground.database.handler.ledger(ground.session)
    except FaberDbError:
        return False
    return any(row.version == migration.version and row.finished for row in rows)
