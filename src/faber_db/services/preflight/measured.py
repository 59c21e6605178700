"""The verdict with what was counted. Pure.

Counting settles what depends on rows: what may fail becomes what fails, or is low because no row is
in the way. It never lowers the loss of a structure or of rows; a lossy cast that changes no value
goes one level down (DESIGN: Risk).
"""

from collections.abc import Sequence

from faber_db.model.finding import Analysis, Confidence, Finding, Kind, Risk, worst
from faber_db.model.plan import PreflightAnswer
from faber_db.rules.sizing import size_class

_CASTS = ("lossy-type-change", "redefine-loses")  # codes of rules about casts


def measured(analysis: Analysis, answers: Sequence[PreflightAnswer]) -> Analysis:
    """The analysis, each finding with the answers that are about it."""
    findings = tuple(_with(finding, _about(finding, answers)) for finding in analysis.findings)
    risk = worst([f.risk for f in findings if not f.allowed])
    return analysis.model_copy(update={"findings": findings, "risk": risk})


def worse(before: Sequence[PreflightAnswer], after: Sequence[PreflightAnswer]) -> str:
    """What was fine when the plan was made and is not now, or grew beyond its size class."""
    earlier: dict[tuple[str, int, str], list[PreflightAnswer]] = {}
    for a in before:
        earlier.setdefault(_place(a), []).append(a)
    found: dict[str, str] = {}
    for a in after:  # the same question of another statement may never have had an answer
        known = earlier.get(_place(a))
        then = known.pop(0) if known else None
        if then and ((then.ok and not a.ok) or _outgrew(then.found, a.found)):
            found[a.question] = a.answer
    return "; ".join(f"{question}: {answer}" for question, answer in found.items())


def _place(answer: PreflightAnswer) -> tuple[str, int, str]:
    return answer.migration, answer.line, answer.question


def _outgrew(before: int | None, now: int | None) -> bool:
    return before is not None and now is not None and size_class(now) > size_class(before)


def _about(finding: Finding, answers: Sequence[PreflightAnswer]) -> list[PreflightAnswer]:
    return [
        a
        for a in answers
        if (a.migration, a.line) == (finding.migration, finding.line)
        and finding.code in a.codes
        and {*a.objects} & {*finding.objects}
    ]


def _with(finding: Finding, answers: list[PreflightAnswer]) -> Finding:
    if not answers:
        return finding
    if finding.kind is Kind.FAILS:
        return _failing(finding, answers)
    if finding.code in _CASTS:
        return _changing(finding, answers)
    return _going(finding, answers)


def _failing(finding: Finding, answers: list[PreflightAnswer]) -> Finding:
    bad = [a for a in answers if a.found]
    unknown = [a for a in answers if a.found is None]
    if any(a.settled for a in bad):
        risk = max(finding.risk, Risk.HIGH, key=lambda r: r.rank)
        return _counted(finding, risk, f"{_says(bad)}.", bad)
    if bad:
        effect = f"{_says(bad)} now. It fails unless the statements above mend that."
        return _counted(finding, finding.risk, effect, bad)
    if unknown:
        return _unknown(finding, unknown)
    effect = f"{_says(answers)}; one that comes before the release would make it fail."
    if all(a.settled for a in answers):
        return _clean(_counted(finding, Risk.LOW, effect, answers))
    effect = f"{_says(answers)} now, but the statements above write them."
    return _counted(finding, finding.risk, effect, answers)


def _changing(finding: Finding, answers: list[PreflightAnswer]) -> Finding:
    changed = [a for a in answers if a.found]
    unknown = [a for a in answers if a.found is None]
    if changed:
        return _counted(
            finding,
            finding.risk,
            f"{_from_to(finding)}{_says(changed)}, and the old ones are gone.",
            changed,
        )
    if unknown:
        return _unknown(finding, unknown)
    risk = finding.risk
    if finding.risk is Risk.HIGH and all(a.settled for a in answers):
        risk = Risk.MEDIUM
    return _clean(_counted(finding, risk, f"{_from_to(finding)}{_says(answers)}.", answers))


def _from_to(finding: Finding) -> str:
    """`Column users.name from varchar(120) to varchar(20): `, which the effect begins with."""
    head, found, _ = finding.effect.partition(": ")
    return f"{head}: " if found else ""


def _going(finding: Finding, answers: list[PreflightAnswer]) -> Finding:
    known = [a for a in answers if a.found is not None]
    if not known:
        return _unknown(finding, answers)
    counts = ", ".join(dict.fromkeys(a.answer for a in known))
    effect = f"{finding.effect.rstrip('.')} ({counts})."
    return _counted(finding, finding.risk, effect, known)


def _unknown(finding: Finding, answers: list[PreflightAnswer]) -> Finding:
    reasons = "; ".join(dict.fromkeys(a.answer.removeprefix("unknown: ") for a in answers))
    return finding.model_copy(update={"effect": f"{finding.effect} Not checked: {reasons}."})


def _clean(finding: Finding) -> Finding:
    """Without a remedy: what it would have been is done."""
    return finding.model_copy(update={"remedy": ""})


def _says(answers: list[PreflightAnswer]) -> str:
    return "; ".join(dict.fromkeys(a.says for a in answers))


def _counted(finding: Finding, risk: Risk, effect: str, answers: list[PreflightAnswer]) -> Finding:
    return finding.model_copy(
        update={
            "risk": risk,
            "effect": effect,
            "confidence": Confidence.PREFLIGHT,
            "checked_at": answers[0].asked_at,
        }
    )
