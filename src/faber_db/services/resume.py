"""Resume: go on with a migration that failed or is half applied, where it is proved what is there."""

from faber_db.model.answer import Answer
from faber_db.services.app import App
from faber_db.services.coordinate import CoordinateDetails, Phase, Request, carry, elsewhere
from faber_db.services.ports import Cancelled, Progress, never, silent
from faber_db.services.wellbeing import add_health


class ResumeRequest(Request):
    """Which migration; empty: the one that did not end."""

    version: str = ""


def run(
    request: ResumeRequest, app: App, *, progress: Progress = silent, cancelled: Cancelled = never
) -> Answer[CoordinateDetails]:
    """Run what is left of it. Under the same rules as a deployment, signed where it is protected.

    Raises:
        InputError: it did not fail, or several did and none was named.
    """
    database = app.database(request.database)
    environment = database.environment(request.environment)
    phase = Phase("resume", verb=f"resume {environment.name} {request.version}".rstrip())
    there = elsewhere(
        phase, request, app, database, environment, progress=progress, cancelled=cancelled
    )
    if there is not None:
        return there
    answer = carry(
        phase,
        request,
        app,
        database,
        environment,
        progress=progress,
        cancelled=cancelled,
        arguments={"resume": request.version},
    )
    return add_health(answer, app, database, environment)
