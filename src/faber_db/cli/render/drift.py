"""Drift for people: what differs, then what is known and ignored."""

from faber_db.cli.render.page import Page, dim, good, strong, warn
from faber_db.cli.render.words import count
from faber_db.model.answer import Answer
from faber_db.services.show_drift import DriftDetails


def draw(answer: Answer[DriftDetails], page: Page) -> None:
    """The verdict, each difference, each ignored one with its reason."""
    details = answer.details
    compared = dim(f"  compared with {details.compared_with}")
    if details.unproved:
        page.line(strong(details.environment), "  ", warn("UNKNOWN"), "  nothing could be compared")
        return
    if not details.differences:
        page.line(strong(details.environment), "  ", good("no drift"), compared)
    else:
        drifted = count(len(details.differences), "difference")
        page.line(strong(details.environment), "  ", warn("DRIFTED"), f"  {drifted}", compared)
        page.table([(d.kind, strong(d.name), d.difference) for d in details.differences])
    if details.ignored:
        page.blank()
        page.line(dim("Ignored by the configuration:"))
        page.table([(i.difference.kind, i.difference.name, i.reason) for i in details.ignored])
