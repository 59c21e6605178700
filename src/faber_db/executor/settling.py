"""A job whose process died: what happened is read from the ledger, never assumed."""

from contextlib import AbstractContextManager, suppress
from datetime import timedelta

from faber_db.errors import FaberDbError, LockBusy
from faber_db.executor import creating
from faber_db.executor.carried_out import applied_of, history_of
from faber_db.executor.jobs import died
from faber_db.model.job import Job, JobState
from faber_db.model.plan import Plan, PlanKind, PlanState, StoredPlan
from faber_db.services.app import App
from faber_db.services.ports import Session

_OF_THE_LEDGER = (PlanKind.DEPLOY, PlanKind.ROLLBACK, PlanKind.MARK)
"""Kinds of plans of which the ledger tells whether all of it was done."""


def settle(app: App, job: Job) -> Job:
    """Close a dead job and its plan; several processes may try, and the outcome is the same.

    Where its session on the server has not ended yet, a COMMIT may still be under way: then the
    job stays open, and the next look settles it.
    """
    error = died(job)
    if job.plan_id:
        stored = app.state.plan(job.plan_id)
        try:
            if stored.job_id == job.id:  # else it is another job's by now
                _settle_plan(app, stored)
        except LockBusy as busy:
            return job.model_copy(update={"progress": f"its process died, and {busy.message}"})
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
    if stored.state is PlanState.CLAIMED:
        _settle_claim(app, stored)
        return
    if stored.state is not PlanState.USED:
        return
    if plan.kind is PlanKind.DB_CREATE:
        reason = f"its process died; {_left_behind(app, plan)}"
        app.state.move_plan(plan.id, expect=(PlanState.USED,), to=PlanState.FAILED, reason=reason)
        return
    try:
        applied = _applied(app, stored)
    except LockBusy:
        raise
    except FaberDbError as error:
        reason = f"its process died and the ledger cannot be read: {error.message}"
        app.state.move_plan(plan.id, expect=(PlanState.USED,), to=PlanState.FAILED, reason=reason)
        return
    wanted = [m.version for m in plan.migrations]
    held = [v for v in wanted if v in applied]
    to_be_held = plan.kind is PlanKind.DEPLOY or plan.arguments.get("state") == "applied"
    done = held if to_be_held else [v for v in wanted if v not in applied]
    whole = plan.kind in _OF_THE_LEDGER and done == wanted
    app.state.move_plan(
        plan.id,
        expect=(PlanState.USED,),
        to=PlanState.DONE if whole else PlanState.FAILED,
        reason=f"its process died; the ledger holds {', '.join(held) or 'none of its migrations'}",
        result={"applied": done if plan.kind is not PlanKind.MARK else []},
    )


def _settle_claim(app: App, stored: StoredPlan) -> None:
    """No statement ran: the approval is given back, unless the target holds it as used already.

    What the target holds is never freed on the word of the state, which this account can write;
    where it cannot be asked now, it is asked again before the first statement.
    """
    plan = stored.plan
    to, reason = PlanState.OPEN, "its process died before the first statement"
    if plan.protected:
        to = PlanState.SIGNED
        with suppress(FaberDbError):
            if _is_spent(app, stored):
                to, reason = PlanState.VOID, f"{reason}, and its signature was spent"
    app.state.move_plan(plan.id, expect=(PlanState.CLAIMED,), to=to, reason=reason)


def _is_spent(app: App, stored: StoredPlan) -> bool:
    nonces = {approval.payload.nonce for approval in app.state.approvals(stored.plan.id)}
    with _looking(app, stored) as session:
        return any(nonce in nonces for nonce, _, _ in session.used_nonces())


def _applied(app: App, stored: StoredPlan) -> frozenset[str]:
    handler = app.database(stored.plan.database).handler
    history = history_of(stored.plan, handler, app.state)
    with _looking(app, stored) as session, session.deploy_lock(wait=timedelta(0)):
        return applied_of(handler, history, session)


def _left_behind(app: App, plan: Plan) -> str:
    database = app.database(plan.database)
    environment = database.environment(plan.environment)
    try:
        url = creating.server_url(database, environment)
        with (
            database.engine.connect(url, limits=environment.limits, read_only=True) as session,
            session.deploy_lock(wait=timedelta(0)),
        ):
            return creating.left_behind(
                creating.ground_of(app, database, environment, session), plan
            )
    except LockBusy:
        raise
    except FaberDbError as error:
        return f"what it left cannot be looked at: {error.message}"


def _looking(app: App, stored: StoredPlan) -> AbstractContextManager[Session]:
    database = app.database(stored.plan.database)
    environment = database.environment(stored.plan.environment)
    return database.engine.connect(
        environment.resolve_url(), limits=environment.limits, read_only=True
    )
