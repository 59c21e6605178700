"""The files of a safe form put in the place of a pending migration: planned first, then written."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from faber_db.errors import FaberDbError, MigrationNotReplaced
from faber_db.model.migration import Migration, MigrationState, SourceFile
from faber_db.services.app import App, Database
from faber_db.services.architect import write
from faber_db.services.history import history, read_folder
from faber_db.services.safer import Fix, FixFile

_NOT_APPLIED = (MigrationState.PENDING, MigrationState.ROLLED_BACK, MigrationState.OUT_OF_ORDER)
_STAMP = re.compile(r"^\d+[_-]?")
_LONGEST = 24  # characters of the old name in each new one


@dataclass(frozen=True)
class Replacement:
    """What would be written, and what would go."""

    migration: Migration
    files: tuple[SourceFile, ...]
    names: tuple[str, ...]  # of the file with the up script of each step


def planned(fix: Fix, version: str, database: Database, app: App) -> Replacement:
    """The files of a fix in the project's own format, in the place of a migration.

    The way back of the migration goes with the first: it leads to the state before it.
    """
    migrations = history(database)
    migration = next(m for m in migrations if m.version == version)
    others = tuple(m for m in migrations if m.version != version)
    kept = tuple(f for f in read_folder(database) if f.path not in _paths(migration))
    files: list[SourceFile] = []
    names = []
    for number, file in enumerate(fix.files, start=1):
        files += database.handler.generate(
            name_of(_STAMP.sub("", version), number, file),
            file.sql,
            (migration.down or "") if number == 1 else "",
            now=app.now(),
            existing=others,
            wrap=file.transaction,
        )
        others = database.handler.parse((*kept, *files))
        names.append(others[-1].path)
    return Replacement(migration, tuple(files), tuple(names))


def with_names(fix: Fix, replacement: Replacement) -> Fix:
    """A fix whose files are called as they would be written."""
    pairs = zip(fix.files, replacement.names, strict=True)
    files = tuple(file.model_copy(update={"name": name}) for file, name in pairs)
    return fix.model_copy(update={"files": files})


def name_of(stem: str, number: int, file: FixFile) -> str:
    """The words of a file's name; a format makes its own out of them."""
    return f"{stem[:_LONGEST]} {number} {file.name}"


def with_plain_names(fix: Fix, stem: str) -> Fix:
    """A fix whose files belong to no format: `add_total_1_total_not_valid.sql`."""
    files = []
    for number, file in enumerate(fix.files, start=1):
        words = re.sub(r"[^a-z0-9]+", "_", name_of(stem, number, file).lower()).strip("_")
        files.append(file.model_copy(update={"name": f"{words}.sql"}))
    return fix.model_copy(update={"files": tuple(files)})


def the_only(
    plans: Sequence[tuple[Replacement, Database]], fixes: Sequence[Fix]
) -> tuple[Replacement, Database]:
    """The one that can be written.

    Raises:
        MigrationNotReplaced: there is none or several, or it was not proved.
    """
    if len(plans) != 1:
        what = f"{len(plans)} migrations have a safe form" if plans else "no safe form is offered for a migration of the project"  # fmt: skip
        raise MigrationNotReplaced(f"{what}; one is written at a time", hint="Name one migration file.")  # fmt: skip
    unproved = next((f.proof for f in fixes if f.files and not f.proved), "")
    if unproved:
        raise MigrationNotReplaced(
            f"the safe form is {unproved}", hint="Take the printed files over by hand."
        )
    return plans[0]


def replace(replacement: Replacement, database: Database, app: App) -> Path:
    """Write the new files, then take the migration away; where a copy of it was kept.

    Raises:
        MigrationNotReplaced: it was applied somewhere, or that is not known, or others run behind it.
        MigrationExists, FileUnreadable: a file cannot be written.
    """
    migration = replacement.migration
    _refuse_followed(migration, history(database))
    for name in database.environments:
        _refuse_applied(migration, name, database)
    kept = app.state_folder / "replaced" / app.now().strftime("%Y%m%dT%H%M%SZ")
    for path in _paths(migration):
        copy = kept / path
        copy.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        copy.write_bytes((database.folder / path).read_bytes())
    write(database.folder, replacement.files, of=migration)
    for path in _paths(migration):
        (database.folder / path).unlink()
    _remove_empty(database.folder, _paths(migration))
    return kept


def _paths(migration: Migration) -> tuple[str, ...]:
    return tuple(path for path in (migration.path, migration.down_path) if path)


def _remove_empty(folder: Path, paths: Sequence[str]) -> None:
    for parent in {(folder / path).parent for path in paths} - {folder}:
        if not any(parent.iterdir()):
            parent.rmdir()


def _refuse_followed(migration: Migration, migrations: Sequence[Migration]) -> None:
    if migrations[-1].version != migration.version:
        raise MigrationNotReplaced(
            f"{migrations[-1].version} runs behind {migration.version}, and new files would run"
            " behind both",
            hint="Take the printed files over by hand, in an order of your own.",
        )


def _refuse_applied(migration: Migration, name: str, database: Database) -> None:
    environment = database.environments[name]
    try:
        with database.engine.connect(
            environment.resolve_url(), limits=environment.limits, read_only=True
        ) as session:
            states = database.handler.status((migration,), database.handler.ledger(session))
    except FaberDbError as error:
        raise MigrationNotReplaced(
            f"whether {migration.version} was applied to {name} is not known: {error.message}",
            hint="Make the environment reachable, or take the printed files over by hand.",
        ) from error
    state = next(s.state for s in states if s.version == migration.version)
    if state not in _NOT_APPLIED:
        raise MigrationNotReplaced(
            f"{migration.version} is {state.value} in {name}",
            hint="What was applied is never changed; write a new migration.",
        )
