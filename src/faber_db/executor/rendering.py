"""What a person reads before signing: made from the stored plan alone, everything foreign escaped."""

from datetime import datetime, timedelta

from faber_db.executor.guard import TIER
from faber_db.model.canonical import digest_of
from faber_db.model.finding import Finding, Kind, Risk
from faber_db.model.migration import SourceFile
from faber_db.model.plan import Plan, PlanKind, PreflightAnswer, StoredPlan
from faber_db.services import backup as backups
from faber_db.services.app import App, Database, Environment
from faber_db.services.ports import Rendering
from faber_db.sql.visible import visible

_VERBS = {
    PlanKind.DEPLOY: "RELEASE to",
    PlanKind.ROLLBACK: "ROLL BACK",
    PlanKind.RESTORE: "RESTORE",
    PlanKind.POLICY: "POLICY of",
}


def render(app: App, stored: StoredPlan) -> Rendering:
    """The rendering of a plan; does not connect."""
    plan = stored.plan
    database = app.database(plan.database)
    environment = database.environment(plan.environment)
    facts = [
        ("Lost", _lost(plan)),
        ("Waits", _of_kind(plan, Kind.BLOCKING) or _brief_locks(plan)),
        ("Breaks", _of_kind(plan, Kind.APP_BREAK) or "nothing found"),
        ("Fails", _of_kind(plan, Kind.FAILS)),
        ("Rights", _of_kind(plan, Kind.SECURITY)),
        ("Unread", _of_kind(plan, Kind.OPAQUE)),
        ("Allowed", _allowed(plan)),
        ("Trial", "; ".join(plan.analysis.trial)),
        ("Checked", "; ".join(f"{a.question}: {a.answer}" for a in _checked(plan))),
        ("Policy", _policy(app, plan)),
        ("Backup", _backup(app, plan, database, environment)),
        ("Undo", _undo(plan)),
        ("Asked by", _asked_by(plan, app.now())),
        ("Tier", f"{TIER}: passphrase key; a program under the signer's account could be watching"),
    ]
    texts = _texts(app, plan)
    return Rendering(
        stored=stored,
        title=visible(
            f"{_VERBS.get(plan.kind, plan.kind.value)} {plan.environment}"
            f"  {plan.target.label} ({plan.engine})",
            keep_lines=False,
        ),
        facts=tuple((name, visible(value, keep_lines=False)) for name, value in facts if value),
        statements=tuple(visible(line, keep_lines=False) for line in _statements(plan)),
        sql="\n".join(
            f"-- {visible(path, keep_lines=False)}\n{visible(text)}" for path, text in texts
        ),
        loses=plan.analysis.loses if plan.risk.at_least(Risk.HIGH) else (),
    )


def _of_kind(plan: Plan, kind: Kind) -> str:
    found = [f for f in plan.analysis.findings if f.kind is kind and not f.allowed]
    return "; ".join(dict.fromkeys(_finding(f) for f in found))


def _lost(plan: Plan) -> str:
    """What is lost; the findings say how much of it there is now."""
    return _of_kind(plan, Kind.DATA_LOSS).removesuffix(".") or "nothing"


def _checked(plan: Plan) -> list[PreflightAnswer]:
    """The questions whose answers decide, each once."""
    return list({a.question: a for a in plan.preflight if a.decides}.values())


def _finding(finding: Finding) -> str:
    """The effect; the objects stand before it where it does not name them itself."""
    unnamed = [name for name in finding.objects if name.rpartition(".")[2] not in finding.effect]
    return f"{', '.join(unnamed)} - {finding.effect}" if unnamed else finding.effect


def _brief_locks(plan: Plan) -> str:
    reports = plan.analysis.statements
    tables = sorted({lock.table for s in reports for lock in s.locks})
    if not tables:
        return "no table that exists is locked"
    worked = sorted({lock.table for s in reports if s.rewrite or s.scan for lock in s.locks})
    brief = [table for table in tables if table not in worked]
    seconds = plan.settings.lock_timeout_ms / 1000
    parts = [f"{', '.join(worked)}: small enough to be rewritten or read at once"] if worked else []
    parts += [f"{', '.join(brief)}: brief lock, no scan"] if brief else []
    return f"{'; '.join(parts)}; gives up after {seconds:g} s and retries"


def _allowed(plan: Plan) -> str:
    return "; ".join(
        f"{f.code} at line {f.line}: {f.allowed}" for f in plan.analysis.findings if f.allowed
    )


def _policy(app: App, plan: Plan) -> str:
    if plan.kind is not PlanKind.POLICY:
        return ""
    from faber_db.executor.guard import policy_for

    database = app.database(plan.database)
    environment = database.environment(plan.environment)
    before = app.state.recall(f"policy:{plan.database}:{plan.environment}")
    after = policy_for(database, environment, True, ())
    if before is not None and digest_of(before) != plan.arguments.get("pinned"):
        before = None  # our memory of it is not what the target has pinned
    if before is not None:
        proposed = {**after, "approvers": before.get("approvers")}
        if digest_of(proposed) != plan.arguments.get("policy"):
            return "THE CONFIGURATION IS ANOTHER NOW than the one this plan pins; do not sign it"
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
        return "propose the earlier policy"
    if plan.kind is PlanKind.RESTORE:
        return f"faber-db restore {name} BACKUP, with the one that is made first"
    if plan.backup.required:
        return f"faber-db restore {name} BACKUP      loses what is written after the backup"
    return f"faber-db rollback {name}"


def _asked_by(plan: Plan, now: datetime) -> str:
    work = f", work item {plan.work_id}" if plan.work_id else ""
    who = plan.requester.client or "unknown client"
    return f"{who} (account {plan.requester.account}){work}, {_ago(plan.created_at, now)}"


def _statements(plan: Plan) -> list[str]:
    return [
        f"{f'{s.migration} ' if s.migration else ''}line {s.line}  {' '.join(s.text.split())}"
        for s in plan.analysis.statements
    ]


def _texts(app: App, plan: Plan) -> list[tuple[str, str]]:
    database = app.database(plan.database)
    files = [SourceFile(path=f.path, content=app.state.plan_file(f.sha256)) for f in plan.files]
    by_version = {m.version: m for m in database.handler.parse(files)} if files else {}
    down = plan.kind is PlanKind.ROLLBACK
    found = [by_version[m.version] for m in plan.migrations if m.version in by_version]
    return [
        ((m.down_path or m.path) if down else m.path, (m.down or "") if down else m.up)
        for m in found
    ]


def _ago(at: str, now: datetime) -> str:
    passed = now - datetime.fromisoformat(at)
    for unit, size in (("d", timedelta(days=1)), ("h", timedelta(hours=1))):
        if passed >= size:
            return f"{passed // size} {unit} ago"
    minutes = passed // timedelta(minutes=1)
    return f"{minutes} min ago" if minutes else "just now"
