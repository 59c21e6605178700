"""What a plan said when it was signed, beside what is so now: nothing may have become worse."""

from collections.abc import Iterator

from faber_db.model.finding import Analysis
from faber_db.rules.sizing import size_class


def worse(before: Analysis, now: Analysis) -> str:
    """What became worse, in words, or an empty text.

    A loss that was not named, a risk that rose (of the whole, or of one finding under a whole that
    was high already), a finding that was not there, and a table that outgrew its size class.
    """
    return next(_worse(before, now), "")


def _worse(before: Analysis, now: Analysis) -> Iterator[str]:
    lost = sorted(set(now.loses) - set(before.loses))
    if lost:
        yield f"it would lose {', '.join(lost)}, which the plan did not say"
    if now.risk.rank > before.risk.rank:
        yield f"the risk rose from {before.risk} to {now.risk} after the plan was made"
    known = {(f.migration, f.line, f.code, f.objects): f for f in before.findings}
    for finding in now.findings:
        said = known.get((finding.migration, finding.line, finding.code, finding.objects))
        if said is None:
            yield f"{finding.code} at line {finding.line} was not found when the plan was made"
        elif finding.risk.rank > said.risk.rank:
            yield f"{finding.code} at line {finding.line} rose from {said.risk} to {finding.risk}"
    sizes = {(s.migration, s.line): s.rows for s in before.statements}
    for statement in now.statements:
        rows = sizes.get((statement.migration, statement.line))
        if rows is not None and statement.rows is not None and _outgrew(rows, statement.rows):
            yield (
                f"the table of line {statement.line} grew from {rows:,} to {statement.rows:,} rows"
            )


def _outgrew(before: int, now: int) -> bool:
    return size_class(now) > size_class(before)
