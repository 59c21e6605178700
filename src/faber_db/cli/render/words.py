"""Numbers, times and sizes in words for people; everything here is pure."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

_SIZES = ("B", "kB", "MB", "GB", "TB", "PB")


def count(number: int, noun: str, plural: str = "") -> str:
    """`1 statement`, `2,000 statements`."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def size(size_bytes: int) -> str:
    """`48 B`, `1.9 GB` (powers of 1,000)."""
    value = float(size_bytes)
    for unit in _SIZES:
        if value < 999.5 or unit == _SIZES[-1]:
            return f"{value:.0f} {unit}" if unit == "B" or value >= 99.95 else f"{value:.1f} {unit}"
        value /= 1000
    raise AssertionError("the loop always returns")


def duration(milliseconds: float) -> str:
    """`38 ms`, `0.4 s`, `3 min`, `2.5 h`."""
    if milliseconds < 100:
        return f"{milliseconds:.0f} ms"
    seconds = milliseconds / 1000
    if seconds < 90:
        return f"{seconds:.1f} s"
    if seconds < 5400:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"


def ago(at: str, now: datetime) -> str:
    """How long ago an ISO time was: `just now`, `4 min ago`, `6 h ago`, `3 d ago`; empty for none."""
    moment = parse_time(at)
    if moment is None:
        return at
    passed = now - moment
    if passed < timedelta(seconds=5):
        return "just now"
    return f"{span(passed)} ago"


def until(at: str, now: datetime) -> str:
    """How long until an ISO time: `in 6 d 23 h`, or `expired`."""
    moment = parse_time(at)
    if moment is None:
        return at
    return f"in {span(moment - now)}" if moment > now else "expired"


def span(length: timedelta) -> str:
    """`40 s`, `4 min`, `6 h`, `6 d 23 h`."""
    seconds = int(length.total_seconds())
    if seconds < 60:
        return f"{seconds} s"
    if seconds < 3600:
        return f"{seconds // 60} min"
    if seconds < 86_400:
        return f"{seconds // 3600} h"
    days, hours = seconds // 86_400, seconds % 86_400 // 3600
    return f"{days} d {hours} h" if hours and days < 14 else f"{days} d"


def parse_time(at: str) -> datetime | None:
    """An ISO time, taken as UTC where it names no zone; None when it is empty or no time."""
    try:
        moment = datetime.fromisoformat(at)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def listed(names: Sequence[str], *, most: int = 5, of: int = 0) -> str:
    """`a, b, c and 4 more`; `of` is how many there are, where the names are only the first."""
    shown, total = ", ".join(names[:most]), max(of, len(names))
    return f"{shown} and {total - most:,} more" if total > most and shown else shown
