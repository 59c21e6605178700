"""Go back to a backup: restore beside, prove the copy, then put it in the live one's place."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict

from faber_db.config.policy import decides
from faber_db.errors import (
    ApprovalRejected,
    ApprovalRequired,
    ApprovalStale,
    BackupFailed,
    BackupMissing,
    ConnectionFailed,
    Exit,
    FaberDbError,
    InputError,
    NotSupported,
    PolicyRefused,
    RestoreFailed,
    RestoreUnproved,
    TargetChanged,
)
from faber_db.errors import Cancelled as CancelledError
from faber_db.model.answer import Answer, Details, NextPerson, NextTool, Problem, State, refused
from faber_db.model.backup import Backup, BackupState
from faber_db.model.finding import Frozen
from faber_db.model.plan import PlanKind, PlanState, Requester, StoredPlan
from faber_db.model.target import TargetIdentity
from faber_db.services import backup as backups
from faber_db.services.app import App, Database, Environment
from faber_db.services.contents import contents
from faber_db.services.elsewhere import is_planned_only
from faber_db.services.ports import (
    Away,
    Cancelled,
    Copy,
    Progress,
    Proposal,
    Session,
    never,
    silent,
)
from faber_db.services.watched import WATCH_SECONDS, unfinished


class Request(BaseModel):
    """Where to, and how far back: a backup, or the newest one taken at a migration."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    environment: str
    backup_id: str = ""
    to_migration: str = ""
    tables: tuple[str, ...] = ()
    dry_run: bool = False
    plan_id: str = ""
    database: str = ""
    requester: Requester = Requester()


class RestoreDetails(Details):
    """What a restore loses, and what became of it."""

    environment: str
    backup_id: str = ""
    plan_id: str = ""
    job_id: str = ""
    loses: list[str] = []
    undo: str = ""
    safety_backup_id: str = ""
    ledger_head: str = ""
    tell_person: str = ""


class RestorePlan(Frozen):
    """What a restore would do."""

    backup_id: str
    loses: tuple[str, ...]
    undo: str


def plan(app: App, database: Database, environment: Environment, backup: Backup) -> RestorePlan:
    """What is lost when this backup replaces the live database. Counts every row; changes nothing."""
    loses = [f"every change since {backup.created_at}"]
    try:
        with database.engine.connect(
            environment.resolve_url(), limits=environment.limits, read_only=True
        ) as session:
            live = contents(session, database.handler)
    except ConnectionFailed as error:
        loses.append(f"what that is could not be counted: {error.message}")
    else:
        for table, rows in sorted(live.row_counts.items()):
            before = backup.row_counts.get(table)
            if before is None:
                known = any(table in note for note in backup.notes)
                words = "was not counted in the backup" if known else "is not in the backup"
                loses.append(f"table {table} ({rows:,} rows) {words}")
            elif rows != before:
                loses.append(f"{table}: {rows:,} rows now, {before:,} in the backup")
        if live.ledger_head != backup.ledger_head:
            loses.append(
                f"migrations after {backup.ledger_head or 'none'}, up to {live.ledger_head or 'none'}"
            )
    undo = "A backup of the present state is made first; restoring that one undoes this."
    return RestorePlan(backup_id=backup.id, loses=tuple(loses), undo=undo)


def chosen(
    app: App, database: Database, environment: Environment, *, backup_id: str, to_migration: str
) -> Backup:
    """The backup that a caller means.

    Raises:
        InputError: neither or both are named.
        BackupMissing: there is none, it is not good, or it is of another environment.
    """
    if bool(backup_id) == bool(to_migration):
        raise InputError(
            "name a backup or a migration to go back to",
            hint=f"`faber-db backup list {environment.name}` shows what there is.",
        )
    if to_migration:
        for found in app.state.backups(database=database.name, environment=environment.name):
            if found.state is BackupState.GOOD and found.ledger_head == to_migration:
                return found
        raise BackupMissing(
            f"no good backup of {environment.name} was taken at migration {to_migration}",
            hint=f"`faber-db backup list {environment.name}` shows the ledger head of each.",
        )
    found = app.state.backup(backup_id)
    if (found.database, found.environment) != (database.name, environment.name):
        raise BackupMissing(
            f"{found.id} is a backup of {found.database}/{found.environment},"
            f" not of {database.name}/{environment.name}"
        )
    if found.state is not BackupState.GOOD:
        raise BackupMissing(f"{found.id} is {found.state}, not good", hint=found.error)
    return found


