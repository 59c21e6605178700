"""Findings for people: per statement what is lost, blocked or broken, and what to write instead."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from itertools import groupby

from faber_db.cli.render.page import Page, Span, bad, dim, good, strong, warn
from faber_db.cli.render.words import ago, count, listed
from faber_db.model.finding import Confidence, Finding, Kind, Risk, StatementReport

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


@dataclass(frozen=True)
class Around:
    """What is known beside the findings: the statements' reports, and what time it is."""

    statements: Sequence[StatementReport] = ()
    now: datetime | None = None

    @cached_property
    def _by_place(self) -> dict[tuple[str, int, str], StatementReport]:
        return {(r.migration, r.line, r.text): r for r in self.statements}

    @cached_property
    def _last_lines(self) -> dict[str, int]:
        return {r.migration: r.line for r in self.statements}

    def report(self, finding: Finding) -> StatementReport | None:
        """The report of the statement that a finding is about."""
        return self._by_place.get((finding.migration, finding.line, finding.statement))

    def last_line(self, migration: str) -> int:
        """Where the last statement of a script stands; 0: not known."""
        return self._last_lines.get(migration, 0)


def add_findings(
    page: Page,
    findings: Sequence[Finding],
    around: Around = Around(),
    *,
    all_of_them: bool = False,
) -> int:
    """Add the findings that need care, grouped by statement; how many statements they stand at."""
    shown = [f for f in findings if needs_care(f) or (all_of_them and f.code != BRIEF)]
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
        _add_group(page, list(group), place, told, around)
    return statements


def add_safe(page: Page, around: Around, *, besides: set[tuple[str, int, str]]) -> None:
    """Add the statements `besides` those shown already, each with its locks and its work."""
    for report in around.statements:
        if (report.migration, report.line, report.text) in besides:
            continue
        name = f"{report.migration} " if report.migration else ""
        head = f"  {name}line {report.line}  "
        page.line(head, _cut(report.text, page.width - len(head)))
        page.fact(dim("locks"), _locks(report, around), indent=11, column=_COLUMN)


def add_folded(page: Page, findings: Sequence[Finding], around: Around) -> None:
    """Add one line each for the safe statements, for those that work quietly, and for remarks."""
    care = {(f.migration, f.line, f.statement) for f in findings if needs_care(f)}
    rest = [r for r in around.statements if (r.migration, r.line, r.text) not in care]
    quiet = [r for r in rest if r.scan or r.rewrite]
    safe = len(rest) - len(quiet)
    lines = []
    if safe and care:
        verb = "is" if safe == 1 else "are"
        lines.append(f"{count(safe, 'statement')} {verb} safe: brief locks, no scan, nothing lost.")
    if quiet:
        verb = "works" if len(quiet) == 1 else "work"
        places = listed([f"line {r.line}" for r in quiet])
        lines.append(
            f"{count(len(quiet), 'statement')} {verb} through rows while others read and write,"
            f" or through few: {places}."
        )
    remarks = [f for f in findings if not needs_care(f) and not f.allowed and f.code != BRIEF]
    if remarks:
        codes = listed(list(dict.fromkeys(f.code for f in remarks)))
        lines.append(f"{count(len(remarks), 'remark')} of low risk: {codes}.")
    if lines:
        page.blank()
    for number, line in enumerate(lines):
        more = "   --detail full shows all" if number == len(lines) - 1 else ""
        page.fact("", f"{line}{more}", indent=0, column=2)
    for finding in findings:
        if finding.allowed:
            text = f"{finding.code} at line {finding.line}: {finding.allowed}"
            page.fact(warn("allowed"), text, column=11)


BRIEF = "brief-lock"  # code of the rule about locks without work, which the safe statements have


def needs_care(finding: Finding) -> bool:
    """Medium or worse, no matter of style, and not allowed with a reason beside the statement."""
    return (
        finding.risk.at_least(Risk.MEDIUM)
        and finding.kind is not Kind.STYLE
        and not finding.allowed
    )


_Told = dict[tuple[str, str], str]
"""Where a remedy stands already, by code and text, so that a long script says each one once."""


