"""Carry out a plan: exactly the stored bytes, on exactly the approved target."""

import secrets
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, ExitStack, nullcontext, suppress
from datetime import datetime, timedelta
from functools import cached_property
from time import monotonic
from typing import Any

from faber_db.errors import (
    ApprovalError,
    ApprovalStale,
    BackupRequired,
    Cancelled,
    ConnectionLost,
    FaberDbError,
    LockTimeout,
    MarkerUnreadable,
    MigrationFailed,
    NothingPending,
    PolicyRefused,
    ReplicaBehind,
    ResumeUnsafe,
    TargetChanged,
    ToolFailed,
    ToolMissing,
)
from faber_db.executor import (
    adopting,
    aftermath,
    approving,
    clocks,
    comparing,
    creating,
    editing,
    enrolment,
    guard,
    planning,
    programs,
    quiet,
    resuming,
    tiers,
)
from faber_db.executor.carried_out import applied_of, history_of
from faber_db.executor.planning import Ground
from faber_db.model.approval import Approval, refusal
from faber_db.model.backup import Backup
from faber_db.model.canonical import digest_of
from faber_db.model.finding import Analysis
from faber_db.model.migration import AppliedMigration, Migration, StatementRun
from faber_db.model.plan import Plan, PlanKind, PlanState, StoredPlan
from faber_db.model.sha256 import sha256_of
from faber_db.model.target import Marker
from faber_db.services import backup as backups
from faber_db.services import preflight, staged
from faber_db.services.app import App, Database, Environment
from faber_db.services.inverse import with_inverses
from faber_db.services.ports import Cancelled as IsCancelled
from faber_db.services.ports import Limits, Noted, Progress, Session, Verifiers

_LOCK_WAIT = timedelta(seconds=10)
_STOPS = (
    MigrationFailed,
    LockTimeout,
    ResumeUnsafe,
    ReplicaBehind,
    ToolMissing,
    ToolFailed,
    Cancelled,
)
"""What ends a deployment between its first statement and its last."""


