"""Programs as migrations, recorded: what they ask of a database, as SQL that does the same."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from time import monotonic, sleep
from typing import cast

from faber_db.config.reference import split
from faber_db.errors import (
    Cancelled,
    FaberDbError,
    MigrationFailed,
    MigrationNotRecorded,
    MigrationNotReproducible,
    ShadowUnavailable,
    ToolFailed,
)
from faber_db.model.migration import Migration, SourceFile, recorded_file
from faber_db.model.recorded import Origin
from faber_db.model.sha256 import sha256_of
from faber_db.services.app import App, Database
from faber_db.services.kept_recordings import Kept, Outcome
from faber_db.services.ports import (
    Cancelled as IsCancelled,
)
from faber_db.services.ports import (
    CodeHandler,
    Limits,
    Listening,
    Progress,
    Recorder,
    ToolPlace,
    never,
    silent,
)
from faber_db.services.recorded_script import Recorded, script_of
from faber_db.services.same_outcome import difference_between
from faber_db.sql.script import parse

_APART = 1.1  # seconds between two recordings, so that a time in whole seconds differs
_USUAL_VARIABLE = "DATABASE_URL"  # that many projects read, whatever ours names
_FIRST, _SECOND, _PROOF = 0, 1, 2


@dataclass(frozen=True, slots=True)
class Recordings:
    """What is known of the programs of a history."""

    files: tuple[SourceFile, ...]  # of the history, with the recordings among them
    missing: Mapping[str, FaberDbError]  # by version: why there is none
    no_way_back: Mapping[str, FaberDbError] = field(default_factory=dict)  # the same of ways back


def recorded(
    app: App,
    database: Database,
    files: Sequence[SourceFile],
    *,
    twice: Collection[str] = (),
    back: Collection[str] = (),
    failed: Mapping[str, Outcome] | None = None,
    progress: Progress = silent,
    cancelled: IsCancelled = never,
) -> Recordings:
    """The files of a history with what its programs would run.

    What was recorded before is kept in the state folder, so that only new programs run. They run as
    the account that calls, on throw-away databases, never with the credential of an environment.

    Args:
        app: the project.
        database: whose history it is.
        files: as they were read from the folder.
        twice: versions that are recorded twice, on two databases, and have to be equal.
        back: versions of which the way back is recorded too, where none is known as SQL.
        failed: by the path of a recording, why there is none, as a job found out just before; not
            tried again.
        progress: told what is recorded.
        cancelled: asked before each program, and while it runs.
    """
    if not database.handler.code or database.sent is not None:
        return Recordings(tuple(files), {})
    history = database.handler.parse(files)
    with _Work(app, database, history, frozenset(twice), progress, cancelled) as work:
        outcomes = work.all(failed or {})
        ways_back = work.ways_back(back, failed or {})
    return Recordings(
        (*files, *_files(outcomes, back=False), *_files(ways_back, back=True)),
        {v: o.error() for v, o in outcomes.items() if not o.sql},
        {v: o.error() for v, o in ways_back.items() if not o.sql},
    )


def _files(outcomes: Mapping[str, Outcome], *, back: bool) -> Iterator[SourceFile]:
    return (recorded_file(v, o.sql, back=back) for v, o in outcomes.items() if o.sql)


def as_known(app: App, database: Database, history: Sequence[Migration]) -> tuple[Migration, ...]:
    """A history with those of its recordings that are kept already; nothing runs."""
    if not database.handler.code or database.sent is not None:
        return tuple(history)
    kept = Kept(app, database, history)
    known = [kept.find(number, twice=False) for number in range(len(history))]
    return tuple(
        _as_recorded(migration, outcome.sql)
        if migration.code and outcome and outcome.sql
        else migration
        for migration, outcome in zip(history, known, strict=True)
    )


class _Work:
    """One pass over a history; databases are made when the first program has to run."""

    def __init__(
        self,
        app: App,
        database: Database,
        history: Sequence[Migration],
        twice: Collection[str],
        progress: Progress,
        cancelled: IsCancelled,
    ) -> None:
        self._app = app
        self._database = database
        self._handler = cast(CodeHandler, database.handler)
        self._history = history  # some of it may be plain SQL, which needs no recording
        self._twice = twice
        self._progress = progress
        self._cancelled = cancelled
        self._made = ExitStack()
        self._places: dict[int, tuple[Listening, int]] = {}  # with how many are applied there
        self._outcomes: dict[str, Outcome] = {}
        self._obedient = False  # the tool was seen to take the database that it is told
        self._stopped: int | None = None  # where a program does not run
        self._kept = Kept(app, database, self._history)

    def __enter__(self) -> "_Work":
        return self

    def __exit__(self, *_: object) -> None:
        self._made.close()

    def all(self, failed: Mapping[str, Outcome]) -> Mapping[str, Outcome]:
        for number, migration in enumerate(self._history):
            if not migration.code:
                continue
            twice = migration.version in self._twice
            told = f"recording {number + 1} of {len(self._history)}: {migration.name}"
            known = self._known(number, migration, failed, twice=twice, told=told)
            self._outcomes[migration.version] = known
        return self._outcomes

    def ways_back(
        self, versions: Collection[str], failed: Mapping[str, Outcome]
    ) -> Mapping[str, Outcome]:
        """After `all`: the ways back that are not known as SQL, the newest first."""
        found: dict[str, Outcome] = {}
        for number in reversed(range(len(self._history))):
            migration = self._history[number]
            if migration.version in versions and migration.down is None:
                twice = migration.version in self._twice
                told = f"recording the way back of {migration.name}"
                found[migration.version] = self._known(
                    number, migration, failed, twice=twice, back=True, told=told
                )
        return found

    def _known(
        self,
        number: int,
        migration: Migration,
        failed: Mapping[str, Outcome],
        *,
        twice: bool,
        back: bool = False,
        told: str,
    ) -> Outcome:
        """What is kept, or else is recorded now and kept."""
        path = recorded_file(migration.version, "", back=back).path
        known = self._kept.find(number, twice=twice, back=back) or failed.get(path)
        if known is None:
            self._require_going()
            self._progress(told)
            known = self._outcome(number, migration, twice=twice, back=back)
            self._kept.keep(number, known, twice=twice, back=back)
        return known

    def _require_going(self) -> None:
        if self._cancelled():
            raise Cancelled("cancelled while programs were recorded; what is recorded is kept")

    def _outcome(self, number: int, migration: Migration, *, twice: bool, back: bool) -> Outcome:
        at = self._stopped
        if at is not None and number + back > at:
            why = f"it comes after a program that does not run, {self._history[at].name}"
            return Outcome.failed(ToolFailed(why, hint="Mend that one first."), migration.name)
        try:
            found = self._record(number, migration, twice=twice, back=back)
            return Outcome(sql=found.sql, before="" if back else found.before)
        except ToolFailed as error:
            if not back:
                self._stopped = number
            return Outcome.failed(error, migration.name)
        except (MigrationNotRecorded, MigrationNotReproducible) as error:
            return Outcome.failed(error, migration.name)
        except ShadowUnavailable as error:
            return Outcome.failed(
                MigrationNotRecorded(error.message, hint=error.hint), migration.name
            )

    def _record(self, number: int, migration: Migration, *, twice: bool, back: bool) -> Recorded:
        first = self._at(_FIRST, number + back)
        began = monotonic()
        found = self._run(_FIRST, number, back=back)
        origin = Origin(
            migration.path, sha256_of(migration.content), 2 if twice else 1, not first.unchecked
        )
        whole = Recorded(origin.line() + found.sql, found.before)
        self._prove(number, migration, whole, first, back=back)
        if twice:
            sleep(max(0.0, _APART - (monotonic() - began)))
            second = self._at(_SECOND, number + back)
            second.stir()
            again = self._run(_SECOND, number, back=back)
            if again.sql != found.sql:
                raise MigrationNotReproducible(
                    f"two recordings differ: {_first_difference(found.sql, again.sql)}",
                    hint="It depends on the time, on chance or on a number that the database"
                    " gives. Write the names and values out.",
                )
        return whole

    def _prove(
        self, number: int, migration: Migration, whole: Recorded, first: Listening, *, back: bool
    ) -> None:
        """The recorded SQL, run as the executor runs it, has to leave what the program left."""
        from faber_db.rules import touched

        proof = self._at(_PROOF, number + back)
        del self._places[_PROOF]
        try:
            if back:
                self._roll_back(proof, replace(migration, down=whole.sql))
            else:
                self._apply(proof, _as_recorded(migration, whole.sql), before=whole.before)
        except MigrationFailed as error:
            raise MigrationNotReproducible(
                f"what it ran does not run again: {error.message}",
                hint="It depends on something beside its statements.",
            ) from error
        found = difference_between(
            first.session,
            proof.session,
            leave_out=self._handler.ledger_tables,
            rows_of=touched(parse(whole.sql, proof.session.dialect)),  # tools fill others later
        )
        if found:
            raise MigrationNotReproducible(
                f"its statements, run again, leave something else: {found}",
                hint="It depends on something beside its statements.",
            )
        if not back:
            self._places[_PROOF] = (proof, number + 1)

    def _at(self, which: int, number: int) -> Listening:
        """A database in the state before a migration."""
        if self._places.get(which, (None, 0))[1] > number:
            del self._places[which]
        if which not in self._places:
            self._progress("making a database that listens")
            place = self._made.enter_context(self._recorder.listen(which))
            self._places[which] = (place, 0)
        place, done = self._places[which]
        for migration in self._history[done:number]:
            self._require_going()
            del self._places[which]
            known = self._outcomes.get(migration.version)
            if known is None:  # plain SQL
                self._apply(place, migration)
            elif known.sql:
                self._apply(place, _as_recorded(migration, known.sql), before=known.before)
            else:
                self._progress(f"running {migration.name}")
                self._run_tool(place, migration)
            done += 1
            self._places[which] = (place, done)
        return place

    def _run(self, which: int, number: int, *, back: bool) -> Recorded:
        place, _ = self._places.pop(which)  # where the tool fails, nobody knows what it left
        place.heard()
        self._run_tool(place, self._history[number], back=back)
        if not back:  # a way back may leave something else than was there before
            self._places[which] = (place, number + 1)
        return script_of(place.heard(), self._handler.ledger_tables, place.session.dialect)

    def _run_tool(self, place: Listening, migration: Migration, *, back: bool = False) -> None:
        where = self._tool_place(place)
        if not self._obedient:
            self._handler.require_obedient(where, place.session.dialect)
            self._obedient = True
        self._handler.run_tool(place.session, migration, where, back=back)

    def _apply(self, place: Listening, migration: Migration, *, before: str = "") -> None:
        if before:
            place.session.run(parse(before, place.session.dialect), wrap=False)
        script = parse(migration.up, place.session.dialect)
        self._handler.apply_one(place.session, migration, script, now=self._app.now())

    def _roll_back(self, place: Listening, migration: Migration) -> None:
        script = parse(migration.down or "", place.session.dialect)
        self._handler.roll_back(place.session, migration, script, now=self._app.now())

    @property
    def _recorder(self) -> Recorder:
        if self._database.recorder is None:
            raise MigrationNotRecorded(
                "programs cannot be recorded for this product",
                hint="Write the migration as plain SQL.",
            )
        return self._database.recorder

    def _tool_place(self, place: Listening) -> ToolPlace:
        return ToolPlace(
            root=self._app.root,
            folder=self._database.folder,
            url=place.url,
            variables=variables_of(self._database),
            environ=place.environ,
            limits=Limits(),
            progress=self._progress,
            cancelled=self._cancelled,
            within=place.within,
        )


def variables_of(database: Database) -> tuple[str, ...]:
    """The variables that the project reads its URLs from, of all environments, and the usual one."""
    return tuple(dict.fromkeys([*_named(database), _USUAL_VARIABLE]))


def _named(database: Database) -> Iterator[str]:
    for environment in database.environments.values():
        for reference in (environment.settings.url, environment.settings.direct_url):
            kind, name = split(reference) if reference else ("", "")
            if kind == "env":
                yield name


def _as_recorded(migration: Migration, sql: str) -> Migration:
    path = recorded_file(migration.version, sql).path
    return replace(migration, content=sql.encode(), up=sql, recorded_path=path)


def _first_difference(one: str, other: str) -> str:
    pairs = zip(one.splitlines(), other.splitlines(), strict=False)
    differ = next(((a, b) for a, b in pairs if a != b), None)
    if differ is None:
        return "one has more statements"
    return " / ".join(line[:160] for line in differ)
