"""What `init` wrote and what the configuration comes to, for people."""

from faber_db.cli.render.next_step import add_next
from faber_db.cli.render.page import Page, Span, bad, dim, good, strong, warn
from faber_db.cli.render.words import listed
from faber_db.model.answer import Answer, State
from faber_db.services.config import ConfigDetails
from faber_db.services.db_create import DbCreateDetails
from faber_db.services.init import InitDetails


def initialised(answer: Answer[InitDetails], page: Page) -> None:
    """What was found, what was written, the file, the next step."""
    details = answer.details
    if details.state is State.SKIPPED:
        page.line(good("nothing to do"), f"  {answer.message}")
    else:
        word = warn("would write") if details.state is State.PLANNED else good("wrote")
        page.line(word, f"  {listed(details.made, most=10)}")
    for evidence in details.evidence:
        page.fact("found", evidence)
    page.blank()
    page.verbatim(details.config, indent=2)
    for diff in details.diffs if details.state is State.PLANNED else ():
        page.blank()
        page.verbatim(diff, indent=2)
    if details.note:
        page.blank()
        page.text(details.note)
    add_next(page, details.next)


def shown(answer: Answer[ConfigDetails], page: Page) -> None:
    """A line for each problem, or for each environment."""
    details = answer.details
    if details.problems:
        page.line(bad("INVALID"), f"  {answer.message}")
        for problem in details.problems:
            page.line(strong(f"  line {problem.line}  "), f"{problem.message} [{problem.code}]")
            if problem.hint:
                page.fact("", problem.hint, indent=2, column=11)
        return
    page.line(answer.message)
    several = len({line.database for line in details.environments}) > 1
    rows: list[list[Span | str]] = []
    for line in details.environments:
        name = f"{line.database}/{line.environment}" if several else line.environment
        guard = warn(f"protected: {line.why}") if line.protected else dim("not protected")
        rows.append([strong(name), line.engine, line.handler, line.migrations, line.source, guard])
    page.table(rows, gap=2)
    page.blank()
    page.table(
        [
            (
                f"{line.database}/{line.environment}" if several else line.environment,
                line.words,
                f"backup {line.backup}",
            )
            for line in details.environments
        ]
    )
    add_next(page, details.next)


def made(answer: Answer[DbCreateDetails], page: Page) -> None:
    """The database that is there now."""
    page.line(strong(answer.details.environment), f"  {answer.message}")
    for statement in answer.details.statements:
        page.line("  ", f"{statement};")
    add_next(page, answer.details.next)
