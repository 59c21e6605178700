"""From a specification to production: architect, build, evaluate, release."""

from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from faber_db.model.answer import Answer
from faber_db.tools.arguments import Database, DryRun, Environment, PlanId, WorkId
from faber_db.tools.boundary import DESTROYS, WRITES, explained, tool
from faber_db.tools.call import Call, Caller, in_thread

if TYPE_CHECKING:
    from faber_db.services.coordinate import Request


@tool("coordinate-architect", WRITES)
@explained
async def coordinate_architect(
    ctx: Caller,
    spec_file: Annotated[str, Field(description="Specification in the project")] = "",
    desired_sql: Annotated[str, Field(description="Or the wanted CREATE TABLEs")] = "",
    answers: Annotated[dict[str, str], Field(description="To its questions, by id")] = {},  # noqa: B006
    name: str = "",
    work_id: WorkId = "",
    dry_run: DryRun = False,
    database: Database = "",
) -> Answer[Any]:
    """Write the migration that takes the database to what a specification, or desired_sql, wants; proved on a throw-away database. Answers with questions where data could be lost: ask the user, never guess."""

    def work(call: Call) -> Answer[Any]:
        from faber_db.services import architect

        request = architect.Request(
            spec_file=spec_file,
            desired_sql=desired_sql,
            answers=answers,
            name=name,
            work_id=work_id,
            dry_run=dry_run,
            database=database,
        )
        return architect.run(request, call.app, progress=call.progress, cancelled=call.cancelled)

    return await in_thread(ctx, work)


@tool("coordinate-build", DESTROYS)
@explained
async def coordinate_build(
    ctx: Caller,
    environment: Environment = "",
    work_id: WorkId = "",
    dry_run: DryRun = False,
    plan_id: PlanId = "",
    database: Database = "",
) -> Answer[Any]:
    """Apply pending migrations to the development database and check it."""

    def work(call: Call) -> Answer[Any]:
        from faber_db.services import build

        request = _request(call, environment, work_id, dry_run, plan_id, database)
        return build.run(request, call.app, progress=call.progress, cancelled=call.cancelled)

    return await in_thread(ctx, work)


@tool("coordinate-evaluate", DESTROYS)
@explained
async def coordinate_evaluate(
    ctx: Caller,
    environment: Environment = "",
    work_id: WorkId = "",
    dry_run: DryRun = False,
    plan_id: PlanId = "",
    database: Database = "",
) -> Answer[Any]:
    """Try pending migrations on staging: drift, findings, measured times."""

    def work(call: Call) -> Answer[Any]:
        from faber_db.services import evaluate

        request = _request(call, environment, work_id, dry_run, plan_id, database)
        return evaluate.run(request, call.app, progress=call.progress, cancelled=call.cancelled)

    return await in_thread(ctx, work)


@tool("coordinate-release", DESTROYS)
@explained
async def coordinate_release(
    ctx: Caller,
    environment: Environment = "",
    work_id: WorkId = "",
    dry_run: DryRun = False,
    plan_id: PlanId = "",
    database: Database = "",
) -> Answer[Any]:
    """Deploy to production. The first call plans it and says what the user must run to sign; once signed, call again with plan_id: it backs up, deploys, checks."""

    def work(call: Call) -> Answer[Any]:
        from faber_db.services import release

        request = _request(call, environment, work_id, dry_run, plan_id, database)
        return release.run(request, call.app, progress=call.progress, cancelled=call.cancelled)

    return await in_thread(ctx, work)


def _request(
    call: Call, environment: str, work_id: str, dry_run: bool, plan_id: str, database: str
) -> "Request":
    from faber_db.services.coordinate import Request

    return Request(
        environment=environment,
        work_id=work_id,
        dry_run=dry_run,
        plan_id=plan_id,
        database=database,
        requester=call.requester,
    )
