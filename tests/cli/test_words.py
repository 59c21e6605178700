"""Numbers, times and sizes in words."""

from datetime import UTC, datetime, timedelta

import pytest

from faber_db.cli.render import words

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)

CASES = {
    "one": (words.count(1, "entry", "entries"), "1 entry"),
    "many": (words.count(2000, "row"), "2,000 rows"),
    "bytes": (words.size(48), "48 B"),
    "gigabytes": (words.size(1_900_000_000), "1.9 GB"),
    "just under a unit": (words.size(999_999), "1.0 MB"),
    "hundreds": (words.size(189_000_000), "189 MB"),
    "milliseconds": (words.duration(38), "38 ms"),
    "part of a second": (words.duration(400), "0.4 s"),
    "minutes": (words.duration(180_000), "3 min"),
    "minutes ago": (words.ago("2026-11-23T08:56:00+00:00", NOW), "4 min ago"),
    "now": (words.ago("2026-11-23T09:00:00+00:00", NOW), "just now"),
    "ahead of our clock": (words.ago("2026-11-23T09:00:05+00:00", NOW), "just now"),
    "no time": (words.ago("", NOW), ""),
    "no zone is UTC": (words.ago("2026-11-23T07:00:00", NOW), "2 h ago"),
    "to come": (words.until("2026-11-30T08:00:00+00:00", NOW), "in 6 d 23 h"),
    "over": (words.until("2026-11-23T08:00:00+00:00", NOW), "expired"),
    "days": (words.span(timedelta(days=20, hours=3)), "20 d"),
    "list": (words.listed(["a", "b", "c"], most=2), "a, b and 1 more"),
    "the first of a list": (words.listed(["a", "b"], most=1, of=163), "a and 162 more"),
}


@pytest.mark.parametrize(("said", "expected"), CASES.values(), ids=CASES)
def test_words(said: str, expected: str) -> None:
    assert said == expected
