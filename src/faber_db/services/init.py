"""`init`: write the shortest configuration, the folders of an empty project, a client's rules."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from faber_db.config.file import FILE_NAME
from faber_db.config.proposed import ProposedConfig, proposed
from faber_db.config.reference import has_password, resolve, split
from faber_db.errors import ConfigExists, FaberDbError, InputError
from faber_db.model.answer import Answer, Details, NextPerson, Problem, State
from faber_db.model.migration import SourceFile
from faber_db.services.client_rules import NOTE, for_claude
from faber_db.services.ports import FoundHistory, Handler
from faber_db.services.protected_hosts import is_configured, protected_hosts
from faber_db.services.writing import write_whole

CLIENTS = ("", "claude")
Detect = Callable[[Path, str, str], FoundHistory | None]  # root, product, handler: where known
HandlerFor = Callable[[str], Handler]


class Request(BaseModel):
    """What is known already; what is not is read off the project."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    handler: str = ""
    engine: str = ""
    migrations: str = ""  # one of several folders
    url: str = ""  # a reference for dev: env:NAME, file:PATH, a SQLite path
    force: bool = False  # write anew over an existing file
    dry_run: bool = False
    client: str = ""  # also the settings of that coding assistant


class InitDetails(Details):
    """What was found and what was written."""

    path: str = FILE_NAME
    config: str = ""  # the text of the file
    handler: str = ""
    engine: str = ""
    migrations: str = ""
    evidence: tuple[str, ...] = ()
    made: tuple[str, ...] = ()  # files, below the project root
    diffs: tuple[str, ...] = ()  # of the client's settings
    note: str = ""


def run(
    request: Request,
    root: Path,
    *,
    environ: Mapping[str, str],
    detect: Detect,
    handler_for: HandlerFor,
) -> Answer[InitDetails]:
    """Write `faber-db.json`; make folder and schema of a format where an empty project asks for one.

    Args:
        request: what the caller says.
        root: the project's folder.
        environ: of the process.
        detect: the one migration folder of a project, of a product and a handler where known.
        handler_for: a handler by its name.

    Raises:
        ConfigExists: there is one, and `force` was not given.
        ConfigError, LedgerForeign: several migration folders, or another tool's.
        InputError: the URL holds a password, which would be written into a committed file.
        FileUnreadable: the client's settings are there and cannot be added to.
    """
    target = root / FILE_NAME
    if not request.client:
        return _configure(request, root, target, environ, detect, handler_for)
    answer: Answer[InitDetails] | None = None
    hosts = protected_hosts(root, environ)
    files = for_claude(root, hosts)  # first: what cannot be written is said before anything is
    if request.force or not is_configured(root, environ):
        answer = _configure(request, root, target, environ, detect, handler_for)
    details = answer.details if answer else InitDetails()
    changed = [file for file in files if file.diff]
    details.made = (*details.made, *(file.path for file in changed))
    details.diffs, details.note = tuple(file.diff for file in changed), NOTE
    if request.dry_run or not details.made:
        details.state = State.PLANNED if request.dry_run else State.SKIPPED
    for file in () if request.dry_run else changed:
        write_whole((root / file.path).resolve(), file.text.encode(), replace=True)
    verb = "would write" if request.dry_run else "wrote"
    message = f"{verb} {', '.join(details.made)}" if details.made else "everything is there already"
    if answer is None:
        return Answer(message=message, details=details)
    return answer.model_copy(update={"message": message})


def _configure(
    request: Request,
    root: Path,
    target: Path,
    environ: Mapping[str, str],
    detect: Detect,
    handler_for: HandlerFor,
) -> Answer[InitDetails]:
    if has_password(request.url):
        raise InputError(
            "the URL holds a password, and the file is committed",
            hint="Put the URL into an environment variable and give `env:NAME`.",
        )
    if target.exists() and not request.force:
        raise ConfigExists(
            f"{FILE_NAME} is there already", hint="Edit it; see `faber-db config show`."
        )
    history = _history(request, root, environ, detect)
    request = _with_engine(request, history, root, environ)
    plan = _proposal(request, root, environ, history)
    files = _scaffold(request, root, history, plan, handler_for)
    details = _details(request, root, history, plan, files)
    warnings = _warnings(plan, root, environ, history is not None or bool(files))
    details.next = NextPerson(person=_next(request, details, warnings))
    if request.dry_run:
        details.state = State.PLANNED
        message = f"would write {', '.join(details.made)}"
        return Answer(message=message, details=details, warnings=warnings)
    for file in files:
        write_whole(root / file.path, file.content, replace=False)
    write_whole(target, plan.text.encode(), replace=request.force)
    return Answer(
        status="warning" if warnings else "success",
        message=f"wrote {', '.join(details.made)}",
        details=details,
        warnings=warnings,
    )


