"""Analyse SQL: what would it do to a live database? Runs nothing there."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict, Field

from faber_db.errors import (
    FaberDbError,
    FileUnreadable,
    InputError,
    InputTooLarge,
)
from faber_db.model.answer import Answer, Details
from faber_db.model.catalogue import Catalogue
from faber_db.model.dialect import Dialect, version_number
from faber_db.model.finding import Analysis, Confidence, Finding, Kind, Risk, StatementReport
from faber_db.model.migration import Migration, MigrationState
from faber_db.model.plan import PreflightAnswer
from faber_db.services import known_queries, preflight
from faber_db.services.app import App, Database, Environment
from faber_db.services.elsewhere import history_of
from faber_db.services.history import history
from faber_db.services.pace import paced
from faber_db.services.ports import Away, Cancelled, Progress, Shadow, never, silent
from faber_db.services.programs import Readable, readable, unseen, with_unseen
from faber_db.services.safer import Fix
from faber_db.services.trying import ToTry, Trying
from faber_db.services.verdict import Surroundings, surroundings, verdict_of
from faber_db.sql.watch import Watch

if TYPE_CHECKING:
    from faber_db.sql.script import Script

MAX_BYTES = 50_000_000
_BOTH_WAYS = re.compile(
    r"(?ms)^--[ \t]*(?:migrate:up|\+goose Up)\b.*?^(--[ \t]*(?:migrate:down|\+goose Down)\b)"
)
_TO_RUN = (MigrationState.PENDING, MigrationState.ROLLED_BACK, MigrationState.OUT_OF_ORDER)


Shadows = Callable[[Dialect, int | None], Shadow]


class Request(BaseModel):
    """Exactly one of `sql`, `path` (or `paths`) and `environment`.

    `server_version` is what `version_number` reads (17, `10.11`, 170010); 0 or empty is not known.
    `before` is SQL text of the schema that is there. `transaction` says whether the runner puts a
    file into one transaction; `auto` is what the migration's format does. `anywhere` lets `path`
    lead out of the project: the command line may, a tool may not.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    sql: str = ""
    path: str = ""
    environment: str = ""
    dialect: Literal["auto", "postgresql", "mysql", "mariadb", "sqlite"] = "auto"
    server_version: int | str = 0
    detail: Literal["summary", "full"] = "summary"
    database: str = ""
    before: str = ""
    transaction: Literal["auto", "wrap", "none"] = "auto"
    anywhere: bool = False
    preflight: bool = True  # of an environment: count what the findings depend on
    paths: tuple[str, ...] = ()  # several instead of one `path`, in the order in which they run
    fix: bool = False  # the safe form of what makes others wait
    write: bool = False  # … in the place of the one migration that is looked at
    fix_characters: int = 0  # of all files together; longer ones are left out whole; 0: no limit


