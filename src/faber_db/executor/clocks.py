"""Whether the executor's clock can be trusted with the time of an approval."""

from datetime import datetime, timedelta

from faber_db.errors import ClockSkewed
from faber_db.services.ports import Session

LONGEST_SKEW = timedelta(seconds=60)


def require_agreement(now: datetime, session: Session) -> None:
    """The executor's clock and the database's are at most a minute apart.

    Raises:
        ClockSkewed: they are further apart, so nobody can say whether an approval has lapsed.
    """
    apart = now - session.now()
    if abs(apart) > LONGEST_SKEW:
        raise ClockSkewed(
            f"the executor's clock is {_seconds(apart)} s"
            f" {'ahead of' if apart > timedelta(0) else 'behind'} the database's",
            hint="Set both clocks by NTP, then ask for a new plan.",
        )


def require_no_jump(now: datetime, *, since: datetime, passed: timedelta = timedelta(0)) -> None:
    """The clock did not go back since a moment that is known to have been.

    Args:
        now: by the clock.
        since: by the same clock, earlier: when the approval was claimed.
        passed: what a clock that never goes back measured since then, as far as it did.

    Raises:
        ClockSkewed: it went back, so an approval that has lapsed would look alive.
    """
    back = since + passed - now
    if back > LONGEST_SKEW:
        raise ClockSkewed(
            f"the executor's clock went back by {_seconds(back)} s while an approval was in use",
            hint="Set the clock by NTP, then ask for a new plan.",
        )


def _seconds(span: timedelta) -> int:
    return abs(span) // timedelta(seconds=1)
