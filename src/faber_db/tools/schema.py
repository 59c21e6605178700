"""What tables are there?"""

from typing import Annotated, Any

from pydantic import Field

from faber_db.model.answer import Answer
from faber_db.tools.arguments import Cursor, Database, Detail, Environment
from faber_db.tools.boundary import READS, explained_within, tool
from faber_db.tools.call import Call, Caller, in_thread
from faber_db.tools.fit import BYTES_PER_TOKEN


@tool("describe-schema", READS)
@explained_within(2_500 * BYTES_PER_TOKEN)
async def describe_schema(
    ctx: Caller,
    environment: Environment = "",
    tables: tuple[str, ...] = (),
    search: Annotated[str, Field(description="Part of a table or column name")] = "",
    detail: Detail = "summary",
    cursor: Cursor = "",
    database: Database = "",
) -> Answer[Any]:
    """Show the tables of a database with columns, keys and indexes, read from the live schema (dev unless named). Name tables, or search, to see them whole."""

    def work(call: Call) -> Answer[Any]:
        from faber_db.services import describe

        request = describe.Request(
            environment=environment,
            tables=tables,
            search=search,
            detail=detail,
            cursor=cursor,
            database=database,
        )
        return describe.run(request, call.app)

    return await in_thread(ctx, work)
