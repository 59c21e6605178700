"""What a person reads before signing: made from the stored plan alone, everything foreign escaped."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from faber_db.executor import enrolment
from faber_db.model.canonical import digest_of
from faber_db.model.creation import PlannedCreation
from faber_db.model.dialect import Dialect
from faber_db.model.finding import Finding, Kind, Risk, StatementReport
from faber_db.model.migration import Migration, SourceFile, recorded_version
from faber_db.model.plan import Plan, PlanKind, PreflightAnswer, StoredPlan
from faber_db.model.recorded import origin_of
from faber_db.model.tier import highest, words
from faber_db.services import backup as backups
from faber_db.services import staged
from faber_db.services.app import App, Database, Environment
from faber_db.services.inverse import with_inverses
from faber_db.services.ports import Handler, Rendering
from faber_db.services.rejections import rejections_of
from faber_db.sql.visible import visible

_SMALL = 10_000  # rows, below which work does not make anybody wait
_VERBS = {
    PlanKind.DEPLOY: "RELEASE to",
    PlanKind.ROLLBACK: "ROLL BACK",
    PlanKind.RESTORE: "RESTORE",
    PlanKind.POLICY: "POLICY of",
    PlanKind.MARK: "MARK in",
    PlanKind.BASELINE: "BASELINE of",
    PlanKind.ACCEPT_EDIT: "ACCEPT AN EDIT in",
    PlanKind.DB_CREATE: "CREATE",
    PlanKind.ADOPT_CLONE: "ADOPT THE COPY",
}


def render(app: App, stored: StoredPlan) -> Rendering:
    """The rendering of a plan; does not connect."""
    plan = stored.plan
    database = app.database(plan.database)
    environment = database.environment(plan.environment)
    files = [SourceFile(path=f.path, content=app.state.plan_file(f.sha256)) for f in plan.files]
    facts = [
        ("Rejected", _rejected(app, plan)),
        *facts_of(plan),
        ("Recorded", _recorded(files)),
        ("Checked", _checked(plan, app.now())),
        ("Approvers", approvers_of(plan)),
        ("Policy", _policy(app, plan)),
        ("Backup", _backup(app, plan, database, environment)),
        ("Undo", _undo(plan)),
        ("Asked by", _asked_by(plan, app.now())),
        ("Tier", _tier(app, plan)),
    ]
    script = exact_script(plan, files, database.handler)
    return Rendering(
        stored=stored,
        title=title_of(plan),
        facts=tuple((name, visible(value, keep_lines=False)) for name, value in facts if value),
        statements=statements_of(plan),
        sql=visible(script),
        exact=visible(script) == script,
        loses=names_lost(plan),
    )


def title_of(plan: Plan) -> str:
    """What the plan does, and where."""
    resumed = plan.kind is PlanKind.DEPLOY and plan.arguments.get("resume")
    verb = "RESUME in" if resumed else _VERBS.get(plan.kind, plan.kind.value)
    where = f"{plan.environment}  {plan.target.label} ({plan.engine})"
    return visible(f"{verb} {where}", keep_lines=False)


def facts_of(plan: Plan) -> tuple[tuple[str, str], ...]:
    """What the plan alone says of its dangers; empty ones are not shown."""
    return (
        ("Lost", _lost(plan)),
        ("Waits", _waits(plan)),
        ("Breaks", _of_kind(plan, Kind.APP_BREAK) or "nothing found"),
        ("Fails", _of_kind(plan, Kind.FAILS)),
        ("Rights", _of_kind(plan, Kind.SECURITY)),
        ("Unread", _of_kind(plan, Kind.OPAQUE)),
        ("Allowed", _allowed(plan)),
        ("Writes", _writes(plan)),
        ("Trial", "; ".join(plan.analysis.trial)),
    )


def approvers_of(plan: Plan) -> str:
    """Which approvers a change of the policy adds or takes away, or who alone may sign this."""
    if (made := _made(plan)) is not None:
        return (
            f"named by the executor's own configuration: {'; '.join(a.words for a in made.signers)}"
        )
    return enrolment.told(plan.arguments) if plan.kind is PlanKind.POLICY else ""


def statements_of(plan: Plan) -> tuple[str, ...]:
    """Every statement of a plan in a line, from the plan alone."""
    return tuple(visible(line, keep_lines=False) for line in _statements(plan))


def exact_script(plan: Plan, files: Sequence[SourceFile], handler: Handler) -> str:
    """What a plan runs, as the server's own client can run it, from the bytes of its files.

    The ledger's statements are part of it. Nothing is escaped yet.
    """
    if plan.kind not in (PlanKind.DEPLOY, PlanKind.ROLLBACK):
        return ""
    by_version = {m.version: m for m in handler.parse(files)} if files else {}
    found = with_inverses(
        [by_version[m.version] for m in plan.migrations if m.version in by_version], plan.arguments
    )
    text = "\n".join([*_heading(plan), *(_by_hand(plan, handler, m) for m in found)])
    return text.replace("\r\n", "\n")


def names_lost(plan: Plan) -> tuple[str, ...]:
    """What is typed before signing."""
    return plan.analysis.loses if plan.risk.at_least(Risk.HIGH) else ()


def _rejected(app: App, plan: Plan) -> str:
    """What people said to the same before; the newest first."""
    return "; ".join(
        f"before{f', {_ago(no.at, app.now())}' if no.at else ''}"
        f"{f' by {no.by}' if no.by else ''}: {no.reason}"
        for no in rejections_of(app, plan)[:3]
    )


def _recorded(files: Sequence[SourceFile]) -> str:
    """Of which programs the scripts say that they are recordings; the programs do not run.

    They were recorded by whoever proposed the plan, so that only the script itself can be believed.
    """
    told = [
        f"{origin.path} (SHA-256 {origin.sha256}){'' if origin.shut_in else ', not shut in'}"
        for origin in (
            origin_of(f.content.decode(errors="replace")) for f in files if recorded_version(f.path)
        )
        if origin is not None
    ]
    said = "what runs is the SQL below; who proposed it says that it was recorded, twice alike, of"
    return f"{said} {'; '.join(told)}" if told else ""


def _of_kind(plan: Plan, kind: Kind) -> str:
    found = [
        f for f in plan.analysis.findings if f.kind is kind and not f.allowed and not _is_settled(f)
    ]
    return "; ".join(dict.fromkeys(_finding(f) for f in found))


def _is_settled(finding: Finding) -> bool:
    """Counting found no row in the way: that stands under what was checked."""
    return finding.kind is Kind.FAILS and finding.risk is Risk.LOW


def _lost(plan: Plan) -> str:
    """What is lost; the findings say how much of it there is now."""
    told = _of_kind(plan, Kind.DATA_LOSS).removesuffix(".")
    count = len(plan.analysis.loses)
    return f"{count} things. {told}" if told and count > 1 else told or "nothing"


def _checked(plan: Plan, now: datetime) -> str:
    """What was looked at before; of the questions to the data those that are not fine by name."""
    found = list({a.question: a for a in plan.preflight if a.decides}.values())
    asked = [a for a in found if a.codes]
    told = [_said(a) for a in found if not a.codes or not a.ok]
    if asked:
        fine = sum(1 for a in asked if a.ok)
        checks = f"{fine} of {len(asked)} data check{'' if len(asked) == 1 else 's'}"
        told.append(f"{checks} passed {_ago(asked[0].asked_at, now)}")
    return "; ".join(told)


def _said(answer: PreflightAnswer) -> str:
    whole = answer.question == staged.QUESTION  # names the environment itself
    return answer.answer if whole else f"{answer.question}: {answer.answer}"


def _finding(finding: Finding) -> str:
    """The effect; the objects stand before it where it does not name them itself."""
    unnamed = [name for name in finding.objects if name.rpartition(".")[2] not in finding.effect]
    return f"{', '.join(unnamed)} - {finding.effect}" if unnamed else finding.effect


def _waits(plan: Plan) -> str:
    """Who waits for what and how long; then what is locked for a moment only."""
    heavy = [
        f
        for f in plan.analysis.findings
        if f.kind is Kind.BLOCKING and not f.allowed and f.risk.at_least(Risk.MEDIUM)
    ]
    told = dict.fromkeys(f"{_finding(f).removesuffix('.')}{_how_long(f)}" for f in heavy)
    places = {(f.migration, f.line) for f in heavy}
    rest = [s for s in plan.analysis.statements if (s.migration, s.line) not in places]
    seconds = plan.settings.lock_timeout_ms / 1000
    brief = _brief_locks(rest)
    if not told and not brief:
        return "no table that exists is locked"
    return "; ".join([*told, *brief, f"gives up after {seconds:g} s and retries"])


def _how_long(finding: Finding) -> str:
    """` (until line 20; 2,100,000 rows, 4 to 15 s)`, as far as it is known."""
    until = f"until line {finding.until_line}" if finding.until_line else ""
    rows = (
        f"{finding.rows:,} row{'' if finding.rows == 1 else 's'}"
        if finding.rows is not None
        else ""
    )
    work = ", ".join(word for word in (rows, finding.takes) if word)
    words = "; ".join(word for word in (until, work) if word)
    return f" ({words})" if words else ""


def _brief_locks(reports: Sequence[StatementReport]) -> list[str]:
    working = [r for r in reports if r.rewrite or r.scan]
    small = {t for r in working if r.rows is not None and r.rows < _SMALL for t in _tables(r)}
    others = {t for r in working for t in _tables(r)} - small
    brief = {t for r in reports for t in _tables(r)} - small - others
    told = {
        "small enough to be rewritten or read at once": small,
        "worked through while others go on": others,
        "brief lock, no scan": brief,
    }
    return [f"{', '.join(sorted(tables))}: {words}" for words, tables in told.items() if tables]


def _tables(report: StatementReport) -> set[str]:
    return {lock.table for lock in report.locks}


def _allowed(plan: Plan) -> str:
    """The findings that a comment beside the statement takes off the verdict, with its reason."""
    return "; ".join(
        f"{f.code} at {f'{f.migration} ' if f.migration else ''}line {f.line}: {f.allowed}"
        for f in plan.analysis.findings
        if f.allowed
    )


def _made(plan: Plan) -> PlannedCreation | None:
    """The database that a plan makes."""
    return PlannedCreation.of(plan) if plan.kind is PlanKind.DB_CREATE else None


def _writes(plan: Plan) -> str:
    made = _made(plan)
    if made is None or not made.folder:
        return ""
    return f"the URLs of two new roles into {made.folder}, for the executor's account alone"


def _policy(app: App, plan: Plan) -> str:
    if plan.kind not in (PlanKind.POLICY, PlanKind.ADOPT_CLONE):
        return ""
    from faber_db.executor.guard import policy_for

    database = app.database(plan.database)
    environment = database.environment(plan.environment)
    before = app.state.recall(f"policy:{plan.database}:{plan.environment}")
    after = policy_for(database, environment, True, ())
    if before is not None and digest_of(before) != plan.arguments.get("pinned"):
        before = None  # our memory of it is not what the target has pinned
    approvers = before.get("approvers") if before is not None else None
    if enrolment.CHANGE in plan.arguments:
        left = enrolment.from_list(plan.arguments.get(enrolment.AFTER, ""))
        approvers = sorted(a.public_key_sha256 for a in left)
    if approvers is not None:
        proposed = {**after, "approvers": approvers}
        if digest_of(proposed) != plan.arguments.get("policy"):
            return "THE CONFIGURATION IS ANOTHER NOW than the one this plan pins; do not sign it"
    if enrolment.CHANGE in plan.arguments:
        return "stays as it is pinned; every open approval becomes void"
    if before is None:
        return "the one in force is known by its digest only; every key is pinned anew"
    changed = [
        f"{key}: {before.get(key)} -> {value}"
        for key, value in sorted(after.items())
        if key != "approvers" and before.get(key) != value
    ]
    return "; ".join(changed) or "unchanged; the state is anchored anew"


def _backup(app: App, plan: Plan, database: Database, environment: Environment) -> str:
    good = backups.newest_good(app, database, environment, level=1, max_age=None)
    last = f"last good one {_ago(good.created_at, app.now())}" if good else "no good one yet"
    if plan.kind is PlanKind.RESTORE:
        return "the present state is backed up first"
    if not plan.backup.required:
        return "none is made"
    if plan.backup.fresh:
        return f"a new one is made and verified (level {plan.backup.level}) first; {last}"
    hours = plan.backup.max_age_seconds / 3600
    return f"one of at most {hours:g} h must be there, else it is made first; {last}"


def _undo(plan: Plan) -> str:
    name = plan.environment
    if plan.kind is PlanKind.POLICY:
        return "propose it the other way round, and have it signed"
    if plan.kind is PlanKind.MARK:
        other = "rolled-back" if plan.arguments.get("state") == "applied" else "applied"
        return f"faber-db mark {other} {name} {plan.arguments.get('version', '')}"
    if plan.kind is PlanKind.BASELINE:
        return f"faber-db mark rolled-back {name} VERSION, for each of them"
    if plan.kind is PlanKind.ACCEPT_EDIT:
        version = plan.arguments.get("version", "")
        return f"restore the file, then faber-db accept-edit {name} {version}"
    if plan.kind is PlanKind.DB_CREATE:
        return "drop the database, and its roles, with the server's own client"
    if plan.kind is PlanKind.ADOPT_CLONE:
        return "none: the copy stays a target of its own; the original is not touched"
    if plan.kind is PlanKind.RESTORE:
        return f"faber-db restore {name} BACKUP, with the one that is made first"
    if plan.backup.required:
        return f"faber-db restore {name} BACKUP      loses what is written after the backup"
    return f"faber-db rollback {name}"


def _tier(app: App, plan: Plan) -> str:
    """Never more than this executor can be, whatever became of the stored row."""
    number = min(plan.tier, highest(app.serves))
    return f"{number}: {words(number)}" if plan.protected and number else ""


def _asked_by(plan: Plan, now: datetime) -> str:
    work = f", work item {plan.work_id}" if plan.work_id else ""
    who = plan.requester.client or "unknown client"
    return f"{who} (account {plan.requester.account}){work}, {_ago(plan.created_at, now)}"


def _statements(plan: Plan) -> list[str]:
    if plan.kind is PlanKind.ACCEPT_EDIT:
        return plan.arguments.get("difference", "").splitlines()
    if (made := _made(plan)) is not None:
        return [" ".join(statement.split()) for statement in made.statements]
    return [
        f"{f'{s.migration} ' if s.migration else ''}line {s.line}  {' '.join(s.text.split())}"
        for s in plan.analysis.statements
    ]


def _heading(plan: Plan) -> list[str]:
    target = visible(plan.target.label, keep_lines=False)
    lines = [f"-- {plan.id}: {plan.kind} {plan.environment}, {target} ({plan.engine})"]
    if version := plan.arguments.get("resume"):
        told = f"of {visible(version, keep_lines=False)} only what is not there yet runs"
        lines.append(f"-- {told}: leave out what is")
    if plan.engine != "postgresql":
        client = "sqlite3 -bail" if plan.engine == "sqlite" else plan.target.product
        return [*lines, f"-- {client} DATABASE < FILE"]
    bound = plan.target.bound
    path = bound.get("search_path") or "''"
    return [
        *lines,
        f"-- psql -X -v ON_ERROR_STOP=1 -f FILE   as {visible(bound.get('role', ''))}",
        f"SET search_path = {path};",
        f"SET lock_timeout = {plan.settings.lock_timeout_ms};",
        f"SET statement_timeout = {plan.settings.statement_timeout_ms};",
    ]


def _by_hand(plan: Plan, handler: Handler, migration: Migration) -> str:
    from faber_db.sql.script import parse

    back, dialect = plan.kind is PlanKind.ROLLBACK, Dialect(plan.target.product)
    path = (migration.down_path or migration.path) if back else migration.path
    script = parse((migration.down or "") if back else migration.up, dialect)
    text = handler.by_hand(dialect, migration, script, back=back)
    return f"-- {visible(path, keep_lines=False)}\n{text}"


def _ago(at: str, now: datetime) -> str:
    passed = now - datetime.fromisoformat(at)
    for unit, size in (("d", timedelta(days=1)), ("h", timedelta(hours=1))):
        if passed >= size:
            return f"{passed // size} {unit} ago"
    minutes = passed // timedelta(minutes=1)
    return f"{minutes} min ago" if minutes else "just now"
