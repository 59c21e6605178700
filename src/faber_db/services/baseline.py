"""Baseline: adopt a database that is there, by marking the migrations that made it as applied."""

from faber_db.model.answer import Answer
from faber_db.model.plan import PlanKind
from faber_db.services.app import App
from faber_db.services.coordinate import CoordinateDetails, Phase, Request, carry, elsewhere
from faber_db.services.ports import Cancelled, Progress, never, silent
from faber_db.services.wellbeing import add_health


class BaselineRequest(Request):
    """Up to which migration; empty: the newest."""

    up_to: str = ""
    accept_differences: bool = False


def run(
    request: BaselineRequest, app: App, *, progress: Progress = silent, cancelled: Cancelled = never
) -> Answer[CoordinateDetails]:
    """Mark what is there already; nothing runs. Signed where the environment is protected.

    Raises:
        BaselineDiffers: the history does not yield the schema that is there.
        InputError: there is no such migration.
    """
    database = app.database(request.database)
    environment = database.environment(request.environment)
    words = ["baseline", environment.name]
    words += ["--up-to", request.up_to] if request.up_to else []
    words += ["--accept-differences"] if request.accept_differences else []
    phase = Phase("baseline", kind=PlanKind.BASELINE, verb=" ".join(words))
    there = elsewhere(
        phase, request, app, database, environment, progress=progress, cancelled=cancelled
    )
    if there is not None:
        return there
    arguments = {
        "up_to": request.up_to,
        "accept_differences": "yes" if request.accept_differences else "",
    }
    answer = carry(
        phase,
        request,
        app,
        database,
        environment,
        progress=progress,
        cancelled=cancelled,
        arguments=arguments,
    )
    return add_health(answer, app, database, environment)
