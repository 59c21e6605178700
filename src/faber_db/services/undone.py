"""Which migrations a roll-back takes back, and their ways back where only a program knows them."""

from collections.abc import Sequence
from dataclasses import replace

from faber_db.errors import FaberDbError
from faber_db.model.migration import Migration, MigrationState
from faber_db.services.app import App, Database, Environment
from faber_db.services.elsewhere import history_of
from faber_db.services.history import read_folder
from faber_db.services.ports import Cancelled, Progress
from faber_db.services.programs import Readable
from faber_db.services.recording_in_time import recorded_in_time


def taken_back(applied: Sequence[Migration], to: str) -> tuple[Migration, ...]:
    """Of those that are applied, in order, the ones after `to`, or the last; the newest first."""
    versions = [m.version for m in applied]
    return tuple(reversed(applied[versions.index(to) + 1 :] if to else applied[-1:]))


def with_ways_back(
    app: App,
    database: Database,
    environment: Environment,
    *,
    to: str,
    progress: Progress,
    cancelled: Cancelled,
) -> Readable:
    """As `readable`, with what the programs that are taken back would run; else the same database.

    In a protected environment these are recorded twice. One that has no way back that could be
    recorded is told by `Readable.reasons`.

    Raises:
        JobStillRuns: there is more to record than a call has time for.
        FaberDbError: the folder cannot be read, or the environment cannot be reached.
    """
    if not database.handler.code or database.sent is not None:
        return Readable(database)
    files = read_folder(database)
    history = database.handler.parse(files)
    states, protected = _states(database, environment, history, to)
    applied = [m for m in history if states.get(m.version) is MigrationState.APPLIED]
    known = not to or to in {m.version for m in applied}  # else the executor refuses it
    back = [m.version for m in taken_back(applied, to)] if known else []
    found = recorded_in_time(
        app,
        database,
        files,
        twice=back if protected else (),
        back=back,
        progress=progress,
        cancelled=cancelled,
    )
    missing: dict[str, FaberDbError] = {**found.missing, **found.no_way_back}
    return Readable(replace(database, sent=found.files), missing)


def _states(
    database: Database, environment: Environment, history: Sequence[Migration], to: str
) -> tuple[dict[str, MigrationState], bool]:
    """By version; of an executor elsewhere those that are asked for. And whether it is protected."""
    from faber_db.services import status  # loads much, and few histories are programs
    from faber_db.services.status_lines import StatusDetails

    if environment.away is not None:
        asked = status.Request(
            environment=environment.name, detail="full" if to else "summary", cursor=to
        )
        sent = history_of(database)
        there = environment.away.ask("status", asked, StatusDetails, history=sent).details
        told = {version: line.state for version, line in there.migrations.items()}
        return told | ({to: MigrationState.APPLIED} if to else {}), True
    with database.engine.connect(
        environment.resolve_url(), limits=environment.limits, create=not environment.protected
    ) as session:
        found = database.handler.status(history, database.handler.ledger(session))
        protected = environment.protected or session.read_marker() is not None
    return {s.version: s.state for s in found}, protected
