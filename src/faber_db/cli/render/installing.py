"""Setting an executor up, for people: what is done, what they do then, and the way back."""

from faber_db.cli.render.page import Page, dim, strong, warn
from faber_db.model.answer import Answer
from faber_db.services.install_executor import InstallDetails


def planned(answer: Answer[InstallDetails], page: Page) -> None:
    """Commands, files with their modes and contents, the rest by hand, and how to undo it."""
    details = answer.details
    page.line(strong("This would set up "), strong(answer.message))
    page.blank()
    for command in details.commands:
        page.verbatim(command, indent=2)
    for item in details.written:
        page.verbatim(item.line, indent=2)
        page.verbatim(item.content or "", indent=6)
    _rest(details, page)


def done(answer: Answer[InstallDetails], page: Page) -> None:
    """What a person does now, and how to undo what was done."""
    page.line(strong(answer.message))
    _rest(answer.details, page)


def _rest(details: InstallDetails, page: Page) -> None:
    page.blank()
    page.line(dim("Then, by hand:"))
    for number, step in enumerate(details.then, start=1):
        page.verbatim(f"{number}. {step}", indent=2)
    page.blank()
    page.line(dim("To undo it:"))
    for step in details.undo:
        page.verbatim(step, indent=2)
    for warning in details.warnings:
        page.line(warn("warning"), "  ", warning)
