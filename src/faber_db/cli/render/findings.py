"""Findings for people: per statement what is lost, blocked or broken, and what to write instead."""

from collections.abc import Sequence
from itertools import groupby

from faber_db.cli.render.page import Page, Span, bad, dim, good, strong, warn
from faber_db.cli.render.words import count
from faber_db.model.finding import Finding, Kind, Risk, StatementReport

_COLUMN = 22


def risk_word(risk: Risk) -> Span:
    """`HIGH`, in the colour of its level."""
    word = risk.value.upper()
    match risk:
        case Risk.CRITICAL | Risk.HIGH:
            return bad(word)
        case Risk.MEDIUM:
            return warn(word)
        case Risk.LOW:
            return good(word)


def add_findings(page: Page, findings: Sequence[Finding], *, all_of_them: bool = False) -> int:
    """Add the findings that need care, grouped by statement; how many statements they stand at."""
    shown = [f for f in findings if all_of_them or needs_care(f)]
    order = list(dict.fromkeys(f.migration for f in findings))
    shown.sort(key=lambda f: (order.index(f.migration), f.line, f.statement, -f.risk.rank))
    statements = 0
    told: _Told = {}
    for (migration, line, statement), group in groupby(
        shown, key=lambda f: (f.migration, f.line, f.statement)
    ):
        statements += 1
        page.blank()
        place = f"{migration} line {line}" if migration else f"line {line}"
        head = f"  {place}  "
        page.line(strong(head), _cut(statement, page.width - len(head)))
        _add_group(page, list(group), place, told)
    return statements


def add_safe(
    page: Page, statements: Sequence[StatementReport], *, besides: set[tuple[int, str]]
) -> None:
    """Add the statements `besides` those shown already, each with the lock it takes briefly."""
    rows: list[tuple[Span | str, ...]] = []
    for report in statements:
        if (report.line, report.text) in besides:
            continue
        locks = ", ".join(f"{lock.mode} on {lock.table}" for lock in report.locks)
        rows.append(
            (
                f"line {report.line}",
                _cut(report.text, 60),
                dim(f"brief lock: {locks}" if locks else ""),
            )
        )
    page.table(rows)


def needs_care(finding: Finding) -> bool:
    """Medium or worse, no matter of style, and not allowed with a reason beside the statement."""
    return (
        finding.risk.at_least(Risk.MEDIUM)
        and finding.kind is not Kind.STYLE
        and not finding.allowed
    )


_Told = dict[tuple[str, str], str]
"""Where a remedy stands already, by code and text, so that a long script says each one once."""


def _add_group(page: Page, group: list[Finding], place: str, told: _Told) -> None:
    """The findings of a statement, each with its remedy below it."""
    new: dict[str, None] = {}
    again: dict[str, None] = {}
    for number, finding in enumerate(group):
        page.fact(_kind(finding), _effect(finding), indent=11, column=_COLUMN)
        key = (finding.code, finding.remedy)
        first = told.setdefault(key, place)
        if first != place:
            if finding.remedy:
                again[f"as at {first} ({finding.code})"] = None
            continue
        new[f"faber-db explain {finding.code}"] = None
        if finding.remedy and all(f.remedy != finding.remedy for f in group[number + 1 :]):
            page.fact(good("instead"), finding.remedy, indent=11, column=_COLUMN)
    if again:
        page.fact(good("instead"), "\n".join(again), indent=11, column=_COLUMN)
    if new:
        page.fact(dim("why"), "\n".join(new), indent=11, column=_COLUMN)


def _kind(finding: Finding) -> Span:
    word = {
        "data_loss": "loses",
        "app_break": "breaks",
        "security": "opens",
        "opaque": "unknown",
    }.get(finding.kind.value, finding.kind.value)
    return bad(word) if finding.risk.at_least(Risk.HIGH) else warn(word)


def _effect(finding: Finding) -> str:
    notes = []
    mode = finding.lock.partition(" on ")[0]
    if finding.kind is Kind.BLOCKING and mode and mode not in finding.effect:
        notes.append(finding.lock)
    if finding.confidence.value in ("preflight", "measured"):
        notes.append(
            "counted in the data" if finding.confidence.value == "preflight" else "measured"
        )
    if finding.allowed:
        notes.append(f"allowed: {finding.allowed}")
    effect = finding.effect if not notes else f"{finding.effect} [{'; '.join(notes)}]"
    return effect


def _cut(text: str, width: int) -> str:
    one = " ".join(text.split())
    return one if len(one) <= width else f"{one[: max(width - 1, 10)]}…"


def summary(risk: Risk, care: int, total: int) -> tuple[Span | str, ...]:
    """`HIGH  1 of 6 statements needs care on a live database`."""
    if not care:
        return (
            risk_word(risk),
            f"  {count(total, 'statement')}: nothing lost, brief locks, no scan or rewrite to wait for",
        )
    verb = "needs" if care == 1 else "need"
    return risk_word(
        risk
    ), f"  {care} of {count(total, 'statement')} {verb} care on a live database"
