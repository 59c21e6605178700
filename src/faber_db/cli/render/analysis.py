"""An analysis for people: the verdict, what needs care, and quiet on what is safe."""

from collections.abc import Callable

from faber_db.cli.render.findings import add_findings, add_safe, needs_care, summary
from faber_db.cli.render.fixes import add_fixes
from faber_db.cli.render.page import Page, dim
from faber_db.cli.render.words import count, listed
from faber_db.model.answer import Answer
from faber_db.services.analyze import AnalyzeDetails


def draw(*, all_of_them: bool) -> Callable[[Answer[AnalyzeDetails], Page], None]:
    """Draws an analysis; with all of them, also remarks and the statements that are safe."""

    def add(answer: Answer[AnalyzeDetails], page: Page) -> None:
        details = answer.details
        care = {(f.migration, f.line, f.statement) for f in details.findings if needs_care(f)}
        page.line(*summary(details.risk, len(care), details.statement_count))
        if details.looked_at:
            page.fact("in", listed(details.looked_at), column=6)
        for number, note in enumerate(details.trial):
            page.fact("" if number else "trial", note, column=6)
        add_findings(page, details.findings, all_of_them=all_of_them)
        safe = details.statement_count - len(care)
        if not safe or not care:
            safe_words = ""
        else:
            verb = "is" if safe == 1 else "are"
            safe_words = (
                f"{count(safe, 'statement')} {verb} safe: brief locks, no scan, nothing lost."
            )
        if all_of_them and details.statements:
            page.blank()
            add_safe(page, details.statements, besides={(line, text) for _, line, text in care})
        elif safe_words:
            page.blank()
            page.line(f"  {safe_words}", dim("   --detail full lists them"))
        add_fixes(page, details)

    return add