class AwayRequest(BaseModel):
    """What is pending in an environment of another account's executor: nothing that names a file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    environment: str
    database: str = ""
    dialect: Literal["auto", "postgresql", "mysql", "mariadb", "sqlite"] = "auto"
    server_version: int | str = 0
    detail: Literal["summary", "full"] = "summary"
    transaction: Literal["auto", "wrap", "none"] = "auto"
    preflight: bool = True
    fix: bool = False
    fix_characters: int = 0
    prove: bool = False  # the safe form, on a throw-away database
    trial: bool = False  # run what is pending on a copy of the schema
    queries: str = ""


class AnalyzeDetails(Details):
    """Findings, the worst first; those of low risk, and statements, only in full detail.

    `written` and `replaced` are paths below the project: the files of a fix that were put in the
    place of a migration, and where a copy of it was kept.
    """

    risk: Risk
    dialect: Dialect
    looked_at: list[str] = []  # names of files or migrations, where there are several
    statement_count: int = 0
    findings: list[Finding] = []
    remarks: str = ""  # findings of low risk, counted, where they are not told
    statements: list[StatementReport] = []
    checks: list[PreflightAnswer] = []  # of an environment's data; only in full detail
    fixes: list[Fix] = []
    written: list[str] = []
    replaced: str = ""
    left_out: int = 0
    trial: list[str] = []  # what was tried where; then what was not, and why
    paths: dict[str, str] = Field(
        default={}, exclude=True
    )  # by `Finding.migration`; for front ends


@dataclass(frozen=True)
class _Piece:
    """One script to look at."""

    name: str
    sql: str
    wrap: bool
    path: str = ""  # as it was named, or absolute
    takes_out: bool = False  # statements that refuse a transaction, as our runner does
    version: str = ""  # of a migration of the project
    unseen: tuple[Finding, ...] = ()  # of a program that was not recorded


def run(
    request: Request,
    app: App | None,
    *,
    shadow: Shadows | None = None,
    trying: Trying | None = None,
    progress: Progress = silent,
    cancelled: Cancelled = never,
) -> Answer[AnalyzeDetails]:
    """Analyse a text, a file, a folder, or what is pending in an environment.

    Args:
        request: what to look at.
        app: may be missing for `sql` and for a `path` that may lie anywhere.
        shadow: makes what the safe form is proved on, given dialect and major version; None: nothing
            is run.
        trying: where the script itself is run, on a throw-away database; None: nowhere.
        progress: told which program is recorded.
        cancelled: asked while programs are recorded.

    Raises:
        JobStillRuns: there is more to record than a call has time for.
        ShadowUnavailable, NotSupported: it cannot be tried.
        InputError: none or several of the three are given, or the dialect cannot be told.
        PathOutsideProject, FileUnreadable, InputTooLarge, AnalysisTooLarge.
        UnknownEnvironment, ConnectionFailed, MigrationsMissing: of an environment.
    """
    given = [
        word
        for word in (request.sql.strip(), request.path, request.paths, request.environment)
        if word
    ]
    if len(given) != 1:
        raise InputError(
            "give exactly one of sql, path and environment",
            hint="sql is the text itself, path a file or folder, environment what is pending there.",
        )
    told = _Told(trying.progress if trying is not None else progress, cancelled)
    if request.environment:
        opened = _needed(app)
        away = _environment(request, opened).away
        if away is not None:
            return _elsewhere(
                request, opened, away, prove=shadow is not None, trying=trying, told=told
            )
        pieces, around, seen = _pending(request, opened, ask=trying is not None, told=told)
        answer = _answer(request, pieces, around, opened, trying=trying, seen=seen)
    else:
        around, pieces = _around(request, app), tuple(_pieces(request, app, told))
        whole = _is_history(request, app)
        answer = _answer(request, pieces, around, None, trying=trying, whole=whole)
    if request.fix:
        from faber_db.services import fixing

        fixing.add(answer, request, app, pieces, around, shadow)
    return answer


@dataclass(frozen=True)
class _Told:
    """Who watches while programs are recorded, and can stop it."""

    progress: Progress
    cancelled: Cancelled

    def readable(self, app: App, database: Database) -> Readable:
        return readable(app, database, progress=self.progress, cancelled=self.cancelled)


def _elsewhere(
    request: Request, app: App, away: Away, *, prove: bool, trying: Trying | None, told: _Told
) -> Answer[AnalyzeDetails]:
    database = told.readable(app, app.database(request.database)).database
    there = AwayRequest(
        environment=_environment(request, app).name,
        prove=prove,
        trial=trying is not None,
        queries=trying.queries if trying is not None else "",
        **request.model_dump(include=set(AwayRequest.model_fields) - {"environment"}),
    )
    answer = away.ask(
        "analyze",
        there,
        AnalyzeDetails,
        history=history_of(database),
        progress=told.progress,
        cancelled=told.cancelled,
    )
    named = {"": answer.details.looked_at[0]} if len(answer.details.looked_at) == 1 else {}
    by_name = {m.name: str(database.folder / m.path) for m in history(database)}
    answer.details.paths = by_name | {key: by_name.get(name, "") for key, name in named.items()}
    return answer


def of_environment(
    request: AwayRequest, app: App, *, progress: Progress = silent
) -> Answer[AnalyzeDetails]:
    """The same for the executor that holds the environment; proofs run on its own shadow."""
    shadow = app.database(request.database).shadow
    own = request.model_dump(exclude={"prove", "trial", "queries"})
    return run(
        Request.model_validate(own),
        app,
        shadow=(lambda _dialect, _major: shadow) if request.prove else None,
        trying=Trying(shadow, request.queries, progress) if request.trial else None,
    )


def _is_history(request: Request, app: App | None) -> bool:
    """Whether the path is that of a whole history, which begins with an empty database."""
    database = _database(request, app) if request.path else None
    return database is not None and Path(request.path).resolve() == database.folder


def _needed(app: App | None) -> App:
    if app is None:
        raise InputError("there is no project here to look for the environment in")
    return app


def _pending(
    request: Request, app: App, *, ask: bool, told: _Told
) -> tuple[tuple[_Piece, ...], Surroundings, tuple[str, ...]]:
    """What is pending, where, and with `ask` the queries that the server has seen."""
    database = app.database(request.database)
    environment = database.environment(request.environment)
    read = told.readable(app, database)
    database = read.database
    migrations = history(database)
    with database.engine.connect(
        environment.resolve_url(), limits=environment.limits, read_only=True
    ) as session:
        around = surroundings(
            session,
            leave_out=database.handler.ledger_tables,
            protected=environment.protected or session.read_marker() is not None,
        )
        states = database.handler.status(migrations, database.handler.ledger(session))
        seen = known_queries.of_server(session) if ask else ()
    around = paced(around, app, database, environment)
    wanted = {s.version for s in states if s.state in _TO_RUN}
    pieces = tuple(_of(m, request, read) for m in migrations if m.version in wanted)
    return pieces, around, seen


def _around(request: Request, app: App | None) -> Surroundings:
    dialect = _dialect(request, app)
    return Surroundings(
        dialect=dialect,
        server_version=_version(str(request.server_version), dialect),
        catalogue=_catalogue(request.before, dialect),
    )


def _version(said: str, dialect: Dialect) -> int | None:
    try:
        return version_number(said or "0", dialect) or None
    except ValueError as error:
        raise InputError(
            f"{said[:40]!r} is no version of a server",
            hint="Write it as the server does: 17, 8.0.36, 10.11.",
        ) from error


def _catalogue(before: str, dialect: Dialect) -> Catalogue | None:
    if not before.strip():
        return None
    from faber_db.sql.schema import catalogue_of

    return catalogue_of(before, dialect, Watch())


_DIALECTS = "Name the dialect: postgresql, sqlite, mysql or mariadb."


def _dialect(request: Request, app: App | None) -> Dialect:
    if request.dialect != "auto":
        return Dialect(request.dialect)
    try:
        if app is not None:
            return app.database(request.database).engine.dialect
    except FaberDbError as error:
        raise InputError(f"the dialect is not known: {error.message}", hint=_DIALECTS) from error
    raise InputError("the dialect is not known", hint=_DIALECTS)


def _pieces(request: Request, app: App | None, told: _Told) -> Iterator[_Piece]:
    if request.sql:
        yield _Piece("", request.sql, request.transaction != "none")
    for named in request.paths or ((request.path,) if request.path else ()):
        yield from _at(named, request, app, told)


def _at(named: str, request: Request, app: App | None, told: _Told) -> Iterator[_Piece]:
    """A file, or every migration or `.sql` file of a folder."""
    path = _needed(app).inside(named) if not request.anywhere else Path(named)
    database = _database(request, app)
    if database is not None and path.resolve().is_relative_to(database.folder):
        yield from _of_history(request, _needed(app), path.resolve(), database, named, told)
    elif path.is_dir():
        files = sorted(file for file in path.rglob("*.sql") if file.is_file())
        if not files:
            raise FileUnreadable(f"there is no .sql file in {named!r}")
        for file in files:
            yield _Piece(
                file.relative_to(path).as_posix(),
                up_part(_read(file, file.as_posix())),
                request.transaction != "none",
                str(file),
            )
    else:
        yield _plain(path, named, request)


def _database(request: Request, app: App | None) -> Database | None:
    """The database whose migrations a path may belong to; a project may have none."""
    if app is None:
        return None
    try:
        return app.database(request.database)
    except FaberDbError:
        if request.database or request.dialect == "auto":
            raise
        return None


def _of_history(
    request: Request, app: App, path: Path, database: Database, named: str, told: _Told
) -> Iterator[_Piece]:
    """Migrations as their format reads them: the up script only, in the order in which they run."""
    whole = path == database.folder
    read = told.readable(app, database)
    found = [
        migration
        for migration in history(read.database)
        if whole or (database.folder / migration.path).is_relative_to(path)
    ]
    if not found:  # a down script, or a file that is no migration
        yield _plain(path, named, request)
    for migration in found:
        yield _of(migration, request, read)


def _plain(path: Path, named: str, request: Request) -> _Piece:
    return _Piece(path.name, up_part(_read(path, named)), request.transaction != "none", str(path))


def _of(migration: Migration, request: Request, read: Readable) -> _Piece:
    wrap = migration.wrap if request.transaction == "auto" else request.transaction == "wrap"
    return _Piece(
        migration.name,
        migration.up,
        wrap,
        str(read.database.folder / migration.path),
        takes_out=request.transaction == "auto",
        version=migration.version,
        unseen=unseen([migration], read.reasons),
    )


def up_part(text: str) -> str:
    """A file with both directions, as dbmate and goose write it, without its way back."""
    found = _BOTH_WAYS.search(text)
    return text[: found.start(1)] if found else text


def _read(path: Path, named: str) -> str:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise InputTooLarge(f"{named!r} is over {MAX_BYTES} bytes")
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise FileUnreadable(
            f"{named!r} cannot be read ({error.strerror})",
            hint="Check the path and its permissions.",
        ) from error
    except UnicodeDecodeError as error:
        raise FileUnreadable(f"{named!r} is not UTF-8", hint="Save it as UTF-8.") from error


def _answer(
    request: Request,
    pieces: Sequence[_Piece],
    around: Surroundings,
    live: App | None,
    *,
    trying: Trying | None,
    seen: Sequence[str] = (),
    whole: bool = False,
) -> Answer[AnalyzeDetails]:
    """The verdict; with a `live` environment also what its data says."""
    from faber_db.sql.script import parse

    watch = Watch()
    scripts = []
    for piece in pieces:
        watch.restart()
        scripts.append(parse(piece.sql, around.dialect, watch))
    names = [piece.name for piece in pieces]
    wraps = [_wraps(p, s, request) for p, s in zip(pieces, scripts, strict=True)]
    takes_out = [piece.takes_out for piece in pieces]
    trial = None
    if trying is not None and pieces:
        url = _environment(request, live).resolve_url() if live is not None else ""
        trial = ToTry(scripts, wraps, takes_out).on(
            trying.place(url=url, before=request.before, whole=whole),
            version=around.server_version,
            queries=(*known_queries.of_text(trying.queries, around.dialect), *seen),
            progress=trying.progress,
        )
        watch.restart()  # waiting for a server is no reading
    analysis = verdict_of(
        scripts, names, wraps, around, takes_out=takes_out, watch=watch, trial=trial
    )
    analysis = with_unseen(analysis, [f for piece in pieces for f in piece.unseen])
    answers: tuple[PreflightAnswer, ...] = ()
    if live is not None and request.preflight:
        database, environment = live.database(request.database), _environment(request, live)
        answers = preflight.ask(scripts, names, around, database, environment, live.now())
        analysis = preflight.measured(analysis, answers)
    findings = _worst_first(analysis, len(pieces))
    remarks = ""
    if request.detail == "summary":
        remarks = _remarks(findings)
        findings = _told_once([f for f in findings if not _is_remark(f)])
    details = AnalyzeDetails(
        risk=analysis.risk,
        dialect=around.dialect,
        looked_at=[piece.name for piece in pieces if len(pieces) > 1],
        statement_count=sum(len(script.statements) for script in scripts),
        findings=findings,
        remarks=remarks,
        statements=list(analysis.statements) if request.detail == "full" else [],
        trial=list(analysis.trial),
        paths={piece.name if len(pieces) > 1 else "": piece.path for piece in pieces},
        checks=list(answers) if request.detail == "full" else [],
    )
    return Answer(
        status="success" if analysis.risk is Risk.LOW else "warning",
        message=_sentence(analysis, details.statement_count, len(pieces)),
        details=details,
        suggested_fixes=list(dict.fromkeys(f.remedy for f in findings if f.remedy))
        if request.detail == "full"
        else [],
    )


def _environment(request: Request, app: App) -> Environment:
    return app.database(request.database).environment(request.environment)


def _wraps(piece: _Piece, script: "Script", request: Request) -> bool:
    """A SQLite script with its own BEGIN is not wrapped, unless the caller says so: it would fail."""
    own = script.dialect is Dialect.SQLITE and any(
        statement.transaction_control == "begin" for statement in script.statements
    )
    return piece.wrap and not (own and request.transaction == "auto")


def _worst_first(analysis: Analysis, pieces: int) -> list[Finding]:
    """By risk, then in the order of the scripts; a single script's name says nothing."""
    found = sorted(analysis.findings, key=lambda f: (bool(f.allowed), -f.risk.rank))
    return found if pieces > 1 else [f.model_copy(update={"migration": ""}) for f in found]


