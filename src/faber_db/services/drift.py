"""Drift: what the live schema holds that the applied migrations do not account for, and lacks."""

import secrets
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from pydantic import ValidationError

from faber_db import __version__
from faber_db.errors import (
    LedgerError,
    LedgerForeign,
    MigrationFailed,
    MigrationNotRecorded,
    MigrationsMissing,
    NotSupported,
    SchemaUnproved,
)
from faber_db.model.canonical import digest_of
from faber_db.model.catalogue import Catalogue
from faber_db.model.finding import Frozen
from faber_db.model.migration import Migration, MigrationState
from faber_db.services.alike import surroundings, take_on
from faber_db.services.app import App, Database, Environment
from faber_db.services.catalogue_differences import Difference, differences
from faber_db.services.history import history
from faber_db.services.ports import Cancelled, Progress, Session, never, silent
from faber_db.services.programs import readable
from faber_db.services.reprinting import CATALOGUES, reprinted
from faber_db.sql.script import parse

MOST_LOOKS = 300  # migrations of a history in which the one that a schema is at is looked for
_UNREPLAYABLE = {
    MigrationState.EDITED: "was edited after it was applied",
    MigrationState.MISSING: "is applied and not in the folder",
    MigrationState.FAILED: "failed and is not settled",
    MigrationState.HALF_APPLIED: "is half applied",
}


class Ignored(Frozen):
    """A difference that the configuration names, with its reason."""

    difference: Difference
    reason: str


class Drift(Frozen):
    """The outcome of one comparison. With `unproved` there is no verdict."""

    differences: tuple[Difference, ...] = ()
    ignored: tuple[Ignored, ...] = ()
    compared_with: str = ""  # "7 applied migrations on a private PostgreSQL 17.10"
    unproved: str = ""  # why nothing could be compared


def drift(
    app: App,
    database: Database,
    environment: Environment,
    session: Session,
    *,
    progress: Progress = silent,
    cancelled: Cancelled = never,
) -> Drift:
    """Compare a live database with its applied migrations, replayed on a shadow.

    The replay is kept in the state folder, so that only the first look at a history costs one.
    Reads the live catalogue; changes nothing.

    Raises:
        JobStillRuns: there is more to record than a call has time for.
    """
    database = readable(app, database, progress=progress, cancelled=cancelled).database
    try:
        applied = _applied(database, session)
    except _Unreplayable as error:
        return Drift(unproved=str(error))
    live = session.catalogue(leave_out=database.handler.ledger_tables)
    if not applied and live.tables:
        return Drift(
            unproved=f"nothing is in the ledger of {environment.name}, and it has tables"
            f" ({len(live.tables)}): `faber-db baseline {environment.name}`"
        )
    return compared(app, database, session, live, applied)


def compared(
    app: App,
    database: Database,
    session: Session,
    catalogue: Catalogue,
    applied: Sequence[Migration],
) -> Drift:
    """Compare a schema with what some migrations yield, replayed on a shadow.

    Args:
        app: whose state folder keeps the replay.
        database: whose handler and shadow replay.
        session: open on the live database; what surrounds the schema there is taken on.
        catalogue: the live one, without the ledger.
        applied: in the order in which they ran.
    """
    try:
        live = reprinted(catalogue)
        expected = reprinted(_expected(app, database, applied, surroundings(session)))
    except _Unreplayable as error:
        return Drift(unproved=str(error))
    found = differences(live, expected)
    reasons = {(i.kind, i.name): i.reason for i in database.settings.drift.ignore}
    return Drift(
        differences=tuple(d for d in found if (d.kind, d.name) not in reasons),
        ignored=tuple(
            Ignored(difference=d, reason=reasons[d.kind, d.name])
            for d in found
            if (d.kind, d.name) in reasons
        ),
        compared_with=f"{len(applied)} applied migration{'s' * (len(applied) != 1)} on"
        f" {database.shadow.label}",
    )


