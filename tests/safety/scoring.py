"""How well an analyser does: what it finds of what happened, and what it says of what is safe."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache

from faber_db.model.dialect import Dialect
from faber_db.model.finding import Finding, Kind, Risk
from faber_db.services import analyze
from tests.safety.cases import Case, schema
from tests.safety.truth import LABELS, Measured, measured

VERSIONS = {Dialect.POSTGRESQL: 17, Dialect.MYSQL: 0, Dialect.SQLITE: 3_045_001}
_ANY = "any hazard"
_KINDS = {kind.value for kind in Kind} - {"style"}


@cache
def analysed(case: Case, version: int = 0) -> analyze.AnalyzeDetails:
    """Our whole answer, by the way `faber-db analyze` takes."""
    request = analyze.Request(
        sql=case.sql,
        dialect=case.dialect.value,
        server_version=version or max(VERSIONS[case.dialect], case.since),
        before=f"{schema(case.dialect)}\n{case.setup}",
        transaction="wrap" if case.wrap else "none",
        detail="full",
    )
    found = analyze.run(request, None).details
    assert found is not None
    return found


@cache
def findings(case: Case, version: int = 0) -> tuple[Finding, ...]:
    """Our findings of medium and above."""
    found = analysed(case, version).findings
    return tuple(f for f in found if f.risk.at_least(Risk.MEDIUM) and not f.allowed)


def ours(case: Case) -> set[str]:
    """The kinds of our findings of medium and above."""
    return {f.kind.value for f in findings(case)} & _KINDS


def wanted(case: Case, truth: Measured) -> tuple[str, ...]:
    """What has to be found: each label of a hazard, and that it is one."""
    if case.role != "hazard":
        return ()
    return (*truth.labels, _ANY)


def missed(case: Case, truth: Measured, kinds: set[str]) -> tuple[str, ...]:
    """What of it is not found. Any finding says that there is a hazard; only its kind says which."""
    return tuple(w for w in wanted(case, truth) if not (kinds if w == _ANY else w in kinds))


@dataclass
class Score:
    """Counts over some cases."""

    found: dict[str, int] = field(default_factory=dict)
    all: dict[str, int] = field(default_factory=dict)
    false_alarms: list[str] = field(default_factory=list)
    misses: list[tuple[str, str]] = field(default_factory=list)
    safe: int = 0

    def add(self, case: Case, truth: Measured, kinds: set[str]) -> None:
        gone = missed(case, truth, kinds)
        for label in wanted(case, truth):
            self.all[label] = self.all.get(label, 0) + 1
            self.found[label] = self.found.get(label, 0) + (label not in gone)
        self.misses += ((case.name, label) for label in gone)
        if case.role == "safe":
            self.safe += 1
            self.false_alarms += [case.name] if kinds else []

    def lines(self) -> list[str]:
        shown = [label for label in (_ANY, *LABELS) if label in self.all]
        lines = [_line(label, self.found[label], self.all[label]) for label in shown]
        return [*lines, _line("false alarms on safe", len(self.false_alarms), self.safe)]


def _line(name: str, part: int, whole: int) -> str:
    share = f"{100 * part / whole:.1f} %" if whole else "-"
    return f"  {name:<22}{part:>4} of {whole:<4}{share:>8}"


def score(chosen: Iterable[Case], kinds_of: Callable[[Case], set[str]] = ours) -> Score:
    """Judge cases whose measurements are stored."""
    total = Score()
    for case in chosen:
        total.add(case, measured(case), kinds_of(case))
    return total


def report(name: str, total: Score, *, misses: bool = False) -> Sequence[str]:
    """The score as lines of text."""
    lines = [name, *total.lines()]
    if misses:
        lines += [f"    missed: {case}: {label}" for case, label in total.misses]
        lines += [f"    false alarm: {case}" for case in total.false_alarms]
    return lines
