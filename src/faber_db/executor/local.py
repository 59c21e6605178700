"""The executor in this process: the port that services and front ends see."""

import json
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime
from time import monotonic, sleep

from faber_db.errors import (
    ApprovalError,
    ApprovalRejected,
    ApprovalRequired,
    ApprovalStale,
    Cancelled,
    FaberDbError,
    JobFailed,
    KeyExists,
    NothingPending,
    PolicyRefused,
    UnknownHandle,
)
from faber_db.executor import approving, clocks, creating, guard, jobs, tiers, undoing
from faber_db.executor.asking import require_patience
from faber_db.executor.deploying import Carrier
from faber_db.executor.notices import notify
from faber_db.executor.planning import Ground, make_plan
from faber_db.executor.rendering import render
from faber_db.executor.settling import settle
from faber_db.executor.trail import audited
from faber_db.model.approval import Approval, ApprovalPayload, approval_from_text, refusal
from faber_db.model.canonical import digest_of
from faber_db.model.job import Job, JobState
from faber_db.model.plan import Plan, PlanKind, PlanState, StoredPlan
from faber_db.model.target import Marker
from faber_db.services import backup as backups
from faber_db.services import recording_in_time
from faber_db.services.account import account
from faber_db.services.app import App, Database, Environment
from faber_db.services.ports import (
    Cancelled as IsCancelled,
)
from faber_db.services.ports import (
    PolicyState,
    Progress,
    Proposal,
    PublicKey,
    Rendering,
    Session,
    Verifiers,
    never,
    silent,
)

INLINE_BYTES = 64 * 1024 * 1024  # below this, unprotected work is done well within 25 s
INLINE_PROGRAMS = 5  # up to that many are run by the project's own tool within the call
_PAUSE = 0.2  # seconds between two looks at what a dead process has left
_REUSABLE = (PlanState.OPEN, PlanState.WAITING, PlanState.SIGNED, PlanState.CLAIMED)


