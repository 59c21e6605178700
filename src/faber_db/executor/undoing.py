"""After a deployment that failed: take back what it had applied, where `rollback_on_failure` says so.

By the same means as `faber-db rollback`, with a plan and a trail of its own: down scripts, or exact
inverses, that were seen to lead back on a shadow. What is not proved stays, and is told.
"""

import json
from collections.abc import Callable

from faber_db.errors import Cancelled, FaberDbError, MigrationIrreversible
from faber_db.executor.planning import VERSIONS, WAY_BACK
from faber_db.model.job import Job, JobState
from faber_db.model.plan import PlanKind, PlanState, StoredPlan
from faber_db.services.app import App
from faber_db.services.history import read_folder
from faber_db.services.ports import Proposal


def is_wanted(app: App, stored: StoredPlan, error: FaberDbError) -> bool:
    """Whether this failure is to be undone: nobody cancelled it, and something was applied."""
    plan = stored.plan
    if plan.kind is not PlanKind.DEPLOY or plan.protected or isinstance(error, Cancelled):
        return False
    environment = app.database(plan.database).environment(plan.environment)
    asked = environment.settings.rollback_on_failure and not environment.protected
    return asked and stored.state is PlanState.FAILED and bool(stored.result.get("applied"))


def take_back(
    app: App,
    failed: StoredPlan,
    *,
    propose: Callable[[Proposal], StoredPlan],
    run: Callable[[StoredPlan], Job],
) -> str:
    """Plan and run the roll-back; in words, what became of it. Never raises what was foreseen.

    Args:
        app: the project, with its migrations as they are now.
        failed: the deployment's plan.
        propose: makes the plan.
        run: carries it out, and gives the job that is over.
    """
    plan = failed.plan
    versions = [str(v) for v in failed.result["applied"]]
    what = f"what it had applied before ({', '.join(versions)})"
    try:
        undoing = propose(
            Proposal(
                kind=PlanKind.ROLLBACK,
                database=plan.database,
                environment=plan.environment,
                files=read_folder(app.database(plan.database)),
                work_id=plan.work_id,
                requester=plan.requester,
                arguments={"to": plan.ledger_head, VERSIONS: json.dumps(versions)},
            )
        )
        _require_proved(app, undoing)
        job = run(undoing)
    except FaberDbError as error:
        return f"{what} stays: {error.message}"
    if job.state is not JobState.DONE:
        return f"{what} could not be taken back: {job.error.get('message', 'see its job')}"
    return f"{what} was taken back by {undoing.plan.id}"


def _require_proved(app: App, undoing: StoredPlan) -> None:
    answer = next((a for a in undoing.plan.preflight if a.question == WAY_BACK), None)
    if answer is not None and answer.ok is True:
        return
    why = answer.answer if answer else "nothing was asked"
    expected = (PlanState.OPEN, PlanState.WAITING)
    reason = "the way back is not proved"
    app.state.move_plan(undoing.plan.id, expect=expected, to=PlanState.VOID, reason=reason)
    raise MigrationIrreversible(f"the way back is not proved ({why})")
