"""Mark a migration as applied or rolled back: only the ledger is written, nothing runs."""

from typing import Literal

from faber_db.model.answer import Answer
from faber_db.model.plan import PlanKind
from faber_db.services.app import App
from faber_db.services.coordinate import CoordinateDetails, Phase, Request, carry, elsewhere
from faber_db.services.ports import Cancelled, Progress, never, silent
from faber_db.services.wellbeing import add_health

MarkedAs = Literal["applied", "rolled_back"]


class MarkRequest(Request):
    """Which migration, and what the ledger is to say of it."""

    version: str
    marked_as: MarkedAs


def run(
    request: MarkRequest, app: App, *, progress: Progress = silent, cancelled: Cancelled = never
) -> Answer[CoordinateDetails]:
    """Record what was done without us; signed where the environment is protected.

    Raises:
        InputError: there is no such migration.
    """
    database = app.database(request.database)
    environment = database.environment(request.environment)
    word = request.marked_as.replace("_", "-")
    phase = Phase(
        "mark",
        kind=PlanKind.MARK,
        verb=f"mark {word} {environment.name} {request.version}",
    )
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
        arguments={"version": request.version, "state": request.marked_as},
    )
    return add_health(answer, app, database, environment)
