"""Which table is locked from which statement to which: as geometry for a drawing, and as words.

The axis counts statements, not seconds: how long each takes is a range at best, and stands beside.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from faber_db.model.finding import StatementReport, TableLock

_MOST_STATEMENTS = 40
_MOST_TABLES = 12
LEFT, TOP, ROW, WIDTH = 150, 26, 26, 640  # of the drawing, in its own units
_STOPS_WRITES = ("SHARE", "SHARE ROW EXCLUSIVE", "EXCLUSIVE")  # of PostgreSQL; readers go on


@dataclass(frozen=True, slots=True)
class Bar:
    """One lock in the drawing."""

    x: float
    y: float
    width: float
    style: str  # "all", "writes", "brief"
    label: str  # the same in words


@dataclass(frozen=True, slots=True)
class Mark:
    """A label of an axis."""

    x: float
    y: float
    text: str


@dataclass(frozen=True, slots=True)
class Timeline:
    """A drawing of locks; empty where nothing is locked."""

    height: float
    tables: tuple[Mark, ...] = ()
    lines: tuple[Mark, ...] = ()
    bars: tuple[Bar, ...] = ()
    left_out: str = ""

    @property
    def drawn(self) -> tuple[Bar, ...]:
        """In the order to draw them: what stops most lies on top."""
        return tuple(sorted(self.bars, key=lambda bar: ("brief", "writes", "all").index(bar.style)))

    @property
    def words(self) -> tuple[str, ...]:
        """The text alternative."""
        return tuple(bar.label for bar in self.bars)


def timeline(reports: Sequence[StatementReport]) -> Timeline:
    """The locks of these statements, in order."""
    shown = reports[:_MOST_STATEMENTS]
    names = list(dict.fromkeys(lock.table for r in shown for lock in r.locks))
    rows = {name: TOP + ROW * n for n, name in enumerate(names[:_MOST_TABLES])}
    if not rows:
        return Timeline(0)
    step = (WIDTH - LEFT) / len(shown)
    return Timeline(
        height=TOP + ROW * len(rows) + 6,
        tables=tuple(Mark(LEFT - 8, y + 14, _cut(name)) for name, y in rows.items()),
        lines=tuple(
            Mark(LEFT + step * (n + 0.5), TOP - 10, str(shown[n].line))
            for n in range(0, len(shown), max(1, len(shown) // 12))
        ),
        bars=tuple(
            _bar(shown, number, lock, rows[lock.table], step)
            for number, report in enumerate(shown)
            for lock in report.locks
            if lock.table in rows
        ),
        left_out=_left_out(len(reports) - len(shown), len(names) - len(rows)),
    )


def _bar(
    reports: Sequence[StatementReport], number: int, lock: TableLock, y: float, step: float
) -> Bar:
    report = reports[number]
    last = max(
        (
            n
            for n, r in enumerate(reports)
            if n >= number and r.migration == report.migration and r.line <= lock.until_line
        ),
        default=number,
    )
    until = f" to line {lock.until_line}" if lock.until_line > report.line else ""
    where = f"{report.migration} " if report.migration else ""
    takes = f"; line {report.line} alone takes {report.takes}" if report.takes else ""
    return Bar(
        x=round(LEFT + step * number + 1, 1),
        y=y + 3,
        width=round(step * (last - number + 1) - 2, 1),
        style=_style(lock.mode),
        label=f"{lock.table}: {lock.mode}, {where}line {report.line}{until}{takes}",
    )


def _style(mode: str) -> str:
    """Who waits: the other products say it in the mode's own words (rules/effects_*)."""
    if mode == "ACCESS EXCLUSIVE" or "reads wait" in mode:
        return "all"
    if mode in _STOPS_WRITES or "writes wait" in mode or mode.startswith("RESERVED"):
        return "writes"
    return "brief"


def _cut(name: str) -> str:
    return name if len(name) <= 20 else f"{name[:19]}…"


def _left_out(statements: int, tables: int) -> str:
    words = [
        f"{statements} more statements" if statements > 0 else "",
        f"{tables} more tables" if tables > 0 else "",
    ]
    return " and ".join(word for word in words if word)
