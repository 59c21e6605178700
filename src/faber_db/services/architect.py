"""`coordinate-architect`: from a specification to a migration in the project's own format, proved."""

import os
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from faber_db.errors import (
    Exit,
    FaberDbError,
    FileUnreadable,
    InputError,
    InputTooLarge,
    LockTimeout,
    MigrationExists,
    MigrationFailed,
    MigrationIrreversible,
    NotSupported,
    ShadowUnavailable,
    SpecUnreadable,
)
from faber_db.model.answer import Answer, Details, NextTool, Problem, State
from faber_db.model.catalogue import Catalogue
from faber_db.model.change import (
    CascadeWanted,
    NotUnderstood,
    Question,
    Span,
    Specification,
    VerbatimSql,
)
from faber_db.model.finding import Finding, Risk
from faber_db.model.migration import Migration, SourceFile, recorded_file
from faber_db.model.trial import TrialRun
from faber_db.schema.comparison import unlike
from faber_db.services.app import App, Database
from faber_db.services.catalogue_differences import differences
from faber_db.services.composition import Composed, compose, mark, statements
from faber_db.services.history import read_folder
from faber_db.services.ports import Cancelled, Progress, Session
from faber_db.services.programs import readable
from faber_db.services.replaying import replay, replayed
from faber_db.services.trial_run import try_scripts
from faber_db.services.verdict import Surroundings, verdict
from faber_db.services.writing import write_whole
from faber_db.spec import read
from faber_db.spec.markdown import MAX_BYTES
from faber_db.spec.prisma import read_prisma
from faber_db.sql.mysql_transactions import MYSQL
from faber_db.sql.script import parse


