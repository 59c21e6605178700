"""What would this SQL do to a live database?"""

from typing import Annotated, Any, Literal

from pydantic import Field

from faber_db.model.answer import Answer
from faber_db.tools.arguments import Database, Detail, Environment
from faber_db.tools.boundary import READS, explained, tool
from faber_db.tools.call import Call, Caller, in_thread


@tool("analyze-migration", READS)
@explained
async def analyze_migration(
    ctx: Caller,
    sql: Annotated[str, Field(description="Any number of statements")] = "",
    path: Annotated[str, Field(description="Or a file or folder of the project")] = "",
    environment: Environment = "",
    dialect: Literal["auto", "postgresql", "mysql", "mariadb", "sqlite"] = "auto",
    server_version: Annotated[int, Field(description="Major")] = 0,
    detail: Detail = "summary",
    database: Database = "",
) -> Answer[Any]:
    """Report SQL that would lock or rewrite tables, lose data, fail or break running code, each with line, effect and the safer form. Give sql, path, or environment for what is pending there. Runs nothing."""

    def work(call: Call) -> Answer[Any]:
        from faber_db.services import analyze

        request = analyze.Request(
            sql=sql,
            path=path,
            environment=environment,
            dialect=dialect,
            server_version=server_version,
            detail=detail,
            database=database,
            fix=True,
            fix_characters=3_000 if detail == "summary" else 30_000,
        )
        return analyze.run(request, call.app, progress=call.progress, cancelled=call.cancelled)

    return await in_thread(ctx, work)
