"""Health as values: one result a check, and the verdict over all."""

from enum import StrEnum

from faber_db.model.finding import Frozen


class CheckStatus(StrEnum):
    """A check that may not look is `unknown`, never `ok`."""

    OK = "ok"
    INFO = "info"
    WARNING = "warning"
    CRITICAL = "critical"
    UNKNOWN = "unknown"
    SKIPPED = "skipped"


class Overall(StrEnum):
    """The verdict over all checks (DESIGN: Command line)."""

    HEALTHY = "healthy"
    DEGRADED = "degraded"
    UNHEALTHY = "unhealthy"
    UNKNOWN = "unknown"


class CheckResult(Frozen):
    """What one check found."""

    check: str
    status: CheckStatus
    object: str = ""
    value: str = ""  # with its unit: "31 h", "93 %"
    threshold: str = ""
    since: str = ""  # age of the counters it rests on
    why: str = ""
    action: str = ""  # SQL or a command; never run
    safe_to_run_now: bool = False
    key: str = ""  # stable, for muting
    ms: int = 0
    essential: bool = False  # an unknown one makes the whole verdict unknown


class Health(Frozen):
    """All results of one look."""

    overall: Overall
    checks: tuple[CheckResult, ...]
    cannot_see: tuple[str, ...] = ()  # "replication: GRANT pg_monitor TO faber_ro"
    taken_at: str = ""
    ms: int = 0


def verdict(checks: tuple[CheckResult, ...]) -> Overall:
    """The overall word for some results.

    A critical one wins over everything; then an essential check that could not look; then a
    warning. Nothing looked at is unknown.
    """
    seen = {c.status for c in checks}
    if CheckStatus.CRITICAL in seen:
        return Overall.UNHEALTHY
    if not seen - {CheckStatus.UNKNOWN, CheckStatus.SKIPPED} or any(
        c.essential and c.status in (CheckStatus.UNKNOWN, CheckStatus.SKIPPED) for c in checks
    ):
        return Overall.UNKNOWN
    return Overall.DEGRADED if CheckStatus.WARNING in seen else Overall.HEALTHY
