"""A dry run for people: the statements, how they are parted, what they lock and how long that takes."""

from collections.abc import Mapping, Sequence

from faber_db.cli.render.page import Page, dim, strong
from faber_db.cli.render.words import count, duration
from faber_db.services.steps import PlannedPart, PlannedStatement, PlannedStep


def add_steps(page: Page, steps: Sequence[PlannedStep], limits: Mapping[str, int]) -> None:
    """Draw the steps under the limits that they run under."""
    if not steps:
        return
    page.fact("limits", _limits(limits), column=14)
    for step in steps:
        page.blank()
        parts = count(len(step.parts), "part") if len(step.parts) > 1 else ""
        page.line("  ", strong(step.migration), "  ", step.note or parts)
        for part in step.parts:
            _add_part(page, part)


def _add_part(page: Page, part: PlannedPart) -> None:
    page.line("    ", dim(part.how))
    for statement in part.statements:
        first, *rest = statement.sql.splitlines() or [""]
        page.line("    ", f"line {statement.line}  ", first)
        for text in rest:
            page.line("      ", text)
        page.line("      ", _told(statement))


def _told(statement: PlannedStatement) -> str:
    locks = ", ".join(statement.locks)
    if not locks:
        return statement.work or "locks no table that exists"
    how_long = statement.work or "brief, no scan"
    takes = f", {statement.takes}" if statement.takes else ""
    seen = " (seen on a copy)" if statement.seen else ""
    return f"locks {locks}: {how_long}{takes}{seen}"


def _limits(limits: Mapping[str, int]) -> str:
    lock, statement = limits["lock_timeout_ms"], limits["statement_timeout_ms"]
    retries = count(limits["lock_retries"], "retry", "retries")
    return (
        f"a lock is waited for {duration(lock)}, {retries}; a statement runs {duration(statement)}"
    )
