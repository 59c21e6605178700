"""What people rejected before, and what that was about."""

from faber_db.model.finding import Frozen
from faber_db.model.plan import Plan, PlanState
from faber_db.services.app import App


class Rejection(Frozen):
    """One no, to something that is asked for again."""

    plan_id: str
    at: str  # ISO, UTC; empty: not known
    by: str  # an account; a no needs no signature
    reason: str


def rejections_of(app: App, plan: Plan) -> list[Rejection]:
    """Every no to the same action, place and bytes, newest first, whatever the target was then."""
    found = [
        Rejection(
            plan_id=stored.plan.id,
            at=str(stored.result.get("rejected_at", "")),
            by=str(stored.result.get("rejected_by", "")),
            reason=stored.reason,
        )
        for stored in app.state.plans(about=plan.about, states=(PlanState.REJECTED,))
        if stored.plan.id != plan.id
    ]
    return sorted(found, key=lambda rejection: rejection.at, reverse=True)