def _add_group(page: Page, group: list[Finding], place: str, told: _Told, around: Around) -> None:
    """The findings of a statement below its locks, each with its remedy below it."""
    report = around.report(group[0])
    if report is not None and report.locks:
        page.fact(dim("locks"), _locks(report, around), indent=11, column=_COLUMN)
    new: dict[str, None] = {}
    again: dict[str, None] = {}
    for number, finding in enumerate(group):
        text = _effect(finding, around, alone=report is None)
        page.fact(_kind(finding), text, indent=11, column=_COLUMN)
        key = (finding.code, finding.remedy)
        first = told.setdefault(key, place)
        if first != place:
            if finding.remedy:
                again[f"as at {first} ({finding.code})"] = None
            continue
        new[finding.code] = None
        if finding.remedy and all(f.remedy != finding.remedy for f in group[number + 1 :]):
            page.fact(good("instead"), finding.remedy, indent=11, column=_COLUMN)
    if again:
        page.fact(good("instead"), "\n".join(again), indent=11, column=_COLUMN)
    if new:
        code, *others = new
        more = f"   (also {', '.join(others)})" if others else ""
        page.fact(dim("why"), f"faber-db explain {code}{more}", indent=11, column=_COLUMN)


def _locks(report: StatementReport, around: Around) -> str:
    """`ACCESS EXCLUSIVE on users until line 20; scan of 2,100,000 rows, 4 to 15 s`."""
    by_mode: dict[tuple[str, int], list[str]] = {}
    for lock in report.locks:
        by_mode.setdefault((lock.mode, lock.until_line), []).append(lock.table)
    if not report.locks:
        return "only on what is new here" if not report.scan else _work(report)
    last = around.last_line(report.migration)
    held = [
        f"{mode} on {listed(tables)}{_until(line, last)}"
        for (mode, line), tables in by_mode.items()
    ]
    return "; ".join([*held, _work(report)])


def _until(line: int, last: int) -> str:
    if not line:
        return ""
    return f" until line {line} (end of file)" if line == last else f" until line {line}"


def _work(report: StatementReport | Finding) -> str:
    """What is done under the locks: nothing, a scan or a rewrite, of how many rows, how long."""
    if not report.scan and not report.rewrite:
        words = "no scan"
        if report.rows is None:
            return f"brief, {words}"
    else:
        words = "rewrite" if report.rewrite else "scan"
    if report.rows is not None:
        words += f" of {report.rows:,} rows" if words != "no scan" else f", {report.rows:,} rows"
    return f"{words}, {report.takes}" if report.takes else words


def _kind(finding: Finding) -> Span:
    if finding.kind is Kind.FAILS and finding.risk is Risk.LOW:
        return good("counted")  # no row is in the way
    word = {
        "data_loss": "loses",
        "app_break": "breaks",
        "security": "opens",
        "opaque": "unknown",
    }.get(finding.kind.value, finding.kind.value)
    return bad(word) if finding.risk.at_least(Risk.HIGH) else warn(word)


def _effect(finding: Finding, around: Around, *, alone: bool) -> str:
    """The effect with its evidence; `alone` also with the lock that stands nowhere else."""
    notes = []
    if alone and finding.kind is Kind.BLOCKING and finding.lock:
        notes.append(f"{finding.lock}{_until(finding.until_line, 0)}; {_work(finding)}")
    if finding.checked_at:
        when = ago(finding.checked_at, around.now) if around.now else finding.checked_at[11:16]
        notes.append(f"counted {when}")
    if finding.confidence is Confidence.MEASURED:
        notes.append("measured")
    if finding.allowed:
        notes.append(f"allowed: {finding.allowed}")
    return finding.effect if not notes else f"{finding.effect} [{'; '.join(notes)}]"


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
    if not total:  # programs, of which nothing is known
        return risk_word(risk), f"  {count(care, 'finding')}, and no statement that could be read"
    verb = "needs" if care == 1 else "need"
    return risk_word(
        risk
    ), f"  {care} of {count(total, 'statement')} {verb} care on a live database"
