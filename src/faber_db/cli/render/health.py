"""Health for people: the verdict, what is wrong with its remedy, what cannot be seen."""

from faber_db.cli.render.page import Page, Span, bad, dim, good, strong, warn
from faber_db.cli.render.words import duration
from faber_db.model.answer import Answer
from faber_db.model.health import CheckResult, CheckStatus, Overall
from faber_db.services.health import HealthDetails

_ORDER = (
    CheckStatus.CRITICAL,
    CheckStatus.WARNING,
    CheckStatus.UNKNOWN,
    CheckStatus.INFO,
    CheckStatus.SKIPPED,
    CheckStatus.OK,
)
_COLUMN = 12


def draw(answer: Answer[HealthDetails], page: Page) -> None:
    """The worst first; a check that is well is only counted."""
    details = answer.details
    counts = {s: sum(c.status is s for c in details.checks) for s in _ORDER}
    counts[CheckStatus.OK] += len(details.well)
    page.line(
        strong(details.environment),
        "  ",
        _verdict(details.overall),
        f"  {_counted(counts)}",
        dim(f"   {duration(details.ms)}"),
    )
    hidden_by: dict[str, list[str]] = {}
    for result in sorted(details.checks, key=lambda c: _ORDER.index(c.status)):
        if result.status is CheckStatus.UNKNOWN and not result.action:
            hidden_by.setdefault(result.why, []).append(result.check)
        elif result.status is not CheckStatus.OK:
            _add(page, result)
    for why, checks in hidden_by.items():
        page.fact(_word(CheckStatus.UNKNOWN), f"{', '.join(checks)}: {why}", column=_COLUMN)


def _add(page: Page, result: CheckResult) -> None:
    words = [result.object, result.value, result.why]
    if result.threshold and result.status in (CheckStatus.CRITICAL, CheckStatus.WARNING):
        words.append(f"(limit {result.threshold})")
    status = _word(result.status)
    text = "  ".join(word for word in words if word)
    page.line(
        "  ",
        Span(status.text.ljust(_COLUMN - 3), status.style),
        " ",
        strong(result.check),
        "  ",
        text,
    )
    if result.action and result.status is not CheckStatus.INFO:
        label = "needs" if result.status is CheckStatus.UNKNOWN else "do"
        page.fact(dim(label), result.action, indent=_COLUMN, column=_COLUMN + 7)
        if result.safe_to_run_now:
            page.line(" " * (_COLUMN + 7), dim("safe now: yes"))


def _verdict(overall: Overall) -> Span:
    word = overall.value.upper()
    match overall:
        case Overall.HEALTHY:
            return good(word)
        case Overall.DEGRADED:
            return warn(word)
        case _:
            return bad(word)


def _word(status: CheckStatus) -> Span:
    match status:
        case CheckStatus.CRITICAL:
            return bad(status.value)
        case CheckStatus.WARNING:
            return warn(status.value)
        case CheckStatus.UNKNOWN:
            return warn("unseen")
        case _:
            return Span(status.value)


def _counted(counts: dict[CheckStatus, int]) -> str:
    words = {
        CheckStatus.CRITICAL: "critical",
        CheckStatus.WARNING: "warning",
        CheckStatus.OK: "ok",
        CheckStatus.UNKNOWN: "cannot be seen",
    }
    said = []
    for status, word in words.items():
        if number := counts[status]:
            plural = "s" if status is CheckStatus.WARNING and number > 1 else ""
            said.append(f"{number} {word}{plural}")
    return ", ".join(said)
