"""An analysis together with what a trial run saw. Pure.

What the trial confirms is `measured`; a lock, scan or rewrite that it contradicts is lowered; what
it adds is a finding. Nothing about losses, rights or what cannot be judged is taken back, and a
statement that works on rows keeps its verdict: a copy of the schema has none.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from faber_db.model.finding import (
    Analysis,
    Confidence,
    Finding,
    Kind,
    Risk,
    StatementReport,
    TableLock,
    worst,
)
from faber_db.model.statement import (
    Action,
    Calls,
    Copy,
    CreateTable,
    CreateView,
    Delete,
    Dynamic,
    Insert,
    Merge,
    NotUnderstood,
    Query,
    Transaction,
    Update,
)
from faber_db.model.trial import TrialRun, Tried
from faber_db.rules.base import Rule
from faber_db.rules.context import Sized
from faber_db.rules.effects import ACCESS_EXCLUSIVE, strength
from faber_db.rules.measured import FAILS_ON_TRIAL, MEASURED_BLOCK, QUERY_BREAKS
from faber_db.rules.sizing import sized
from faber_db.rules.suppression import allowed_in
from faber_db.sql.script import Script, Statement
from faber_db.sql.values import without_values

_ROWS = (Insert, Update, Delete, Merge, Copy, Query, Calls, Dynamic, NotUnderstood)
_ALTER = re.compile(r"(?:\s|--[^\n]*\n|/\*.*?\*/)*ALTER\b", re.IGNORECASE | re.DOTALL)
_SHARE = strength("SHARE")
_QUERIES_SHOWN = 20  # of those that one statement breaks
_QUERY_CUT = 200


def join(
    analysis: Analysis,
    script: Script,
    tried: Sequence[Tried],
    run: TrialRun,
    sizes: Mapping[str, Sized] | None = None,
) -> Analysis:
    """The analysis of one script with its trial.

    Args:
        analysis: of this script alone, a report for each statement.
        script: as it was tried.
        tried: what was seen; empty where it was not reached.
        run: the whole trial.
        sizes: by full table name; they move the risk of what is added.
    """
    joined = _Joined(run, sizes or {})
    left = list(analysis.findings)
    found: list[Finding] = []
    reports: list[StatementReport] = []
    pairs = _paired(script.statements, tried)
    for (statement, one), report in zip(pairs, analysis.statements, strict=True):
        mine = [f for f in left if (f.line, f.statement) == (report.line, report.text)]
        left = [f for f in left if f not in mine]
        place = _Place(statement, report, one, tuple(mine))
        found += joined.findings(place)
        reports.append(joined.report(place))
    found, left = _suppressed(script, found, left)
    found = sorted([*found, *left], key=lambda f: f.line)
    return analysis.model_copy(
        update={
            "risk": worst([f.risk for f in found if not f.allowed]),
            "findings": tuple(found),
            "statements": tuple(reports),
            "trial": tuple(joined.notes),
        }
    )


def summary(run: TrialRun) -> str:
    """What was tried and where, in one line."""
    every = [t for tried in run.tried for t in tried]
    done = sum(not t.not_tried for t in every)
    words = f"{done} of {len(every)} statements tried on a copy of the schema ({run.on})"
    if not run.same_version:
        words += ", which is another major version, so it takes no finding back"
    if run.queries or run.unprepared:
        words += f"; {len(run.queries)} queries prepared before and after"
    if run.unprepared:
        words += f", {run.unprepared} could not be"
    return words


def _paired(
    statements: Sequence[Statement], tried: Sequence[Tried]
) -> Iterator[tuple[Statement, Tried | None]]:
    """Each statement with its answer; those that only begin or end a transaction have none."""
    waiting = list(tried)
    for statement in statements:
        fits = waiting and (waiting[0].line, waiting[0].text) == (
            statement.line,
            statement.text[: len(waiting[0].text)],
        )
        yield statement, waiting.pop(0) if fits else None


@dataclass(frozen=True, slots=True)
class _Place:
    """One statement with all that is known of it."""

    statement: Statement
    report: StatementReport
    tried: Tried | None
    findings: tuple[Finding, ...]

    @property
    def seen(self) -> Tried | None:
        """What was seen, where its locks were."""
        one = self.tried
        return None if one is None or one.not_tried or one.unseen or one.error else one

    @property
    def on_rows(self) -> bool:
        """Whether rows, or what is in them, decide what it does.

        What a function does is not known, but where ALTER calls one for a default or a USING the
        work is the table's, and was seen.
        """
        alters = _ALTER.match(self.statement.text) is not None
        return any(
            _needs_rows(action) and not (alters and isinstance(action, Calls))
            for action in self.statement.actions
        )

    @property
    def works(self) -> bool:
        """Whether it takes as long as a table is big."""
        if self.seen is None:
            return False
        if not self.on_rows:
            return bool(self.seen.rewritten or self.seen.scanned)
        writes = any(isinstance(a, Copy) and a.into for a in self.statement.actions)
        return self.report.scan or self.report.rewrite or writes or bool(self.seen.rewritten)

    @property
    def strong(self) -> dict[str, str]:
        """The locks that others wait for, its own and those that it finds held."""
        return {t: m for t, m in self.locks.items() if strength(m) >= _SHARE}

    @property
    def locks(self) -> dict[str, str]:
        found: dict[str, str] = {}
        for table, mode in (*self.seen.held, *self.seen.locks) if self.seen else ():
            if strength(mode) >= strength(found.get(table, "ACCESS SHARE")):
                found[table] = mode
        return found


def _needs_rows(action: Action) -> bool:
    return isinstance(action, _ROWS) or (
        (isinstance(action, CreateTable) and action.query)
        or (isinstance(action, CreateView) and action.materialized)
    )


@dataclass
class _Joined:
    """The statements of one script, one after another."""

    run: TrialRun
    sizes: Mapping[str, Sized]
    notes: list[str] = field(default_factory=list)
    certain: bool = True  # every statement so far was tried, so what is held is known

    def findings(self, place: _Place) -> list[Finding]:
        """What is to be said of one statement."""
        one = place.tried
        controls = any(isinstance(a, Transaction) for a in place.statement.actions)
        if one is None:
            self.certain = self.certain and controls
            return list(place.findings)
        if one.not_tried or one.unseen:
            self._leave_out(place, one)
        elif one.error:
            self.notes.append(f"line {one.line} fails on the copy: {one.error}")
        found = [self._about(f, place) for f in place.findings]
        if place.works and place.strong:
            found += self._added(found, place)
        if one.error:
            found = _failing(found, place, one.error)
        found = self._with_queries(found, place)
        self.certain = self.certain and not one.not_tried
        return sorted(found, key=lambda f: -f.risk.rank)

    def report(self, place: _Place) -> StatementReport:
        """The report with the locks that were seen."""
        seen = place.seen
        if seen is None:
            return place.report
        said = {lock.table: lock for lock in place.report.locks}
        until = next((lock.until_line for lock in place.report.locks), 0)
        own = dict(seen.locks)
        for table, lock in said.items():  # taken again, so not seen as new
            if table in place.locks and strength(place.locks[table]) >= strength(lock.mode):
                own.setdefault(table, lock.mode)
        return place.report.model_copy(
            update={
                "locks": tuple(
                    TableLock(table=t, mode=m, until_line=until) for t, m in own.items()
                ),
                "rewrite": bool(seen.rewritten) or (place.on_rows and place.report.rewrite),
                "scan": bool(seen.scanned) or (place.on_rows and place.report.scan),
                "measured": True,
            }
        )

    def _leave_out(self, place: _Place, one: Tried) -> None:
        what = "was not tried" if one.not_tried else "was tried, its locks were not seen"
        where = f"{place.report.migration} line {one.line}".strip()
        self.notes.append(f"{where} {what}: {one.not_tried or one.unseen}")

    def _about(self, finding: Finding, place: _Place) -> Finding:
        """A finding of the analysis: confirmed, lowered, or as it was."""
        if finding.kind is not Kind.BLOCKING or place.seen is None:
            return finding
        if place.on_rows and finding.code != "lock-held":
            return finding
        table = finding.lock.partition(" on ")[2]
        mode = place.locks.get(table, "")
        claims_work = finding.scan or finding.rewrite
        if mode and strength(mode) >= min(_SHARE, strength(finding.lock.partition(" on ")[0])):
            if place.works or not claims_work:
                return _measured(finding, place, f"{mode} on {table}")
        elif place.works and place.strong and not table:
            return _measured(finding, place, "")
        if not self._may_lower(finding, place):
            return finding
        return _lowered(finding, f"{mode} on {table}" if mode else "")

    def _may_lower(self, finding: Finding, place: _Place) -> bool:
        if not (self.certain and self.run.same_version) or finding.allowed:
            return False
        if finding.risk is Risk.LOW:
            return False
        if place.on_rows:  # its work is not known, what it finds held is
            return not place.strong
        return not (place.works and place.strong)

    def _added(self, found: Sequence[Finding], place: _Place) -> Iterator[Finding]:
        """The block that the analysis did not see, if it did not."""
        table, mode = max(place.strong.items(), key=lambda item: strength(item[1]))
        risk = Risk.HIGH if strength(mode) >= strength(ACCESS_EXCLUSIVE) else Risk.MEDIUM
        risk = self._sized(risk, place)
        said = [f for f in found if f.kind is Kind.BLOCKING]
        if any(
            f.risk.rank >= risk.rank or strength(f.lock.partition(" on ")[0]) >= strength(mode)
            for f in said
        ):
            return
        own = table in dict(place.seen.locks) if place.seen else False
        since = "" if own else ", held since an earlier statement of the same transaction"
        yield _finding(
            MEASURED_BLOCK,
            place,
            objects=(table,),
            effect=f"On a trial run it worked through {_listed(place)} under {mode} on {table}{since}.",
            risk=risk,
            lock=f"{mode} on {table}",
            rewrite=bool(place.seen and place.seen.rewritten),
            scan=True,
        )

    def _sized(self, risk: Risk, place: _Place) -> Risk:
        """By the largest of the tables that are worked through, where all sizes are known."""
        seen = place.seen
        names = (*seen.rewritten, *seen.scanned) if seen and not place.on_rows else ()
        rows = [size.rows for n in names if (size := self.sizes.get(n)) is not None]
        return sized(risk, max(rows)) if rows and len(rows) == len(names) else risk

    def _with_queries(self, found: list[Finding], place: _Place) -> list[Finding]:
        """Queries that break, and what was known to break without knowing a query."""
        if not self.run.queries or place.tried is None or place.tried.not_tried:
            return found
        broken = place.tried.breaks
        told = [self._told(f, broken=bool(broken)) for f in found]
        for number, why in broken[:_QUERIES_SHOWN]:
            query = without_values(self.run.queries[number], place.statement.dialect)
            told.append(
                _finding(
                    QUERY_BREAKS,
                    place,
                    objects=(),
                    effect=f"This query of the running application fails afterwards ({why}):"
                    f" {query[:_QUERY_CUT]}",
                )
            )
        if len(broken) > _QUERIES_SHOWN:
            self.notes.append(
                f"line {place.report.line} breaks {len(broken)} queries, of which"
                f" {_QUERIES_SHOWN} are shown"
            )
        return told

    def _told(self, finding: Finding, *, broken: bool) -> Finding:
        if finding.kind is not Kind.APP_BREAK:
            return finding
        if broken:
            return finding.model_copy(update={"confidence": Confidence.MEASURED})
        words = f"{finding.effect} None of {len(self.run.queries)} known queries breaks."
        return finding.model_copy(update={"effect": words})


def _measured(finding: Finding, place: _Place, lock: str) -> Finding:
    seen = place.seen
    work = {}
    if seen is not None and not place.on_rows:
        work = {"rewrite": bool(seen.rewritten), "scan": bool(seen.scanned)}
    return finding.model_copy(
        update={"confidence": Confidence.MEASURED, "lock": lock or finding.lock, **work}
    )


def _lowered(finding: Finding, lock: str) -> Finding:
    seen = f"{lock} for a moment" if lock else "no lock that others wait for"
    return finding.model_copy(
        update={
            "risk": Risk.LOW,
            "confidence": Confidence.MEASURED,
            "lock": lock,
            "rewrite": False,
            "scan": False,
            "effect": f"On a trial run it took {seen}, without a scan or a rewrite under it.",
            "remedy": "",
        }
    )


def _failing(found: list[Finding], place: _Place, error: str) -> list[Finding]:
    """The failure, as a finding of its own where the analysis has none."""
    known = [f for f in found if f.kind is Kind.FAILS]
    if known:
        first = known[0].model_copy(
            update={
                "confidence": Confidence.MEASURED,
                "risk": worst([known[0].risk, Risk.HIGH]),
                "effect": f"{known[0].effect} On a trial run: {error}.",
            }
        )
        return [first if f is known[0] else f for f in found]
    return [*found, _finding(FAILS_ON_TRIAL, place, objects=(), effect=f"It fails: {error}.")]


def _finding(
    rule: Rule,
    place: _Place,
    *,
    objects: tuple[str, ...],
    effect: str,
    risk: Risk | None = None,
    lock: str = "",
    rewrite: bool = False,
    scan: bool = False,
) -> Finding:
    return Finding(
        code=rule.code,
        kind=rule.kind,
        risk=risk or rule.risk,
        line=place.report.line,
        statement=place.report.text,
        objects=objects,
        effect=effect,
        remedy=rule.remedy,
        source=rule.source,
        lock=lock,
        rewrite=rewrite,
        scan=scan,
        confidence=Confidence.MEASURED,
    )


def _listed(place: _Place) -> str:
    seen = place.seen
    names = dict.fromkeys((*seen.rewritten, *seen.scanned)) if seen else {}
    return ", ".join(names) or "rows"


def _suppressed(
    script: Script, found: list[Finding], left: list[Finding]
) -> tuple[list[Finding], list[Finding]]:
    """A finding of the trial is excused as any other; its comment is not an unused one then."""
    for allowed in allowed_in(script):
        beside = script.statements[allowed.statement] if allowed.statement >= 0 else None
        for position, finding in enumerate(found):
            if (
                beside is not None
                and allowed.reason
                and finding.code == allowed.code == MEASURED_BLOCK.code
                and finding.line == beside.line
            ):
                found[position] = finding.model_copy(update={"allowed": allowed.reason})
                left = [
                    f
                    for f in left
                    if not (f.code == "suppression-unused" and f.line == allowed.line)
                ]
    return found, left