def version_of(
    app: App,
    database: Database,
    session: Session,
    catalogue: Catalogue,
    history: Sequence[Migration],
) -> str:
    """The newest migration up to which the history yields a schema; empty where none, or not known."""
    if len(history) > MOST_LOOKS:
        return ""
    live, found = reprinted(catalogue), ""

    def look(migration: Migration, reached: Catalogue) -> None:
        nonlocal found
        found = migration.version if not differences(live, reprinted(reached)) else found

    try:
        _replayed(app, database, history, surroundings(session), look)
    except _Unreplayable:
        return found
    return found


def way_back(
    app: App,
    database: Database,
    session: Session,
    applied: Sequence[Migration],
    undone: Sequence[Migration],
) -> Drift:
    """Apply and undo on a shadow, and compare with the schema before: A, B, A.

    Args:
        app: whose state folder keeps replays.
        database: whose handler and shadow are taken.
        session: open on the live database; what surrounds the schema there is taken on.
        applied: all that is applied, in order.
        undone: those of them that are taken back, newest first, each with its down script.
    """
    gone = {m.version for m in undone}
    try:
        around = surroundings(session)
        before = _expected(app, database, [m for m in applied if m.version not in gone], around)
        after = _replayed(app, database, applied, around, undone=undone)
    except _Unreplayable as error:
        return Drift(unproved=str(error))
    found = differences(reprinted(after), reprinted(before))
    return Drift(differences=found, compared_with=database.shadow.label)


class _Unreplayable(Exception):
    """Why the history cannot be replayed; becomes `Drift.unproved`."""


def _applied(database: Database, session: Session) -> list[Migration]:
    """The migrations that the ledger says are applied, in the order of the history."""
    try:
        migrations: Sequence[Migration] = history(database)
    except MigrationsMissing:
        migrations = ()
    try:
        statuses = database.handler.status(migrations, database.handler.ledger(session))
    except (LedgerError, LedgerForeign) as error:
        raise _Unreplayable(error.message) from error
    for status in statuses:
        if status.state in _UNREPLAYABLE:
            raise _Unreplayable(f"{status.name} {_UNREPLAYABLE[status.state]}")
    done = {status.version for status in statuses if status.state is MigrationState.APPLIED}
    return [migration for migration in migrations if migration.version in done]


def _expected(
    app: App, database: Database, applied: Sequence[Migration], around: Mapping[str, str]
) -> Catalogue:
    digest = digest_of(
        {
            "tool": __version__,
            "engine": database.engine.name,
            "shadow": database.shadow.label,
            "handler": database.handler.name,
            "applied": [migration.sha256 for migration in applied],
            "around": dict(around),
        }
    )
    kept = app.state_folder / "catalogues" / f"{digest}.json"
    try:
        return CATALOGUES.validate_json(kept.read_bytes())
    except (FileNotFoundError, ValidationError):
        catalogue = _replayed(app, database, applied, around)
        _keep(kept, CATALOGUES.dump_json(catalogue))
        return catalogue


def _replayed(
    app: App,
    database: Database,
    applied: Sequence[Migration],
    around: Mapping[str, str],
    look: Callable[[Migration, Catalogue], None] | None = None,
    undone: Sequence[Migration] = (),
) -> Catalogue:
    handler = database.handler
    try:
        with database.shadow.new() as session:
            take_on(session, around)
            for migration in applied:
                script = parse(migration.up, session.dialect)
                handler.apply_one(session, migration, script, now=app.now())
                if look is not None:
                    look(migration, session.catalogue(leave_out=handler.ledger_tables))
            for migration in undone:
                script = parse(migration.down or "", session.dialect)
                try:
                    handler.roll_back(session, migration, script, now=app.now())
                except MigrationFailed as error:
                    why = f"the way back of {migration.name} fails there: {error.message}"
                    raise _Unreplayable(why) from error
            return session.catalogue(leave_out=handler.ledger_tables)
    except (NotSupported, SchemaUnproved) as error:
        raise _Unreplayable(error.message) from error
    except MigrationNotRecorded as error:
        raise _Unreplayable(error.message) from error
    except MigrationFailed as error:
        raise _Unreplayable(f"the history does not run on an empty database: {error}") from error


def _keep(file: Path, content: bytes) -> None:
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    part = file.with_name(f"{file.name}.{secrets.token_hex(8)}.part")  # threads keep it as well
    part.touch(mode=0o600)
    part.write_bytes(content)
    part.replace(file)
