"""Doctor: does everything that faber-db needs work here, and how far does the protection reach?

It looks and changes nothing: the configuration, each environment's reference and connection, the
marker, the dump tools, the state folder, and whether the agent's account could get around us.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Protocol, runtime_checkable

from faber_db import __version__
from faber_db.errors import ConfigError, Exit, FaberDbError
from faber_db.model.answer import Answer, Details, NextPerson, Problem
from faber_db.model.finding import Frozen
from faber_db.services.app import App, Database, Environment
from faber_db.services.ports import Session


class Verdict(StrEnum):
    """What one look found. What could not be looked at is `unknown`, never `ok`."""

    OK = "ok"
    INFO = "info"
    WARNING = "warning"
    FAILED = "failed"
    UNKNOWN = "unknown"


class Examined(Frozen):
    """One thing that was looked at."""

    name: str
    verdict: Verdict
    text: str
    hint: str = ""
    code: str = ""


class Footprint(Frozen):
    """One file, folder or database object of ours."""

    place: str  # "state folder", "marker in production"
    what: str
    exists: bool | None  # None: could not look


class DoctorDetails(Details):
    """What was looked at, and the tier in force."""

    version: str = __version__
    examined: list[Examined] = []
    tier: int = 1
    tier_limits: list[str] = []
    footprint: list[Footprint] = []


class Request(Frozen):
    """What to look at."""

    footprint: bool = False


@dataclass(frozen=True)
class Machine:
    """What doctor asks of the machine it runs on."""

    becomes_root: Callable[[], bool]  # `sudo -n true` works, or this is root
    is_writable: Callable[[Path], bool]
    keys_folder: Path
    cache_folder: Path


@runtime_checkable
class FindsTools(Protocol):
    """An engine whose backups need programs of the product."""

    def find_tools(self) -> Mapping[str, str]:
        """Tool -> absolute path, empty where it is missing."""
        ...


TIER_1_LIMITS = (
    "the agent runs under the account that holds the key files and the credentials",
    "the passphrase keeps it from signing, not from connecting to the database by itself",
    "the first enrolment proves that somebody sat at a terminal, not who",
)


def run(
    request: Request, open_project: Callable[[], App], machine: Machine
) -> Answer[DoctorDetails]:
    """Look at everything; one thing that fails hides no other."""
    details = DoctorDetails(tier_limits=list(_limits(machine)))
    try:
        app = open_project()
    except FaberDbError as error:
        details.examined.append(_failed("configuration", error))
        return _answer(details, config_failed=isinstance(error, ConfigError))
    details.examined.extend(_configuration(app))
    details.examined.extend(_state(app, machine))
    databases = []
    for name in app.databases:
        try:
            databases.append(app.databases[name])
        except FaberDbError as error:
            details.examined.append(_failed(name, error))
    for database in databases:
        details.examined.extend(_product(database))
        for environment in database.environments.values():
            several = len(app.databases) > 1
            details.examined.extend(_environment(database, environment, several=several))
    if request.footprint:
        details.footprint.extend(_footprint(app, databases, machine))
    return _answer(details, config_failed=False)


def _answer(details: DoctorDetails, *, config_failed: bool) -> Answer[DoctorDetails]:
    failed = [e for e in details.examined if e.verdict in (Verdict.FAILED, Verdict.UNKNOWN)]
    warned = [e for e in details.examined if e.verdict is Verdict.WARNING]
    if config_failed:
        details.next = NextPerson(
            person="faber-db init"
            if failed[0].code == "config-missing"
            else "faber-db config check"
        )
    word = "nothing is wrong" if not failed and not warned else ""
    message = word or f"{len(failed)} failed, {len(warned)} to look at"
    return Answer[DoctorDetails](
        status="failure" if failed else "warning" if warned else "success",
        message=message,
        details=details,
        errors=[
            Problem(code=e.code or "not-supported", message=e.text, hint=e.hint) for e in failed
        ],
        exit_code=Exit.USAGE if config_failed else Exit.FAILED if failed else Exit.DONE,
    )


def _limits(machine: Machine) -> Iterator[str]:
    yield from TIER_1_LIMITS
    if machine.becomes_root():
        yield "this account can become root without a password, so it could change anything here"


def _configuration(app: App) -> Iterator[Examined]:
    if app.config_path is None:
        yield Examined(
            name="configuration",
            verdict=Verdict.WARNING,
            text="there is no faber-db.json; only unprotected local databases are used",
            hint="`faber-db init` writes one.",
        )
        return
    environments = sum(len(d.environments) for d in app.settings.all_databases().values())
    yield Examined(
        name="configuration",
        verdict=Verdict.OK,
        text=f"{app.config_path} ({environments} environment{'s' if environments > 1 else ''})",
    )


def _state(app: App, machine: Machine) -> Iterator[Examined]:
    folder = app.state_folder
    existing = next(p for p in (folder, *folder.parents) if p.exists())
    if not machine.is_writable(existing):
        yield Examined(
            name="state folder",
            verdict=Verdict.FAILED,
            text=f"{existing} cannot be written",
            hint="Set XDG_STATE_HOME to a folder of yours.",
            code="state-unusable",
        )
    elif existing == folder and folder.stat().st_mode & 0o077:
        yield Examined(
            name="state folder",
            verdict=Verdict.WARNING,
            text=f"{folder} can be read by other accounts",
            hint=f"chmod 700 {folder}",
        )
    else:
        yield Examined(name="state folder", verdict=Verdict.OK, text=str(folder))


def _product(database: Database) -> Iterator[Examined]:
    """What is not done on the database's product, and the tools that its backups need."""
    if database.engine.cannot_deploy:
        yield Examined(name=database.name, verdict=Verdict.INFO, text=database.engine.cannot_deploy)
    if not isinstance(database.engine, FindsTools):
        return  # backups of this product need no tool
    for tool, path in database.engine.find_tools().items():
        yield Examined(
            name=tool,
            verdict=Verdict.OK if path else Verdict.FAILED,
            text=path or f"{tool} was not found, so no backup of {database.name} can be made",
            hint="" if path else "Install the client tools of the server's version.",
            code="" if path else "backup-tool-missing",
        )


