"""Make the empty database of an environment, with two roles where they are asked for.

What is protected is made by the executor, by a plan that a person signs.
"""

import secrets
import shlex
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from faber_db.errors import Exit, InputError, NotSupported
from faber_db.model.answer import Answer, Details, NextPerson, State
from faber_db.model.creation import PlannedCreation
from faber_db.model.plan import PlanKind, PlanState
from faber_db.services import coordinate, credentials
from faber_db.services.app import App, Database
from faber_db.services.elsewhere import is_planned_only
from faber_db.services.ports import Cancelled, Creation, Progress, never, silent

EXECUTORS_FOLDER = "executor"  # in the place of a folder: no caller names where credentials go


class Request(BaseModel):
    """Which environment; `roles` is the folder that gets the URLs of the two roles."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    environment: str
    database: str = ""
    roles: str = ""
    yes: bool = False


class DbCreateDetails(Details):
    """The database that is there now, and what made it; without what is secret."""

    environment: str
    label: str
    statements: list[str] = []
    files: list[str] = []  # with the URLs of the roles, readable by the account alone that made it
    plan_id: str = ""
    job_id: str = ""
    tell_person: str = ""


class AskRequest(coordinate.Request):
    """The database of a protected environment; the executor keeps the URLs of its roles itself."""

    roles: bool = False


def ask(
    request: AskRequest, app: App, *, progress: Progress = silent, cancelled: Cancelled = never
) -> Answer[DbCreateDetails]:
    """From a plan that says what would run, by a person's signature, to the database.

    Raises:
        ApprovalNotSetUp: nobody may sign before there is a target to pin an approver in.
        NotSupported: the environment is not protected, or a file.
        FaberDbError: it could not be planned, or the executor elsewhere not be asked.
    """
    database = app.database(request.database)
    environment = database.environment(request.environment)
    if environment.away is not None:
        changes: dict[str, object] = {"environment": environment.name}
        if is_planned_only(app, environment):
            changes["dry_run"] = True
        asked = request.model_copy(update=changes)
        return environment.away.ask(
            "db-create", asked, DbCreateDetails, progress=progress, cancelled=cancelled
        )
    roles = f" --roles {EXECUTORS_FOLDER}" if request.roles else ""
    phase = coordinate.Phase(
        "db-create",
        kind=PlanKind.DB_CREATE,
        verb=f"db-create {environment.name}{roles}",
        reads=False,
    )
    answer = coordinate.carry(
        phase,
        request,
        app,
        database,
        environment,
        progress=progress,
        cancelled=cancelled,
        arguments={"roles": "yes"} if request.roles else {},
    )
    return _of_a_plan(answer, app)


def _of_a_plan(answer: Answer[coordinate.CoordinateDetails], app: App) -> Answer[DbCreateDetails]:
    """The same answer, with what runs and what was written in the place of migrations."""
    known = answer.details
    details = DbCreateDetails(
        environment=known.environment,
        label="",
        plan_id=known.plan_id,
        job_id=known.job_id,
        tell_person=known.tell_person,
        state=known.state,
        next=known.next,
    )
    message = answer.message
    if known.plan_id:
        stored = app.state.plan(known.plan_id)
        details.label = stored.plan.target.label
        details.statements = list(PlannedCreation.of(stored.plan).statements)
        if stored.state is PlanState.DONE:
            details.files = coordinate.listed(stored.result)
            details.next = NextPerson(person=f"faber-db protect {known.environment}")
    if known.state is State.PLANNED:
        message = f"{len(details.statements)} statements would make {details.label}"
    return Answer(
        status=answer.status,
        message=message,
        details=details,
        errors=answer.errors,
        warnings=answer.warnings,
        exit_code=answer.exit_code,
    )


def run(request: Request, app: App) -> Answer[DbCreateDetails]:
    """Say what would run, or run it, or say that the database is there already.

    Raises:
        NotSupported: the environment is protected (`ask` is for that), or the product has no roles.
        InputError, FileUnreadable: the URLs of the roles cannot be written there.
        ConnectionFailed, PermissionMissing, StatementFailed: nothing is left of it.
    """
    database = app.database(request.database)
    environment = database.environment(request.environment)
    if environment.protected:
        raise NotSupported(
            f"{environment.name} is protected ({environment.why_protected}), so nothing makes its"
            " database without a signature",
            hint=f"`faber-db db-create {environment.name}` asks for one.",
        )
    url = environment.resolve_url()
    passwords = [secrets.token_hex(24) for _ in range(2)] if request.roles else []
    planned = database.engine.creation(url, passwords)
    details = DbCreateDetails(environment=environment.name, label=database.engine.label(url))
    details.statements = list(planned.shown)
    if request.roles and not planned.urls:
        raise NotSupported(f"{database.engine.name} has no roles", hint="Leave `--roles` out.")
    folder = _folder(request.roles, app)
    if planned.on_server and not request.yes:
        return _asks(request, details)
    return _made(database, url, planned, folder, details)


def _asks(request: Request, details: DbCreateDetails) -> Answer[DbCreateDetails]:
    words = ["faber-db", "db-create", details.environment, "--yes"]
    words += ["--roles", request.roles] if request.roles else []
    words += ["--database", request.database] if request.database else []
    details.state, details.next = State.CONFIRM_REQUIRED, NextPerson(person=shlex.join(words))
    return Answer(
        status="warning",
        message=f"{len(details.statements)} statements would make {details.label}; nothing has run",
        details=details,
        exit_code=Exit.WAITING,
    )


def _made(
    database: Database, url: str, planned: Creation, folder: Path | None, details: DbCreateDetails
) -> Answer[DbCreateDetails]:
    files: list[Path] = []
    made = False
    try:
        for word, secret in planned.urls if folder else ():
            files.append(credentials.write_new(folder / word, secret) if folder else Path())
        made = database.engine.create_database(url, planned)
    finally:
        for file in [] if made else files:
            file.unlink()
    details.next = NextPerson(person=f"faber-db status {details.environment}")
    if not made:
        details.state, details.statements = State.SKIPPED, []
        return Answer(message=f"{details.label} is there already", details=details)
    details.files = [str(file) for file in files]
    roles = f"; the URLs of its two roles are in {', '.join(details.files)}" if files else ""
    return Answer(message=f"made {details.label}, empty{roles}", details=details)


def _folder(named: str, app: App) -> Path | None:
    """The folder for the URLs.

    Raises:
        InputError: it is not there, or lies in the project, where it would be committed.
    """
    if not named:
        return None
    folder = Path(named).expanduser().resolve()
    if folder.is_relative_to(app.root):
        raise InputError(
            f"{named!r} lies in the project, where credentials would be committed",
            hint="Name a folder outside of it.",
        )
    if not folder.is_dir():
        raise InputError(f"there is no folder {named!r}", hint="Make it, for this account alone.")
    return folder
