"""`config check`, `config show`, `config schema`: what the file says and what follows from it."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict

from faber_db.config.file import find, read_text
from faber_db.config.phases import environment_of
from faber_db.config.policy import Decides, backup_rule, decides
from faber_db.config.problems import Problem as Found
from faber_db.config.problems import problems, warnings
from faber_db.config.reference import describe
from faber_db.config.schema import json_schema
from faber_db.config.settings import EnvironmentSettings
from faber_db.errors import Exit, FaberDbError
from faber_db.model.answer import Answer, Details, NextPerson, Problem
from faber_db.services.app import App, Database, Environment

_WORDS: dict[Decides, str] = {
    "signed": "a person signs each plan",
    "confirm": "the call is repeated with its plan_id",
    "none": "changes are applied at once",
    "refused": "refused by `autonomy`: a person releases from the command line",
    "plans-only": "plans only, by `autonomy`",
}


class ConfigProblem(BaseModel):
    """Something wrong in the file."""

    model_config = ConfigDict(extra="forbid")

    line: int
    code: str
    message: str
    hint: str = ""


class EnvironmentLine(BaseModel):
    """One environment: where it is, and who or what decides there."""

    model_config = ConfigDict(extra="forbid")

    database: str
    environment: str
    source: str  # "environment variable DATABASE_URL"; never a value
    engine: str
    handler: str
    migrations: str  # below the project root
    protected: bool
    why: str = ""
    decides: Decides
    words: str
    backup: str
    no_effect: tuple[str, ...] = ()  # keys that the protection overrules


class ConfigDetails(Details):
    """What the configuration comes to."""

    path: str = ""  # empty: there is none, this is what `init` would write
    problems: tuple[ConfigProblem, ...] = ()
    environments: tuple[EnvironmentLine, ...] = ()


class SchemaDetails(Details):
    """The JSON Schema of the file."""

    json_schema: dict[str, Any] = {}


def schema() -> Answer[SchemaDetails]:
    """The JSON Schema of `faber-db.json`, for editors."""
    return Answer(
        message="JSON Schema of faber-db.json", details=SchemaDetails(json_schema=json_schema())
    )


def check(
    start: Path, environ: Mapping[str, str], open_app: Callable[[], App]
) -> Answer[ConfigDetails]:
    """Every problem of the file with its line; where there is none, who decides where.

    Raises:
        ConfigMissing: there is no file.
        ConfigError: it cannot be read.
    """
    path = find(start, environ)
    text = read_text(path)
    found = problems(text)
    if not found:
        return _with_warnings(show(open_app()), warnings(text))
    count = f"{len(found)} problem{'s' if len(found) > 1 else ''}"
    return Answer(
        status="failure",
        message=f"{path.name} has {count}",
        details=ConfigDetails(
            path=path.name,
            problems=tuple(
                ConfigProblem(line=p.line, code=p.code, message=p.message, hint=p.hint)
                for p in found
            ),
        ),
        errors=[
            Problem(code=p.code, message=f"line {p.line}: {p.message}", hint=p.hint) for p in found
        ],
        exit_code=Exit.USAGE,
    )


def _with_warnings(answer: Answer[ConfigDetails], found: list[Found]) -> Answer[ConfigDetails]:
    told = [
        Problem(code="config-no-effect", message=f"line {p.line}: {p.message}", hint=p.hint)
        for p in found
    ]
    answer.warnings = [*told, *answer.warnings]
    answer.status = "warning" if answer.warnings else answer.status
    return answer


def show(app: App) -> Answer[ConfigDetails]:
    """A line for each environment: what was detected, and who or what decides. Connects nowhere."""
    lines: list[EnvironmentLine] = []
    unsure: list[Problem] = []
    for name in app.databases:
        try:
            database = app.databases[name]
        except FaberDbError as error:
            problem = Problem.of(error)
            unsure.append(problem.model_copy(update={"message": f"{name}: {problem.message}"}))
            continue
        for environment in database.environments.values():
            line = _line(app, database, environment)
            lines.append(line)
            unsure += _warnings(line, environment)
    details = ConfigDetails(
        path=app.config_path.name if app.config_path else "", environments=tuple(lines)
    )
    if app.config_path is None:
        details.next = NextPerson(person="faber-db init")
    guarded = sum(line.protected for line in lines)
    where = details.path or "no file yet; this is what `faber-db init` would write"
    environments = f"{len(lines)} environment{'' if len(lines) == 1 else 's'}"
    return Answer(
        status="warning" if unsure else "success",
        message=f"{where}: {environments}, {guarded} protected",
        details=details,
        warnings=unsure,
    )


def _line(app: App, database: Database, environment: Environment) -> EnvironmentLine:
    settings = environment.settings
    who = decides(
        settings,
        protected=environment.protected,
        autonomy=app.settings.autonomy,
        is_dev=environment.name == _dev_of(app, database),
    )
    return EnvironmentLine(
        database=database.name,
        environment=environment.name,
        source=_source(settings),
        engine=database.engine.name,
        handler=database.handler.name,
        migrations=_below(database.folder, app.root),
        protected=environment.protected,
        why=environment.why_protected,
        decides=who,
        words=_WORDS[who],
        backup=backup_rule(settings, protected=environment.protected).value,
        no_effect=_no_effect(settings) if environment.protected else (),
    )


def _dev_of(app: App, database: Database) -> str | None:
    try:
        return environment_of("build", database.environments, app.settings.phases)
    except FaberDbError:
        return None  # no environment for `build`: then none is treated as one


def _source(settings: EnvironmentSettings) -> str:
    reference = settings.direct_url or settings.url
    return describe(reference) if reference else f"executor {settings.executor}"


def _below(folder: Path, root: Path) -> str:
    return str(folder.relative_to(root)) if folder.is_relative_to(root) else str(folder)


def _no_effect(settings: EnvironmentSettings) -> tuple[str, ...]:
    """Keys that say less than the protection asks for; they change nothing."""
    weaker = {
        "protected": settings.protected is False,
        "approval": settings.approval is not None,
        "backup": settings.backup not in (None, "required"),
    }
    return tuple(key for key, given in weaker.items() if given)


def _warnings(line: EnvironmentLine, environment: Environment) -> list[Problem]:
    found = []
    if line.no_effect:
        keys = ", ".join(f"`{key}`" for key in line.no_effect)
        found.append(
            Problem(
                code="config-no-effect",
                message=f"{line.environment} is protected ({line.why}), so {keys} changes nothing",
                hint="Remove it from the file.",
            )
        )
    if environment.settings.url and not environment.settings.url.startswith("command:"):
        try:
            environment.resolve_url()
        except FaberDbError as error:
            problem = Problem.of(error)
            message = f"{line.environment}: {problem.message}"
            found.append(problem.model_copy(update={"message": message}))
    return found
