"""Doctor: does everything that faber-db needs work here, and how far does the protection reach?

It looks and changes nothing: the configuration, each environment's reference and connection, the
marker, the dump tools, the state folder, and what this account could do to get around us. Run it
where the agent runs: the answer is about the account that asks.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from enum import StrEnum
from typing import Protocol, runtime_checkable

from faber_db import __version__
from faber_db.errors import ConfigError, Exit, FaberDbError, InternalError, PolicyRefused
from faber_db.model.answer import Answer, Details, NextPerson, Problem
from faber_db.model.finding import Frozen
from faber_db.model.target import Marker
from faber_db.model.tier import limits, tier_in_force
from faber_db.services.app import App, Database, Environment
from faber_db.services.footprint import Footprint, footprint
from faber_db.services.holes import Holds, Hole
from faber_db.services.machine import Machine, there
from faber_db.services.ports import Session
from faber_db.services.tier_report import Target, TierReport, report


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


class DoctorDetails(Details):
    """What was looked at, and the tier in force."""

    version: str = __version__
    examined: list[Examined] = []
    tier: int = 1  # the lowest that holds for a protected environment
    tier_limits: list[str] = []  # what it does not stop, by its nature
    holds: list[Holds] = []
    holes: list[Hole] = []
    footprint: list[Footprint] = []


class Request(Frozen):
    """What to look at."""

    footprint: bool = False


@runtime_checkable
class FindsTools(Protocol):
    """An engine whose backups need programs of the product."""

    def find_tools(self) -> Mapping[str, str]:
        """Tool -> absolute path, empty where it is missing."""
        ...


@runtime_checkable
class FindsLeftovers(Protocol):
    """An engine that can tell databases which earlier work of ours left behind."""

    def find_leftovers(self, session: Session, url: str) -> Sequence[str]:
        """Names of databases or files beside the one of the session."""
        ...


@runtime_checkable
class LeavesFolders(Protocol):
    """A shadow that can tell what killed processes of ours left on this machine."""

    def leftovers(self) -> Sequence[str]:
        """`folder /tmp/…`."""
        ...


class _Seen:
    """What the environments have told so far."""

    def __init__(self) -> None:
        self.targets: list[Target] = []
        self.names: dict[str, list[tuple[str, bool]]] = {}  # by place: label, protected
        self.leftovers: dict[str, None] = {}


def run(
    request: Request, open_project: Callable[[], App], machine: Machine
) -> Answer[DoctorDetails]:
    """Look at everything; one thing that fails hides no other."""
    details = DoctorDetails(tier_limits=list(limits(1)))
    try:
        app = open_project()
    except FaberDbError as error:
        details.examined.append(_failed("configuration", error))
        return _answer(details, config_failed=isinstance(error, ConfigError))
    details.examined.extend(_configuration(app))
    details.examined.extend(_state(app, machine))
    databases, seen = [], _Seen()
    for name in app.databases:
        try:
            databases.append(app.databases[name])
        except FaberDbError as error:
            details.examined.append(_failed(name, error))
    for database in databases:
        details.examined.extend(_product(database))
        if isinstance(database.shadow, LeavesFolders):
            seen.leftovers |= dict.fromkeys(database.shadow.leftovers())
        for environment in database.environments.values():
            several = len(app.databases) > 1
            name = f"{database.name}/{environment.name}" if several else environment.name
            details.examined.extend(_environment(name, database, environment, app.serves, seen))
    details.examined.extend(_together(seen))
    _tell_tiers(details, app, report(app, seen.targets, machine))
    if request.footprint:
        details.footprint.extend(footprint(app, databases, machine))
    return _answer(details, config_failed=False)


def _answer(details: DoctorDetails, *, config_failed: bool) -> Answer[DoctorDetails]:
    failed = [e for e in details.examined if e.verdict in (Verdict.FAILED, Verdict.UNKNOWN)]
    refused = bool(failed) and all(e.code == PolicyRefused.code for e in failed)
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
        exit_code=_exit(config_failed=config_failed, failed=bool(failed), refused=refused),
    )


def _exit(*, config_failed: bool, failed: bool, refused: bool) -> Exit:
    if config_failed:
        return Exit.USAGE
    if refused:
        return Exit.REFUSED
    return Exit.FAILED if failed else Exit.DONE


def _tell_tiers(details: DoctorDetails, app: App, found: TierReport) -> None:
    details.holds, details.holes = list(found.holds), list(found.holes)
    details.tier, details.tier_limits = found.lowest, list(limits(found.lowest))
    if app.serves:
        details.examined.append(
            Examined(
                name="tier",
                verdict=Verdict.INFO,
                text="this is the executor's own account, which may do everything",
                hint="Run `faber-db doctor` where the agent runs to see what is open to it.",
            )
        )
    for holds in found.holds:
        if holds.holds < holds.minimum:
            details.examined.append(
                Examined(
                    name=holds.environment,
                    verdict=Verdict.FAILED,
                    text=f"tier {holds.minimum} is demanded, and tier {holds.holds} holds",
                    hint="Close what is listed below, or see docs/security.md for the way there.",
                    code=PolicyRefused.code,
                )
            )
        elif holds.holds < holds.in_force:
            details.examined.append(
                Examined(
                    name=holds.environment,
                    verdict=Verdict.WARNING,
                    text=f"it is set up for tier {holds.in_force}, and only tier {holds.holds} holds",
                    hint="Close what is listed below.",
                )
            )


def _together(seen: _Seen) -> Iterator[Examined]:
    """Names that lead to one database, and what earlier work left there."""
    for names in (n for n in seen.names.values() if len(n) > 1):
        free = [label for label, protected in names if not protected]
        listed = ", ".join(label for label, _ in names)
        mixed = bool(free) and len(free) < len(names)
        yield Examined(
            name="same database",
            verdict=Verdict.WARNING if mixed else Verdict.INFO,
            text=f"{listed} are one database"
            + (f", and {', '.join(free)} is not protected" if mixed else ""),
            hint="Protect it (`faber-db protect ENV`); its marker then covers every name."
            if mixed
            else "",
            code="same-database-unprotected" if mixed else "",
        )
    for name in seen.leftovers:
        yield Examined(
            name="leftover",
            verdict=Verdict.INFO,
            text=f"{name} was left behind by a restore or a trial run",
            hint=f"When nothing of it is needed and nothing of ours runs: {_removal(name)}",
        )


def _removal(leftover: str) -> str:
    kind, _, name = leftover.partition(" ")
    return {"database": f"DROP DATABASE {name};", "folder": f"rm -r {name}"}.get(kind, f"rm {name}")


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
    existing = next(p for p in (folder, *folder.parents) if there(p))
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
    """The tools that the backups of the database's product need."""
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
    name: str, database: Database, environment: Environment, serves: str, seen: _Seen
) -> Iterator[Examined]:
    if environment.settings.url is None:
        yield from _elsewhere(name, database, environment, seen)
        return
    try:
        url = environment.resolve_url()
        with database.engine.connect(url, limits=environment.limits, read_only=True) as session:
            marker = session.read_marker()
            yield from _reached(name, environment, session, marker, seen)
            if isinstance(database.engine, FindsLeftovers):
                seen.leftovers |= dict.fromkeys(database.engine.find_leftovers(session, url))
    except FaberDbError as error:
        marker = None
        yield _failed(name, error)
    if environment.protected or marker is not None:
        approvers = marker.approvers if marker else ()
        tier = tier_in_force(serves, approvers).number
        seen.targets.append(Target(name, database, environment, approvers, tier))


