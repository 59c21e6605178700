"""A new migration for people: its script, its proof, or the questions that stand before it."""

from faber_db.cli.render.findings import add_findings
from faber_db.cli.render.next_step import add_next
from faber_db.cli.render.page import Page, Span, bad, dim, good, strong, warn
from faber_db.model.answer import Answer, State
from faber_db.services.architect import ArchitectDetails, ProofDetails


def outcome(answer: Answer[ArchitectDetails], page: Page) -> None:
    """The outcome, the script, the proof, what was not understood, the next step."""
    details = answer.details
    page.line(_state(answer), f"  {answer.message}")
    for question in details.questions:
        page.blank()
        page.line(strong(question.id), f"  {question.text}")
        for option in question.options:
            page.line(f"  --answer {question.id}={option}")
    if details.migration is not None and details.state is not State.SKIPPED:
        page.blank()
        page.verbatim(details.migration.sql, indent=2)
        if details.migration.down:
            page.blank()
            page.line(dim("  down"))
            page.verbatim(details.migration.down, indent=2)
    if details.proof is not None:
        page.blank()
        _add_proof(page, details.proof)
    for assumption in details.assumptions:
        page.fact("assumed", assumption, column=15)
    for passage in details.not_understood:
        page.fact(warn("not read"), f"{passage.lines}: {passage.text} ({passage.why})", column=15)
    add_findings(page, details.findings)
    add_next(page, details.next)


def _add_proof(page: Page, proof: ProofDetails) -> None:
    if proof.unproved:
        page.fact(warn("not proved"), proof.unproved, column=15)
        return
    verdict = good("proved") if proof.equal else bad("differs")
    words = "leads to the desired schema" if proof.equal else "does not lead to the desired schema"
    page.fact(verdict, f"{words}, on {proof.on}", column=15)
    for difference in proof.differences:
        page.fact("", difference, column=15)
    match proof.down_equal:
        case True:
            page.fact(good("proved"), "the down script leads back", column=15)
        case False:
            page.fact(bad("differs"), "the down script does not lead back", column=15)
            for difference in proof.down_differences:
                page.fact("", difference, column=15)
        case None:
            page.fact("down", "there is no down script", column=15)
    for number, note in enumerate(proof.trial):
        page.fact("" if number else "trial", note, column=15)


def _state(answer: Answer[ArchitectDetails]) -> Span:
    if answer.status == "failure":
        return bad("failed")
    match answer.details.state:
        case State.DONE:
            return good("written")
        case State.SKIPPED:
            return good("nothing to do")
        case State.QUESTIONS:
            return warn("questions")
        case state:
            return warn(state.value.replace("_", " "))
