"""What doctor found, for people."""

from faber_db.cli.render.page import Page, Span, bad, dim, good, strong, warn
from faber_db.model.answer import Answer
from faber_db.services.doctor import DoctorDetails, Verdict

_COLUMN = 30  # where the text of a hole begins


def draw(answer: Answer[DoctorDetails], page: Page) -> None:
    """What is wrong with its remedy, what is right, then how far the protection reaches."""
    details = answer.details
    page.line(_headline(answer), f"  faber-db {details.version}")
    page.blank()
    column = max((len(e.name) for e in details.examined), default=0) + 12
    for examined in details.examined:
        page.line(
            "  ",
            _word(examined.verdict),
            " " * (9 - len(examined.verdict.value)),
            strong(examined.name.ljust(column - 12)),
            " ",
            examined.text,
        )
        if examined.hint:
            page.line(" " * column, dim(examined.hint))
    page.blank()
    _protection(details, page)
    if details.footprint:
        page.blank()
        page.line(strong("Footprint"), "  everything of ours on this machine and in the databases:")
        page.table([(f.place, f.what, _existence(f.exists)) for f in details.footprint])


def _protection(details: DoctorDetails, page: Page) -> None:
    """The tier of each protected environment, what is open, and what the tier itself lets pass."""
    for holds in details.holds:
        page.fact(strong(holds.environment), f"tier {holds.holds} holds: {holds.words}", indent=0)
    if details.holes:
        page.blank()
        page.line(strong("Open to this account"), "  (? could not be tried)")
    following = [*(hole.hint for hole in details.holes[1:]), ""]
    for hole, next_hint in zip(details.holes, following, strict=False):
        mark = "" if hole.certain else "?"
        page.fact(warn(f"{hole.code}{mark}"), hole.text, column=_COLUMN)
        if hole.hint != next_hint:  # what closes several stands once, below the last
            page.text(f"close: {hole.hint}", indent=_COLUMN, style="dim")
    page.blank()
    if not details.holds:
        page.line(
            "No environment that could be looked at here is protected: nothing takes a signature."
        )
        return
    page.line(strong(f"Tier {details.tier}"), "  what this tier does not stop, even so:")
    for limit in details.tier_limits:
        page.fact("-", limit, column=4)


def _headline(answer: Answer[DoctorDetails]) -> Span:
    match answer.status:
        case "success":
            return good("WELL")
        case "warning":
            return warn("LOOK")
        case _:
            return bad("FAILED")


def _word(verdict: Verdict) -> Span:
    match verdict:
        case Verdict.OK:
            return good(verdict.value)
        case Verdict.FAILED | Verdict.UNKNOWN:
            return bad(verdict.value)
        case Verdict.WARNING:
            return warn(verdict.value)
        case _:
            return Span(verdict.value)


def _existence(exists: bool | None) -> Span:
    match exists:
        case True:
            return strong("there")
        case False:
            return dim("not there")
        case None:
            return dim("not looked at")
