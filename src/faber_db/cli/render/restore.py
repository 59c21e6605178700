"""A restore for people: what it loses, what became of it, how to undo it."""

from faber_db.cli.render.next_step import add_next
from faber_db.cli.render.page import Page, Span, bad, good, strong, warn
from faber_db.model.answer import Answer, State
from faber_db.services.restore import RestoreDetails


def outcome(answer: Answer[RestoreDetails], page: Page) -> None:
    """The outcome, then what it loses, then the next step."""
    details = answer.details
    page.line(strong(details.environment), "  ", _state(answer), f"  {_headline(answer)}")
    for loss in details.loses:
        page.fact(bad("loses"), loss, column=15)
    for label, text in (
        ("saved first", details.safety_backup_id),
        ("ledger", details.ledger_head),
        ("undo", details.undo),
    ):
        if text:
            page.fact(label, text, column=15)
    add_next(page, details.next)


def _state(answer: Answer[RestoreDetails]) -> Span:
    if answer.status == "failure":
        return bad("refused" if answer.details.state is State.REFUSED else "failed")
    match answer.details.state:
        case State.DONE:
            return good("restored")
        case state:
            return warn(state.value.replace("_", " "))


def _headline(answer: Answer[RestoreDetails]) -> str:
    details = answer.details
    match details.state:
        case State.DONE if answer.status != "failure":
            return f"as {details.backup_id} recorded it"
        case State.APPROVAL_REQUIRED:
            return f"{details.plan_id} waits for a signature; nothing has run"
        case State.PLANNED | State.CONFIRM_REQUIRED:
            return f"{details.plan_id} from {details.backup_id}; nothing has run"
        case State.RUNNING:
            return answer.message
        case _:
            return ""
