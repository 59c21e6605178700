"""The analysis of several migrations as one verdict, as plans and `analyze` show it."""

from collections.abc import Sequence
from dataclasses import dataclass

from faber_db.model.catalogue import Catalogue
from faber_db.model.dialect import Dialect
from faber_db.model.finding import Analysis, Confidence, Finding, Kind, Risk, worst
from faber_db.model.migration import Migration
from faber_db.model.trial import TrialRun
from faber_db.services.ports import Session, TableSize
from faber_db.services.trial_verdict import join, summary
from faber_db.sql.script import Script, parse
from faber_db.sql.watch import UNWATCHED, Watch

_REFUSED_EVERYWHERE = {  # codes of rules, and from which risk on
    "leaves-database": Risk.HIGH,
    "server-files": Risk.HIGH,
    "own-records": Risk.HIGH,
    "drop-database": Risk.CRITICAL,
    "server-change": Risk.CRITICAL,
    "superuser-rights": Risk.CRITICAL,
}
_OF_ANOTHER = "drop-database"  # which may be a protected one; the policy here is signed by nobody


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What is known of the database that a script will run on; all of it may be unknown."""

    dialect: Dialect
    server_version: int | None = None
    catalogue: Catalogue | None = None
    sizes: dict[str, TableSize] | None = None
    pace: int | None = None  # nanoseconds that the database takes to read one row
    protected: bool = False
    schemas: tuple[str, ...] = ()
    ledgers: tuple[str, ...] = ()
    database: str = (
        ""  # MySQL: the session's own; empty: not known, and every other name is foreign
    )


def surroundings(
    session: Session, *, leave_out: Sequence[str], protected: bool, schemas: tuple[str, ...] = ()
) -> Surroundings:
    """Read schema and sizes from a live database."""
    return Surroundings(
        dialect=session.dialect,
        server_version=session.server_version,
        catalogue=session.catalogue(leave_out=leave_out),
        sizes=dict(session.sizes()),
        protected=protected,
        schemas=schemas,
        ledgers=tuple(leave_out),
        database=_own_name(session),
    )


def _own_name(session: Session) -> str:
    if session.dialect not in (Dialect.MYSQL, Dialect.MARIADB):
        return ""
    ((name,),) = session.query("SELECT DATABASE()")
    return str(name or "")


def verdict(
    migrations: Sequence[Migration], around: Surroundings, trial: TrialRun | None = None
) -> Analysis:
    """Analyse migrations in order, each knowing those before it."""
    scripts = [parse(migration.up, around.dialect) for migration in migrations]
    return verdict_of(
        scripts,
        [m.name for m in migrations],
        [m.wrap for m in migrations],
        around,
        takes_out=[True] * len(migrations),
        trial=trial,
    )


def verdict_of(
    scripts: Sequence[Script],
    names: Sequence[str],
    wraps: Sequence[bool],
    around: Surroundings,
    *,
    takes_out: Sequence[bool] = (),
    watch: Watch = UNWATCHED,
    trial: TrialRun | None = None,
) -> Analysis:
    """The same for scripts that are already parsed.

    Args:
        scripts: in the order in which they run.
        names: of each.
        wraps: of each, whether its runner puts it into one transaction.
        around: the database.
        takes_out: of each, whether its runner is ours, which runs statements that refuse a
            transaction by themselves.
        watch: restarted for each script but the first.
        trial: what was seen when they were tried.
    """
    from faber_db.rules import analyze
    from faber_db.rules.context import Context
    from faber_db.rules.state import State

    parts, state = [], State(around.dialect, around.catalogue)
    for position, (script, wrap) in enumerate(zip(scripts, wraps, strict=True)):
        if position:
            watch.restart()
        context = Context(
            dialect=around.dialect,
            server_version=around.server_version,
            catalogue=around.catalogue,
            sizes=around.sizes,
            pace=around.pace,
            wrap=wrap,
            takes_out=bool(takes_out) and takes_out[position],
            protected=around.protected,
            schemas=around.schemas,
            ledgers=around.ledgers,
            database=around.database,
        )
        part = analyze(script, context, watch, state=state)
        if trial is not None:
            part = join(part, script, trial.tried[position], trial, around.sizes)
        parts.append(part)
    named = len(parts) > 1
    return Analysis(
        risk=worst([part.risk for part in parts]),
        findings=tuple(
            f.model_copy(update={"migration": name}) if named else f
            for part, name in zip(parts, names, strict=True)
            for f in part.findings
        ),
        statements=tuple(
            s.model_copy(update={"migration": name}) if named else s
            for part, name in zip(parts, names, strict=True)
            for s in part.statements
        ),
        trial=_told(parts, names, trial) if trial is not None else (),
    )


def _told(parts: Sequence[Analysis], names: Sequence[str], trial: TrialRun) -> tuple[str, ...]:
    notes = [
        f"{name} {note}" if len(parts) > 1 else note
        for part, name in zip(parts, names, strict=True)
        for note in part.trial
    ]
    return (summary(trial), *notes)


def refusals(
    analysis: Analysis,
    *,
    protected: bool,
    allowed: Sequence[tuple[str, tuple[str, ...]]],
    stays: bool = False,
) -> list[Finding]:
    """The findings that an environment refuses, signature or not.

    Critical ones in a protected environment, and in every environment what leaves its own
    database, changes the whole server or touches the records that releases are decided by, unless
    the policy names code and objects. Where that policy needs no signature, another database is
    not dropped by it. Where `stays`, since definitions commit by themselves, also what a trial saw
    fail: half of its migration would be there for good.
    """

    def named(finding: Finding) -> bool:
        return (protected or finding.code != _OF_ANOTHER) and any(
            code == finding.code and set(finding.objects) <= set(objects)
            for code, objects in allowed
        )

    return [
        f
        for f in analysis.findings
        if f.kind is not Kind.STYLE
        and not named(f)
        and (
            (protected and f.risk is Risk.CRITICAL)
            or (f.code in _REFUSED_EVERYWHERE and f.risk.at_least(_REFUSED_EVERYWHERE[f.code]))
            or (stays and f.kind is Kind.FAILS and f.confidence is Confidence.MEASURED)
        )
    ]
