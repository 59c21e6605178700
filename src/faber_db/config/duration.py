"""Durations as people write them: `2s`, `15m`, `24h`, `7d`."""

import re
from datetime import timedelta
from typing import Annotated

from pydantic import BeforeValidator, PlainSerializer, WithJsonSchema

_UNITS = {"ms": "milliseconds", "s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_PATTERN = re.compile(r"([1-9][0-9]{0,8})(ms|s|m|h|d)")


def parse_duration(text: object) -> timedelta:
    """Read a duration; it is always above zero.

    Raises:
        ValueError: another spelling, or more than 10,000 days.
    """
    if isinstance(text, timedelta):
        return text
    match = _PATTERN.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        raise ValueError("write a duration as a number and a unit: 500ms, 2s, 15m, 24h, 7d")
    value = timedelta(**{_UNITS[match[2]]: int(match[1])})
    if value > timedelta(days=10_000):
        raise ValueError("that is longer than 10,000 days")
    return value


def format_duration(value: timedelta) -> str:
    """The shortest spelling that reads back equal."""
    milliseconds = value // timedelta(milliseconds=1)
    for unit, size in (("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1000)):
        if milliseconds % size == 0:
            return f"{milliseconds // size}{unit}"
    return f"{milliseconds}ms"


Duration = Annotated[
    timedelta,
    BeforeValidator(parse_duration),
    PlainSerializer(format_duration),
    WithJsonSchema({"type": "string", "pattern": "^[1-9][0-9]*(ms|s|m|h|d)$"}),
]
