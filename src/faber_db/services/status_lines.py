"""The lines of a status: environments, migrations, plans and jobs in few words."""

import shlex
from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict

from faber_db.model.answer import Details
from faber_db.model.backup import Backup
from faber_db.model.job import Job, JobState
from faber_db.model.migration import LedgerNote, MigrationState, MigrationStatus
from faber_db.model.plan import PlanKind, PlanState, StoredPlan
from faber_db.services.app import App

LIVE = (PlanState.OPEN, PlanState.WAITING, PlanState.SIGNED, PlanState.CLAIMED)


class MigrationLine(BaseModel):
    """One migration in one environment."""

    model_config = ConfigDict(extra="forbid")

    name: str
    state: MigrationState
    applied_at: str = ""
    detail: str = ""
    command: str = ""  # the one that leads out of a state that stops a deployment


class EnvironmentLine(BaseModel):
    """One environment: counts of migrations by state, and its last known health."""

    model_config = ConfigDict(extra="forbid")

    environment: str
    database: str = ""  # where there are several
    protected: str = ""  # why it is
    counts: dict[MigrationState, int] = {}
    ledger_head: str = ""
    pending: list[str] = []
    notes: list[LedgerNote] = []  # what its tool does not say, and who holds its lock
    deploying: str = ""  # who holds our deployment lock
    deploying_since: str = ""  # where the product can say
    outside: list[str] = []  # applied since it is protected, by no plan of ours
    problem: str = ""  # why it could not be looked at
    health: str = ""
    health_age: str = ""
    drift: str = ""  # as of that health check


class PlanLine(BaseModel):
    """One plan that is not over."""

    model_config = ConfigDict(extra="forbid")

    plan_id: str
    kind: PlanKind
    state: PlanState
    environment: str
    database: str = ""
    risk: str
    loses: list[str] = []
    migrations: list[str] = []
    asked_by: str = ""
    work_id: str = ""
    created_at: str
    expires_at: str
    reason: str = ""
    job_id: str = ""


class JobLine(BaseModel):
    """One job."""

    model_config = ConfigDict(extra="forbid")

    job_id: str
    kind: str
    state: JobState
    environment: str
    progress: str = ""
    plan_id: str = ""
    started_at: str = ""
    finished_at: str = ""
    result: dict[str, Any] = {}
    error: dict[str, str] = {}


class StatusDetails(Details):
    """`migrations` by version, of the one environment that was named."""

    environments: list[EnvironmentLine] = []
    migrations: dict[str, MigrationLine] = {}
    waiting: list[PlanLine] = []
    jobs: list[JobLine] = []
    backup: Backup | None = None
    drift: str = ""
    left_out: int = 0
    cursor: str = ""
    proposed_config: dict[str, Any] | None = None


_WAYS_OUT = {
    MigrationState.EDITED: "accept-edit",
    MigrationState.FAILED: "resume",
    MigrationState.HALF_APPLIED: "resume",
}


def migration_line(status: MigrationStatus, environment: EnvironmentLine) -> MigrationLine:
    """What a reader needs of a migration."""
    verb = _WAYS_OUT.get(status.state)
    words = ["faber-db", verb, environment.environment, status.version] if verb else []
    words += ["--database", environment.database] if verb and environment.database else []
    return MigrationLine(
        name=status.name,
        state=status.state,
        applied_at=status.applied_at.isoformat(timespec="seconds") if status.applied_at else "",
        detail=status.detail,
        command=shlex.join(words),
    )


def plan_line(stored: StoredPlan, app: App) -> PlanLine:
    """What a reader needs of a plan."""
    plan = stored.plan
    return PlanLine(
        plan_id=plan.id,
        kind=plan.kind,
        state=stored.state,
        environment=plan.environment,
        database=plan.database if len(app.databases) > 1 else "",
        risk=plan.risk,
        loses=list(plan.analysis.loses),
        migrations=[m.version for m in plan.migrations],
        asked_by=plan.requester.client,
        work_id=plan.work_id,
        created_at=plan.created_at,
        expires_at=plan.expires_at,
        reason=stored.reason,
        job_id=stored.job_id,
    )


def job_line(job: Job) -> JobLine:
    """What a reader needs of a job."""
    return JobLine(
        job_id=job.id,
        kind=job.kind,
        state=job.state,
        environment=job.environment,
        progress=job.progress,
        plan_id=job.plan_id,
        started_at=job.started_at,
        finished_at=job.finished_at,
        result=job.result,
        error=job.error,
    )


def has_expired(stored: StoredPlan, now: datetime) -> bool:
    """Whether a plan may no longer begin; one that a job has taken goes on."""
    return stored.state is not PlanState.CLAIMED and (
        datetime.fromisoformat(stored.plan.expires_at) < now
    )
