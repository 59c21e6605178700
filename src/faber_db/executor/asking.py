"""How often a person may be asked: an agent cannot tire anybody into a yes."""

from datetime import timedelta

from faber_db.errors import TooManyRequests
from faber_db.executor.notices import notify
from faber_db.model.plan import Plan, PlanState
from faber_db.services.app import App, Environment

MOST_WAITING = 5  # requests of one environment that wait at once
MOST_AN_HOUR = 20  # new ones of one environment that nobody signed
_HOUR = timedelta(hours=1)
_UNSIGNED = (PlanState.WAITING, PlanState.REJECTED, PlanState.VOID)


def require_patience(app: App, environment: Environment, plan: Plan) -> None:
    """Let a new request begin to wait only where there is room for it.

    Called once the plan is stored, so that of many at once none slips through: what is too much
    is void again. The first time in an hour, `notify` says so.

    Raises:
        TooManyRequests.
    """
    too_many = _too_many(app, plan)
    if not too_many:
        return
    app.state.move_plan(
        plan.id, expect=(PlanState.WAITING,), to=PlanState.VOID, reason="too many requests"
    )
    _tell_once(app, environment, plan)
    raise TooManyRequests(
        f"{too_many} for {environment.name}; this one was not added",
        hint="Wait for what is there: `faber-db status` names it. A person clears it with"
        " `faber-db approve` or `faber-db reject`.",
    )


def _too_many(app: App, plan: Plan) -> str:
    now = app.now()
    place = {"database": plan.database, "environment": plan.environment}
    waiting = [
        s
        for s in app.state.plans(**place, states=(PlanState.WAITING,))
        if s.plan.protected and s.plan.expires_at > now.isoformat(timespec="seconds")
    ]
    if len(waiting) > MOST_WAITING:
        return f"{MOST_WAITING} requests wait already"
    since = (now - _HOUR).isoformat(timespec="seconds")
    asked = [s for s in app.state.plans(**place, states=_UNSIGNED, since=since) if s.plan.protected]
    return f"{MOST_AN_HOUR} requests were made within an hour" if len(asked) > MOST_AN_HOUR else ""


def _tell_once(app: App, environment: Environment, plan: Plan) -> None:
    key = f"pestered:{plan.database}:{plan.environment}"
    now = app.now()
    before = app.state.recall(key) or {}
    if str(before.get("until", "")) > now.isoformat(timespec="seconds"):
        return
    app.state.remember(key, {"until": (now + _HOUR).isoformat(timespec="seconds")})
    notify(app, environment, "too-many", plan)
