"""List the backups of an environment, prove one again, and remove what no rule keeps."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from faber_db.model.answer import Answer, Details, NextPerson
from faber_db.model.backup import Backup, BackupState
from faber_db.services import backup as backups
from faber_db.services import retention
from faber_db.services.app import App
from faber_db.services.elsewhere import owner_of
from faber_db.services.ports import Cancelled, Progress, never, silent


class Request(BaseModel):
    """Whose, and how much of each."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    environment: str = ""
    detail: Literal["summary", "full"] = "summary"
    cursor: str = ""  # id of the last backup that was seen
    limit: int = Field(default=20, ge=1, le=200)
    database: str = ""


class ListedBackup(BaseModel):
    """What a reader needs to choose one."""

    backup_id: str
    database: str
    environment: str
    state: BackupState
    level: int
    created_at: str
    age_hours: int
    size_bytes: int
    ledger_head: str = ""
    label: str = ""
    reason: str = ""
    error: str = ""


class ListBackupsDetails(Details):
    """Newest first; `records` hold all that is known of each where that was asked for."""

    backups: list[ListedBackup] = []
    records: list[Backup] = []
    left_out: int = 0
    cursor: str = ""


class BackupDetails(Details):
    """One backup."""

    backup: Backup


class OfBackup(BaseModel):
    """One, by id."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    backup_id: str = Field(max_length=80)


class VerifyRequest(OfBackup):
    """And how well to prove it."""

    level: int = Field(default=2, ge=1, le=3)


class PruneRequest(BaseModel):
    """Whose."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    environment: str
    dry_run: bool = False
    database: str = ""


class PruneDetails(Details):
    """What went and what stayed."""

    removed: list[str] = []
    in_use: list[str] = []
    kept: int = 0


def run(request: Request, app: App) -> Answer[ListBackupsDetails]:
    """The newest backups; connects to nothing.

    Raises:
        UnknownDatabase, UnknownEnvironment.
    """
    name = ""
    if request.environment:
        environment = app.database(request.database).environment(request.environment)
        name = environment.name
        if environment.away is not None:
            there = request.model_copy(update={"environment": name})
            return environment.away.ask("list-backups", there, ListBackupsDetails)
    found = app.state.backups(database=request.database, environment=name)
    ids = [b.id for b in found]
    first = ids.index(request.cursor) + 1 if request.cursor in ids else 0
    shown = found[first : first + request.limit]
    left_out = len(found) - first - len(shown)
    good = sum(b.state is BackupState.GOOD for b in found)
    return Answer[ListBackupsDetails](
        message=f"{good} good backups{f' of {name}' if name else ''}, {len(found) - good} others",
        details=ListBackupsDetails(
            backups=[_listed(b, app) for b in shown] if request.detail == "summary" else [],
            records=shown if request.detail == "full" else [],
            left_out=left_out,
            cursor=shown[-1].id if left_out else "",
        ),
    )


def show(backup_id: str, app: App) -> Answer[BackupDetails]:
    """All that is recorded of one backup.

    Raises:
        BackupMissing: none or several have that id.
    """
    if owner := owner_of(backup_id, app):
        away, whole = owner
        return away.ask("show-backup", OfBackup(backup_id=whole), BackupDetails)
    found = app.state.backup(backup_id)
    details = BackupDetails(backup=found)
    if found.state is BackupState.GOOD:
        details.next = NextPerson(person=f"faber-db backup verify {found.id} --level 3")
    return Answer[BackupDetails](
        message=f"{found.id} is {found.state}, level {found.level}", details=details
    )


def verify(
    backup_id: str,
    level: int,
    app: App,
    *,
    progress: Progress = silent,
    cancelled: Cancelled = never,
) -> Answer[BackupDetails]:
    """Prove a backup again, up to a level from 1 to 3.

    Raises:
        BackupMissing, BackupDamaged: it is marked so, and never counts again.
    """
    if owner := owner_of(backup_id, app):
        away, whole = owner
        return away.ask(
            "verify-backup",
            VerifyRequest(backup_id=whole, level=level),
            BackupDetails,
            progress=progress,
            cancelled=cancelled,
        )
    proved = backups.verify(
        app, app.state.backup(backup_id), level, progress=progress, cancelled=cancelled
    )
    return Answer[BackupDetails](
        message=f"{proved.id} is good: proved to level {level} now",
        details=BackupDetails(backup=proved),
    )


def prune(request: PruneRequest, app: App) -> Answer[PruneDetails]:
    """Remove what no rule keeps; the newest good one and those in use always stay.

    Raises:
        UnknownDatabase, UnknownEnvironment.
    """
    database = app.database(request.database)
    environment = database.environment(request.environment)
    if environment.away is not None:
        there = request.model_copy(update={"environment": environment.name})
        return environment.away.ask("prune-backups", there, PruneDetails)
    done = retention.prune(app, database, environment, dry_run=request.dry_run)
    word = "would go" if request.dry_run else "removed"
    return Answer[PruneDetails](
        message=f"{len(done.removed)} {word}, {done.kept} kept",
        details=PruneDetails(removed=list(done.removed), in_use=list(done.in_use), kept=done.kept),
    )


def _listed(backup: Backup, app: App) -> ListedBackup:
    age = app.now() - backups.made_at(backup)
    return ListedBackup(
        backup_id=backup.id,
        database=backup.database,
        environment=backup.environment,
        state=backup.state,
        level=backup.level,
        created_at=backup.created_at,
        age_hours=int(age.total_seconds() // 3600),
        size_bytes=backup.size_bytes,
        ledger_head=backup.ledger_head,
        label=backup.label,
        reason=backup.reason,
        error=backup.error,
    )
