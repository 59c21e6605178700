"""Explain a code: of a finding's rule, of an error, or of a health check."""

from difflib import get_close_matches

from faber_db.checks import FOR
from faber_db.checks.base import Check
from faber_db.errors import FaberDbError, InputError, all_errors
from faber_db.model.answer import Answer, Details
from faber_db.rules import RULES
from faber_db.rules.base import Rule
from faber_db.rules.measured import ENTRIES


class ExplainDetails(Details):
    """What a code means and what to do about it."""

    code: str
    about: str  # "finding", "error" or "health check"
    effect: str
    kind: str = ""
    risk: str = ""
    remedy: str = ""
    source: str = ""
    exit_code: int | None = None


def run(code: str) -> Answer[ExplainDetails]:
    """The entry of one code. Reads no configuration and talks to nobody.

    Raises:
        InputError: no such code; the hint names the nearest.
    """
    wanted = code.strip().strip("[]").lower()
    rules = {rule.code: rule for rule in (*RULES, *ENTRIES)}
    errors = {error.code: error for error in all_errors()}
    checks = {check.name: check for checks in FOR.values() for check in checks}
    if wanted in rules:
        details = _finding(rules[wanted])
    elif wanted in errors:
        details = _error(errors[wanted])
    elif wanted.removeprefix("health-") in checks:
        details = _check(checks[wanted.removeprefix("health-")])
    else:
        near = get_close_matches(wanted, [*rules, *errors, *checks], n=3)
        raise InputError(
            f"there is no code {code!r}",
            hint=f"Did you mean {' or '.join(f'`{n}`' for n in near)}?"
            if near
            else "Codes stand in the brackets of errors and beside findings.",
        )
    return Answer[ExplainDetails](message=details.effect, details=details)


def _finding(rule: Rule) -> ExplainDetails:
    return ExplainDetails(
        code=rule.code,
        about="finding",
        kind=rule.kind.value,
        risk=rule.risk.value,
        effect=rule.effect,
        remedy=rule.remedy,
        source=rule.source,
    )


def _error(error: type[FaberDbError]) -> ExplainDetails:
    return ExplainDetails(
        code=error.code,
        about="error",
        effect=" ".join((error.__doc__ or "").split()),
        exit_code=int(error.exit_code),
    )


def _check(check: Check) -> ExplainDetails:
    return ExplainDetails(
        code=check.name,
        about="health check",
        effect=check.why.format(object="OBJECT", detail="DETAIL"),
        remedy=check.action.format(object="OBJECT", detail="DETAIL"),
    )
