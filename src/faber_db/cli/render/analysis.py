"""An analysis for people: the verdict, what needs care, and quiet on what is safe."""

from collections.abc import Callable
from datetime import datetime

from faber_db.cli.render.findings import (
    BRIEF,
    Around,
    add_findings,
    add_folded,
    add_safe,
    needs_care,
    summary,
)
from faber_db.cli.render.fixes import add_fixes
from faber_db.cli.render.page import Page
from faber_db.cli.render.words import listed
from faber_db.model.answer import Answer
from faber_db.services.analyze import AnalyzeDetails


def draw(*, all_of_them: bool, now: datetime) -> Callable[[Answer[AnalyzeDetails], Page], None]:
    """Draws an analysis; with all of them, also remarks and the statements that are safe."""

    def add(answer: Answer[AnalyzeDetails], page: Page) -> None:
        details = answer.details
        around = Around(details.statements, now)
        care = {(f.migration, f.line, f.statement) for f in details.findings if needs_care(f)}
        page.line(*summary(details.risk, len(care), details.statement_count))
        if details.looked_at:
            page.fact("in", listed(details.looked_at), column=6)
        for number, note in enumerate(details.trial):
            page.fact("" if number else "trial", note, column=6)
        add_findings(page, details.findings, around, all_of_them=all_of_them)
        if all_of_them:
            page.blank()
            told = {(f.migration, f.line, f.statement) for f in details.findings if f.code != BRIEF}
            add_safe(page, around, besides=told)
        else:
            add_folded(page, details.findings, around)
        add_fixes(page, details)

    return add
