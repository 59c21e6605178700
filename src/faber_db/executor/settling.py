"""A job whose process died: what happened is read from the ledger, never assumed."""

from faber_db.errors import FaberDbError
from faber_db.executor.jobs import died
from faber_db.model.job import Job, JobState
from faber_db.model.plan import PlanKind, PlanState, StoredPlan
from faber_db.services.app import App


def settle(app: App, job: Job) -> Job:
    """Close a dead job and its plan; several processes may try, and the outcome is the same."""
    error = died(job)
    if job.plan_id:
        stored = app.state.plan(job.plan_id)
        if stored.job_id == job.id:  # else it is another job's by now
            _settle_plan(app, stored)
    over = job.model_copy(
        update={
            "state": JobState.FAILED,
            "finished_at": app.now().isoformat(timespec="milliseconds"),
            "error": {"code": error.code, "message": error.message, "hint": error.hint},
        }
    )
    app.state.save_job(over)
    app.state.append_audit("job.died", {"job_id": job.id, "plan_id": job.plan_id})
    return over


def _settle_plan(app: App, stored: StoredPlan) -> None:
    plan = stored.plan
    if stored.state is PlanState.CLAIMED:  # no statement ran: the approval is given back
        app.state.move_plan(
            plan.id,
            expect=(PlanState.CLAIMED,),
            to=PlanState.SIGNED if plan.protected else PlanState.OPEN,
            reason="its process died before the first statement",
        )
        return
    if stored.state is not PlanState.USED:
        return
    try:
        applied = _applied(app, stored)
    except FaberDbError as error:
        reason = f"its process died and the ledger cannot be read: {error.message}"
        app.state.move_plan(plan.id, expect=(PlanState.USED,), to=PlanState.FAILED, reason=reason)
        return
    wanted = [m.version for m in plan.migrations]
    whole = plan.kind is PlanKind.DEPLOY and set(wanted) <= set(applied)
    app.state.move_plan(
        plan.id,
        expect=(PlanState.USED,),
        to=PlanState.DONE if whole else PlanState.FAILED,
        reason="its process died; the ledger holds "
        + (", ".join(v for v in wanted if v in applied) or "none of its migrations"),
        result={"applied": [v for v in wanted if v in applied]},
    )


def _applied(app: App, stored: StoredPlan) -> list[str]:
    database = app.database(stored.plan.database)
    environment = database.environment(stored.plan.environment)
    with database.engine.connect(
        environment.resolve_url(), limits=environment.limits, read_only=True
    ) as session:
        rows = database.handler.ledger(session)
    return [r.version for r in rows if r.finished and not r.rolled_back]