class LocalExecutor:
    """`services.ports.Executor` in the caller's own process and account: tier 1."""

    def __init__(
        self, app: Callable[[], App], verifiers: Verifiers, environ: Mapping[str, str]
    ) -> None:
        self._app_of = app
        self._verifiers = verifiers
        self._environ = environ

    def over(self, app: Callable[[], App]) -> "LocalExecutor":
        """The same for another view of the project: that of one request."""
        return LocalExecutor(app, self._verifiers, self._environ)

    # --- plans ---------------------------------------------------------------------------------

    @audited("plan")
    def propose(self, proposal: Proposal) -> StoredPlan:
        app = self._app
        database, environment = self._find(proposal.database, proposal.environment)
        with self._ground(proposal.kind, database, environment) as ground:
            plan, files = make_plan(ground, proposal)
        known = self._same(plan.subject, plan.policy_digest, plan.tool_version, proposal.work_id)
        if known is not None:
            return known
        state = PlanState.WAITING if plan.protected else PlanState.OPEN
        app.state.add_plan(plan, files, state)
        if state is PlanState.WAITING:
            require_patience(app, environment, plan)
        app.state.append_audit(
            "plan.made",
            {
                "plan_id": plan.id,
                "kind": plan.kind,
                "database": plan.database,
                "environment": plan.environment,
                "digest": plan.digest,
                "risk": plan.risk,
                "tier": plan.tier,
                "requester": plan.requester.model_dump(),
                "work_id": plan.work_id,
            },
        )
        if state is PlanState.WAITING:
            notify(app, environment, "waiting", plan)
        return app.state.plan(plan.id)

    def show(self, plan_id: str) -> Rendering:
        return render(self._app, self._app.state.plan(plan_id))

    # --- approvals -----------------------------------------------------------------------------

    @audited("approval")
    def payload(self, plan_id: str, *, approver: str, key_id: str) -> ApprovalPayload:
        stored = self._require_waiting(plan_id)
        _, environment = self._find(stored.plan.database, stored.plan.environment)
        return approving.payload_for(
            stored.plan,
            approver=approver,
            key_id=key_id,
            now=self._app.now(),
            lifetime=environment.settings.max_approval_age,
        )

    @audited("approval")
    def sign(self, approval: Approval) -> StoredPlan:
        approval = approval_from_text(approval.text())  # from wherever it came, in one form only
        stored = self._signed_plan(approval)
        marker = self._require_good(stored.plan.id, approval)
        self._record(stored, approval)
        plan, state = stored.plan, self._app.state
        state.add_approval(approval)
        counting = approving.counting(state.approvals(plan.id), plan, marker)
        if approving.enough(counting, plan.min_approvals):
            state.move_plan(plan.id, expect=(PlanState.WAITING,), to=PlanState.SIGNED)
        return state.plan(plan.id)

    def _signed_plan(self, approval: Approval) -> StoredPlan:
        try:
            return self._app.state.plan(approval.payload.plan_id)
        except UnknownHandle as error:
            raise refusal("there is no such plan") from error

    def _require_good(self, plan_id: str, approval: Approval) -> Marker:
        """The marker of the live target, by which the approval holds for the plan that waits."""
        plan = self._require_waiting(plan_id).plan
        database, environment = self._find(plan.database, plan.environment)
        with self._ground(plan.kind, database, environment) as ground:
            target = ground.target
            marker = guard.require_marker_for(plan.kind, target, environment)
            clocks.require_agreement(self._app.now(), ground.session)
        tier = tiers.in_force(self._app, target)
        tiers.require_tier(tier, target, environment, shown=plan.tier)
        fault = approving.fault(
            approval,
            plan,
            marker,
            verifiers=self._verifiers,
            lifetime=environment.settings.max_approval_age,
        )
        if not fault and approving.expired(approval, self._app.now()):
            fault = "expired"
        if not fault and target.identity.digest != plan.target.digest:
            fault = "the live target differs"
        if not fault and target.policy_digest != plan.policy_digest:
            fault = "the policy differs"
        nonces = {a.payload.nonce for a in self._app.state.approvals(plan.id)}
        if not fault and approval.payload.nonce in nonces:
            fault = "it is there already"
        if fault:
            raise refusal(fault)
        if not approving.counting([approval], plan, marker):
            raise PolicyRefused(
                f"{plan.min_approvals} people have to sign {plan.id}, and"
                f" {plan.requester.account}, who asked for it, is not one of them",
                hint="Let somebody else sign it.",
            )
        return marker

    @audited("rejection")
    def reject(self, plan_id: str, *, reason: str, by: str = "") -> StoredPlan:
        stored = self._app.state.plan(plan_id)
        who, at = by or account(), self._app.now().isoformat(timespec="seconds")
        moved = self._app.state.move_plan(
            stored.plan.id,
            expect=(PlanState.OPEN, PlanState.WAITING, PlanState.SIGNED),
            to=PlanState.REJECTED,
            reason=reason,
            result={"rejected_by": who, "rejected_at": at},
        )
        if not moved:
            raise ApprovalStale(f"{stored.plan.id} is {stored.state} and cannot be rejected")
        self._app.state.append_audit(
            "approval.rejected", {"plan_id": stored.plan.id, "account": who}
        )
        return self._app.state.plan(stored.plan.id)

    @audited("target.protect")
    def protect(self, *, database: str, environment: str, key: PublicKey) -> Marker:
        app = self._app
        found, where = self._find(database, environment)
        with (
            self._connect(found, where) as session,
            session.deploy_lock(wait=where.limits.lock_timeout),  # two first approvers: one wins
        ):
            guard.require_deployable(session, where)
            if session.read_marker() is not None:
                raise KeyExists(
                    f"{where.name} is protected already",
                    hint=f"`faber-db policy show {where.name}` names its approvers.",
                )
            identity = session.identity()
            pinned = (key.pinned(),)
            policy = guard.policy_for(found, where, True, pinned)
            seq, head = app.state.append_audit(
                "target.protected",
                {
                    "database": found.name,
                    "environment": where.name,
                    "approver": key.approver,
                    "key_id": key.key_id,
                },
            )
            marker = Marker(
                target_id=secrets.token_hex(16),
                environment=where.name,
                database=found.name,
                approvers=pinned,
                policy_digest=digest_of(policy),
                min_approvals=where.settings.min_approvals,
                minimum_tier=where.settings.minimum_tier,
                server_digest=identity.server_digest,
                audit_seq=seq,
                audit_head=head,
                created_at=app.now().isoformat(timespec="seconds"),
            )
            session.write_marker(marker)
        app.state.remember(f"policy:{found.name}:{where.name}", policy)
        return marker

    def policy(self, *, database: str, environment: str) -> PolicyState:
        found, where = self._find(database, environment)
        with self._connect(found, where) as session:
            target = guard.look_at(session, found, where)
        marker = target.marker
        return PolicyState(
            environment=where.name,
            policy=target.policy,
            pinned=None if marker is None else marker.policy_digest == target.policy_digest,
            approvers=marker.approvers if marker else (),
            tier=tiers.in_force(self._app, target).number,
        )

    # --- jobs ----------------------------------------------------------------------------------

    @audited("run")
    def start(
        self, plan_id: str, *, progress: Progress = silent, cancelled: IsCancelled = never
    ) -> Job:
        stored = self._app.state.plan(plan_id)
        if stored.job_id:
            job = self._settled(self._app.state.job(stored.job_id))
            stored = self._app.state.plan(plan_id)
            if not job.state.over or stored.state in (PlanState.DONE, PlanState.FAILED):
                return job
        self._require_runnable(stored)
        job, claimed = self._claim(stored.plan)
        if not claimed:
            return job
        if self._inline(stored):
            return self.run_job(job.id, progress=progress, cancelled=cancelled)
        return jobs.spawn(self._app, job, self._environ)

    def _claim(self, plan: Plan) -> tuple[Job, bool]:
        """A new job that has taken the plan; or the one that was faster."""
        job = jobs.new_job(
            self._app,
            plan.kind.value,
            database=plan.database,
            environment=plan.environment,
            plan_id=plan.id,
        )
        self._app.state.save_job(job)
        expect = (PlanState.SIGNED,) if plan.protected else (PlanState.OPEN,)
        if self._app.state.move_plan(plan.id, expect=expect, to=PlanState.CLAIMED, job_id=job.id):
            return job, True
        self._app.state.save_job(job.model_copy(update={"state": JobState.CANCELLED}))
        now = self._app.state.plan(plan.id)
        if not now.job_id:
            raise ApprovalStale(f"{plan.id} is {now.state} ({now.reason or 'meanwhile'})")
        return self._app.state.job(now.job_id), False

    @audited("backup")
    def start_backup(self, *, database: str, environment: str, label: str) -> Job:
        found, where = self._find(database, environment)
        job = jobs.new_job(
            self._app,
            "backup",
            database=found.name,
            environment=where.name,
            arguments={"label": label},
        )
        self._app.state.save_job(job)
        return jobs.spawn(self._app, job, self._environ)

    @audited("recording")
    def start_recording(self, *, database: str, twice: Sequence[str], back: Sequence[str]) -> Job:
        job = jobs.new_job(
            self._app,
            recording_in_time.KIND,
            database=self._app.database(database).name,
            environment="",  # none: its databases are thrown away
            arguments={"twice": json.dumps(list(twice)), "back": json.dumps(list(back))},
        )
        self._app.state.save_job(job)
        return jobs.spawn(self._app, job, self._environ)

    @audited("job")
    def run_job(
        self, job_id: str, *, progress: Progress = silent, cancelled: IsCancelled = never
    ) -> Job:
        job = self._app.state.job(job_id)
        if job.state is not JobState.QUEUED:
            raise JobFailed(f"{job.id} is {job.state} and does not run again")
        running = jobs.Running(self._app, job, cancelled)

        def report(words: str) -> None:
            running.progress(words)
            progress(words)

        try:
            result = self._carry_out(job, report, running.cancelled)
        except FaberDbError as error:
            self._close(job, error)
            self._take_back(job, error, report, running.cancelled)
            return running.failed(error, cancelled=isinstance(error, Cancelled))
        except BaseException:
            bug = JobFailed("an unexpected error ended this job", hint="Its log holds the details.")
            self._close(job, bug)
            running.failed(bug)
            raise
        return running.done(result)

    def watch(
        self,
        job_id: str,
        *,
        seconds: float,
        progress: Progress = silent,
        cancelled: IsCancelled = never,
    ) -> Job:
        until = monotonic() + seconds
        while True:
            left = until - monotonic()
            job = self._settled(
                jobs.watch(self._app, job_id, seconds=left, progress=progress, cancelled=cancelled)
            )
            is_left = jobs.dead(self._app, job)  # by its process; its session has not ended
            if not is_left or cancelled() or monotonic() >= until:
                return job
            sleep(_PAUSE)

    @audited("job.cancel")
    def cancel(self, job_id: str) -> Job:
        job = self._app.state.job(job_id)
        if not job.state.over:
            jobs.request_cancel(self._app, job.id)
            self._app.state.append_audit("job.cancel", {"job_id": job.id})
        return self._settled(self._app.state.job(job.id))

    # --- parts ---------------------------------------------------------------------------------

    @property
    def _app(self) -> App:
        return self._app_of()

    def _find(self, database: str, environment: str) -> tuple[Database, Environment]:
        found = self._app.database(database)
        where = found.environment(environment)
        return found, where

    def _connect(
        self, database: Database, environment: Environment
    ) -> AbstractContextManager[Session]:
        return database.engine.connect(
            environment.resolve_url(),
            limits=environment.limits,
            create=not environment.protected,
        )

    @contextmanager
    def _ground(
        self, kind: PlanKind, database: Database, environment: Environment
    ) -> Iterator[Ground]:
        """Where a plan of that kind is made and signed: the target, or its server before it is there."""
        app = self._app
        if kind is PlanKind.DB_CREATE:
            creating.require_signers(app, environment)  # before anything is connected to
            url = creating.server_url(database, environment)
            with database.engine.connect(url, limits=environment.limits) as session:
                yield creating.ground_of(app, database, environment, session)
            return
        with self._connect(database, environment) as session:
            target = guard.look_at(session, database, environment)
            yield Ground(app, database, environment, session, target)

    def _same(
        self, subject: str, policy_digest: str, tool_version: str, work_id: str
    ) -> StoredPlan | None:
        """The newest plan about the same, if it still stands."""
        for stored in self._app.state.plans(subject=subject):
            plan = stored.plan
            if (
                stored.state in _REUSABLE
                and datetime.fromisoformat(plan.expires_at) > self._app.now()
                and (plan.policy_digest, plan.tool_version) == (policy_digest, tool_version)
                and work_id in ("", plan.work_id)
            ):
                return stored
        return None

    def _require_waiting(self, plan_id: str) -> StoredPlan:
        stored = self._app.state.plan(plan_id)
        if stored.state is not PlanState.WAITING:
            raise ApprovalStale(
                f"{stored.plan.id} is {stored.state}, so there is nothing to sign",
                hint="`faber-db status` shows what waits.",
            )
        if datetime.fromisoformat(stored.plan.expires_at) <= self._app.now():
            raise ApprovalStale(f"{stored.plan.id} has expired", hint="Ask for a new plan.")
        return stored

    def _require_runnable(self, stored: StoredPlan) -> None:
        plan = stored.plan
        match stored.state:
            case PlanState.OPEN if not plan.protected:
                return
            case PlanState.SIGNED:
                self._require_in_time(stored)
            case PlanState.WAITING | PlanState.OPEN:
                raise ApprovalRequired(
                    f"{plan.id} waits for a person's signature",
                    hint=f"A person runs `faber-db approve {plan.id}` in their own terminal.",
                )
            case PlanState.REJECTED:
                raise ApprovalRejected(f"{plan.id} was rejected: {stored.reason}")
            case _:
                raise ApprovalStale(
                    f"{plan.id} is {stored.state}"
                    + (f" ({stored.reason})" if stored.reason else ""),
                    hint="Ask for a new plan.",
                )

    def _require_in_time(self, stored: StoredPlan) -> None:
        """A signature lapses; the plan then waits for a new one. Whether it holds, its job asks."""
        plan, now = stored.plan, self._app.now()
        approvals = self._require_as_signed(plan)
        fresh = [a for a in approvals if not approving.expired(a, now)]
        if approving.enough(fresh, plan.min_approvals):
            return
        self._app.state.move_plan(plan.id, expect=(PlanState.SIGNED,), to=PlanState.WAITING)
        raise ApprovalRequired(
            f"the signature on {plan.id} has lapsed",
            hint=f"A person runs `faber-db approve {plan.id}` again.",
        )

    def _require_as_signed(self, plan: Plan) -> list[Approval]:
        """The stored plan is believed in nothing before somebody is seen to have signed it."""
        try:
            approvals = self._app.state.approvals(plan.id)
            if (plan.protected or approvals) and not approving.is_of(plan, approvals):
                raise refusal("nobody signed this plan as it is stored")
        except ApprovalError as error:
            body = {"plan_id": plan.id, "fault": error.fault}
            self._app.state.append_audit("approval.refused", body)
            raise
        return approvals

    def _inline(self, stored: StoredPlan) -> bool:
        if stored.plan.protected or stored.plan.backup.required:
            return False
        database, environment = self._find(stored.plan.database, stored.plan.environment)
        if database.handler.code and len(stored.plan.migrations) > INLINE_PROGRAMS:
            return False
        with self._connect(database, environment) as session:
            return session.database_size() < INLINE_BYTES

    def _carry_out(
        self, job: Job, progress: Progress, cancelled: IsCancelled
    ) -> Mapping[str, object]:
        if job.kind == "backup":
            database, environment = self._find(job.database, job.environment)
            made = backups.create(
                self._app,
                database,
                environment,
                label=job.arguments.get("label", ""),
                reason="manual",
                progress=progress,
                cancelled=cancelled,
            )
            return {"backup_id": made.id}
        if job.kind == recording_in_time.KIND:
            return recording_in_time.carried_out(
                self._app, job, progress=progress, cancelled=cancelled
            )
        stored = self._app.state.plan(job.plan_id)
        self._require_as_signed(stored.plan)
        if (stored.job_id, stored.state) != (job.id, PlanState.CLAIMED):
            raise ApprovalStale(f"{job.id} has not claimed {stored.plan.id}")
        carrier = Carrier(
            self._app,
            stored,
            self._verifiers,
            environ=self._environ,
            claimed_at=job.created_at,
            progress=progress,
            cancelled=cancelled,
        )
        try:
            result = carrier.run()
        except NothingPending as nothing:
            result = {"applied": [], "note": nothing.message}
        self._app.state.move_plan(
            stored.plan.id,
            expect=(PlanState.CLAIMED, PlanState.USED),
            to=PlanState.DONE,
            result=result,
        )
        self._notify(stored, "done")
        return result

    def _close(self, job: Job, error: FaberDbError) -> None:
        """The plan of a job that failed: given back if no statement ran, else failed."""
        if not job.plan_id:
            return
        state = self._app.state
        stored = state.plan(job.plan_id)
        if stored.job_id != job.id:
            return  # another job's plan
        plan = stored.plan
        back = PlanState.SIGNED if plan.protected else PlanState.OPEN
        stale = isinstance(error, ApprovalStale | ApprovalError)
        if not state.move_plan(
            plan.id,
            expect=(PlanState.CLAIMED,),
            to=PlanState.VOID if stale else back,
            reason=error.message,
        ):
            state.move_plan(
                plan.id, expect=(PlanState.USED,), to=PlanState.FAILED, reason=error.message
            )
        state.append_audit(
            f"{plan.kind}.failed",
            {
                "plan_id": plan.id,
                "database": plan.database,
                "environment": plan.environment,
                "code": error.code,
            },
        )
        self._notify(stored, "failed")

    def _take_back(
        self, job: Job, error: FaberDbError, progress: Progress, cancelled: IsCancelled
    ) -> None:
        """Undo what a failed deployment had applied, here and now; the error tells what became of it."""
        stored = self._app.state.plan(job.plan_id) if job.plan_id else None
        if stored is None or not undoing.is_wanted(self._app, stored, error):
            return

        def run(made: StoredPlan) -> Job:
            self._require_runnable(made)
            taken, claimed = self._claim(made.plan)
            if claimed:
                return self.run_job(taken.id, progress=progress, cancelled=cancelled)
            return taken

        progress("taking back what was applied before")
        told = undoing.take_back(self._app, stored, propose=self.propose, run=run)
        error.message = f"{error.message}; {told}"

    def _settled(self, job: Job) -> Job:
        if not jobs.dead(self._app, job):
            return job
        job = self._app.state.job(job.id)  # it may have ended well between the two looks
        if not jobs.dead(self._app, job):
            return job
        over = settle(self._app, job)
        if over.plan_id and over.state.over:
            self._notify(self._app.state.plan(over.plan_id), "failed")
        return over

    def _notify(self, stored: StoredPlan, event: str) -> None:
        if not stored.plan.protected:
            return
        try:
            _, environment = self._find(stored.plan.database, stored.plan.environment)
        except FaberDbError:
            return  # a stored plan that was edited names a place that is not there
        notify(self._app, environment, event, stored.plan)

    def _record(self, stored: StoredPlan, approval: Approval) -> None:
        self._app.state.append_audit(
            "approval.signed",
            {
                "plan_id": stored.plan.id,
                "approver": approval.payload.approver,
                "key_id": approval.payload.key_id,
                "tier": stored.plan.tier,
            },
        )
