"""The audit trail for people."""

import json
import re
from collections.abc import Callable
from datetime import datetime

from faber_db.cli.render.page import Page, Span, bad, dim, good, strong, warn
from faber_db.cli.render.words import ago, count
from faber_db.model.answer import Answer
from faber_db.services.audit import Anchor, ExportDetails, ShowDetails, VerifyDetails

_DIGEST = re.compile(r"[0-9a-f]{64}")


def entries(now: datetime) -> Callable[[Answer[ShowDetails], Page], None]:
    """Draws entries, the newest last."""

    def draw(answer: Answer[ShowDetails], page: Page) -> None:
        details = answer.details
        if details.left_out:
            page.line(dim(f"{count(details.left_out, 'older entry', 'older entries')}: --limit"))
        for entry in details.entries:
            body = ", ".join(f"{key} {_short(value)}" for key, value in entry.body.items())
            page.fact(
                strong(f"{entry.seq}"),
                f"{entry.event}  {ago(entry.at, now)}  {body}",
                indent=0,
                column=6,
            )
        if not details.entries:
            page.line("No audit entries.")

    return draw


def verdict(answer: Answer[VerifyDetails], page: Page) -> None:
    """The verdict, each broken link, then what each target remembers."""
    details = answer.details
    if details.broken:
        page.line(bad("BROKEN"), f"  {count(details.entries, 'entry', 'entries')}")
        page.table([(f"entry {link.seq}", link.problem) for link in details.broken])
    else:
        unseen = any(anchor.agrees is None for anchor in details.anchors)
        page.line(
            warn("UNPROVED") if unseen else good("WHOLE"),
            f"  {count(details.entries, 'entry', 'entries')}  head {details.head[:12] or '-'}",
        )
    page.table([_anchor(anchor) for anchor in details.anchors])


def nothing(answer: Answer[ExportDetails], page: Page) -> None:
    """Nothing: the entries themselves are the output."""


def _anchor(anchor: Anchor) -> tuple[Span | str, ...]:
    match anchor.agrees:
        case True:
            word, note = good("agrees"), f"remembers entry {anchor.seq}"
        case False:
            word, note = bad("differs"), anchor.reason
        case None:
            word, note = warn("not compared"), anchor.reason
    return (f"{anchor.environment} ({anchor.database})", word, note)


def _short(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value, default=str)
    if _DIGEST.fullmatch(text):
        return f"{text[:12]}…"
    return text if len(text) <= 60 else f"{text[:59]}…"
