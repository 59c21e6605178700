"""How does it stand, and is it well?"""

from typing import Annotated, Any

from pydantic import Field

from faber_db.model.answer import Answer
from faber_db.tools.arguments import Cursor, Database, Detail, Environment, WorkId
from faber_db.tools.boundary import READS, explained, tool
from faber_db.tools.call import Call, Caller, in_thread


@tool("health-check", READS)
@explained
async def health_check(
    ctx: Caller,
    environment: Environment = "",
    checks: Annotated[tuple[str, ...], Field(description="Only these")] = (),
    detail: Detail = "summary",
    database: Database = "",
) -> Answer[Any]:
    """Check a database: connection, ledger, drift, locks, sequences, disk, backups; each with value, limit and what to do."""

    def work(call: Call) -> Answer[Any]:
        from faber_db.services import health

        request = health.Request(
            environment=environment, checks=checks, detail=detail, database=database
        )
        return health.run(request, call.app)

    return await in_thread(ctx, work)


@tool("status", READS)
@explained
async def status(
    ctx: Caller,
    environment: Environment = "",
    id: Annotated[str, Field(description="plan_…, job_… or backup_…")] = "",
    work_id: WorkId = "",
    wait_seconds: Annotated[int, Field(ge=0, le=25, description="Wait for id to move")] = 0,
    detail: Detail = "summary",
    cursor: Cursor = "",
    database: Database = "",
) -> Answer[Any]:
    """Show applied and pending migrations, waiting plans, jobs and the next step, of all environments or one; or follow one id."""

    def work(call: Call) -> Answer[Any]:
        from faber_db.services import status as service

        request = service.Request(
            environment=environment,
            id=id,
            work_id=work_id,
            wait_seconds=wait_seconds,
            detail=detail,
            cursor=cursor,
            database=database,
        )
        return service.run(request, call.app, progress=call.progress, cancelled=call.cancelled)

    return await in_thread(ctx, work)
