"""Which tier really holds for each protected environment, from what this account can get at."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from faber_db.config.address import address_of
from faber_db.config.protection import place_of
from faber_db.errors import FaberDbError
from faber_db.model.target import PinnedApprover
from faber_db.model.tier import words
from faber_db.services import open_credentials, open_files, open_keys
from faber_db.services.app import App, Database, Environment
from faber_db.services.clients import of_clients
from faber_db.services.holes import Holds, Hole, of_environment, what_holds
from faber_db.services.machine import Machine


@dataclass(frozen=True, slots=True)
class Target:
    """A protected environment, with what was learnt when it was looked at."""

    label: str  # the environment, with its database where there are several
    database: Database
    environment: Environment
    approvers: tuple[PinnedApprover, ...] = ()
    in_force: int = 1


@dataclass(frozen=True, slots=True)
class TierReport:
    """What holds, and what is open."""

    holds: tuple[Holds, ...]
    holes: tuple[Hole, ...]

    @property
    def lowest(self) -> int:
        return min((h.holds for h in self.holds), default=1)


def report(app: App, targets: Sequence[Target], machine: Machine) -> TierReport:
    """Look at everything that could lead past the approval. Nothing is written, no secret shown."""
    if app.serves:  # this is the executor's own account, which may do all of it
        return TierReport(tuple(_holds(t, ()) for t in targets), ())
    holes = [*open_files.of_machine(machine), *of_clients(app.root, machine)]
    seen = open_credentials.lying_about(app.root, machine)
    holes += open_credentials.unlooked(app.root) if targets else ()
    for target in targets:
        found = [
            *_credentials(app, target, seen, machine),
            *open_keys.of_approvers(target.label, target.approvers, machine),
        ]
        if target.environment.away is None:
            found += open_files.of_own(app, _backups(app), machine)
        else:
            found += open_files.of_executor(target.environment.away.address, machine)
        holes += _in(target.label, found)
    return TierReport(tuple(_holds(t, holes) for t in targets), tuple(dict.fromkeys(holes)))


def _holds(target: Target, holes: Sequence[Hole]) -> Holds:
    hardware = bool(target.approvers) and all(a.hardware for a in target.approvers)
    away = target.environment.away
    here = away is not None and open_files.is_here(address_of(away.address))
    in_force = min(target.in_force, 3) if here else target.in_force
    left = what_holds(in_force, of_environment(holes, target.label), hardware=hardware)
    return Holds(
        environment=target.label,
        database=target.database.name,
        in_force=in_force,
        holds=left,
        minimum=target.environment.settings.minimum_tier,
        words=words(left),
    )


def _credentials(
    app: App, target: Target, seen: list[open_credentials.Seen], machine: Machine
) -> Iterator[Hole]:
    environment = target.environment
    yield from open_credentials.of_reference(environment, target.database.engine.name, machine)
    try:
        url = environment.resolve_url() if environment.away is None else ""
    except FaberDbError:
        url = ""
    if url:
        yield from open_credentials.of_target(environment, url, seen, app.root, machine)
    else:
        yield from open_credentials.unplaced(environment.name, seen, _open_places(app), app.root)


def _open_places(app: App) -> set[tuple[str, str]]:
    """Where the environments are that nobody has to sign for."""
    found = set()
    for database in app.databases.values():
        for environment in database.environments.values():
            if environment.protected or environment.settings.url is None:
                continue
            try:
                place = place_of(environment.resolve_url(), app.root)
            except FaberDbError:
                continue
            if place is not None:
                found.add(place)
    return found


def _backups(app: App) -> Path:
    named = app.settings.backups.folder
    return app.root / named if named else app.state_folder / "backups"


def _in(label: str, holes: Sequence[Hole]) -> list[Hole]:
    return [hole.model_copy(update={"environment": label}) for hole in holes]
