"""The entry of one code for people."""

from faber_db.cli.render.page import Page, strong
from faber_db.errors import Exit
from faber_db.model.answer import Answer
from faber_db.services.explain import ExplainDetails


def draw(answer: Answer[ExplainDetails], page: Page) -> None:
    """What it means, what to write instead, and what that rests on."""
    details = answer.details
    kind = ", ".join(
        word for word in (details.about, details.kind.replace("_", " "), details.risk) if word
    )
    page.line(strong(details.code), f"  ({kind})")
    page.blank()
    page.text(details.effect, indent=2)
    page.blank()
    for label, text in (("instead", details.remedy), ("source", details.source)):
        if text:
            page.fact(strong(label), text)
    if details.exit_code is not None:
        name = Exit(details.exit_code).name.lower()
        page.fact(strong("exits with"), f"{details.exit_code} ({name})", column=14)
