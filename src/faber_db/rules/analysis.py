"""Every rule over every action of a script, in order."""

import re
from dataclasses import dataclass, field

from faber_db.model.dialect import Dialect
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
from faber_db.model.statement import Action, NotUnderstood, TableAction, Transaction
from faber_db.rules.ahead import Ahead
from faber_db.rules.base import Hazard, Look, Rule
from faber_db.rules.consequences import with_consequences
from faber_db.rules.context import Context
from faber_db.rules.effects import TableEffect, strongest
from faber_db.rules.effects_mysql import is_mariadb
from faber_db.rules.scene import Scene, after, effects_of
from faber_db.rules.sizing import sized
from faber_db.rules.state import State
from faber_db.rules.suppression import Allowed, allowed_in
from faber_db.rules.transaction import TransactionState, released_at
from faber_db.rules.work import Span, Work, span_of, work_of
from faber_db.sql.script import Script, Statement
from faber_db.sql.watch import UNWATCHED, Watch

_RUN_HERE_MARIADB = 1011  # series 10.11
_CUT = 300
_IF_THERE = re.compile(r"\s*alter\s+table\s+if\s+exists\b", re.IGNORECASE)
_RUN_HERE = (15, 17, 18)  # major versions of PostgreSQL that the claims were run on


@dataclass
class Walk:
    """One pass over a script."""

    context: Context
    rules: tuple[Rule, ...]
    state: State
    transaction: TransactionState
    watch: Watch = UNWATCHED
    by_class: dict[type[Action], tuple[tuple[Rule, Look], ...]] = field(default_factory=dict)

    def run(self, script: Script) -> Analysis:
        """Findings and reports of a script."""
        allowed = allowed_in(script)
        findings: list[Finding] = []
        reports: list[StatementReport] = []
        for statement in script.statements:  # read here, where the time is watched
            self.watch.check()
            _ = statement.actions
        released = released_at(script, wrap=self.transaction.open, takes_out=self.context.takes_out)
        ahead = Ahead(script.statements, self.state.key)
        beside: dict[int, list[Allowed]] = {}
        for comment in allowed:
            beside.setdefault(comment.statement, []).append(comment)
        for index, statement in enumerate(script.statements):
            self.watch.check()
            found, effects, works = self._statement(statement, ahead, index)
            span = span_of(works, self.context)
            shown = [
                self._allow(_timed(f, span, released[index]), beside.get(index, []))
                for f in _once(found)
            ]
            findings += sorted(shown, key=lambda f: -f.risk.rank)
            reports.append(self._report(statement, effects, shown, released[index], span))
        lines = script.text.splitlines() if allowed else []
        findings += [f for a in allowed if (f := _about(a, lines)) is not None]
        findings.sort(key=lambda f: f.line)
        risks = [f.risk for f in findings if not f.allowed]
        return Analysis(risk=worst(risks), findings=tuple(findings), statements=tuple(reports))

    def follow(self, script: Script) -> None:
        """Take in what a script does, without looking at it."""
        for statement in script.statements:
            self.watch.check()
            for action in statement.actions:
                self.state.apply(action)

    def _statement(
        self, statement: Statement, ahead: Ahead, index: int
    ) -> tuple[list[Finding], list[TableEffect], list[Work]]:
        findings: list[Finding] = []
        effects: list[TableEffect] = []
        works: list[Work] = []
        taken_out = (
            self.context.takes_out
            and not statement.transactional
            and self.transaction.open
            and not self.transaction.own
        )
        if taken_out:
            self.transaction.control(Transaction("commit"))
        actions = () if _passed_over(statement, self.state) else statement.actions
        for action, routine in with_consequences(actions, self.state):
            scene = Scene(
                context=self.context,
                statement=statement,
                state=self.state,
                effects=effects_of(action, self.state, self.context, statement.actions),
                transaction=self.transaction,
                ahead=ahead,
                index=index,
                routine=routine,
            )
            effects += (e for e in scene.effects if not self.state.is_new(e.table))
            works += work_of(action, scene.effects, self.state)
            for rule, look in self._rules_for(type(action)):
                findings += (
                    self._finding(rule, h, scene, action) for h in look.find(action, scene)
                )
            after(action, scene)
        if not self.transaction.open or not statement.transactional:
            self.transaction.release()
        if taken_out:
            self.transaction.open = True
        return findings, effects, works

    def _rules_for(self, kind: type[Action]) -> tuple[tuple[Rule, Look], ...]:
        if kind not in self.by_class:
            self.by_class[kind] = tuple(
                (rule, look)
                for rule in self.rules
                for look in rule.looks
                if issubclass(kind, look.kind)
            )
        return self.by_class[kind]

    def _finding(self, rule: Rule, hazard: Hazard, scene: Scene, action: Action) -> Finding:
        risk = hazard.risk or rule.risk
        effect = hazard.effect or rule.effect
        if hazard.detail:
            effect = f"{_begun(hazard)}: {_continued(effect)}"
        if scene.routine:
            effect += f" It happens in {scene.routine}."
        own = scene.effect_on(hazard.table) if hazard.table else None
        lock = hazard.lock or (f"{own.lock} on {own.table}" if own and own.lock else "")
        return Finding(
            code=rule.code,
            kind=rule.kind,
            risk=self._sized(risk, hazard.table) if rule.kind is Kind.BLOCKING else risk,
            line=scene.statement.line,
            statement=scene.statement.text[:_CUT],
            objects=hazard.objects,
            effect=effect,
            remedy=_remedy(rule, hazard, scene, action),
            source=rule.source,
            lock=lock,
            rewrite=hazard.rewrite or bool(own and own.rewrite and rule.kind is Kind.BLOCKING),
            scan=hazard.scan or bool(own and own.scan and rule.kind is Kind.BLOCKING),
            confidence=self._confidence(),
        )

    def _sized(self, risk: Risk, table: str) -> Risk:
        size = (self.context.sizes or {}).get(table)
        return risk if size is None else sized(risk, size.rows)

    def _confidence(self) -> Confidence:
        if self.context.dialect in (Dialect.MYSQL, Dialect.MARIADB):
            return self._confidence_mysql()
        major = self.context.postgresql_major
        if (
            self.context.dialect is Dialect.POSTGRESQL
            and major is not None
            and major not in _RUN_HERE
        ):
            return Confidence.DOCUMENTED
        return Confidence.PARSED

    def _confidence_mysql(self) -> Confidence:
        """The claims were run on MariaDB 10.11; what is or may be MySQL rests on its manual."""
        version = self.context.server_version
        mariadb = is_mariadb(self.context.dialect, version)
        run_here = mariadb and (version is None or version // 100 == _RUN_HERE_MARIADB)
        return Confidence.PARSED if run_here else Confidence.DOCUMENTED

    def _allow(self, finding: Finding, beside: list[Allowed]) -> Finding:
        for allowed in beside:
            if allowed.code != finding.code or not allowed.reason:
                continue
            allowed.used = True
            hidden = finding.kind is Kind.DATA_LOSS and self.context.protected
            if not hidden and finding.risk is not Risk.CRITICAL:
                return finding.model_copy(update={"allowed": allowed.reason})
            what = "Data loss in a protected environment" if hidden else "What is critical"
            return finding.model_copy(
                update={"effect": f"{finding.effect} {what} cannot be allowed by a comment."}
            )
        return finding

    def _report(
        self,
        statement: Statement,
        effects: list[TableEffect],
        findings: list[Finding],
        until_line: int,
        span: Span,
    ) -> StatementReport:
        locks = strongest(effects)
        return StatementReport(
            line=statement.line,
            text=statement.text[:_CUT],
            locks=tuple(
                TableLock(table=t, mode=m, until_line=until_line) for t, m in locks.items()
            ),
            rewrite=any(e.rewrite for e in effects),
            scan=any(e.scan for e in effects),
            data_loss=any(f.kind is Kind.DATA_LOSS for f in findings),
            understood=not any(isinstance(a, NotUnderstood) for a in statement.actions),
            rows=span.rows,
            low_ms=span.low_ms,
            high_ms=span.high_ms,
        )


def _passed_over(statement: Statement, state: State) -> bool:
    """ALTER TABLE IF EXISTS of a table that is known not to be there."""
    first = next(iter(statement.actions), None)
    return (
        isinstance(first, TableAction)
        and state.certain
        and bool(_IF_THERE.match(statement.text))
        and state.lacks("table", first.table)
        and state.lacks("view", first.table)
    )


def _timed(finding: Finding, span: Span, until_line: int) -> Finding:
    """A finding about waiting, with how long its statement works and until when its lock is held."""
    if finding.kind is not Kind.BLOCKING:
        return finding
    return finding.model_copy(
        update={
            "rows": span.rows,
            "low_ms": span.low_ms,
            "high_ms": span.high_ms,
            "until_line": until_line if finding.lock else 0,
        }
    )


def _remedy(rule: Rule, hazard: Hazard, scene: Scene, action: Action) -> str:
    """The hazard's own, else the rule's with the names at hand, else its general words."""
    if hazard.remedy is not None:
        return hazard.remedy
    pasteable = rule.paste(action, scene) if rule.paste is not None else ""
    return pasteable or rule.remedy


def _once(findings: list[Finding]) -> list[Finding]:
    """One finding a code and object, the worst."""
    found: dict[tuple[str, tuple[str, ...]], Finding] = {}
    for finding in findings:
        key = (finding.code, finding.objects)
        if key not in found or finding.risk.rank > found[key].risk.rank:
            found[key] = finding
    return list(found.values())


def _about(allowed: Allowed, lines: list[str]) -> Finding | None:
    """What is wrong with a suppression itself."""
    if allowed.used:
        return None
    if not allowed.reason:
        code, effect = "suppression-without-reason", "It is not honoured: it gives no reason."
        remedy = f"-- faber-db: allow {allowed.code}: why this is safe here"
    else:
        code, effect = "suppression-unused", "It covers no finding of the statement beside it."
        remedy = "Remove the comment, or correct its code."
    text = lines[allowed.line - 1].strip() if allowed.line <= len(lines) else ""
    return Finding(
        code=code,
        kind=Kind.STYLE,
        risk=Risk.LOW,
        line=allowed.line,
        statement=text[:_CUT],
        objects=(allowed.code,),
        effect=effect,
        remedy=remedy,
        source="faber-db, suppression",
    )


def _continued(effect: str) -> str:
    """The effect behind a colon; a keyword (`INSERT … ON CONFLICT`) keeps its capitals."""
    return effect if effect[1:2].isupper() else effect[0].lower() + effect[1:]


def _begun(hazard: Hazard) -> str:
    """The detail as the beginning of a sentence; a name of an object keeps its letters."""
    first = hazard.detail.split()[0]
    if "." in first or first in hazard.objects:
        return hazard.detail
    return hazard.detail[0].upper() + hazard.detail[1:]
