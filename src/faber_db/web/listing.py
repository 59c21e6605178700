"""What waits, one entry for each thing that is asked for, however often it was asked."""

from dataclasses import dataclass
from datetime import datetime

from faber_db.model.plan import Plan, PlanState, StoredPlan
from faber_db.services.app import App
from faber_db.web.reading import STYLES

_SHOWN = (PlanState.WAITING, PlanState.SIGNED)
_OTHERS = 3
_MOST = 100


@dataclass(frozen=True, slots=True)
class Group:
    """The newest plan about one thing, and what became of earlier ones."""

    plan: Plan
    verdict: str
    style: str
    loses: str
    age: str
    signed_by: str
    others: tuple[StoredPlan, ...]


def groups(app: App) -> list[Group]:
    """Newest first; expired ones are left out."""
    now = app.now()
    first: dict[str, StoredPlan] = {}
    for stored in app.state.plans():
        if stored.state in _SHOWN and datetime.fromisoformat(stored.plan.expires_at) > now:
            first.setdefault(stored.plan.subject, stored)
    return [_group(app, stored, now) for stored in list(first.values())[:_MOST]]


def _group(app: App, stored: StoredPlan, now: datetime) -> Group:
    plan = stored.plan
    others = [s for s in app.state.plans(subject=plan.subject) if s.plan.id != plan.id]
    return Group(
        plan=plan,
        verdict=plan.risk.value.upper(),
        style=STYLES[plan.risk],
        loses=", ".join(plan.analysis.loses),
        age=_ago(plan.created_at, now),
        signed_by=", ".join(a.payload.approver for a in app.state.approvals(plan.id)),
        others=tuple(others[:_OTHERS]),
    )


def _ago(at: str, now: datetime) -> str:
    minutes = int((now - datetime.fromisoformat(at)).total_seconds() // 60)
    if minutes < 60:
        return f"{minutes} min ago" if minutes else "just now"
    return f"{minutes // 60} h ago" if minutes < 48 * 60 else f"{minutes // 1440} d ago"
