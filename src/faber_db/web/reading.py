"""A plan as the page shows it: plain values, made from the executor's rendering and the stored plan."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from faber_db.model.finding import Finding, Risk, StatementReport
from faber_db.model.plan import Plan, PreflightAnswer
from faber_db.services.ports import Rendering
from faber_db.sql.redact import redact
from faber_db.web.columns import Columns, tables, why_none
from faber_db.web.timeline import Timeline, timeline

_MOST_STATEMENTS = 500
STYLES = {Risk.CRITICAL: "bad", Risk.HIGH: "bad", Risk.MEDIUM: "warn", Risk.LOW: "good"}


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a statement; `is_named` marks an object that a finding is about."""

    text: str
    is_named: bool


@dataclass(frozen=True, slots=True)
class Shown:
    """One statement with what was found about it."""

    place: str  # "20261123_add line 4"
    pieces: tuple[Piece, ...]
    says: str  # "rewrites, 2,000,000 rows, 4 to 15 s"
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class Count:
    """One question to the data."""

    question: str
    answer: str
    verdict: str  # "fine", "not fine", "not known", "counted only"


@dataclass(frozen=True, slots=True)
class Reading:
    """Everything about a plan that does not change while it waits."""

    plan: Plan
    verdict: str  # "HIGH"
    style: str
    title: str
    facts: tuple[tuple[str, str], ...]
    statements: tuple[Shown, ...]
    left_out: int
    counts: tuple[Count, ...]
    timeline: Timeline
    tables: tuple[Columns, ...]
    no_tables: str  # why none are listed
    sql: str
    to_type: tuple[str, ...]


def reading(rendering: Rendering) -> Reading:
    """The page's values of a rendering; does not connect."""
    plan = rendering.stored.plan
    reports = plan.analysis.statements
    return Reading(
        plan=plan,
        verdict=plan.risk.value.upper(),
        style=STYLES[plan.risk],
        title=rendering.title,
        facts=tuple((name, redact(value)) for name, value in rendering.facts),
        statements=tuple(_shown(plan, r) for r in reports[:_MOST_STATEMENTS]),
        left_out=max(0, len(reports) - _MOST_STATEMENTS),
        counts=tuple(_count(a) for a in dict.fromkeys(plan.preflight)),
        timeline=timeline(reports),
        tables=tables(plan.trial),
        no_tables=why_none(plan.trial),
        sql=redact(rendering.sql),
        to_type=rendering.to_type,
    )


def _shown(plan: Plan, report: StatementReport) -> Shown:
    findings = tuple(
        f
        for f in plan.analysis.findings
        if (f.migration, f.line) == (report.migration, report.line)
    )
    weighty = [f for f in findings if f.risk.at_least(Risk.MEDIUM)]
    names = {n.rpartition(".")[2] for f in weighty for n in f.objects}
    return Shown(
        place=f"{report.migration} line {report.line}".strip(),
        pieces=tuple(_pieces(redact(report.text), names)),
        says=_says(report),
        findings=findings,
    )


def _pieces(text: str, names: set[str]) -> Iterator[Piece]:
    """The text cut at whole words that are names."""
    words = "|".join(re.escape(n) for n in sorted(names, key=len, reverse=True) if n)
    parts = re.split(rf"(?<!\w)({words})(?!\w)", text) if words else [text]
    for number, part in enumerate(parts):
        if part:
            yield Piece(part, number % 2 == 1)


def _says(report: StatementReport) -> str:
    words = [
        "not understood" if not report.understood else "",
        "loses data" if report.data_loss else "",
        "rewrites the table" if report.rewrite else "reads the table" if report.scan else "",
        f"{report.rows:,} row{'' if report.rows == 1 else 's'}" if report.rows is not None else "",
        report.takes,
        "seen on a trial run" if report.measured else "",
    ]
    return ", ".join(word for word in words if word)


def _count(answer: PreflightAnswer) -> Count:
    verdict = "counted only" if not answer.decides else _VERDICTS[answer.ok]
    if answer.says:  # a whole sentence, which holds the answer
        return Count(answer.says, "", verdict)
    return Count(answer.question, answer.answer, verdict)


_VERDICTS: dict[bool | None, str] = {True: "fine", False: "not fine", None: "not known"}
