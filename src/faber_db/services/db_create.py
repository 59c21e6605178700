"""Make the empty database of an environment, with two roles where they are asked for."""

import os
import secrets
import shlex
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from faber_db.errors import Exit, FileUnreadable, InputError, NotSupported
from faber_db.model.answer import Answer, Details, NextPerson, State
from faber_db.services.app import App, Database
from faber_db.services.ports import Creation


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
    files: list[str] = []  # with the URLs of the roles, readable by this account alone


def run(request: Request, app: App) -> Answer[DbCreateDetails]:
    """Say what would run, or run it, or say that the database is there already.

    Raises:
        NotSupported: the environment is protected, or the product has no roles.
        InputError, FileUnreadable: the URLs of the roles cannot be written there.
        ConnectionFailed, PermissionMissing, StatementFailed: nothing is left of it.
    """
    database = app.database(request.database)
    environment = database.environment(request.environment)
    if environment.protected:
        raise NotSupported(
            f"{environment.name} is protected ({environment.why_protected}), and making a protected"
            " database is not there yet",
            hint="Make it with the server's own client, then `faber-db protect"
            f" {environment.name}`.",
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
            files.append(_written(folder / word, secret) if folder else Path())
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


def _written(file: Path, url: str) -> Path:
    """A new file with one URL, for this account alone.

    Raises:
        FileUnreadable: it is there already, or cannot be written.
    """
    try:
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        with os.fdopen(descriptor, "w") as stream:
            stream.write(f"{url}\n")
    except OSError as error:
        raise FileUnreadable(
            f"{file} cannot be written ({error.strerror})",
            hint="Take it away, or name another folder: no credential is overwritten.",
        ) from error
    return file