def _history(
    request: Request, root: Path, environ: Mapping[str, str], detect: Detect
) -> FoundHistory | None:
    """The folder that is named, or the one that there is.

    Raises:
        InputError: no migrations of a known format lie in the named one.
    """
    if not request.migrations:
        product = request.engine or _product(request, root, environ)
        return detect(root, product, request.handler)
    named = (root / request.migrations).resolve()
    inside = named.is_relative_to(root)
    found = detect(named, request.engine, request.handler) if inside else None
    if found is None and inside and named != root:  # some formats are told by what lies beside
        found = detect(named.parent, request.engine, request.handler)
    if found is None or found.folder != named:
        raise InputError(
            f"{request.migrations} holds no migrations of a format that is known",
            hint="Give the folder as `faber-db init` names it, from the project's root.",
        )
    return replace(found, several=True)


def _product(request: Request, root: Path, environ: Mapping[str, str]) -> str:
    """The product that dev's URL shows, or empty; no command is run for it."""
    dev = _proposal(request, root, environ, None).settings.environments["dev"].url or ""
    try:
        known = split(dev)[0] != "command"
        return _engine_of(resolve(dev, environ=environ, root=root) if known else dev)
    except FaberDbError:
        return ""  # not set


def _with_engine(
    request: Request, history: FoundHistory | None, root: Path, environ: Mapping[str, str]
) -> Request:
    """For a Prisma project that is to be made: its product, where dev's URL shows it.

    Raises:
        InputError: nothing shows it.
    """
    if history is not None or request.handler != "prisma" or request.engine:
        return request
    engine = _product(request, root, environ)
    if not engine:
        raise InputError(
            "a Prisma project is made for one product",
            hint="Add `--engine postgresql` or `--engine sqlite`.",
        )
    return request.model_copy(update={"engine": engine})


def _scaffold(
    request: Request,
    root: Path,
    history: FoundHistory | None,
    plan: ProposedConfig,
    handler_for: HandlerFor,
) -> Sequence[SourceFile]:
    """What is missing of an empty project; nothing where a history is there."""
    if history is not None or not request.handler:
        return ()
    reference = plan.settings.environments["dev"].url or ""
    files = handler_for(request.handler).scaffold(request.engine, reference)
    return [file for file in files if not (root / file.path).exists()]


def _engine_of(url: str) -> str:
    kind, rest = split(url)
    if rest.startswith(("postgres://", "postgresql://")):
        return "postgresql"
    if rest.startswith(("mysql://", "mariadb://")):
        return "mysql"
    return "sqlite" if rest and kind in ("", "file") and "://" not in rest else ""


def _proposal(
    request: Request, root: Path, environ: Mapping[str, str], history: FoundHistory | None
) -> ProposedConfig:
    keys = {"engine": request.engine, "handler": request.handler}
    if history is not None and history.several:
        keys["handler"] = history.handler
        keys["migrations"] = history.folder.relative_to(root).as_posix()
    schemas = history.schema_files if history else ()
    folder = history.folder if history else None
    return proposed(root, environ, url=request.url, keys=keys, schemas=schemas, folder=folder)


def _details(
    request: Request,
    root: Path,
    history: FoundHistory | None,
    plan: ProposedConfig,
    files: Sequence[SourceFile],
) -> InitDetails:
    folder = str(history.folder.relative_to(root)) if history else ""
    found = (f"{folder}: {history.evidence}",) if history else ()
    return InitDetails(
        config=plan.text,
        handler=history.handler if history else request.handler,
        engine=request.engine or (history.engine if history else "") or _engine_of(request.url),
        migrations=folder,
        evidence=(*found, *plan.evidence),
        made=(*(file.path for file in files), FILE_NAME),
    )


def _warnings(
    plan: ProposedConfig, root: Path, environ: Mapping[str, str], has_folder: bool
) -> list[Problem]:
    found = []
    for name, environment in plan.settings.environments.items():
        if environment.url is None or split(environment.url)[0] == "command":
            continue  # no command is run to write a file
        try:
            resolve(environment.url, environ=environ, root=root)
        except FaberDbError as error:
            problem = Problem.of(error)
            found.append(problem.model_copy(update={"message": f"{name}: {problem.message}"}))
    if not has_folder:
        found.append(
            Problem(
                code="migration-folder-missing",
                message="there is no migration folder yet",
                hint="`faber-db init --force --handler sql` makes one for plain SQL, "
                "`--handler prisma` one for Prisma; `faber-db generate` fills it.",
            )
        )
    return found


def _next(request: Request, details: InitDetails, warnings: Sequence[Problem]) -> str:
    if request.dry_run:
        return "faber-db init"
    return "faber-db doctor" if warnings else "faber-db status dev"
