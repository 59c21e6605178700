"""Roll back: run the down scripts of the newest migrations, newest first."""

from faber_db.model.answer import Answer
from faber_db.model.plan import PlanKind
from faber_db.services.app import App
from faber_db.services.coordinate import CoordinateDetails, Phase, Request, carry, elsewhere
from faber_db.services.ports import Cancelled, Progress, never, silent
from faber_db.services.wellbeing import add_health

PHASE = Phase("rollback", kind=PlanKind.ROLLBACK)


class RollbackRequest(Request):
    """With `to`: everything applied after that version; without: the newest migration."""

    to: str = ""


def run(
    request: RollbackRequest,
    app: App,
    *,
    progress: Progress = silent,
    cancelled: Cancelled = never,
) -> Answer[CoordinateDetails]:
    """Take migrations back by their down scripts, under the same rules as a deployment.

    Raises:
        MigrationIrreversible: one of them has no down script; a backup can be restored instead.
    """
    database = app.database(request.database)
    environment = database.environment(request.environment)
    there = elsewhere(
        PHASE,
        request,
        app,
        database,
        environment,
        to=request.to,
        progress=progress,
        cancelled=cancelled,
    )
    if there is not None:
        return there
    answer = carry(
        PHASE,
        request,
        app,
        database,
        environment,
        progress=progress,
        cancelled=cancelled,
        arguments={"to": request.to} if request.to else {},
    )
    return add_health(answer, app, database, environment)