def _elsewhere(
    name: str, database: Database, environment: Environment, seen: _Seen
) -> Iterator[Examined]:
    """An environment of another executor, which is asked; its word alone is no proof of its tier."""
    away = environment.away
    if away is None:
        raise InternalError(f"{name} names an executor and has none")
    try:
        found = away.policy(database=database.name, environment=environment.name)
    except FaberDbError as error:
        yield _failed(name, error)
        return  # which keys are pinned and what holds is not known
    seen.targets.append(Target(name, database, environment, found.approvers, found.tier))
    yield Examined(name=name, verdict=Verdict.OK, text=f"the executor {away.address} answers")
    if found.pinned is not True:
        missing = found.pinned is None
        yield Examined(
            name=name,
            verdict=Verdict.WARNING,
            text="no approver is enrolled, so nothing can be released there"
            if missing
            else "its policy is not the one that was signed",
            hint=f"On the executor's own account: `faber-db protect {environment.name}`."
            if missing
            else f"`faber-db policy propose {environment.name}`, and have it signed.",
            code="approval-not-set-up" if missing else "policy-changed",
        )


def _reached(
    name: str, environment: Environment, session: Session, marker: Marker | None, seen: _Seen
) -> Iterator[Examined]:
    identity = session.identity()
    protected = environment.protected or marker is not None
    parts = {
        key: part for key, part in identity.parts.items() if key != "path"
    }  # links have several
    place = f"{identity.product} {sorted(parts.items())}"
    seen.names.setdefault(place, []).append((name, protected))
    words = [session.server_label]
    if protected:
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