def _is_remark(finding: Finding) -> bool:
    """Of low risk and nothing that was asked for; that no row is in the way is worth its line."""
    counted = finding.kind is Kind.FAILS and finding.confidence is Confidence.PREFLIGHT
    return finding.risk is Risk.LOW and not finding.allowed and not counted


def _remarks(findings: Sequence[Finding]) -> str:
    """`7 of low risk: brief-lock, update-rows`."""
    found = [f.code for f in findings if _is_remark(f)]
    return f"{len(found)} of low risk: {', '.join(dict.fromkeys(found))}" if found else ""


def _told_once(findings: Sequence[Finding]) -> list[Finding]:
    """Each remedy once; without sources, which `faber-db explain` has."""
    first: dict[tuple[str, str], Finding] = {}
    told = []
    for finding in findings:
        before = first.setdefault((finding.code, finding.remedy), finding)
        place = f"{before.migration} line {before.line}".strip()
        again = f"as at {place} ({before.code})" if before is not finding else finding.remedy
        remedy = again if finding.remedy else ""
        told.append(finding.model_copy(update={"source": "", "remedy": remedy}))
    return told


def _sentence(analysis: Analysis, statements: int, pieces: int) -> str:
    if not statements:
        return "nothing to analyse: no statement" + (" is pending" if not pieces else "")
    careful = {
        (f.migration, f.line, f.statement)
        for f in analysis.findings
        if f.kind is not Kind.STYLE and not f.allowed and f.risk is not Risk.LOW
    }
    words = "1 statement" if statements == 1 else f"{statements} statements"
    if not careful:
        return (
            f"{analysis.risk}: {words}, brief locks, no scan or rewrite to wait for, nothing lost"
        )
    verb = "needs" if len(careful) == 1 else "need"
    return f"{analysis.risk}: {len(careful)} of {words} {verb} care on a live database"
