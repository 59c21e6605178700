"""How long backups stay, and removing those that no rule keeps. The words are restic's."""

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from faber_db.model.backup import Backup, BackupState
from faber_db.model.finding import Frozen
from faber_db.model.plan import PlanKind, PlanState
from faber_db.services.app import App, Database, Environment
from faber_db.services.backup import made_at, recover, store_of

_OPEN = (PlanState.OPEN, PlanState.WAITING, PlanState.SIGNED, PlanState.CLAIMED, PlanState.USED)
_ENDED_BADLY = (BackupState.FAILED, BackupState.DAMAGED)


class Pruned(Frozen):
    """What was removed, and what stayed although no rule keeps it."""

    removed: tuple[str, ...] = ()
    in_use: tuple[str, ...] = ()  # being read, or named by a plan that may still run
    kept: int = 0


def unkept(backups: Sequence[Backup], keep_last: int, keep_within: timedelta) -> list[Backup]:
    """The backups that no rule keeps, oldest first. Pure.

    `keep_last` keeps that many newest good ones; `keep_within` keeps the good ones that are no
    older than that, seen from the newest good one. Failed and damaged ones never count and never
    push a good one out; they go once they are older than the newest good one by `keep_within`.
    The newest good one is kept whatever the rules say, and with no good one nothing goes.
    """
    newest_first = sorted(backups, key=made_at, reverse=True)
    good = [b for b in newest_first if b.state is BackupState.GOOD]
    if not good:
        return []
    since = made_at(good[0]) - keep_within
    kept = {b.id for b in good[: max(1, keep_last)]}
    kept |= {b.id for b in good if made_at(b) >= since}
    bad = [b for b in newest_first if b.state in _ENDED_BADLY and made_at(b) < since]
    return sorted([b for b in good if b.id not in kept] + bad, key=made_at)


def prune(app: App, database: Database, environment: Environment, *, dry_run: bool) -> Pruned:
    """Remove the backups of an environment that no rule of `backups` keeps."""
    recover(app)
    rules = app.settings.backups
    backups = app.state.backups(database=database.name, environment=environment.name)
    named = _named_by_plans(app, database, environment)
    removed: list[str] = []
    in_use: list[str] = []
    for backup in unkept(backups, rules.keep_last, rules.keep_within):
        if backup.id in named:
            in_use.append(backup.id)
        elif dry_run:
            removed.append(backup.id)
        elif store_of(app).remove(Path(backup.path)):
            app.state.forget_backup(backup.id)
            app.state.append_audit("backup.pruned", {"backup_id": backup.id})
            removed.append(backup.id)
        else:
            in_use.append(backup.id)
    kept = len(backups) - len(removed)
    return Pruned(removed=tuple(removed), in_use=tuple(in_use), kept=kept)


def _named_by_plans(app: App, database: Database, environment: Environment) -> set[str]:
    plans = app.state.plans(database=database.name, environment=environment.name)
    return {
        stored.plan.arguments.get("backup_id", "")
        for stored in plans
        if stored.plan.kind is PlanKind.RESTORE and stored.state in _OPEN
    }
