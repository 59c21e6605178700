"""Health: is this database well enough to be changed, and what of that can be seen."""

import os
import time
from collections.abc import Iterator, Sequence
from datetime import timedelta
from difflib import get_close_matches
from pathlib import Path
from statistics import median
from typing import Literal

from pydantic import BaseModel, ConfigDict

from faber_db.checks import FOR
from faber_db.checks.base import Check, FileFacts, Measure, judge, measures_of, unknown
from faber_db.checks.thresholds import muted, with_limits
from faber_db.config.executor import ExecutorSettings
from faber_db.errors import (
    ConfigError,
    ConnectionFailed,
    ConnectionLimits,
    ConnectionLost,
    ConnectionPooled,
    ConnectionRefusedByServer,
    Exit,
    FaberDbError,
    InputError,
    NotSupported,
    PermissionMissing,
)
from faber_db.model.answer import Answer, Details, Problem
from faber_db.model.health import CheckResult, CheckStatus, Health, Overall, verdict
from faber_db.services.app import App, Database, Environment
from faber_db.services.elsewhere import history_of
from faber_db.services.ports import Limits, Session
from faber_db.services.programs import readable
from faber_db.services.standing import STANDING
from faber_db.sql.mysql_transactions import MYSQL

LIMITS = Limits(
    lock_timeout=timedelta(milliseconds=200), statement_timeout=timedelta(seconds=2), lock_retries=0
)
_BY_HISTORY = ("ledger", "drift")  # compare with the migration folder
_ALWAYS_HEARD = ("connectivity", "ledger", "drift")  # `muted` does not silence them
_UNSEEN = (ConnectionRefusedByServer, ConnectionPooled, ConnectionLimits)