class Request(BaseModel):
    """What to make a migration from: a file of the project, or SQL."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    spec_file: str = ""
    desired_sql: str = ""
    answers: dict[str, str] = {}
    name: str = ""
    work_id: str = ""
    dry_run: bool = False
    database: str = ""


class MigrationDetails(BaseModel):
    """The migration; `path` is below the project root, and empty where nothing was written."""

    version: str
    path: str = ""
    sql: str
    down: str = ""


class ProofDetails(BaseModel):
    """What a run on a throw-away database showed."""

    equal: bool = False  # the migration leads to the desired schema
    down_equal: bool | None = None  # the down script leads back; None: there is none
    differences: list[str] = []
    down_differences: list[str] = []
    on: str = ""  # "private PostgreSQL 17.10"
    trial: list[str] = []  # what of it was run and watched; then what was not, and why
    unproved: str = ""  # why there is no proof, and what was not tried


class QuestionDetails(BaseModel):
    """Answer with `answers: {id: …}`; without options any text, as the question says."""

    id: str
    text: str
    options: tuple[str, ...] = ()


class PassageDetails(BaseModel):
    """A passage that was not turned into a change."""

    lines: str
    text: str
    why: str


class ArchitectDetails(Details):
    """The migration with its proof, or the questions that stand before it."""

    migration: MigrationDetails | None = None
    proof: ProofDetails | None = None
    risk: str = ""
    findings: tuple[Finding, ...] = ()
    questions: tuple[QuestionDetails, ...] = ()
    not_understood: tuple[PassageDetails, ...] = ()
    assumptions: tuple[str, ...] = ()


def _silent(_: str) -> None:
    pass


def _never() -> bool:
    return False


def run(
    request: Request,
    app: App,
    *,
    progress: Progress = _silent,
    cancelled: Cancelled = _never,
) -> Answer[ArchitectDetails]:
    """Write the migration that a specification asks for, or ask what it leaves open.

    Nothing is written with open questions, in a dry run, or for a text that a migration of the
    folder was already made from.

    Raises:
        InputError: no text, or two; the text is too large or not readable.
        ShadowUnavailable, ShadowFailed: the schema of the history cannot be had.
        SchemaConflict, NotSupported: a change contradicts the schema, or is not written yet.
    """
    from faber_db.errors import Cancelled as CallCancelled

    database = app.database(request.database)
    if database.engine.dialect in MYSQL:
        raise NotSupported(
            f"{database.name}: no migration is written for MySQL and MariaDB yet",
            hint="Write it by hand into the migration folder; every other phase works there.",
        )
    source, text = _text(request, app)
    specification = _read(source, text, database)
    files = read_folder(readable(app, database, progress=progress).database)
    migrations = database.handler.parse(files)
    label = mark(source, text, request.answers)
    texts = {file.path: file.content for file in files}  # of a program, not what it runs
    earlier = next((m for m in migrations if label.encode() in texts.get(m.path, b"")), None)
    if earlier is not None:
        return _skipped(f"migration {earlier.version} was made from this text", earlier)
    if not specification.changes and not specification.questions:
        return _nothing(source, specification)
    progress("replaying the history on a throw-away database")
    try:
        with replayed(database, migrations, app) as session:
            composed = compose(
                session,
                database,
                specification,
                source=source,
                mark=label,
                answers=request.answers,
            )
            version = session.server_version
    except ShadowUnavailable as error:
        composed, version = _without_shadow(specification, migrations, source, label, error), 0
        unproved = f"{error.message}; the script was run nowhere, neither up nor down"
    else:
        unproved = ""
    if cancelled():
        raise CallCancelled("cancelled before anything was written")
    if composed.questions:
        return _questions(composed)
    if composed.empty and not any(not isinstance(c, CascadeWanted) for c in specification.changes):
        return _nothing(source, specification)
    if composed.empty:
        return _skipped("the schema is already as the text says", None, composed)
    new = database.handler.generate(
        request.name or Path(source).stem,
        composed.up,
        composed.down,
        now=app.now(),
        existing=migrations,
    )
    migration = _as_given(database, (*files, *new), composed)
    progress("proving the migration")
    proof = (
        ProofDetails(unproved=unproved)
        if unproved
        else prove(database, migrations, migration, composed, app)
    )
    around = Surroundings(
        dialect=database.engine.dialect,
        server_version=version or None,
        catalogue=None if unproved else composed.start,
    )
    trial = None if unproved else _tried(database, migrations, migration, app)
    analysis = verdict([migration], around, trial)
    if trial is not None:
        proof = proof.model_copy(update={"trial": list(analysis.trial)})
    if not request.dry_run:
        write(database.folder, new, of=migration)
    return _written(
        request,
        app,
        database,
        migration,
        composed,
        proof,
        analysis.risk,
        analysis.findings,
        specification,
    )


# reading


def _text(request: Request, app: App) -> tuple[str, str]:
    """How comments name the text, and the text."""
    if bool(request.spec_file) == bool(request.desired_sql.strip()):
        raise InputError("give exactly one of `spec_file` and `desired_sql`")
    if request.desired_sql:
        if len(request.desired_sql.encode()) > MAX_BYTES:
            raise InputTooLarge(f"`desired_sql` is over {MAX_BYTES} bytes")
        return "desired_sql", request.desired_sql
    path = app.inside(request.spec_file)
    try:
        if path.stat().st_size > MAX_BYTES:
            raise InputTooLarge(
                f"{request.spec_file!r} is over {MAX_BYTES} bytes",
                hint="Give the part that describes the schema.",
            )
        text = path.read_bytes().decode()
    except OSError as error:
        raise FileUnreadable(
            f"{request.spec_file!r} cannot be read ({error.strerror})",
            hint="Give the path of a Markdown, .sql or .prisma file of the project.",
        ) from error
    except UnicodeDecodeError as error:
        raise FileUnreadable(
            f"{request.spec_file!r} is not UTF-8", hint="Save it as UTF-8."
        ) from error
    return path.relative_to(app.root).as_posix(), text


def _read(source: str, text: str, database: Database) -> Specification:
    dialect = database.engine.dialect
    if source == "desired_sql" or source.endswith(".sql"):
        changes = []
        at = 0
        for sql in statements(text, dialect):
            at = text.index(sql, at)
            first = text.count("\n", 0, at) + 1
            changes.append(VerbatimSql(sql, Span(first, first + sql.count("\n"))))
            at += len(sql)
        return Specification(changes=tuple(changes))
    if source.endswith(".prisma"):
        schema = read_prisma(text, 1, dialect)
        return Specification(
            changes=(*schema.enums, *schema.tables), not_understood=schema.not_understood
        )
    return read(text, dialect)


def _without_shadow(
    specification: Specification,
    migrations: Sequence[Migration],
    source: str,
    label: str,
    error: ShadowUnavailable,
) -> Composed:
    """SQL of the text alone can be written without knowing the schema; anything else cannot."""
    sql = [c for c in specification.changes if isinstance(c, VerbatimSql)]
    if len(sql) != len(specification.changes) or specification.questions:
        raise error
    parts = [label, *(f"-- {source}:{s.span.first}\n{s.sql};" for s in sql)]
    return Composed(
        up="\n\n".join(parts) + "\n",
        down="",
        start=Catalogue(),
        wanted=Catalogue(),
        not_understood=specification.not_understood,
        no_down="the schema is not known without a throw-away database",
    )


def _as_given(database: Database, files: Sequence[SourceFile], composed: Composed) -> Migration:
    """The new migration; of a program, with the SQL that it was written from as its recording.

    What the program really runs is recorded when it is analysed or deployed, like any other.
    """
    migration = database.handler.parse(files)[-1]
    if not migration.code:
        return migration
    given = [recorded_file(migration.version, composed.up)]
    if composed.down:
        given.append(recorded_file(migration.version, composed.down, back=True))
    return database.handler.parse((*files, *given))[-1]


# proving


def prove(
    database: Database,
    migrations: Sequence[Migration],
    migration: Migration,
    composed: Composed,
    app: App,
) -> ProofDetails:
    """Run a migration through its handler on a second shadow, forth and back, and compare."""
    dialect = database.engine.dialect
    with replayed(database, migrations, app) as session:
        leave_out = database.handler.ledger_tables
        replay(session, database, [migration], app)
        found = unlike(composed.wanted, session.catalogue(leave_out=leave_out), dialect)
        proof = ProofDetails(equal=not found, differences=list(found), on=database.shadow.label)
        if not composed.down:
            return proof
        try:
            _back(session, database, migration, composed.down, app)
        except (MigrationFailed, LockTimeout) as error:
            return proof.model_copy(
                update={
                    "down_equal": False,
                    "down_differences": [f"the down script does not run: {error.message}"],
                }
            )
        back = differences(session.catalogue(leave_out=leave_out), composed.start)
    return proof.model_copy(
        update={
            "down_equal": not back,
            "down_differences": [f"{d.kind} {d.name} {d.difference}" for d in back],
        }
    )


def _tried(
    database: Database, migrations: Sequence[Migration], migration: Migration, app: App
) -> TrialRun | None:
    """What it locks, on a third shadow; None where this product cannot be tried."""
    script = parse(migration.up, database.engine.dialect)
    with replayed(database, migrations, app) as session:
        try:
            return try_scripts(session, [script], [migration.wrap])
        except NotSupported:
            return None


def _back(session: Session, database: Database, migration: Migration, down: str, app: App) -> None:
    """Through the handler; where its format has no down script, as a plain script."""
    script = parse(down, session.dialect)
    try:
        if migration.down is not None:
            database.handler.roll_back(session, migration, script, now=app.now())
            return
    except (MigrationIrreversible, NotSupported):
        pass
    session.run(script, wrap=True)


# writing


def write(folder: Path, files: Sequence[SourceFile], *, of: Migration) -> None:
    """Put new files into the migration folder: all of them, or none; never over another.

    Args:
        folder: of the migrations.
        files: below it.
        of: whose files they are; a journal beside it is there already, and grows.

    Raises:
        MigrationExists: a file of that name is there.
        FileUnreadable: the folder cannot be written.
    """
    grown = {path for path in of.beside if not path.endswith(".sql")}
    undo: list[Callable[[], None]] = []
    try:
        for file in files:
            path = folder / file.path
            path.parent.mkdir(parents=True, exist_ok=True)
            if file.path in grown and path.exists():
                before = path.read_bytes()
                write_whole(path, file.content, replace=True)
                undo.append(partial(write_whole, path, before, replace=True))
            else:
                _put(path, file.content)
                undo.append(partial(path.unlink, missing_ok=True))
    except FileExistsError as error:
        _take_back(undo)
        raise MigrationExists(
            f"a file {Path(str(error.filename2)).name!r} is there already"
        ) from error
    except OSError as error:
        _take_back(undo)
        raise FileUnreadable(
            f"the migration folder cannot be written ({error.strerror})"
        ) from error


def _put(path: Path, content: bytes) -> None:
    """Whole or not at all: written beside, synced, then linked under its name."""
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with part.open("xb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        os.link(part, path)
    finally:
        part.unlink(missing_ok=True)


def _take_back(undo: Sequence[Callable[[], None]]) -> None:
    for back in reversed(undo):
        back()


def _passages(found: Sequence[NotUnderstood]) -> tuple[PassageDetails, ...]:
    return tuple(PassageDetails(lines=str(n.span), text=n.text, why=n.why) for n in found)


def _asked(found: Sequence[Question]) -> tuple[QuestionDetails, ...]:
    return tuple(QuestionDetails(id=q.id, text=q.text, options=q.options) for q in found)


def _skipped(
    why: str, earlier: Migration | None, composed: Composed | None = None
) -> Answer[ArchitectDetails]:
    details = ArchitectDetails(state=State.SKIPPED)
    if earlier is not None:
        details.migration = MigrationDetails(
            version=earlier.version, path=earlier.path, sql=earlier.up, down=earlier.down or ""
        )
    if composed is not None:
        details.not_understood = _passages(composed.not_understood)
    return Answer(message=why, details=details)


def _nothing(source: str, specification: Specification) -> Answer[ArchitectDetails]:
    error = SpecUnreadable(
        f"{source} holds nothing that could be turned into a change",
        hint="Write the change as SQL, a Prisma model, a column table or a field list.",
    )
    told = [
        NotUnderstood(s, "", "does not seem to ask for a change") for s in specification.narrative
    ]
    passages = sorted((*specification.not_understood, *told), key=lambda n: n.span)
    details = ArchitectDetails(state=State.REFUSED, not_understood=_passages(passages))
    return _failure(error, details)


def _failure(error: FaberDbError, details: ArchitectDetails) -> Answer[ArchitectDetails]:
    return Answer(
        status="failure",
        message=error.message,
        details=details,
        errors=[Problem.of(error)],
        exit_code=error.exit_code,
    )


def _questions(composed: Composed) -> Answer[ArchitectDetails]:
    count = len(composed.questions)
    return Answer(
        status="warning",
        message=f"{count} question{'s' if count > 1 else ''} before a migration can be written",
        details=ArchitectDetails(
            state=State.QUESTIONS,
            questions=_asked(composed.questions),
            not_understood=_passages(composed.not_understood),
            assumptions=composed.assumptions,
        ),
        exit_code=Exit.WAITING,
    )


def _written(
    request: Request,
    app: App,
    database: Database,
    migration: Migration,
    composed: Composed,
    proof: ProofDetails,
    risk: Risk,
    findings: Sequence[Finding],
    specification: Specification,
) -> Answer[ArchitectDetails]:
    path = (database.folder / migration.path).relative_to(app.root).as_posix()
    details = ArchitectDetails(
        state=State.PLANNED if request.dry_run else State.DONE,
        migration=MigrationDetails(
            version=migration.version,
            path="" if request.dry_run else path,
            sql=composed.up,
            down=composed.down,
        ),
        proof=proof,
        risk=risk.value,
        findings=tuple(findings),
        not_understood=_passages(composed.not_understood),
        assumptions=composed.assumptions,
    )
    arguments = {"work_id": request.work_id} if request.work_id else {}
    if not request.dry_run:
        details.next = NextTool(tool="coordinate-build", arguments=arguments)
    warnings = _warnings(proof, composed)
    fixes = []
    if specification.prisma:
        fixes.append(f"Bring schema.prisma in line with the migration:\n{specification.prisma}")
    doing = "would write" if request.dry_run else "wrote"
    return Answer(
        status="warning" if warnings else "success",
        message=f"{doing} migration {migration.version} (risk {risk.value})",
        details=details,
        warnings=warnings,
        suggested_fixes=fixes,
    )


def _warnings(proof: ProofDetails, composed: Composed) -> list[Problem]:
    found: list[Problem] = []
    if proof.unproved:
        found.append(Problem(code="schema-unproved", message=proof.unproved))
    elif not proof.equal:
        found.append(
            Problem(
                code="schema-unproved",
                message=f"the migration does not lead to the described schema: {proof.differences[0]}",
                hint="Read details.proof.differences, then correct the migration by hand.",
            )
        )
    if composed.no_down:
        found.append(
            Problem(code="migration-no-down", message=f"no down script: {composed.no_down}")
        )
    elif proof.down_equal is False:
        found.append(
            Problem(
                code="migration-no-down",
                message=f"the down script does not lead back whole: {proof.down_differences[0]}",
                hint="Restore a backup to come back to the state before.",
            )
        )
    if composed.not_understood:
        found.append(
            Problem(
                code="spec-unreadable",
                message=f"{len(composed.not_understood)} passages were not turned into changes",
                hint="Read details.not_understood; write what is missing as SQL.",
            )
        )
    return found
