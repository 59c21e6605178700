"""What is held by the executor of another account or host: whose a handle is, and what is sent along.

A service asks here first; where the answer is None, everything is in this process.
"""

from faber_db.config.policy import decides
from faber_db.config.settings import Autonomy
from faber_db.errors import BackupMissing, FaberDbError, PolicyRefused, UnknownHandle
from faber_db.model.finding import Frozen
from faber_db.services.app import App, Database, Environment
from faber_db.services.history import read_folder
from faber_db.services.ports import Away, History


class Nothing(Frozen):
    """A question without arguments."""


def away_of(environment: str, database: str, app: App) -> Away | None:
    """The executor elsewhere that holds an environment; None for one that is here, or no name."""
    return app.database(database).environment(environment).away if environment else None


def whole_id(handle: str, app: App) -> str:
    """The id of the only plan, job or backup of this process's state that begins so, or empty."""
    try:
        match handle.partition("_")[0]:
            case "plan":
                return app.state.plan(handle).plan.id
            case "job":
                return app.state.job(handle).id
            case "backup":
                return app.state.backup(handle).id
    except (UnknownHandle, BackupMissing):
        return ""
    return ""


def owner_of(handle: str, app: App) -> tuple[Away, str] | None:
    """The executor that holds a plan, job or backup which is not known here, and its whole id.

    Raises:
        UnknownHandle: several hold one that begins so.
        ExecutorUnavailable: none of those that answer has it, and one does not answer.
    """
    if not app.executors or whole_id(handle, app):
        return None
    found: list[tuple[Away, str]] = []
    silent: FaberDbError | None = None
    for away in app.executors:
        try:
            whole = away.find(handle)
        except FaberDbError as error:
            silent = silent or error
            continue
        if whole:
            found.append((away, whole))
    if len(found) > 1:
        raise UnknownHandle(f"{handle[:40]} fits ids of several executors", hint="Give all of it.")
    if not found and silent is not None:
        raise silent
    return found[0] if found else None


def history_of(database: Database) -> History:
    """The migration folder, as it is sent to an executor: names and bytes.

    Raises:
        PathOutsideProject, FileUnreadable, InputTooLarge.
    """
    return History(database.handler.name, read_folder(database))


def is_planned_only(app: App, environment: Environment) -> bool:
    """Whether this side's own `autonomy` lets nothing run; the executor has its own beside it.

    Raises:
        PolicyRefused: it does not let anything be asked for either.
    """
    if app.settings.autonomy is Autonomy.DRY_RUN:
        return True
    who = decides(
        environment.settings, protected=environment.protected, autonomy=app.settings.autonomy
    )
    if who == "refused":
        raise PolicyRefused(
            f"autonomy {app.settings.autonomy} does not release to {environment.name}",
            hint="A person releases it from the command line, or changes `autonomy`.",
        )
    return False