def carry_out(
    app: App,
    database: Database,
    environment: Environment,
    backup: Backup,
    *,
    target: TargetIdentity | None = None,
    progress: Progress = silent,
    cancelled: Cancelled = never,
) -> Mapping[str, Any]:
    """Replace the live database by a backup that we made and sealed.

    With `target`, only the database of that identity is replaced; it is looked at in the session
    that holds the lock, and again just before the swap.

    Until the last step the live database is only read: a failure before that drops the copy. The
    marker and the used approvals of the live target go into the copy, so that a restore brings no
    approval back to life.

    Raises:
        BackupDamaged, BackupMissing: of the stored file; it is marked so.
        BackupFailed: the present state could not be saved first.
        TargetChanged: the environment points to another database by now.
        RestoreFailed, RestoreUnproved: the copy could not be built, proved or put in place.
        LockBusy: somebody deploys.
    """
    engine, url = database.engine, environment.resolve_url()
    backup = backups.verify(app, backup, 2, progress=progress, cancelled=cancelled)
    with (
        engine.connect(url, limits=environment.limits) as holder,
        holder.deploy_lock(wait=environment.settings.lock_timeout),
    ):
        expected = target or holder.identity()
        _require_target(holder, expected)
        safety = _saved_first(app, database, environment, backup, progress, cancelled)
        if safety.target != expected.server_digest:
            raise TargetChanged(
                f"{safety.id} was made from another database than the one to restore"
            )
        copy = _proven_copy(app, database, url, backup, progress, cancelled)
        try:
            _carry_over(database, environment, url, copy, expected)
            _stop_if(cancelled)
        except BaseException:
            engine.drop_copy(copy)
            raise
    progress("putting the proven copy in place")
    try:
        undo = engine.swap(url, copy)
    except FaberDbError:
        engine.drop_copy(copy)
        raise
    app.state.append_audit(
        "restore.swapped", {"backup_id": backup.id, "safety_backup_id": safety.id}
    )
    return {
        "backup_id": backup.id,
        "safety_backup_id": safety.id,
        "ledger_head": backup.ledger_head,
        "undo": f"faber-db restore {environment.name} {safety.id}. {undo}".strip(),
    }


def run(
    request: Request, app: App, *, progress: Progress = silent, cancelled: Cancelled = never
) -> Answer[RestoreDetails]:
    """Plan a restore, let the right one decide, and carry it out.

    Raises:
        NotSupported: single tables.
        InputError, BackupMissing: which backup is not clear.
        FaberDbError: whatever keeps a plan from being made.
    """
    if request.tables:
        raise NotSupported(
            "single tables cannot be restored yet",
            hint="Verify the backup with level 3, or restore all of it into another environment.",
        )
    database = app.database(request.database)
    environment = database.environment(request.environment)
    if environment.away is not None:
        return _elsewhere(request, app, environment, environment.away, progress, cancelled)
    stored, backup = _planned(request, app, database, environment)
    what = plan(app, database, environment, backup)
    details = RestoreDetails(
        environment=environment.name,
        backup_id=backup.id,
        plan_id=stored.plan.id,
        loses=list(what.loses),
        undo=what.undo,
    )
    return _decided(request, app, environment, stored, details, progress, cancelled)


def _elsewhere(
    request: Request,
    app: App,
    environment: Environment,
    away: Away,
    progress: Progress,
    cancelled: Cancelled,
) -> Answer[RestoreDetails]:
    changes: dict[str, Any] = {"environment": environment.name}
    if is_planned_only(app, environment):
        changes["dry_run"] = True
    return away.ask(
        "restore",
        request.model_copy(update=changes),
        RestoreDetails,
        progress=progress,
        cancelled=cancelled,
    )


def _planned(
    request: Request, app: App, database: Database, environment: Environment
) -> tuple[StoredPlan, Backup]:
    if request.plan_id:
        stored = app.state.plan(request.plan_id)
        place = (stored.plan.database, stored.plan.environment, stored.plan.kind)
        if place != (database.name, environment.name, PlanKind.RESTORE):
            raise ApprovalStale(f"{stored.plan.id} is no plan to restore {environment.name}")
        return stored, app.state.backup(stored.plan.arguments["backup_id"])
    backup = chosen(
        app,
        database,
        environment,
        backup_id=request.backup_id,
        to_migration=request.to_migration,
    )
    proposal = Proposal(
        kind=PlanKind.RESTORE,
        database=database.name,
        environment=environment.name,
        requester=request.requester,
        arguments={"backup_id": backup.id},
    )
    return app.executor.propose(proposal), backup


