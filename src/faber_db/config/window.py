"""When a protected release may start: `Mon-Thu 09:00-16:00 Europe/Berlin`.

A window is half-open, in the wall-clock time of its zone. One whose end is not after its start
ends on the next day (`Sat 22:00-02:00 UTC` is open until two on Sunday morning).
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, WithJsonSchema

_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_PATTERN = re.compile(
    r"(?P<days>[A-Za-z]{3}(?:[-,][A-Za-z]{3})*) +"
    r"(?P<from>\d\d:\d\d)-(?P<to>\d\d:\d\d) +(?P<zone>[A-Za-z0-9_+/-]+)"
)
_SHAPE = "write a window like `Mon-Thu 09:00-16:00 Europe/Berlin`"


@dataclass(frozen=True, slots=True)
class Window:
    """One weekly opening, minutes counted from midnight."""

    days: frozenset[int]  # 0 is Monday
    start: int
    end: int
    zone: ZoneInfo

    def holds(self, now: datetime) -> bool:
        """Whether `now` (aware) lies in it."""
        local = now.astimezone(self.zone)
        minute = local.hour * 60 + local.minute
        today, yesterday = local.weekday(), (local.weekday() - 1) % 7
        if self.start < self.end:
            return today in self.days and self.start <= minute < self.end
        return (today in self.days and minute >= self.start) or (
            yesterday in self.days and minute < self.end
        )


def parse_window(text: str) -> Window:
    """Read one window.

    Raises:
        ValueError: another spelling, an unknown day or zone.
    """
    match = _PATTERN.fullmatch(text.strip())
    if match is None:
        raise ValueError(_SHAPE)
    try:
        zone = ZoneInfo(match["zone"])
    except (KeyError, OSError, ValueError) as error:
        raise ValueError(f"there is no time zone {match['zone']!r}") from error
    return Window(
        days=frozenset(_days(match["days"])),
        start=_minute(match["from"]),
        end=_minute(match["to"]),
        zone=zone,
    )


def window_open(windows: Sequence[str], now: datetime) -> bool:
    """Whether a release may start now; no window at all means always."""
    return not windows or any(parse_window(text).holds(now) for text in windows)


def _days(text: str) -> list[int]:
    found: list[int] = []
    for part in text.split(","):
        names = part.split("-")
        if len(names) > 2:
            raise ValueError(_SHAPE)
        first, last = _day(names[0]), _day(names[-1])
        found += [(first + step) % 7 for step in range((last - first) % 7 + 1)]
    return found


def _day(name: str) -> int:
    if name.capitalize() not in _DAYS:
        raise ValueError(f"there is no day {name!r}; days are {', '.join(_DAYS)}")
    return _DAYS.index(name.capitalize())


def _minute(text: str) -> int:
    hour, minute = (int(part) for part in text.split(":"))
    if minute > 59 or hour * 60 + minute > 24 * 60:
        raise ValueError(f"{text} is no time of the day")
    return hour * 60 + minute


def _check(text: str) -> str:
    parse_window(text)
    return text


WindowText = Annotated[
    str,
    AfterValidator(_check),
    WithJsonSchema({"type": "string", "examples": ["Mon-Thu 09:00-16:00 Europe/Berlin"]}),
]
