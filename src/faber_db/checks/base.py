"""What a health check is, and how its measured values become results. Pure."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum

from faber_db.model.health import CheckResult, CheckStatus

Row = Sequence[object]

SHOWN = 5  # objects of one check that get a result of their own; the rest are counted


class Unit(Enum):
    """What a value counts, and how it is spelt."""

    COUNT = ""
    LEVEL = "level"  # no quantity: 1 is a warning, 2 is critical
    SECONDS = "s"
    MILLISECONDS = "ms"
    PERCENT = "%"
    BYTES = "B"

    def spell(self, value: float) -> str:
        """For people: `31 h`, `93 %`, `1.2 GB`; empty for a level."""
        match self:
            case Unit.LEVEL:
                return ""
            case Unit.COUNT:
                return f"{value:,.0f}"
            case Unit.SECONDS:
                return _scaled(value, (("d", 86_400), ("h", 3600), ("min", 60), ("s", 1)))
            case Unit.BYTES:
                return _scaled(value, (("GB", 1e9), ("MB", 1e6), ("kB", 1e3), ("B", 1)))
            case Unit.MILLISECONDS | Unit.PERCENT:
                return f"{value:,.1f}".removesuffix(".0") + f" {self.value}"


def _scaled(value: float, scale: Sequence[tuple[str, float]]) -> str:
    unit, size = next((s for s in scale if value >= s[1]), scale[-1])
    return f"{value / size:,.1f}".removesuffix(".0") + f" {unit}"


@dataclass(frozen=True, slots=True)
class FileFacts:
    """What the file system says about a database that is a file."""

    path: str
    size_bytes: int
    wal_bytes: int  # 0: no write-ahead log
    free_bytes: int
    file_writable: bool
    folder_writable: bool
    file_system: str  # "ext4", "nfs4"; empty where it cannot be told


@dataclass(frozen=True, slots=True)
class Measure:
    """One value of one object; None: it could not be looked at."""

    object: str
    value: float | None
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Check:
    """One question to a database, with the limits its answer is held against.

    `sql` gives rows of (object, value[, detail]); where one question cannot be asked in SQL,
    `file` gives the same from `FileFacts`. `why` and `action` may hold `{object}` and `{detail}`.
    """

    name: str
    why: str
    action: str
    unit: Unit = Unit.LEVEL
    sql: str = ""
    file: Callable[[FileFacts], Iterable[Measure]] | None = None
    timed: bool = False  # the value is how long `sql` takes, the median of five
    warning: float | None = 1
    critical: float | None = 2
    low_is_bad: bool = False  # limits are lower bounds
    essential: bool = False  # not being able to look makes the whole verdict unknown
    needs: str = ""  # PostgreSQL role without whose rights the answer is blank
    grant: str = "GRANT pg_monitor TO {role}"  # what an unknown object or role needs
    since: str = ""  # SQL for the age of the counters it rests on
    safe_to_run_now: bool = False  # whether `action` may be run under load
    mutable: bool = True  # False: `muted` does not apply


def judge(
    check: Check, measures: Sequence[Measure], *, role: str, sees_all: bool
) -> list[CheckResult]:
    """Results of one check: one for each object over a limit, or a single `ok`.

    Args:
        check: with the limits in force.
        measures: what was measured.
        role: whose rights were used, for the grant in an unknown result.
        sees_all: the role has the rights of `check.needs`, or the check needs none.
    """
    known = [m for m in measures if m.value is not None]
    bad = [(m, status) for m in known if (status := _status(check, m)) is not CheckStatus.OK]
    bad.sort(key=lambda pair: (pair[1] is not CheckStatus.CRITICAL, _badness(check, pair[0])))
    results = [_result(check, m, status) for m, status in bad[:SHOWN]]
    if len(bad) > SHOWN:
        results[-1] = results[-1].model_copy(
            update={"why": f"{results[-1].why} And {len(bad) - SHOWN} more like it."}
        )
    blind = [m.object for m in measures if m.value is None]
    if blind or not sees_all:
        results.append(unknown(check, _blindness(blind), grant=check.grant.format(role=role)))
    return results or [_well(check, known)]


def unknown(check: Check, why: str, *, grant: str = "") -> CheckResult:
    """The result of a check that could not look."""
    return CheckResult(
        check=check.name,
        status=CheckStatus.UNKNOWN,
        why=why,
        action=grant,
        safe_to_run_now=bool(grant),
        key=check.name,
        essential=check.essential,
    )


def measures_of(rows: Iterable[Row]) -> Iterator[Measure]:
    """Rows of (object, value[, detail]) as measures.

    Raises:
        TypeError: a value is neither a number nor NULL: the check's SQL is wrong.
    """
    for row in rows:
        value = row[1]
        yield Measure(
            object=str(row[0] or ""),
            value=None if value is None else _number(value),
            detail=str(row[2]) if len(row) > 2 and row[2] is not None else "",
        )


def _number(value: object) -> float:
    if isinstance(value, (int, float)):
        return float(value)
    if hasattr(value, "__float__"):  # a driver's Decimal
        return float(value)
    raise TypeError(f"a check measured {type(value).__name__}, not a number")


def _status(check: Check, measure: Measure) -> CheckStatus:
    for limit, status in (
        (check.critical, CheckStatus.CRITICAL),
        (check.warning, CheckStatus.WARNING),
    ):
        value = measure.value
        if limit is None or value is None:
            continue
        if value < limit if check.low_is_bad else value >= limit:
            return status
    return CheckStatus.OK


def _badness(check: Check, measure: Measure) -> float:
    value = measure.value or 0.0
    return value if check.low_is_bad else -value


def _result(check: Check, measure: Measure, status: CheckStatus) -> CheckResult:
    words = {"object": measure.object, "detail": measure.detail}
    return CheckResult(
        check=check.name,
        status=status,
        object=measure.object,
        value=check.unit.spell(measure.value or 0.0),
        threshold=_threshold(check, status),
        why=check.why.format(**words),
        action=check.action.format(**words),
        safe_to_run_now=check.safe_to_run_now,
        key=f"{check.name}:{measure.object}" if measure.object else check.name,
        essential=check.essential,
    )


def _well(check: Check, known: Sequence[Measure]) -> CheckResult:
    worst = min(known, key=lambda m: _badness(check, m), default=None)
    return CheckResult(
        check=check.name,
        status=CheckStatus.OK,
        value=check.unit.spell(worst.value or 0.0) if worst is not None else "",
        threshold=_threshold(check, CheckStatus.WARNING),
        key=check.name,
        essential=check.essential,
    )


def _threshold(check: Check, status: CheckStatus) -> str:
    limit = check.critical if status is CheckStatus.CRITICAL else check.warning
    if limit is None or check.unit is Unit.LEVEL:
        return ""
    return f"{'at least' if check.low_is_bad else 'under'} {check.unit.spell(limit)}"


def _blindness(objects: Sequence[str]) -> str:
    if not objects:
        return "Sessions of other users are hidden from this role."
    named = ", ".join(objects[:3]) + (" …" if len(objects) > 3 else "")
    return f"This role may not look at {len(objects)} of them: {named}."
