"""Histories whose migrations are programs, made readable: what each would run is recorded first."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from faber_db.errors import FaberDbError, MigrationNotRecorded
from faber_db.model.finding import Analysis, Confidence, Finding, Kind, Risk, worst
from faber_db.model.migration import Migration, MigrationState, SourceFile, recorded_version
from faber_db.model.recorded import origin_of, shown
from faber_db.model.sha256 import sha256_of
from faber_db.services.app import App, Database, Environment
from faber_db.services.history import read_folder
from faber_db.services.ports import Cancelled, Progress, never, silent
from faber_db.services.recording_in_time import recorded_in_time

_TO_RUN = (MigrationState.PENDING, MigrationState.ROLLED_BACK, MigrationState.OUT_OF_ORDER)


@dataclass(frozen=True, slots=True)
class Readable:
    """A database whose history holds the recordings, and why some of them are not there."""

    database: Database
    missing: Mapping[str, FaberDbError] = field(default_factory=dict)  # by version

    @property
    def reasons(self) -> dict[str, str]:
        return {v: f"{e.message}. {e.hint}".rstrip(". ") for v, e in self.missing.items()}


def readable(
    app: App,
    database: Database,
    environment: Environment | None = None,
    *,
    progress: Progress = silent,
    cancelled: Cancelled = never,
) -> Readable:
    """The database with every program of its history recorded; of other formats the same database.

    Args:
        app: the project.
        database: whose folder is read.
        environment: where it is going to run. In a protected one what is pending is recorded twice;
            where another account's executor holds it, nobody here knows what is pending, and
            everything is.
        progress: told what is recorded.
        cancelled: asked before each.

    Raises:
        MigrationNotRecorded, MigrationNotReproducible: of what is pending in a protected
            environment.
        JobStillRuns: there is more to record than a call has time for.
        FaberDbError: the folder cannot be read, or the environment cannot be reached.
    """
    if not database.handler.code or database.sent is not None:
        return Readable(database)
    files = read_folder(database)
    migrations = database.handler.parse(files)
    twice = _twice(database, environment, migrations) if environment is not None else ()
    found = recorded_in_time(
        app, database, files, twice=twice, progress=progress, cancelled=cancelled
    )
    wanted = twice if environment is None or environment.away is None else list(twice)[-1:]
    for version in wanted:
        if version in found.missing:
            raise found.missing[version]
    return Readable(replace(database, sent=found.files), found.missing)


def require_recorded(migrations: Iterable[Migration], missing: Mapping[str, str]) -> None:
    """Let nothing be planned for a protected environment of which only the program is known.

    Raises:
        MigrationNotRecorded: there is such a migration.
    """
    for migration in migrations:
        if migration.code and not migration.recorded_path:
            raise MigrationNotRecorded(
                missing.get(migration.version)
                or f"{migration.name} is a program, and nobody has recorded what it runs",
                hint="A protected environment runs recorded SQL only, never a program.",
            )


def require_origin(migrations: Iterable[Migration], files: Iterable[SourceFile]) -> None:
    """Each recording has to be one of the program that is there, made twice.

    What is signed is the recorded SQL and what runs is the recorded SQL; this keeps a recording of
    an older program from passing for one of this.

    Raises:
        MigrationNotRecorded: one is not.
    """
    programs = {file.path: sha256_of(file.content) for file in files}
    for migration in migrations:
        if migration.recorded_path:
            _require_origin(migration, migration.up, programs)


def require_origin_of_way_back(
    migrations: Iterable[Migration], files: Iterable[SourceFile]
) -> None:
    """The same of the recordings of their ways back.

    Raises:
        MigrationNotRecorded: one is not.
    """
    programs = {file.path: sha256_of(file.content) for file in files}
    for migration in migrations:
        if recorded_version(migration.down_path):
            _require_origin(migration, migration.down or "", programs)


def _require_origin(migration: Migration, script: str, programs: Mapping[str, str]) -> None:
    origin = origin_of(script)
    if origin is not None and origin.path != shown(migration.path):
        origin = None  # of another program, or made to look so
    if origin is None or programs.get(migration.path) != origin.sha256 or origin.times < 2:
        what = "was recorded once only" if origin else "has no recording of ours"
        if origin and programs.get(migration.path) != origin.sha256:
            what = "was changed after it was recorded"
        raise MigrationNotRecorded(
            f"{migration.name} {what}", hint="Plan it again, so that it is recorded again."
        )


def unseen(migrations: Iterable[Migration], missing: Mapping[str, str]) -> tuple[Finding, ...]:
    """A finding for each program of which nobody knows what it runs."""
    return tuple(
        Finding(
            code="program-not-recorded",
            kind=Kind.OPAQUE,
            risk=Risk.CRITICAL,
            line=0,
            statement=migration.path,
            objects=(),
            effect="It was not recorded, so it was not analysed:"
            f" {missing.get(migration.version) or 'nobody recorded it'}.",
            remedy="Mend what is said there, or write it as plain statements, which can be recorded.",
            confidence=Confidence.PARSED,
            migration=migration.name,
        )
        for migration in migrations
        if migration.code and not migration.recorded_path
    )


def with_unseen(analysis: Analysis, found: Sequence[Finding]) -> Analysis:
    """An analysis of what is known, with these before its own findings."""
    risk = worst([analysis.risk, *(f.risk for f in found)])
    return analysis.model_copy(update={"findings": (*found, *analysis.findings), "risk": risk})


def _twice(
    database: Database, environment: Environment, migrations: Sequence[Migration]
) -> Collection[str]:
    """Versions that need two recordings: those that a protected environment is going to run."""
    if environment.away is not None:
        return [m.version for m in migrations]
    with database.engine.connect(
        environment.resolve_url(), limits=environment.limits, create=not environment.protected
    ) as session:
        if not environment.protected and session.read_marker() is None:
            return []
        states = database.handler.status(migrations, database.handler.ledger(session))
    return [s.version for s in states if s.state in _TO_RUN]
