"""Migrations that are programs, applied by the user's own tool.

In an unprotected environment only, in the project's own account, under our lock, limits and audit. A
recording was analysed there, where there is one; elsewhere the recording is what runs.
"""

from collections.abc import Iterable, Mapping
from time import monotonic
from typing import cast

from faber_db.config.executor import ExecutorSettings
from faber_db.errors import ApprovalStale, FaberDbError, MigrationNotRecorded, ToolFailed
from faber_db.executor.planning import Ground
from faber_db.model.migration import AppliedMigration, Migration
from faber_db.model.recorded import origin_of
from faber_db.model.sha256 import sha256_of
from faber_db.services.app import App
from faber_db.services.ports import Cancelled, CodeHandler, Progress, ToolPlace, silent
from faber_db.services.recording import variables_of


def run_here(app: App, *, protected: bool) -> bool:
    """Whether programs run as such: the plan's environment is open, and this is the project's account."""
    return not protected and not isinstance(app.settings, ExecutorSettings)


def is_program(migration: Migration, *, here: bool) -> bool:
    """Whether the program runs, not a recording of it; where programs do not run it is refused then.

    Args:
        migration: one that is planned.
        here: as `run_here` says.
    """
    return migration.code and (here or not migration.recorded_path)


def any_program(migrations: Iterable[Migration], *, here: bool) -> bool:
    """Whether the tool itself takes its lock, so that it cannot be held around all of them."""
    return any(is_program(m, here=here) for m in migrations)


def require_obedient(ground: Ground, *, environ: Mapping[str, str], cancelled: Cancelled) -> None:
    """Before the first program of a deployment: its tool takes the database that it is told.

    Raises:
        ToolFailed: it does not.
        ToolMissing, Cancelled.
    """
    handler = cast(CodeHandler, ground.database.handler)
    handler.require_obedient(_place(ground, environ, silent, cancelled), ground.session.dialect)


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
    place = _place(ground, environ, progress, cancelled)
    began = monotonic()
    try:
        handler.run_tool(ground.session, migration, place)
    except ToolFailed as error:
        if _is_applied(ground, migration):
            error.message += f"; the ledger holds {migration.version} all the same"
        raise
    took = round((monotonic() - began) * 1000)
    return AppliedMigration(migration.version, migration.name, migration.sha256, took)


def _place(
    ground: Ground, environ: Mapping[str, str], progress: Progress, cancelled: Cancelled
) -> ToolPlace:
    return ToolPlace(
        root=ground.app.root,
        folder=ground.database.folder,
        url=ground.environment.resolve_url(),
        variables=variables_of(ground.database),
        environ=environ,
        limits=ground.environment.limits,
        progress=progress,
        cancelled=cancelled,
    )


def _require_allowed(ground: Ground, migration: Migration) -> None:
    if not run_here(ground.app, protected=ground.target.protected):
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
    origin = origin_of(migration.up) if migration.recorded_path else None
    if sha256_of(content) != (origin.sha256 if origin else migration.sha256):
        raise ApprovalStale(
            f"{migration.path} was changed after the plan was made", hint="Ask for a new plan."
        )


def _is_applied(ground: Ground, migration: Migration) -> bool:
    try:
        rows = ground.database.handler.ledger(ground.session)
    except FaberDbError:
        return False
    return any(row.version == migration.version and row.finished for row in rows)