def _decided(
    request: Request,
    app: App,
    environment: Environment,
    stored: StoredPlan,
    details: RestoreDetails,
    progress: Progress,
    cancelled: Cancelled,
) -> Answer[RestoreDetails]:
    plan_id = stored.plan.id
    who = decides(
        environment.settings,
        protected=stored.plan.protected,
        autonomy=app.settings.autonomy,
        is_dev=environment.name == app.settings.phases.get("build", "dev"),
    )
    again = {"environment": environment.name, "backup_id": details.backup_id, "plan_id": plan_id}
    if request.database:
        again["database"] = request.database
    next_call = NextTool(tool="restore-backup", arguments=again)
    if who == "refused":
        return refused(
            PolicyRefused(f"autonomy {app.settings.autonomy} restores nothing here"), details
        )
    if request.dry_run or who == "plans-only":
        details.state, details.next = State.PLANNED, next_call
        return Answer[RestoreDetails](
            message=f"{plan_id} would restore {environment.name} from {details.backup_id}",
            details=details,
        )
    if who == "confirm" and not request.plan_id and stored.state is PlanState.OPEN:
        details.state, details.next = State.CONFIRM_REQUIRED, next_call
        return Answer[RestoreDetails](
            status="warning",
            message=f"{plan_id} is ready and loses data; call again with its plan_id",
            details=details,
            exit_code=Exit.WAITING,
        )
    return _started(app, stored, details, progress, cancelled)


def _started(
    app: App,
    stored: StoredPlan,
    details: RestoreDetails,
    progress: Progress,
    cancelled: Cancelled,
) -> Answer[RestoreDetails]:
    plan_id = stored.plan.id
    try:
        job = app.executor.start(plan_id, progress=progress, cancelled=cancelled)
    except ApprovalRequired as waiting:
        command = f"faber-db approve {plan_id}"
        details.state, details.next = State.APPROVAL_REQUIRED, NextPerson(person=command)
        details.tell_person = f"Run `{command}` in your own terminal; it shows what is lost."
        return Answer[RestoreDetails](
            status="warning",
            message=f"{plan_id} waits for a person. Nothing has run. You cannot approve it.",
            details=details,
            warnings=[Problem.of(waiting)],
            exit_code=Exit.WAITING,
        )
    except ApprovalRejected as rejected:
        return refused(rejected, details)
    job = app.executor.watch(job.id, seconds=WATCH_SECONDS, progress=progress, cancelled=cancelled)
    details.job_id = job.id
    answer = unfinished(job, details)
    if answer is not None:
        return answer
    details.undo = str(job.result.get("undo", details.undo))
    details.safety_backup_id = str(job.result.get("safety_backup_id", ""))
    details.ledger_head = str(job.result.get("ledger_head", ""))
    return Answer[RestoreDetails](
        message=f"{details.environment} is as {details.backup_id} recorded it; undo: {details.undo}",
        details=details,
    )


def _saved_first(
    app: App,
    database: Database,
    environment: Environment,
    backup: Backup,
    progress: Progress,
    cancelled: Cancelled,
) -> Backup:
    try:
        return backups.create(
            app,
            database,
            environment,
            label=f"before restoring {backup.id}",
            reason="restore",
            progress=progress,
            cancelled=cancelled,
        )
    except BackupFailed as error:
        raise BackupFailed(
            f"the present state could not be saved first, so nothing was restored: {error.message}",
            hint=f"If the database is beyond saving, restore by hand from {backup.path}.",
        ) from error


def _proven_copy(
    app: App,
    database: Database,
    url: str,
    backup: Backup,
    progress: Progress,
    cancelled: Cancelled,
) -> Copy:
    """A copy beside the live database that is as the backup recorded it; else it is dropped."""
    with backups.sealed(app, backup, progress) as plain:
        copy = database.engine.restore_beside(url, plain, progress=progress, cancelled=cancelled)
    try:
        progress("comparing the copy with what the backup recorded")
        problems = backups.mismatches(backup, database, copy)
        if problems:
            raise RestoreUnproved(
                f"the copy is not what {backup.id} recorded: {'; '.join(problems[:3])}",
                hint="The live database was not touched. Use another backup.",
            )
    except BaseException:
        database.engine.drop_copy(copy)
        raise
    return copy


def _require_target(session: Session, expected: TargetIdentity) -> None:
    if session.identity().server_digest != expected.server_digest:
        raise TargetChanged(
            "this is not the database that the restore was planned for",
            hint="Check what the environment points to; nothing was replaced.",
        )


def _carry_over(
    database: Database, environment: Environment, url: str, copy: Copy, expected: TargetIdentity
) -> None:
    """Put what the live target remembers of us into the copy."""
    engine, limits = database.engine, environment.limits
    with engine.connect(url, limits=limits, read_only=True) as live:
        _require_target(live, expected)
        marker, used = live.read_marker(), live.used_nonces()
    with engine.connect(copy.url, limits=limits) as session:
        if marker is not None:
            session.write_marker(marker)
        there = {nonce for nonce, _, _ in session.used_nonces()}
        for nonce, plan_digest, used_at in used:
            if nonce not in there and not session.use_nonce(nonce, plan_digest, used_at):
                raise RestoreFailed("a used approval could not be carried into the copy")


def _stop_if(cancelled: Cancelled) -> None:
    if cancelled():
        raise CancelledError("the restore was cancelled; the live database was not touched")
