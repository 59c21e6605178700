"""Accept an edit: record the new checksum of a migration that was changed after it was applied."""

import json

from faber_db.errors import FaberDbError
from faber_db.model.answer import Answer
from faber_db.model.plan import PlanKind
from faber_db.services.app import App, Database
from faber_db.services.coordinate import CoordinateDetails, Phase, Request, carry, elsewhere
from faber_db.services.history import history
from faber_db.services.ports import Cancelled, Progress, never, silent
from faber_db.services.wellbeing import add_health

_MOST, _CHARACTERS = 20, 1_000_000  # committed versions that are offered, and all of them together


class AcceptEditRequest(Request):
    """Which migration; `candidates` are committed texts of it, for an executor elsewhere."""

    version: str
    candidates: tuple[str, ...] = ()


def run(
    request: AcceptEditRequest,
    app: App,
    *,
    progress: Progress = silent,
    cancelled: Cancelled = never,
) -> Answer[CoordinateDetails]:
    """Record what the file is now; nothing runs. Signed where the environment is protected.

    Raises:
        InputError: there is no such migration, or it was not edited.
    """
    database = app.database(request.database)
    environment = database.environment(request.environment)
    if not request.candidates:
        found = tuple(_committed(app, database, request.version))
        request = request.model_copy(update={"candidates": found})
    phase = Phase(
        "accept-edit",
        kind=PlanKind.ACCEPT_EDIT,
        verb=f"accept-edit {environment.name} {request.version}",
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
        arguments={"version": request.version, "candidates": json.dumps(request.candidates)},
    )
    return add_health(answer, app, database, environment)


def _committed(app: App, database: Database, version: str) -> list[str]:
    """Texts of a migration that version control knows; which of them was applied, the ledger tells."""
    if app.version_control is None or database.sent is not None:
        return []
    try:
        migration = next((m for m in history(database) if m.version == version), None)
    except FaberDbError:
        return []  # what is wrong with the folder is told by the plan
    found: list[str] = []
    for content in (
        app.version_control.earlier(database.folder / migration.path) if migration else ()
    ):
        try:
            text = content.decode()
        except UnicodeDecodeError:
            continue  # no handler takes it
        if len(found) == _MOST or sum(map(len, found)) + len(text) > _CHARACTERS:
            break
        if text not in found:
            found.append(text)
    return found