class Carrier:
    """Carries out one claimed plan. Made for one run, in the process that runs it."""

    def __init__(
        self,
        app: App,
        stored: StoredPlan,
        verifiers: Verifiers,
        *,
        environ: Mapping[str, str],
        claimed_at: str,
        progress: Progress,
        cancelled: IsCancelled,
    ) -> None:
        self._app = app
        self._plan = stored.plan
        self._environ = environ  # of the caller, for the user's own tool
        self._claimed_at = claimed_at
        self._began_at, self._began = app.now(), monotonic()
        self._verifiers = verifiers
        self._progress = progress
        self._cancelled = cancelled
        self._ran = False  # a migration was applied
        self._under_way: Migration | None = None
        self._done: list[str] = []  # versions
        self._marker: Marker | None = None  # of the target, as it was when the approval was used
        self._database: Database = app.database(stored.plan.database)
        self._environment: Environment = self._database.environment(stored.plan.environment)

    def run(self) -> dict[str, Any]:
        """Do it, from the backup to the anchor; the result for the plan and the job.

        Raises:
            FaberDbError: what stopped it. The plan's state and the audit trail tell how far it got.
        """
        self._require_signed()
        self._require_fresh_plan()
        match self._plan.kind:
            case PlanKind.DEPLOY:
                return self._watched(self._apply)
            case PlanKind.ROLLBACK:
                return self._watched(self._roll_back)
            case PlanKind.POLICY:
                return self._pin_policy()
            case PlanKind.ADOPT_CLONE:
                return self._adopt_clone()
            case PlanKind.RESTORE:
                return self._restore()
            case PlanKind.MARK:
                return self._mark()
            case PlanKind.BASELINE:
                return self._baseline()
            case PlanKind.ACCEPT_EDIT:
                return self._accept_edit()
            case PlanKind.DB_CREATE:
                return self._create_database()
            case _:
                raise PolicyRefused(f"plans of kind {self._plan.kind} cannot be carried out")

    # --- deploy and roll back ------------------------------------------------------------------

    def _watched(self, step: "Callable[[Ground, Migration], AppliedMigration]") -> dict[str, Any]:
        """The change; where the connection is lost on the way, what became of it is looked up."""
        try:
            return self._change(step)
        except ConnectionLost as error:
            if self._under_way is None:
                raise
            raise self._looked_again(self._under_way, error) from error

    def _looked_again(self, migration: Migration, error: ConnectionLost) -> ConnectionLost:
        back, name = self._plan.kind is PlanKind.ROLLBACK, self._environment.name
        error.message = f"{migration.name}: {error.message}"
        try:
            applied = aftermath.is_applied(
                self._session, self._database.handler, migration, wait=_LOCK_WAIT
            )
        except FaberDbError as why:
            self._failed(migration, error, looked=why.code)
            return aftermath.not_told(error, why, name)
        if applied is not None and applied is not back:
            self._done.append(migration.version)
        self._failed(
            migration, error, looked={None: "begun", True: "applied"}.get(applied, "not applied")
        )
        return aftermath.told(error, applied, back=back, environment=name)

    def _change(self, step: "Callable[[Ground, Migration], AppliedMigration]") -> dict[str, Any]:
        backup = self._ensure_backup()
        self._stop_if_cancelled()
        self._progress("waiting for the deployment lock")
        with self._session() as session, ExitStack() as locks:
            migrations = self._migrations
            runs_programs = programs.any_program(migrations, here=self._programs_run)
            if not runs_programs:
                locks.enter_context(self._database.handler.lock(session, wait=_LOCK_WAIT))
            locks.enter_context(session.deploy_lock(wait=_LOCK_WAIT))
            ground = self._ground(session)
            if runs_programs:
                programs.require_obedient(ground, environ=self._environ, cancelled=self._cancelled)
            self._wait_for_quiet(session)
            self._recheck(ground, migrations)
            if resuming.is_resumed(self._plan.arguments):
                resuming.require_as_planned(ground, self._plan, migrations)
            self._stop_if_cancelled()
            seen = staged.seen(session, self._plan.touched)
            self._use_approvals(ground)
            try:
                applied = self._each(ground, migrations, step)
            except _STOPS as error:
                self._keep_marker(session)
                self._give_back(session, error)
                with suppress(FaberDbError):  # the first error is the one that is told
                    self._anchor(session, ended="stopped")
                raise
            self._anchor(session)
        return {
            "applied": [a.version for a in applied],
            "measured": [_measured(a) for a in applied],
            "seen": seen,
            "ledger_head": applied[-1].version
            if self._plan.kind is PlanKind.DEPLOY
            else self._plan.arguments.get("to", ""),
            "backup_id": backup.id if backup else "",
        }

    def _each(
        self,
        ground: Ground,
        migrations: tuple[Migration, ...],
        step: "Callable[[Ground, Migration], AppliedMigration]",
    ) -> list[AppliedMigration]:
        applied: list[AppliedMigration] = []
        told: tuple[Noted, ...] = ()  # the outcome before, written with the next intent
        for number, migration in enumerate(migrations, start=1):
            self._progress(f"{migration.name} ({number} of {len(migrations)})")
            about = {"version": migration.version, "sha256": migration.sha256}
            self._app.state.append_audit("migration.intent", self._about(about), after=told)
            self._under_way = migration
            try:
                if number > 1:
                    self._wait_for_replicas(ground.session)
                applied.append(step(ground, migration))
                self._ran, self._under_way = True, None
                self._done.append(migration.version)
            except _STOPS as error:
                self._failed(migration, error)
                error.message = f"{migration.name}: {error.message}"
                raise
            took = {"version": migration.version, "duration_ms": applied[-1].duration_ms}
            told = (("migration.done", self._about(took)),)
            if number == len(migrations):
                self._audit("migration.done", **took)
        return applied

    def _apply(self, ground: Ground, migration: Migration) -> AppliedMigration:
        if programs.is_program(migration, here=self._programs_run):
            return programs.apply(
                ground,
                migration,
                environ=self._environ,
                progress=self._progress,
                cancelled=self._cancelled,
            )
        from faber_db.sql.script import parse

        script = parse(migration.up, ground.session.dialect)
        if resuming.is_resumed(self._plan.arguments):
            return resuming.go_on(ground, migration, script, self._observe)
        handler, session = self._database.handler, ground.session
        among_programs = programs.any_program(self._migrations, here=self._programs_run)
        with handler.lock(session, wait=_LOCK_WAIT) if among_programs else nullcontext():
            return handler.apply_one(
                session, migration, script, now=self._app.now(), observe=self._observe
            )

    @property
    def _programs_run(self) -> bool:
        deploys = self._plan.kind is PlanKind.DEPLOY
        return deploys and programs.run_here(self._app, protected=self._plan.protected)

    def _roll_back(self, ground: Ground, migration: Migration) -> AppliedMigration:
        from faber_db.sql.script import parse

        return self._database.handler.roll_back(
            ground.session,
            migration,
            parse(migration.down or "", ground.session.dialect),
            now=self._app.now(),
        )

    def _observe(self, run: StatementRun) -> None:
        rows = f", {run.rows:,} rows" if run.rows > 0 else ""
        self._progress(f"line {run.line} took {run.duration_ms} ms{rows}")

    def _failed(self, migration: Migration, error: FaberDbError, **more: object) -> None:
        self._app.state.move_plan(
            self._plan.id,
            expect=(PlanState.USED,),
            to=PlanState.USED,
            result={"applied": self._done},
        )
        self._audit(
            "migration.failed",
            version=migration.version,
            code=error.code,
            rolled_back=str(getattr(error, "rolled_back", False)),
            applied_before=len([v for v in self._done if v != migration.version]),
            **more,
        )

    def _give_back(self, session: Session, error: FaberDbError) -> None:
        """Where every statement was rolled back, the signature may be used again while it lasts."""
        nothing = isinstance(error, LockTimeout | ResumeUnsafe | ToolMissing)
        if self._ran or not getattr(error, "rolled_back", nothing):
            return
        if self._plan.protected:
            for approval in self._approvals():
                session.free_nonce(approval.payload.nonce)
        self._app.state.move_plan(
            self._plan.id,
            expect=(PlanState.USED,),
            to=PlanState.SIGNED if self._plan.protected else PlanState.OPEN,
            reason=error.message,
        )
        self._audit("approval.given_back", code=error.code)

    # --- the other kinds -----------------------------------------------------------------------

    def _mark(self) -> dict[str, Any]:
        version, state = self._plan.arguments["version"], self._plan.arguments["state"]
        with self._session() as session, ExitStack() as locks:
            locks.enter_context(self._database.handler.lock(session, wait=_LOCK_WAIT))
            locks.enter_context(session.deploy_lock(wait=_LOCK_WAIT))
            ground = self._ground(session)
            self._require_same(ground)
            (migration,) = self._migrations
            self._use_approvals(ground)
            self._database.handler.mark(session, migration, state, now=self._app.now())
            self._anchor(session)
        return {"applied": [], "marked": version, "state": state}

    def _baseline(self) -> dict[str, Any]:
        with self._session() as session, ExitStack() as locks:
            locks.enter_context(self._database.handler.lock(session, wait=_LOCK_WAIT))
            locks.enter_context(session.deploy_lock(wait=_LOCK_WAIT))
            ground = self._ground(session)
            self._require_same(ground)
            adopting.require_as_planned(ground, self._plan)
            self._use_approvals(ground)
            for migration in self._migrations:  # cut off, what is marked is true; the rest follows
                self._database.handler.mark(session, migration, "applied", now=self._app.now())
            self._anchor(session)
        return {
            "applied": [],
            "baselined": [m.version for m in self._migrations],
            "up_to": self._plan.arguments["up_to"],
        }

    def _accept_edit(self) -> dict[str, Any]:
        with self._session() as session, ExitStack() as locks:
            locks.enter_context(self._database.handler.lock(session, wait=_LOCK_WAIT))
            locks.enter_context(session.deploy_lock(wait=_LOCK_WAIT))
            ground = self._ground(session)
            self._require_same(ground)
            editing.require_as_planned(ground, self._plan)
            (migration,) = self._migrations
            self._use_approvals(ground)
            self._database.handler.mark(session, migration, "applied", now=self._app.now())
            editing.require_recorded(ground, migration)
            self._anchor(session)
        return {"applied": [], "accepted": migration.version}

    def _create_database(self) -> dict[str, Any]:
        """Nothing is pinned or anchored: what is made has no marker before somebody protects it."""
        with self._session() as session, session.deploy_lock(wait=_LOCK_WAIT):
            ground = self._ground(session)
            self._require_target(ground)
            guard.require_window(self._environment, self._app.now())
            creation = creating.require_as_planned(ground, self._plan)
            self._stop_if_cancelled()
            self._use_approvals(ground)
            result = creating.carry_out(ground, creation, self._plan)
        self._audit(f"{self._plan.kind}.done", digest=self._plan.digest)
        return result

    def _pin_policy(self) -> dict[str, Any]:
        """Pin approvers and policy in one write, under a new target id.

        The new id voids every approval that was given before, also one in a copy of the state that
        this account does not hold.
        """
        with self._session() as session, session.deploy_lock(wait=_LOCK_WAIT):
            ground = self._ground(session)
            self._require_target(ground)
            marker = guard.require_marker(ground.target, self._environment)
            if marker.policy_digest != self._plan.arguments.get("pinned"):
                raise self._stale_policy("another policy was pinned after this one was proposed")
            approvers = enrolment.planned(marker, self._plan.arguments)
            policy = guard.policy_for(self._database, self._environment, True, approvers)
            if (ground.target.policy_digest, digest_of(policy)) != (
                self._plan.policy_digest,
                self._plan.arguments.get("policy"),
            ):
                raise self._stale_policy("the configuration changed after this was proposed")
            self._require_no_mixture(ground)
            enough = self._environment.settings.min_approvals
            enrolment.require_enough_left(
                marker,
                approvers,
                enough,
                same_policy=marker.policy_digest == ground.target.policy_digest,
            )
            self._use_approvals(ground)
            self._void_open_plans()
            seq, head = self._audit(
                "policy.pinned",
                policy=digest_of(policy),
                approvers=[f"{a.approver} {a.signer} {a.key_id}" for a in approvers],
            )
            session.write_marker(
                marker.model_copy(
                    update={
                        "target_id": secrets.token_hex(16),
                        "approvers": approvers,
                        "policy_digest": digest_of(policy),
                        "min_approvals": enough,
                        "minimum_tier": self._environment.settings.minimum_tier,
                        "audit_seq": seq,
                        "audit_head": head,
                    }
                )
            )
            self._app.state.remember(
                f"policy:{self._plan.database}:{self._plan.environment}", policy
            )
        return {"policy_digest": self._plan.arguments["policy"]}

    def _adopt_clone(self) -> dict[str, Any]:
        """Make the copy a target of its own: new id, this server, the policy that was signed.

        The new id follows from the plan, so that it is signed too; used approvals stay used.
        """
        with self._session() as session, session.deploy_lock(wait=_LOCK_WAIT):
            ground = self._ground(session)
            self._require_target(ground)
            marker = guard.require_marker_for(self._plan.kind, ground.target, self._environment)
            arguments = self._plan.arguments
            now = (marker.target_id, marker.policy_digest, ground.target.policy_digest)
            if now != tuple(arguments.get(key) for key in ("copy_of", "pinned", "policy")):
                raise ApprovalStale(
                    "the copy's marker or the configuration changed after this plan was made",
                    hint=f"Run `faber-db protect {self._plan.environment} --adopt-clone` again.",
                )
            self._use_approvals(ground)
            self._void_open_plans()
            target_id = sha256_of(f"faber-db-clone\n{self._plan.digest}".encode())[:32]
            seq, head = self._audit(
                "clone.adopted", copy_of=marker.target_id, target_id=target_id, policy=now[2]
            )
            session.write_marker(
                marker.model_copy(
                    update={
                        "target_id": target_id,
                        "database": self._database.name,
                        "environment": self._environment.name,
                        "server_digest": ground.target.identity.server_digest,
                        "policy_digest": ground.target.policy_digest,
                        "min_approvals": self._environment.settings.min_approvals,
                        "minimum_tier": self._environment.settings.minimum_tier,
                        "audit_seq": seq,
                        "audit_head": head,
                        "created_at": self._app.now().isoformat(timespec="seconds"),
                    }
                )
            )
            self._app.state.remember(
                f"policy:{self._plan.database}:{self._plan.environment}", ground.target.policy
            )
        return {"target_id": target_id, "policy_digest": ground.target.policy_digest}

    def _require_no_mixture(self, ground: Ground) -> None:
        """A change of the approvers does not carry another policy in with it."""
        if enrolment.CHANGE in self._plan.arguments:
            guard.require_pinned_policy(ground.target, self._environment)

    def _stale_policy(self, why: str) -> ApprovalStale:
        return ApprovalStale(why, hint="Propose it again, and have it signed.")

    def _void_open_plans(self) -> None:
        for other in self._app.state.plans(
            database=self._plan.database, environment=self._plan.environment
        ):
            if other.plan.id != self._plan.id:
                self._app.state.move_plan(
                    other.plan.id,
                    expect=(PlanState.OPEN, PlanState.WAITING, PlanState.SIGNED),
                    to=PlanState.VOID,
                    reason="the policy changed"
                    if self._plan.kind is PlanKind.POLICY
                    else "the copy was adopted",
                )

    def _restore(self) -> dict[str, Any]:
        from faber_db.services import restore

        record = self._app.state.backup(self._plan.arguments["backup_id"])
        if record.sha256 != self._plan.arguments["sha256"]:
            raise ApprovalStale(f"{record.id} is not the backup that was planned")
        with self._session() as session:
            ground = self._ground(session)
            self._require_target(ground)
            if ground.target.protected:
                guard.require_known(ground.target, self._environment, self._app.state)
            if ground.target.policy_digest != self._plan.policy_digest:
                raise ApprovalStale("the policy changed after this plan was made")
            self._use_approvals(ground)
        self._audit("restore.intent", backup_id=record.id)
        result = restore.carry_out(
            self._app,
            self._database,
            self._environment,
            record,
            target=self._plan.target,
            progress=self._progress,
            cancelled=self._cancelled,
        )
        with self._session() as session:
            self._anchor(session, moved=True)
        return dict(result)

    # --- what must hold ------------------------------------------------------------------------

    def _require_signed(self) -> None:
        """Refuse at once what nobody signed: before a backup is made or a lock is waited for.

        The stored plan is not believed before that. Here the approvals have to be in time; from
        here on the claim lasts as long as this process does.
        """
        if not (self._plan.protected or self._approvals()):
            return
        try:
            self._migrations  # noqa: B018 read here, once
        except FaberDbError as error:
            raise self._refused(f"its files: {error.code}") from error
        with self._session() as session:
            ground = self._ground(session)
            self._require_target(ground)
            marker = guard.require_marker_for(self._plan.kind, ground.target, self._environment)
            self._require_clock(session)
            self._good(marker, approving.begun_late)

    def _require_clock(self, session: Session) -> None:
        now = self._app.now()
        try:
            clocks.require_no_jump(now, since=datetime.fromisoformat(self._claimed_at))
        except (ValueError, TypeError) as error:
            raise self._refused("its claim has no time") from error
        passed = timedelta(seconds=monotonic() - self._began)
        clocks.require_no_jump(now, since=self._began_at, passed=passed)
        clocks.require_agreement(now, session)

    def _require_fresh_plan(self) -> None:
        if self._app.now() > datetime.fromisoformat(self._plan.expires_at):
            raise ApprovalStale(f"{self._plan.id} has expired", hint="Ask for a new plan.")

    def _ensure_backup(self) -> Backup | None:
        requirement = self._plan.backup
        if not requirement.required:
            return None
        if not requirement.fresh:
            good = backups.newest_good(
                self._app,
                self._database,
                self._environment,
                level=requirement.level,
                max_age=timedelta(seconds=requirement.max_age_seconds),
            )
            if good is not None and good.target == self._plan.target.server_digest:
                backups.verify(self._app, good, level=1)
                return good
        made = backups.create(
            self._app,
            self._database,
            self._environment,
            label=self._plan.id,
            reason="release",
            progress=self._progress,
            cancelled=self._cancelled,
        )
        if made.target != self._plan.target.server_digest:
            raise TargetChanged(
                f"{made.id} was made from another database than this plan is for",
                hint="Check what the environment points to, then ask for a new plan.",
            )
        if made.level < requirement.level:
            made = backups.verify(self._app, made, level=requirement.level)
        if made.level < requirement.level:
            raise BackupRequired(
                f"{made.id} was verified to level {made.level}, and {requirement.level} is demanded"
            )
        return made

    def _recheck(self, ground: Ground, migrations: tuple[Migration, ...]) -> None:
        if ground.target.protected:
            guard.require_window(self._environment, self._app.now())
        applied = applied_of(self._database.handler, self._history, ground.session)
        wanted = {m.version for m in migrations}
        self._require_same(ground, overtaken=wanted <= applied)
        if wanted & applied if self._plan.kind is PlanKind.DEPLOY else not wanted <= applied:
            raise ApprovalStale(
                "the ledger is not as it was when the plan was made", hint="Ask for a new plan."
            )
        self._require_no_worse(ground, migrations)

    def _require_ledger(self) -> None:
        """The project's files may have given the ledger another name since: that is another ledger."""
        tables = self._database.handler.ledger_tables
        if self._plan.ledger != tables:
            raise ApprovalStale(
                f"the plan was made for the ledger {', '.join(self._plan.ledger) or 'unknown'}, and"
                f" the project names {', '.join(tables)} now",
                hint="Ask for a new plan.",
            )

    def _require_same(self, ground: Ground, *, overtaken: bool = False) -> None:
        """Target, state, policy, ledger and touched objects are those that the plan was made for."""
        self._require_ledger()
        self._require_target(ground)
        if ground.target.protected:
            guard.require_known(ground.target, self._environment, self._app.state)
        if ground.target.policy_digest != self._plan.policy_digest:
            raise ApprovalStale("the policy changed after this plan was made")
        if self._plan.kind is PlanKind.DEPLOY and overtaken:
            raise NothingPending(
                f"another deployer applied these to {self._environment.name} already"
            )
        head = planning.ledger_head(ground)
        if head != self._plan.ledger_head:
            raise ApprovalStale(
                f"the ledger moved from {self._plan.ledger_head or 'empty'} to {head or 'empty'}",
                hint="Ask for a new plan.",
            )
        if self._plan.kind in planning.OF_THE_LEDGER and self._plan.arguments.get(
            "ledger"
        ) != planning.ledger_digest(ground):
            raise ApprovalStale(
                "the ledger changed after the plan was made", hint="Ask for a new plan."
            )
        if planning.fingerprint_of(ground, self._plan.touched) != self._plan.schema_fingerprint:
            raise ApprovalStale(
                "an object that the plan touches was changed after the plan was made",
                hint=f"`faber-db drift {self._environment.name}` shows what differs.",
            )

    def _require_no_worse(self, ground: Ground, migrations: tuple[Migration, ...]) -> None:
        trial = self._plan.trial  # holds still: the touched objects are as they were
        now, answers = planning.looked_at(ground, self._plan.kind, migrations, trial)
        planning.require_allowed(ground, now)
        self._require_demands(ground, now)
        texts = [
            (m.down or "") if self._plan.kind is PlanKind.ROLLBACK else m.up for m in migrations
        ]
        if planning.touched_by(texts, ground) != self._plan.touched:
            raise ApprovalStale("the plan does not name what its statements touch")
        if worse := comparing.worse(self._plan.analysis, now):
            raise ApprovalStale(worse, hint="Ask for a new plan.")
        if worse := preflight.worse(self._plan.preflight, answers):
            raise ApprovalStale(
                f"the data changed after the plan was made ({worse})",
                hint="Mend the data, then ask for a new plan.",
            )

    def _require_demands(self, ground: Ground, now: Analysis) -> None:
        """The plan asks for no less than the policy does, whatever became of its stored row."""
        plan, kind = self._plan, self._plan.kind
        worst = max(now, plan.analysis, key=lambda a: a.risk.rank)
        demanded = planning.backup_requirement(ground, kind, worst)
        few = plan.min_approvals < planning.approvals_demanded(ground, kind, now)
        weak = (
            (demanded.required and not plan.backup.required)
            or (demanded.fresh and not plan.backup.fresh)
            or plan.backup.level < demanded.level
            or plan.backup.max_age_seconds > demanded.max_age_seconds
        )
        other = plan.settings != planning.limits_of(self._environment) or (
            (plan.engine, plan.handler) != (self._database.engine.name, self._database.handler.name)
        )
        if few or weak or other:
            what = "approvals" if few else "backup" if weak else "limits, engine or handler"
            raise ApprovalStale(
                f"the {what} of {plan.id} are not what the policy demands",
                hint="Ask for a new plan.",
            )

    def _require_target(self, ground: Ground) -> None:
        if ground.target.identity.digest != self._plan.target.digest:
            raise TargetChanged(
                f"{self._environment.name} is not the database this plan was made for",
                hint="Check the URL, the role and its settings, then ask for a new plan.",
            )
        if ground.target.protected and not self._plan.protected:
            raise ApprovalStale(
                f"{self._environment.name} has become protected", hint="Ask for a new plan."
            )

    def _use_approvals(self, ground: Ground) -> None:
        """Verify every signature again, here, then spend it: the step before the first statement."""
        if self._plan.protected:
            kind = self._plan.kind
            self._marker = guard.require_marker_for(kind, ground.target, self._environment)
            self._require_clock(ground.session)
            self._require_demands(ground, self._plan.analysis)
            tier = tiers.in_force(self._app, ground.target)
            tiers.require_tier(tier, ground.target, self._environment, shown=self._plan.tier)
            self._spend(ground.session, self._marker)
        if not self._app.state.move_plan(
            self._plan.id, expect=(PlanState.CLAIMED,), to=PlanState.USED
        ):
            raise ApprovalStale(f"{self._plan.id} is not claimed any more")
        self._audit(f"{self._plan.kind}.intent", digest=self._plan.digest, tier=self._plan.tier)

    def _spend(self, session: Session, marker: Marker) -> None:
        if self._plan.kind is PlanKind.DB_CREATE:  # nowhere yet; only one can make the database
            self._good(marker, approving.unclaimable)
            return
        used_at = self._app.now().isoformat(timespec="seconds")
        for approval in self._good(marker, approving.unclaimable):
            if not session.use_nonce(approval.payload.nonce, self._plan.digest, used_at):
                raise self._refused("used before", key_id=approval.payload.key_id)

    def _good(self, marker: Marker, late: Callable[[Approval, datetime], bool]) -> list[Approval]:
        """The approvals that hold, as many as are demanded; why others do not is in the trail."""
        good = []
        for approval in self._approvals():
            fault = approving.fault(
                approval,
                self._plan,
                marker,
                verifiers=self._verifiers,
                lifetime=self._environment.settings.max_approval_age,
            )
            if not fault and late(approval, self._app.now()):
                fault = "expired"
            if fault:
                self._audit("approval.refused", fault=fault, key_id=approval.payload.key_id)
            else:
                good.append(approval)
        counting = approving.counting(good, self._plan, marker)
        if not approving.enough(counting, self._plan.min_approvals):
            raise self._refused(
                f"{len(counting)} count and {self._plan.min_approvals} are demanded"
            )
        return good

    def _approvals(self) -> list[Approval]:
        try:
            return self._app.state.approvals(self._plan.id)
        except ApprovalError as error:
            raise self._refused(error.fault) from error

    def _refused(self, fault: str, **more: object) -> ApprovalError:
        self._audit("approval.refused", fault=fault, **more)
        return refusal(fault)

    def _anchor(self, session: Session, *, ended: str = "done", moved: bool = False) -> None:
        """Write the newest audit entry into the target, so that a shortened trail is noticed.

        Also of a release that failed: else an older copy of the state would hide that it was tried.
        With `moved` also where the target is now: a restored PostgreSQL database has another oid.
        """
        tampered = self._keep_marker(session)
        seq, head = self._audit(f"{self._plan.kind}.{ended}", digest=self._plan.digest)
        marker = session.read_marker()
        if marker is None:
            return
        if moved and self._marker is not None and marker.target_id != self._marker.target_id:
            raise TargetChanged(f"{self._environment.name} is another database than was restored")
        changes: dict[str, object] = {"audit_seq": seq, "audit_head": head}
        if moved:
            changes["server_digest"] = session.identity().server_digest
        session.write_marker(marker.model_copy(update=changes))
        if tampered:
            raise PolicyRefused(
                "a migration changed the marker of this database; it was put back",
                hint=f"`faber-db audit show {self._environment.name}` tells what ran.",
            )

    def _keep_marker(self, session: Session) -> bool:
        """Put the marker back where a script changed it; whether it had to be.

        The rules refuse such scripts. This is for what they do not see.
        """
        if self._marker is None:
            return False
        try:
            if session.read_marker() == self._marker:
                return False
        except MarkerUnreadable:
            pass
        session.write_marker(self._marker)
        self._audit("marker.restored")
        return True

    # --- parts ---------------------------------------------------------------------------------

    def _session(self) -> AbstractContextManager[Session]:
        settings, creates = self._plan.settings, self._plan.kind is PlanKind.DB_CREATE
        return self._database.engine.connect(
            creating.server_url(self._database, self._environment)
            if creates
            else self._environment.resolve_url(),
            limits=Limits(
                lock_timeout=timedelta(milliseconds=settings.lock_timeout_ms),
                statement_timeout=timedelta(milliseconds=settings.statement_timeout_ms),
                lock_retries=settings.lock_retries,
            ),
        )

    def _ground(self, session: Session) -> Ground:
        if self._plan.kind is PlanKind.DB_CREATE:
            return creating.ground_of(self._app, self._database, self._environment, session)
        target = guard.look_at(session, self._database, self._environment)
        return Ground(self._app, self._database, self._environment, session, target)

    @cached_property
    def _history(self) -> tuple[Migration, ...]:
        """What the stored bytes yield, and nothing else; read and hashed once."""
        return history_of(self._plan, self._database.handler, self._app.state)

    @cached_property
    def _migrations(self) -> tuple[Migration, ...]:
        """The planned migrations among them."""
        by_version = {m.version: m for m in self._history}
        found = with_inverses(
            [by_version[m.version] for m in self._plan.migrations if m.version in by_version],
            self._plan.arguments,
        )
        if [(m.version, m.sha256) for m in found] != [
            (m.version, m.sha256) for m in self._plan.migrations
        ]:
            raise ApprovalStale(f"the stored files of {self._plan.id} do not yield its migrations")
        return found

    def _wait_for_quiet(self, session: Session) -> None:
        """Before anything is spent: nobody would queue behind us for long."""
        quiet.wait_for_blockers(
            session, self._plan.touched, progress=self._progress, cancelled=self._cancelled
        )
        self._wait_for_replicas(session)

    def _wait_for_replicas(self, session: Session) -> None:
        quiet.wait_for_replicas(session, progress=self._progress, cancelled=self._cancelled)

    def _stop_if_cancelled(self) -> None:
        if self._cancelled():
            raise Cancelled("cancelled before the first statement; nothing ran")

    def _audit(self, event: str, **body: object) -> tuple[int, str]:
        return self._app.state.append_audit(event, self._about(body))

    def _about(self, body: Mapping[str, object]) -> dict[str, object]:
        plan: Plan = self._plan
        where = {"database": plan.database, "environment": plan.environment}
        return {"plan_id": plan.id, **where, **body}


def _measured(applied: AppliedMigration) -> dict[str, Any]:
    return {
        "version": applied.version,
        "duration_ms": applied.duration_ms,
        "statements": [
            {"line": s.line, "duration_ms": s.duration_ms, "rows": s.rows}
            for s in applied.statements
        ],
    }
