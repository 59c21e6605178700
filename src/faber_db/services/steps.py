"""What a plan runs, step by step: which statements stand together, what they lock, how long they take."""

from collections.abc import Iterator, Sequence

from pydantic import BaseModel, ConfigDict

from faber_db.errors import MigrationFailed
from faber_db.model.dialect import Dialect
from faber_db.model.finding import StatementReport
from faber_db.model.migration import Migration, SourceFile
from faber_db.model.plan import Plan, PlanKind
from faber_db.services.app import App
from faber_db.services.inverse import with_inverses
from faber_db.sql.mysql_transactions import commits_itself
from faber_db.sql.script import Script, Statement, parse
from faber_db.sql.stretches import Stretch, split


class PlannedStatement(BaseModel):
    """One statement, whole, with what it does to the tables that exist."""

    model_config = ConfigDict(extra="forbid")

    line: int
    sql: str
    locks: list[str] = []  # "users ACCESS EXCLUSIVE"
    work: str = ""  # "rewrites the table, 2,100,000 rows": what it does while it has them
    takes: str = ""  # "4 to 15 s", estimated; empty where it is not known
    seen: bool = False  # its locks were seen on a copy, not derived


class PlannedPart(BaseModel):
    """Statements that stand or fall together."""

    model_config = ConfigDict(extra="forbid")

    how: str  # "one transaction with the ledger's row", "by itself, outside any transaction"
    statements: list[PlannedStatement]


class PlannedStep(BaseModel):
    """One migration; `note` says what keeps its parts from being told."""

    model_config = ConfigDict(extra="forbid")

    migration: str
    parts: list[PlannedPart] = []
    note: str = ""


def steps_of(app: App, plan: Plan) -> list[PlannedStep]:
    """The steps of a plan that runs scripts, from its stored bytes; else none.

    Raises:
        FaberDbError: its bytes are not there, or cannot be read.
    """
    if plan.kind not in (PlanKind.DEPLOY, PlanKind.ROLLBACK):
        return []
    files = [SourceFile(path=f.path, content=app.state.plan_file(f.sha256)) for f in plan.files]
    by_version = {m.version: m for m in app.database(plan.database).handler.parse(files)}
    planned = [by_version[m.version] for m in plan.migrations if m.version in by_version]
    return [_step(migration, plan) for migration in with_inverses(planned, plan.arguments)]


def _step(migration: Migration, plan: Plan) -> PlannedStep:
    back, dialect = plan.kind is PlanKind.ROLLBACK, Dialect(plan.target.product)
    if migration.code and not migration.recorded_path:
        return PlannedStep(migration=migration.name, note="a program, run by its own tool")
    script = parse((migration.down or "") if back else migration.up, dialect)
    wrap = migration.wrap_down if back else migration.wrap
    wrap = wrap and migration.provider != "mysql"  # Prisma opens no transaction there
    try:
        stretches = split(script, wrap=wrap)
    except MigrationFailed as error:
        return PlannedStep(migration=migration.name, note=error.message)
    reports = {r.line: r for r in plan.analysis.statements if r.migration in ("", migration.name)}
    note = "what is there already is passed over" if plan.arguments.get("resume") else ""
    return PlannedStep(
        migration=migration.name, parts=list(_parts(script, stretches, reports)), note=note
    )


def _parts(
    script: Script, stretches: Sequence[Stretch], reports: dict[int, StatementReport]
) -> Iterator[PlannedPart]:
    whole = len(stretches) == 1 and not stretches[0].alone
    for stretch in stretches:
        how = "one transaction with the ledger's row" if whole else _how(stretch)
        statements = [_statement(s, reports.get(s.line)) for s in stretch.statements]
        yield PlannedPart(how=how, statements=statements)


def _how(stretch: Stretch) -> str:
    if not stretch.alone:
        return "one transaction, its own" if stretch.begin else "one transaction"
    (statement,) = stretch.statements
    if statement.batch:
        return f"in batches of {statement.batch:,} rows, each a transaction with its checkpoint"
    if commits_itself(statement):
        return "by itself: it commits what is before it, and itself"
    return "by itself" if statement.transactional else "by itself: it refuses a transaction"


def _statement(statement: Statement, report: StatementReport | None) -> PlannedStatement:
    found = PlannedStatement(line=statement.line, sql=statement.text.strip())
    if report is None:
        return found
    found.locks = [f"{lock.table} {lock.mode}" for lock in report.locks]
    work = "rewrites the table" if report.rewrite else "reads the table" if report.scan else ""
    rows = f", {report.rows:,} rows" if work and report.rows is not None else ""
    found.work = "not understood" if not report.understood else f"{work}{rows}"
    found.takes, found.seen = report.takes, report.measured
    return found
