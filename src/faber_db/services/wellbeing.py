"""Health after a change, as part of its answer."""

from faber_db.errors import Exit, FaberDbError
from faber_db.model.answer import Answer, Problem, State
from faber_db.model.health import CheckStatus, Overall
from faber_db.services import health
from faber_db.services.app import App, Database, Environment
from faber_db.services.coordinate import CoordinateDetails


def add_health(
    answer: Answer[CoordinateDetails], app: App, database: Database, environment: Environment
) -> Answer[CoordinateDetails]:
    """Look at the environment when something was applied; what is wrong becomes a warning."""
    if answer.status != "success" or answer.details.state is not State.DONE:
        return answer
    try:
        found = health.look(app, database, environment)
    except FaberDbError as error:
        answer.status = "warning"
        answer.details.health = Overall.UNKNOWN
        answer.warnings.append(Problem.of(error))
        return answer
    answer.details.health = found.overall
    bad = [c for c in found.checks if c.status in (CheckStatus.CRITICAL, CheckStatus.WARNING)]
    answer.warnings += [
        Problem(code=f"health-{c.check}", message=c.why or f"{c.check}: {c.value}", hint=c.action)
        for c in bad
    ]
    if found.overall is Overall.UNHEALTHY:
        answer.status, answer.exit_code = "warning", Exit.UNHEALTHY
    elif bad:
        answer.status = "warning"
    return answer