class Request(BaseModel):
    """Which environment, and which checks; none named means all."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    environment: str = ""
    checks: tuple[str, ...] = ()
    detail: Literal["summary", "full"] = "summary"
    database: str = ""


class HealthDetails(Details):
    """In a summary the checks that are well are only named."""

    environment: str
    database: str
    overall: Overall
    checks: list[CheckResult]
    well: list[str] = []
    cannot_see: list[str] = []
    taken_at: str = ""
    ms: int = 0


def run(request: Request, app: App) -> Answer[HealthDetails]:
    """Look at one environment; the one that build works on where none is named.

    Raises:
        UnknownDatabase, UnknownEnvironment, SecretUnavailable.
        InputError: there is no such check.
    """
    database = app.database(request.database)
    environment = _environment(request, app, database)
    if environment.away is not None:
        there = request.model_copy(update={"environment": environment.name})
        sent = history_of(readable(app, database).database)
        return environment.away.ask("health", there, HealthDetails, history=sent)
    found = look(app, database, environment, checks=request.checks)
    summary = request.detail == "summary"
    shown = [c for c in found.checks if not (summary and c.status is CheckStatus.OK)]
    bad = [c for c in found.checks if c.status in (CheckStatus.CRITICAL, CheckStatus.WARNING)]
    worst = {Overall.HEALTHY: "success", Overall.UNHEALTHY: "failure"}
    exits = {Overall.UNHEALTHY: Exit.UNHEALTHY, Overall.UNKNOWN: Exit.FAILED}
    return Answer[HealthDetails](
        status=worst.get(found.overall, "warning"),
        message=_message(environment.name, found),
        details=HealthDetails(
            environment=environment.name,
            database=database.name,
            overall=found.overall,
            checks=shown,
            well=[c.check for c in found.checks if c.status is CheckStatus.OK] if summary else [],
            cannot_see=list(found.cannot_see),
            taken_at=found.taken_at,
            ms=found.ms,
        ),
        warnings=[
            Problem(code=f"health-{c.check}", message=c.why or c.value, hint=c.action) for c in bad
        ],
        suggested_fixes=[c.action for c in bad if c.action],
        exit_code=exits.get(found.overall, Exit.DONE),
    )


def look(
    app: App,
    database: Database,
    environment: Environment,
    checks: Sequence[str] = (),
    leave_out: Sequence[str] = (),
) -> Health:
    """Run the checks of the product and ours; each is isolated, read-only and limited to 2 s.

    Args:
        app: the project.
        database: whose.
        environment: where.
        checks: names; empty means all. Only a complete look is remembered for `status`.
        leave_out: names.

    Raises:
        InputError: there is no check of that name.
        SecretUnavailable: the URL cannot be had. A server that cannot be reached is a result.
        ConfigError: a threshold names no check.
    """
    began = time.monotonic()
    taken_at = app.now().isoformat(timespec="seconds")
    product = with_limits(_product_checks(database), environment.settings.thresholds)
    names = [check.name for check in product] + list(STANDING)
    if not checks and database.sent is None and isinstance(app.settings, ExecutorSettings):
        leave_out = (*leave_out, *_BY_HISTORY)  # its own account has no folder of the project
    wanted = _wanted(names, checks, leave_out)
    results = list(_results(app, database, environment, product, wanted))
    loud = [key for key in environment.settings.muted if key not in _ALWAYS_HEARD]
    results = [
        r if r.check in _ALWAYS_HEARD else quiet
        for r, quiet in zip(results, muted(results, loud), strict=True)
    ]
    health = Health(
        overall=verdict(tuple(results)),
        checks=tuple(results),
        cannot_see=tuple(
            f"{r.check}: {r.action or r.why}" for r in results if r.status is CheckStatus.UNKNOWN
        ),
        taken_at=taken_at,
        ms=int((time.monotonic() - began) * 1000),
    )
    if not checks and not leave_out:
        key = f"health:{database.name}:{environment.name}"
        app.state.remember(key, health.model_dump(mode="json"))
    return health


def examine(session: Session, checks: Sequence[Check]) -> Iterator[CheckResult]:
    """Ask the questions of a product in one session; a failing one is an unknown result.

    A connection that is lost on the way makes the rest unknown.
    """
    role, rights = _role(session)
    facts = None
    lost = ""
    for check in checks:
        began = time.monotonic()
        if lost:
            yield unknown(check, lost)
            continue
        try:
            if check.file is not None:
                facts = facts or _file_facts(session)
                measures = list(check.file(facts))
            else:
                measures = _asked(session, check)
        except ConnectionLost as error:
            lost = error.message
            yield unknown(check, lost)
            continue
        except PermissionMissing as error:
            yield unknown(
                check, error.message, grant=check.grant.format(role=role) if role else error.hint
            )
            continue
        except FaberDbError as error:
            yield unknown(check, error.message, grant=error.hint)
            continue
        sees_all = not check.needs or check.needs in rights
        ms = int((time.monotonic() - began) * 1000)
        for result in judge(check, measures, role=role, sees_all=sees_all):
            yield result.model_copy(update={"ms": ms})


def _results(
    app: App,
    database: Database,
    environment: Environment,
    product: Sequence[Check],
    wanted: Sequence[str],
) -> Iterator[CheckResult]:
    """All wanted results, over one connection; without one, a single critical result and unknowns."""
    asked = [check for check in product if check.name in wanted]
    standing = [name for name in STANDING if name in wanted]
    url = environment.resolve_url()
    left = [*(check.name for check in asked), *standing]
    try:
        with database.engine.connect(url, limits=LIMITS, read_only=True) as session:
            yield from examine(session, asked)
        left = standing
        if standing:
            with database.engine.connect(url, limits=environment.limits, read_only=True) as session:
                for name in standing:
                    yield from STANDING[name](app, database, environment, session)
    except ConnectionFailed as error:
        yield from _unreached(error, product, left)


def _unreached(
    error: ConnectionFailed, product: Sequence[Check], names: Sequence[str]
) -> Iterator[CheckResult]:
    essential = {check.name for check in product if check.essential} | set(_ALWAYS_HEARD)
    yield CheckResult(
        check="connectivity",
        status=CheckStatus.UNKNOWN if isinstance(error, _UNSEEN) else CheckStatus.CRITICAL,
        why=error.message,
        action=error.hint,
        key="connectivity",
        essential=True,
    )
    for name in names:
        if name != "connectivity":
            yield CheckResult(
                check=name,
                status=CheckStatus.UNKNOWN,
                why="there is no connection",
                key=name,
                essential=name in essential,
            )


def _asked(session: Session, check: Check) -> list[Measure]:
    if not check.timed:
        return list(measures_of(session.query(check.sql)))
    times = []
    for _ in range(5):
        began = time.perf_counter()
        session.query(check.sql)
        times.append((time.perf_counter() - began) * 1000)
    return [Measure("", median(times))]


def _role(session: Session) -> tuple[str, frozenset[str]]:
    """The role as it is written in a grant, and which of the roles that show more it has.

    On MySQL a check that lacks a right fails, and says so by itself.
    """
    if session.dialect in MYSQL:
        ((account,),) = session.query("SELECT current_user()")
        user, _, host = str(account).rpartition("@")
        return f"'{user}'@'{host}'", frozenset()
    if session.dialect != "postgresql":
        return "", frozenset()
    role, reads = session.query(
        "SELECT quote_ident(current_user), pg_has_role('pg_read_all_stats', 'USAGE')"
    )[0]
    return str(role), frozenset({"pg_read_all_stats"} if reads else ())


def _file_facts(session: Session) -> FileFacts:
    """What the file system says about the file of a session.

    Raises:
        NotSupported: it has none.
    """
    paths = [row[2] for row in session.query("PRAGMA database_list") if row[1] == "main"]
    if not paths or not paths[0]:
        raise NotSupported("this database is no file")
    file = Path(str(paths[0]))
    log = file.with_name(f"{file.name}-wal")
    room = os.statvfs(file.parent)
    return FileFacts(
        path=str(file),
        size_bytes=file.stat().st_size,
        wal_bytes=log.stat().st_size if log.exists() else 0,
        free_bytes=room.f_bavail * room.f_frsize,
        file_writable=os.access(file, os.W_OK),
        folder_writable=os.access(file.parent, os.W_OK | os.X_OK),
        file_system=_file_system(file.parent),
    )


def _file_system(folder: Path) -> str:
    """The type of the innermost mount that holds a folder; empty where the system does not list them."""
    try:
        mounts = [line.split() for line in Path("/proc/mounts").read_text().splitlines()]
    except OSError:
        return ""
    holding = [(m[1], m[2]) for m in mounts if folder.is_relative_to(Path(m[1]))]
    return max(holding, key=lambda mount: len(mount[0]), default=("", ""))[1]


def _product_checks(database: Database) -> tuple[Check, ...]:
    if database.engine.name not in FOR:
        raise NotSupported(f"there are no health checks for {database.engine.name}")
    return FOR[database.engine.name]


def _wanted(
    names: Sequence[str], checks: Sequence[str], leave_out: Sequence[str]
) -> tuple[str, ...]:
    for name in (*checks, *leave_out):
        if name not in names:
            near = get_close_matches(name, names, n=1)
            hint = f"Did you mean {near[0]!r}?" if near else f"There are: {', '.join(names)}."
            raise InputError(f"there is no check {name!r}", hint=hint)
    return tuple(n for n in (checks or names) if n not in leave_out)


def _environment(request: Request, app: App, database: Database) -> Environment:
    if request.environment:
        return database.environment(request.environment)
    if len(database.environments) == 1:
        return next(iter(database.environments.values()))
    if not database.environments:
        raise ConfigError(
            f"{database.name} has no environment", hint="Add one under `environments`."
        )
    return database.environment(app.settings.phases.get("build", "dev"))


def _message(name: str, found: Health) -> str:
    counts = {
        status: sum(c.status is status for c in found.checks)
        for status in (CheckStatus.CRITICAL, CheckStatus.WARNING, CheckStatus.UNKNOWN)
    }
    words = ", ".join(f"{count} {status.value}" for status, count in counts.items() if count)
    return f"{name} is {found.overall.value}: {words or 'all checks are well'}"
