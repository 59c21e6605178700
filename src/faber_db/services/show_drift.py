"""Show how a live schema differs from its applied migrations."""

from faber_db.errors import DriftBlocked, Exit
from faber_db.model.answer import Answer, Details, Problem
from faber_db.model.finding import Frozen
from faber_db.services.app import App
from faber_db.services.catalogue_differences import Difference
from faber_db.services.drift import Ignored, drift
from faber_db.services.elsewhere import history_of
from faber_db.services.ports import Cancelled, Progress, never, silent
from faber_db.services.programs import readable


class Request(Frozen):
    """Which environment."""

    environment: str
    database: str = ""


class DriftDetails(Details):
    """Every difference; with `unproved` there is no verdict."""

    environment: str
    database: str
    differences: list[Difference] = []
    ignored: list[Ignored] = []
    compared_with: str = ""
    unproved: str = ""


def run(
    request: Request, app: App, *, progress: Progress = silent, cancelled: Cancelled = never
) -> Answer[DriftDetails]:
    """Compare one environment. Reads its catalogue and replays its history on a shadow.

    Raises:
        UnknownDatabase, UnknownEnvironment, SecretUnavailable, ConnectionFailed.
    """
    database = app.database(request.database)
    environment = database.environment(request.environment)
    if environment.away is not None:
        there = request.model_copy(update={"environment": environment.name})
        read = readable(app, database, progress=progress, cancelled=cancelled)
        return environment.away.ask(
            "drift",
            there,
            DriftDetails,
            history=history_of(read.database),
            progress=progress,
            cancelled=cancelled,
        )
    with database.engine.connect(
        environment.resolve_url(), limits=environment.limits, read_only=True
    ) as session:
        found = drift(app, database, environment, session, progress=progress, cancelled=cancelled)
    details = DriftDetails(
        environment=environment.name,
        database=database.name,
        differences=list(found.differences),
        ignored=list(found.ignored),
        compared_with=found.compared_with,
        unproved=found.unproved,
    )
    if found.unproved:
        problem = Problem(code="schema-unproved", message=found.unproved)
        return Answer[DriftDetails](
            status="warning",
            message="nothing could be compared",
            details=details,
            warnings=[problem],
            exit_code=Exit.FAILED,
        )
    if not found.differences:
        return Answer[DriftDetails](
            message=f"{environment.name} is as its history says", details=details
        )
    objects = "1 object" if len(found.differences) == 1 else f"{len(found.differences)} objects"
    return Answer[DriftDetails](
        status="warning",
        message=f"{objects} of {environment.name} differ from its history",
        details=details,
        exit_code=DriftBlocked.exit_code,
    )
