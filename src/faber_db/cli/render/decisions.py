"""What waits, the screen before a signature, and what became of it."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime

from faber_db.cli.render.page import Page, Span, bad, clean, dim, good, strong, warn
from faber_db.cli.render.words import ago, count, duration, size
from faber_db.model.answer import Answer, NextPerson
from faber_db.services.approve import (
    DecisionDetails,
    PolicyDetails,
    WaitingDetails,
)
from faber_db.services.coordinate import CoordinateDetails
from faber_db.services.enrol import KeyDetails, ProtectDetails
from faber_db.services.ports import Rendering

FIRST_SCREEN_LINES = 24
_STYLES = {"high": bad, "critical": bad, "medium": warn}
_FACT_LINES = 3  # a fact that needs more is cut; the full text is one key away
_FEWEST_STATEMENTS = 3


def waiting(now: datetime) -> Callable[[Answer[WaitingDetails], Page], None]:
    """Draw what waits for a signature."""

    def draw(answer: Answer[WaitingDetails], page: Page) -> None:
        page.line(strong(answer.message))
        page.table(
            [
                (
                    strong(w.plan_id),
                    w.kind.value,
                    w.environment,
                    _STYLES.get(w.risk, dim)(w.risk),
                    f"loses {', '.join(w.loses)}" if w.loses else "",
                    f"asked by {w.asked_by}" + (f" for {w.work_id}" if w.work_id else ""),
                    dim(ago(w.created_at, now)),
                    warn(f"rejected before: {w.rejected[0]}") if w.rejected else "",
                )
                for w in answer.details.waiting
            ]
        )
        _next(answer, page)

    return draw


def first_screen(rendering: Rendering, width: int) -> str:
    """The screen that a person signs from: the worst first, one less than 24 lines for the prompt.

    Every fact has a line, the first ones more as long as there is room; no line is longer than the
    terminal is wide. What does not fit is one key away, and that is said.
    """
    plan = rendering.stored.plan
    risk = plan.risk.value.upper()
    page = Page(width=width)
    page.line(_cut_inside(rendering.title, width - len(risk) - 3), "   ", strong(risk))
    page.blank()
    tail = _tail(rendering, width)
    asked = min(len(rendering.statements), _FEWEST_STATEMENTS)
    room = FIRST_SCREEN_LINES - 1 - len(page.lines) - 1 - len(tail) - asked
    page.lines.extend(_facts(rendering, width, room))
    page.blank()
    room = FIRST_SCREEN_LINES - 1 - len(page.lines) - len(tail)
    page.lines.extend(_statements(rendering.statements, width, room))
    page.lines.extend(tail)
    return page.render()


def _facts(rendering: Rendering, width: int, room: int) -> list[tuple[Span, ...]]:
    wrapped = []
    for name, value in rendering.facts:
        fact = Page(width=width)
        fact.fact(name, value)
        wrapped.append(fact.lines)
    lines = [1] * len(wrapped)
    spare = room - len(wrapped)
    for at, fact_lines in enumerate(wrapped):
        more = max(0, min(spare, len(fact_lines) - 1, _FACT_LINES - 1))
        lines[at] += more
        spare -= more
    shown = [
        line
        for fact_lines, count_ in zip(wrapped, lines, strict=True)
        for line in _shortened(fact_lines, count_, width)
    ]
    if len(shown) > room:
        left = len(shown) - room + 1
        shown = [*shown[: room - 1], (Span(f"  and {count(left, 'fact')} more: [a]", "dim"),)]
    return shown


def _shortened(
    lines: list[tuple[Span, ...]], count_: int, width: int
) -> Iterator[tuple[Span, ...]]:
    """So many lines of a fact, none longer than the terminal, and a mark where something is left out."""
    for at, line in enumerate(lines[:count_]):
        whole = at < count_ - 1 or count_ == len(lines)
        length = sum(len(span.text) for span in line)
        if whole and length <= width:
            yield line
            continue
        *head, last = line
        used = sum(len(span.text) for span in head)
        mark = "" if whole else " … [a]"
        yield (
            *head,
            Span(_cut(last.text, width - used - len(mark)), last.style),
            Span(mark, "dim"),
        )


def _statements(statements: Sequence[str], width: int, room: int) -> list[tuple[Span, ...]]:
    page = Page(width=width)
    fits = len(statements) if len(statements) <= room else max(room - 1, 1)
    for number, text in enumerate(statements[:fits], start=1):
        page.line(f"  {number:>2}  {_cut(text, width - 6)}")
    if len(statements) > fits:
        page.line("      ", dim(f"and {len(statements) - fits} more: [a]"))
    return page.lines


def _tail(rendering: Rendering, width: int) -> list[tuple[Span, ...]]:
    plan = rendering.stored.plan
    page = Page(width=width)
    digest = " ".join(plan.digest[i : i + 4] for i in range(0, 16, 4))
    size_ = size(sum(m.size_bytes for m in plan.migrations))
    statements = sum(m.statements for m in plan.migrations)
    parts = [f"plan {plan.id} sha256 {digest} … · target {plan.target.digest[:8]}"]
    if plan.migrations:
        parts.insert(0, f"{count(statements, 'statement')} · {size_}")
    together = " · ".join(parts)
    for text in [together] if len(together) + 2 <= width else parts:
        page.line("  ", dim(_cut(text, width - 2)))
    return page.lines


def decision(answer: Answer[DecisionDetails], page: Page) -> None:
    """Draw a signature, rejection or proposal."""
    page.line(strong(answer.message))
    if answer.details.lapses_at:
        page.fact("by", answer.details.approver)
        page.fact("lapses", answer.details.lapses_at)
    _next(answer, page)


def deployed(answer: Answer[CoordinateDetails], page: Page) -> None:
    """Draw what a deployment did."""
    details = answer.details
    style = bad if answer.status == "failure" else warn if answer.status == "warning" else good
    page.line(style(answer.message))
    for measured in details.measured:
        page.fact(measured.version, duration(measured.duration_ms), column=28)
    if details.backup_id:
        page.fact("backup", details.backup_id)
        page.fact("undo", f"faber-db restore {details.environment} {details.backup_id}")
    _next(answer, page)


def protected(answer: Answer[ProtectDetails], page: Page) -> None:
    """Draw a target that was just protected."""
    page.line(good(answer.message))
    page.fact("target", answer.details.target_id)
    page.fact("key", f"{answer.details.key_id}, pinned in the database itself")
    page.fact("print", answer.details.fingerprint)
    if answer.details.signer == "ed25519":
        page.fact("keep", "the passphrase to yourself: whoever knows it can sign")


def key(answer: Answer[KeyDetails], page: Page) -> None:
    """Draw the public half of a key."""
    details = answer.details
    page.line(strong(answer.message))
    page.fact("key", details.key_id)
    page.fact("print", details.fingerprint)
    page.fact("file", details.file or "none; --export FILE writes one for another person to add")


def policy(answer: Answer[PolicyDetails], page: Page) -> None:
    """Draw a policy, a line a key."""
    page.line(strong(answer.message))
    for key, value in sorted(answer.details.policy.items()):
        if key != "approvers" and value not in ([], {}, ""):
            page.fact(key, str(value), column=24)
    _approvers(answer, page)


def approvers(answer: Answer[PolicyDetails], page: Page) -> None:
    """Draw who may approve."""
    page.line(strong(answer.message))
    _approvers(answer, page)


def _approvers(answer: Answer[PolicyDetails], page: Page) -> None:
    for approver in answer.details.approvers:
        page.fact("approver", approver.words, column=24)


def _next(
    answer: Answer[WaitingDetails] | Answer[DecisionDetails] | Answer[CoordinateDetails], page: Page
) -> None:
    if isinstance(answer.details.next, NextPerson):
        page.next_step(answer.details.next.person)


def _cut(text: str, length: int) -> str:
    text = clean(text)  # first: what it makes visible is longer
    return text if len(text) <= length else text[: length - 1] + "…"


def _cut_inside(text: str, length: int) -> str:
    """Shortened where it is least missed: the kind stands first, the file and product last."""
    text = clean(text)
    if len(text) <= length:
        return text
    last = (length - 1) // 2
    return f"{text[: length - 1 - last]}…{text[len(text) - last :]}"
