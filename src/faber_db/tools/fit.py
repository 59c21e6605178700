"""Answers that fit: long lists and texts are cut, and what was left out is said."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from faber_db.tools.text import render

BYTES_PER_TOKEN = 4
SUMMARY = 2_000 * BYTES_PER_TOKEN
FULL = 20_000 * BYTES_PER_TOKEN
SHORTEST = 400  # a text below this is never cut
ENVELOPE = 600  # room for the warning that says what was cut


@dataclass
class _Place:
    """A list or a text inside the details."""

    parent: Any
    key: Any
    name: str
    size: int

    @property
    def value(self) -> Any:
        return self.parent[self.key]


def size_of(value: object) -> int:
    """Bytes of the compact JSON."""
    return len(json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode())


def fit(answer: dict[str, Any], limit: int) -> dict[str, Any]:
    """The answer with its biggest lists, then its longest texts, cut until it is within `limit`.

    The cut is named in a warning `answer-cut`, and counted in `details.left_out` where the
    details have that field. Changes `answer` in place.
    """
    cut: dict[str, int] = {}
    if _measure(answer) <= limit:
        return answer
    over = _measure(answer) - (limit - ENVELOPE)
    while over > 0 and (place := _biggest(answer["details"])):
        name, number = _shorten(place, over)
        cut[name] = cut.get(name, 0) + number
        over = _measure(answer) - (limit - ENVELOPE)
    if over > 0:
        answer["message"] = answer["message"][: max(200, limit // 8)]
    _say(answer, cut, limit)
    return answer


def _measure(answer: dict[str, Any]) -> int:
    """Bytes of the longer of the two parts that a client may show."""
    return max(size_of(answer), len(render(answer).encode()))


def _biggest(details: dict[str, Any]) -> _Place | None:
    """The list worth cutting, else the text; lists of at least two first."""
    places = list(_places(details, ""))
    lists = [p for p in places if isinstance(p.value, list) and len(p.value) > 1]
    texts = [p for p in places if isinstance(p.value, str) and p.size > SHORTEST]
    return max(lists or texts, key=lambda p: p.size, default=None)


def _places(value: Any, name: str) -> Iterator[_Place]:
    items: Iterator[tuple[Any, Any]] = iter(())
    if isinstance(value, dict):
        items = iter(value.items())
    elif isinstance(value, list):
        items = iter(enumerate(value))
    for key, child in items:
        below = key if isinstance(key, str) else name
        if isinstance(child, list | str):
            yield _Place(value, key, below, size_of(child))
        if isinstance(child, list | dict):
            yield from _places(child, below)


def _shorten(place: _Place, over: int) -> tuple[str, int]:
    """Cut roughly what is too much off the end; what it is called, and how many went."""
    value = place.value
    if isinstance(value, list):
        share = max(0.0, 1 - over / max(1, place.size))
        keep = max(1, min(len(value) - 1, int(len(value) * share)))
        place.parent[place.key] = value[:keep]
        return place.name, len(value) - keep
    keep = max(SHORTEST // 2, len(value) - over)
    keep = min(keep, len(value) - 100)
    place.parent[place.key] = f"{value[:keep]} … {len(value) - keep} more characters"
    return f"characters of {place.name}", len(value) - keep


def _say(answer: dict[str, Any], cut: dict[str, int], limit: int) -> None:
    details = answer["details"]
    counted = sum(n for name, n in cut.items() if not name.startswith("characters"))
    if isinstance(details.get("left_out"), int):
        details["left_out"] += counted
    hint = (
        'Ask for less at once, or with detail "full".'
        if limit < FULL
        else "The command line with --json has no such limit."
    )
    words = ", ".join(f"{number} {name}" for name, number in cut.items())
    warning = {"code": "answer-cut", "message": f"left out: {words}", "hint": hint}
    answer.setdefault("warnings", []).append(warning)