def _environment(
    database: Database, environment: Environment, *, several: bool
) -> Iterator[Examined]:
    name = f"{database.name}/{environment.name}" if several else environment.name
    if environment.settings.url is None:
        yield Examined(
            name=name,
            verdict=Verdict.INFO,
            text=f"reached through the executor {environment.settings.executor}",
        )
        return
    try:
        url = environment.resolve_url()
        with database.engine.connect(url, limits=environment.limits, read_only=True) as session:
            yield from _reached(name, environment, session)
    except FaberDbError as error:
        yield _failed(name, error)


def _reached(name: str, environment: Environment, session: Session) -> Iterator[Examined]:
    identity = session.identity()
    marker = session.read_marker()
    words = [session.server_label]
    if environment.protected or marker is not None:
        words.append(f"protected: {environment.why_protected or 'carries our marker'}")
    if identity.missing:
        words.append(f"not readable for this role: {', '.join(identity.missing)}")
    yield Examined(name=name, verdict=Verdict.OK, text="; ".join(words))
    if environment.protected and marker is None:
        yield Examined(
            name=name,
            verdict=Verdict.WARNING,
            text="no approver is enrolled, so nothing can be released there",
            hint=f"A person runs `faber-db protect {environment.name}` once.",
            code="approval-not-set-up",
        )
    if marker is not None and marker.server_digest != identity.server_digest:
        yield Examined(
            name=name,
            verdict=Verdict.FAILED,
            text="the marker was written on another server: this is a copy",
            hint=f"A person runs `faber-db protect {environment.name} --adopt-clone`.",
            code="policy-target-changed",
        )


def _failed(name: str, error: FaberDbError) -> Examined:
    return Examined(
        name=name, verdict=Verdict.FAILED, text=error.message, hint=error.hint, code=error.code
    )


def _footprint(app: App, databases: Sequence[Database], machine: Machine) -> Iterator[Footprint]:
    if app.config_path is not None:
        yield Footprint(place="configuration", what=str(app.config_path), exists=True)
    backups = app.settings.backups.folder
    for place, path in (
        ("state and audit trail", app.state_folder),
        ("backups", Path(backups) if backups else app.state_folder / "backups"),
        ("keys of approvers", machine.keys_folder),
        ("empty servers to copy", machine.cache_folder),
    ):
        yield Footprint(place=place, what=str(path), exists=path.exists())
    for database in databases:
        for environment in database.environments.values():
            yield from _in_database(database, environment)


def _in_database(database: Database, environment: Environment) -> Iterator[Footprint]:
    objects = {
        "postgresql": "schema faber_db",
        "sqlite": "tables _faber_db_marker, _faber_db_used",
    }.get(database.engine.name, "tables _faber_db_*")
    ledger = ", ".join(database.handler.ledger_tables)
    ours = database.handler.name == "sql"  # other formats share the ledger of their own tool
    marked: bool | None = None
    recorded: bool | None = None
    if environment.settings.url is not None:
        with suppress(FaberDbError):  # shown as not looked at; the error stands above
            url = environment.resolve_url()
            with database.engine.connect(url, limits=environment.limits, read_only=True) as session:
                marked = session.read_marker() is not None
                recorded = bool(database.handler.ledger(session))
    yield Footprint(place=f"marker in {environment.name}", what=objects, exists=marked)
    yield Footprint(
        place=f"ledger in {environment.name}",
        what=ledger if ours else f"{ledger} (of {database.handler.name} itself)",
        exists=recorded,
    )
