"""What stands in the ledger of a protected target and was not applied by a plan of ours."""

from collections.abc import Sequence
from datetime import datetime

from faber_db.model.migration import LedgerRow
from faber_db.model.plan import PlanKind, StoredPlan
from faber_db.model.target import Marker
from faber_db.services.app import App
from faber_db.services.ports import State


def applied_outside(
    app: App, database: str, environment: str, marker: Marker | None, rows: Sequence[LedgerRow]
) -> frozenset[str]:
    """Versions applied since the target is protected, and known to no plan of ours.

    What was applied before the target was protected, or before our state began, is not judged. A
    row that says so is taken at its word: this tells a person what to record, and holds nobody up.
    """
    since = _since(app.state, marker)
    if since is None:
        return frozenset()
    newer = {
        r.version
        for r in rows
        if r.finished and not r.rolled_back and r.applied_at is not None and r.applied_at > since
    }
    if not newer:
        return frozenset()
    plans = app.state.plans(database=database, environment=environment)
    return frozenset(newer.difference(*(_recorded(stored) for stored in plans)))


def _since(state: State, marker: Marker | None) -> datetime | None:
    first = state.audit(limit=1)
    if marker is None or not marker.created_at or not first:
        return None
    return max(datetime.fromisoformat(marker.created_at), datetime.fromisoformat(first[0].at))


def _recorded(stored: StoredPlan) -> set[str]:
    """The versions that a plan put into the ledger, also where it failed after some of them."""
    if stored.plan.kind is PlanKind.DEPLOY:
        return {str(version) for version in stored.result.get("applied", [])}
    if stored.plan.kind is PlanKind.MARK and stored.result.get("marked"):
        return {str(stored.result["marked"])}
    if stored.plan.kind is PlanKind.BASELINE:
        return {str(version) for version in stored.result.get("baselined", [])}
    return set()
