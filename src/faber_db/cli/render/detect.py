"""The verdict over a work item for people."""

from faber_db.cli.render.page import Page, good, strong, warn
from faber_db.model.answer import Answer
from faber_db.services.detect import DetectDetails


def draw(answer: Answer[DetectDetails], page: Page) -> None:
    """The verdict, the words that gave it, then what to do."""
    details = answer.details
    word = {"yes": warn("YES"), "possible": warn("POSSIBLE")}.get(details.verdict, good("NO"))
    page.line(word, "  ", answer.message, f"  ({details.confidence:.0%} sure)")
    if details.indicators:
        page.blank()
        page.table(
            [
                (f"{i.weight:+.1f}", i.text, f"in the {i.where}", i.kind.replace("_", " "))
                for i in details.indicators
            ]
        )
    if details.left_out:
        page.line(f"  and {details.left_out} lighter ones")
    if details.recommendations:
        page.blank()
        for recommendation in details.recommendations:
            page.fact(strong("do"), recommendation, column=6)
