"""Which executor: the one in this process, or the one elsewhere that holds an environment or a plan."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from faber_db.model.approval import Approval, ApprovalPayload
from faber_db.model.job import Job
from faber_db.model.plan import StoredPlan
from faber_db.model.target import Marker
from faber_db.services.app import App
from faber_db.services.elsewhere import owner_of
from faber_db.services.ports import (
    Away,
    Cancelled,
    Executor,
    PolicyState,
    Progress,
    Proposal,
    PublicKey,
    Rendering,
    never,
    silent,
)


class RoutingExecutor:
    """`services.ports.Executor` over one in this process and those elsewhere."""

    def __init__(self, app: Callable[[], App], here: Executor) -> None:
        self._app = app
        self._here = here

    def propose(self, proposal: Proposal) -> StoredPlan:
        database = self._app().database(proposal.database)
        away = database.environment(proposal.environment).away
        if away is None:
            return self._here.propose(proposal)
        return away.propose(replace(proposal, handler=database.handler.name))

    def show(self, plan_id: str) -> Rendering:
        executor, whole = self._of(plan_id)
        return executor.show(whole)

    def payload(self, plan_id: str, *, approver: str, key_id: str) -> ApprovalPayload:
        executor, whole = self._of(plan_id)
        return executor.payload(whole, approver=approver, key_id=key_id)

    def sign(self, approval: Approval) -> StoredPlan:
        return self._of(approval.payload.plan_id)[0].sign(approval)

    def reject(self, plan_id: str, *, reason: str, by: str = "") -> StoredPlan:
        executor, whole = self._of(plan_id)
        return executor.reject(whole, reason=reason, by=by)

    def start(
        self, plan_id: str, *, progress: Progress = silent, cancelled: Cancelled = never
    ) -> Job:
        executor, whole = self._of(plan_id)
        return executor.start(whole, progress=progress, cancelled=cancelled)

    def run_job(
        self, job_id: str, *, progress: Progress = silent, cancelled: Cancelled = never
    ) -> Job:
        return self._here.run_job(job_id, progress=progress, cancelled=cancelled)

    def protect(self, *, database: str, environment: str, key: PublicKey) -> Marker:
        return self._at(database, environment).protect(
            database=database, environment=environment, key=key
        )

    def policy(self, *, database: str, environment: str) -> PolicyState:
        return self._at(database, environment).policy(database=database, environment=environment)

    def start_backup(self, *, database: str, environment: str, label: str) -> Job:
        return self._here.start_backup(database=database, environment=environment, label=label)

    def start_recording(self, *, database: str, twice: Sequence[str], back: Sequence[str]) -> Job:
        return self._here.start_recording(database=database, twice=twice, back=back)

    def watch(
        self,
        job_id: str,
        *,
        seconds: float,
        progress: Progress = silent,
        cancelled: Cancelled = never,
    ) -> Job:
        executor, whole = self._of(job_id)
        return executor.watch(whole, seconds=seconds, progress=progress, cancelled=cancelled)

    def cancel(self, job_id: str) -> Job:
        executor, whole = self._of(job_id)
        return executor.cancel(whole)

    def _at(self, database: str, environment: str) -> Executor:
        away: Away | None = self._app().database(database).environment(environment).away
        return away or self._here

    def _of(self, handle: str) -> tuple[Executor, str]:
        return owner_of(handle, self._app()) or (self._here, handle)
