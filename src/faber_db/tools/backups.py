"""Save a database, and bring it back."""

from typing import Annotated, Any

from pydantic import Field

from faber_db.model.answer import Answer
from faber_db.tools.arguments import Cursor, Database, Detail, DryRun, Environment, PlanId
from faber_db.tools.boundary import DESTROYS, READS, WRITES, explained, tool
from faber_db.tools.call import Call, Caller, in_thread


@tool("create-backup", WRITES)
@explained
async def create_backup(
    ctx: Caller, environment: Environment, label: str = "", database: Database = ""
) -> Answer[Any]:
    """Back up a database and verify it."""

    def work(call: Call) -> Answer[Any]:
        from faber_db.services import create_backup as service

        request = service.Request(environment=environment, label=label, database=database)
        return service.run(request, call.app, progress=call.progress, cancelled=call.cancelled)

    return await in_thread(ctx, work)


@tool("list-backups", READS)
@explained
async def list_backups(
    ctx: Caller,
    environment: Environment = "",
    detail: Detail = "summary",
    cursor: Cursor = "",
    database: Database = "",
) -> Answer[Any]:
    """List backups, newest first, with age, size, level proved and migration."""

    def work(call: Call) -> Answer[Any]:
        from faber_db.services import list_backups as service

        request = service.Request(
            environment=environment, detail=detail, cursor=cursor, database=database
        )
        return service.run(request, call.app)

    return await in_thread(ctx, work)


@tool("restore-backup", DESTROYS)
@explained
async def restore_backup(
    ctx: Caller,
    environment: Environment,
    backup_id: str = "",
    to_migration: Annotated[str, Field(description="Or the newest backup at it")] = "",
    tables: Annotated[tuple[str, ...], Field(description="Only these")] = (),
    dry_run: DryRun = False,
    plan_id: PlanId = "",
    database: Database = "",
) -> Answer[Any]:
    """Undo: put a backup in the place of a database, after proving the copy and saving the present state. Says what is lost. Protected ones need the user's signature, as with coordinate-release."""

    def work(call: Call) -> Answer[Any]:
        from faber_db.services import restore

        request = restore.Request(
            environment=environment,
            backup_id=backup_id,
            to_migration=to_migration,
            tables=tables,
            dry_run=dry_run,
            plan_id=plan_id,
            database=database,
            requester=call.requester,
        )
        return restore.run(request, call.app, progress=call.progress, cancelled=call.cancelled)

    return await in_thread(ctx, work)
