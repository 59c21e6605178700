"""Release: production, by a human's signature, through the executor."""

from faber_db.errors import NotSupported
from faber_db.model.answer import Answer, State
from faber_db.services.app import App
from faber_db.services.coordinate import CoordinateDetails, Phase, Request, carry, elsewhere, place
from faber_db.services.ports import Cancelled, Progress, never, silent
from faber_db.services.wellbeing import add_health

PHASE = Phase("release", "coordinate-release")


def run(
    request: Request, app: App, *, progress: Progress = silent, cancelled: Cancelled = never
) -> Answer[CoordinateDetails]:
    """Plan the release, say who has to sign, or carry out what was signed.

    Raises:
        FaberDbError: health, drift, ledger, analysis, policy or approval does not allow it.
    """
    database, environment = place(PHASE, request, app)
    if environment is None:
        raise NotSupported("there is no environment to release to")
    there = elsewhere(
        PHASE, request, app, database, environment, progress=progress, cancelled=cancelled
    )
    if there is not None:
        return there
    answer = carry(
        PHASE, request, app, database, environment, progress=progress, cancelled=cancelled
    )
    if answer.details.state is State.DONE and answer.details.applied:
        backup = answer.details.backup_id
        undo = f"restore {environment.name} {backup}" if backup else f"rollback {environment.name}"
        answer.message += f"; undo: faber-db {undo}"
    return add_health(answer, app, database, environment)
