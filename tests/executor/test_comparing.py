"""A signature does not cover what became worse after it."""

import pytest

from faber_db.executor.comparing import worse
from faber_db.model.finding import Analysis, Finding, Kind, Risk, StatementReport


def finding(code: str = "c", risk: Risk = Risk.LOW, kind: Kind = Kind.BLOCKING) -> Finding:
    return Finding(
        code=code, kind=kind, risk=risk, line=1, statement="s", objects=("t",), effect="e"
    )


def analysis(*findings: Finding, risk: Risk = Risk.HIGH, rows: int | None = None) -> Analysis:
    statement = StatementReport(line=1, text="s", rows=rows)
    return Analysis(risk=risk, findings=findings, statements=(statement,))


LOSS = finding("d", Risk.HIGH, Kind.DATA_LOSS)
CASES = {
    "equal": (analysis(LOSS, rows=5), analysis(LOSS, rows=5), ""),
    "less": (analysis(LOSS, finding()), analysis(LOSS), ""),
    "lower": (analysis(finding(risk=Risk.HIGH)), analysis(finding(), risk=Risk.LOW), ""),
    "a loss": (analysis(), analysis(LOSS), "lose t"),
    "the risk": (analysis(risk=Risk.LOW), analysis(risk=Risk.MEDIUM), "rose from low to medium"),
    "a finding under a whole that was high": (
        analysis(LOSS, finding()),
        analysis(LOSS, finding(risk=Risk.MEDIUM)),
        "c at line 1 rose from low to medium",
    ),
    "a new finding": (analysis(LOSS), analysis(LOSS, finding()), "c at line 1 was not found"),
    "a table that outgrew small": (
        analysis(rows=9_000),
        analysis(rows=12_000),
        "grew from 9,000 to 12,000",
    ),
    "a table that outgrew middling": (analysis(rows=9**5), analysis(rows=9**7), "grew from"),
    "a table that grew": (analysis(rows=12_000), analysis(rows=900_000), ""),
    "a table that shrank": (analysis(rows=9**7), analysis(rows=9), ""),
}


@pytest.mark.parametrize(("before", "now", "words"), CASES.values(), ids=CASES)
def test_what_became_worse(before: Analysis, now: Analysis, words: str) -> None:
    found = worse(before, now)
    assert words in found
    assert bool(found) is bool(words)
