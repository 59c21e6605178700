"""Make the empty database of an environment."""

from pydantic import BaseModel, ConfigDict

from faber_db.errors import NotSupported
from faber_db.model.answer import Answer, Details, NextPerson, State
from faber_db.services.app import App


class Request(BaseModel):
    """Which environment."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    environment: str
    database: str = ""


class DbCreateDetails(Details):
    """The database that is there now."""

    environment: str
    label: str


def run(request: Request, app: App) -> Answer[DbCreateDetails]:
    """Make it, or say that it is there already.

    Raises:
        NotSupported: the environment is protected; a person makes it with the server's own client.
        ConnectionFailed, PermissionMissing.
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
    made = database.engine.create_database(url)
    details = DbCreateDetails(environment=environment.name, label=database.engine.label(url))
    details.next = NextPerson(person=f"faber-db status {environment.name}")
    if not made:
        details.state = State.SKIPPED
        return Answer(message=f"{details.label} is there already", details=details)
    return Answer(message=f"made {details.label}, empty", details=details)
