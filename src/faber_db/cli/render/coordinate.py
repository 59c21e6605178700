"""Build, evaluate, release and rollback for people: what became of the change, its evidence, the next step."""

from collections.abc import Callable
from datetime import datetime

from faber_db.cli.render.findings import add_findings, risk_word
from faber_db.cli.render.next_step import add_next
from faber_db.cli.render.page import Page, Span, bad, dim, good, strong, warn
from faber_db.cli.render.steps import add_steps
from faber_db.cli.render.words import count, duration, listed, until
from faber_db.model.answer import Answer, State
from faber_db.services.coordinate import CoordinateDetails


def outcome(
    now: datetime, did: str = "applied"
) -> Callable[[Answer[CoordinateDetails], Page], None]:
    """Draws the outcome; `did` is what became of the migrations."""

    def draw(answer: Answer[CoordinateDetails], page: Page) -> None:
        details = answer.details
        page.line(
            strong(details.environment or "shadow"),
            "  ",
            _state(answer),
            "  ",
            _headline(answer, did),
        )
        for label, text in _facts(details, now, did):
            if text:
                page.fact(label, text, column=14)
        if details.risk is not None and details.state not in (State.DONE, State.SKIPPED):
            page.line("  risk        ", risk_word(details.risk))
        if details.state is not State.SKIPPED and not (did != "applied" and details.applied):
            add_findings(page, details.findings)
        add_steps(page, details.steps, details.limits)
        if details.difference:
            page.blank()
            for text in details.difference.splitlines():
                page.line("  ", _changed(text))
        add_next(page, details.next)

    return draw


def _changed(text: str) -> Span | str:
    """A line of a difference, which its first character tells already."""
    return {"-": bad, "+": good, "@": dim}.get(text[:1], Span)(text)


def _state(answer: Answer[CoordinateDetails]) -> Span:
    if answer.status == "failure":
        return bad("refused" if answer.details.state is State.REFUSED else "failed")
    match answer.details.state:
        case State.DONE:
            return good("done")
        case State.SKIPPED:
            return good("nothing to do")
        case State.PLANNED:
            return Span("planned")
        case state:
            return warn(state.value.replace("_", " "))


def _headline(answer: Answer[CoordinateDetails], did: str) -> str:
    details = answer.details
    match details.state:
        case State.DONE if details.applied and answer.status != "failure":
            took = duration(sum(m.duration_ms for m in details.measured))
            return f"{count(len(details.applied), 'migration')} {did} in {took}"
        case State.APPROVAL_REQUIRED:
            return f"{details.plan_id} waits for a signature; nothing has run"
        case State.CONFIRM_REQUIRED:
            return f"{details.plan_id} runs when it is confirmed; nothing has run"
        case State.PLANNED:
            return f"{details.plan_id}: {count(len(details.pending), 'migration')}; nothing has run"
        case State.RUNNING:
            return f"{details.job_id} {details.progress}"
        case _:
            return answer.message if answer.status != "failure" else ""


def _facts(details: CoordinateDetails, now: datetime, did: str) -> tuple[tuple[str, str], ...]:
    waits = details.state in (State.APPROVAL_REQUIRED, State.CONFIRM_REQUIRED, State.PLANNED)
    return (
        (did, listed(details.applied)),
        ("pending", listed(details.pending) if waits else ""),
        ("loses", listed(details.loses) if waits else ""),
        ("trial", details.trial),
        ("drift", details.drift),
        ("backup", details.backup_id),
        ("health", details.health),
        ("ledger", details.ledger_head if details.applied else ""),
        ("expires", until(details.expires_at, now) if waits else ""),
        ("tier", f"{details.tier}" if details.tier and waits else ""),
    )
