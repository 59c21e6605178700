"""Build: apply what is pending to dev, and look whether all is well."""

from faber_db.model.answer import Answer
from faber_db.services.app import App
from faber_db.services.coordinate import CoordinateDetails, Phase, Request, carry, elsewhere, place
from faber_db.services.ports import Cancelled, Progress, never, silent
from faber_db.services.wellbeing import add_health

PHASE = Phase("build", "coordinate-build")


def run(
    request: Request, app: App, *, progress: Progress = silent, cancelled: Cancelled = never
) -> Answer[CoordinateDetails]:
    """Apply the pending migrations to the build environment.

    Raises:
        FaberDbError: the history, the database or a migration does not allow it.
    """
    database, environment = place(PHASE, request, app)
    assert environment is not None  # noqa: S101 only evaluate may have none
    there = elsewhere(
        PHASE, request, app, database, environment, progress=progress, cancelled=cancelled
    )
    if there is not None:
        return there
    answer = carry(
        PHASE, request, app, database, environment, progress=progress, cancelled=cancelled
    )
    return add_health(answer, app, database, environment)
