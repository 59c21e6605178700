"""Does a work item need a database change?"""

from typing import Annotated, Any

from pydantic import Field

from faber_db.model.answer import Answer
from faber_db.tools.arguments import Database
from faber_db.tools.boundary import READS, explained, tool
from faber_db.tools.call import Call, Caller, in_thread


@tool("detect-database-needs", READS)
@explained
async def detect_database_needs(
    ctx: Caller,
    title: Annotated[str, Field(description="Of the work item")],
    description: str = "",
    labels: tuple[str, ...] = (),
    database: Database = "",
) -> Answer[Any]:
    """Tell whether an issue or task needs a database change (new table, column, index, schema change), with the words that say so. Call it first; "no" ends the database work."""

    def work(call: Call) -> Answer[Any]:
        from faber_db.services import detect

        if database:
            call.app.database(database)
        request = detect.Request(title=title, description=description, labels=labels)
        return detect.run(request, call.app)

    return await in_thread(ctx, work)
