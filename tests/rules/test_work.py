"""Times are ranges from sizes and a pace; without either there are none."""

import pytest

from faber_db.model.dialect import Dialect
from faber_db.model.finding import StatementReport, range_words
from faber_db.rules import Context, analyze
from faber_db.services.ports import TableSize
from faber_db.sql.schema import catalogue_of
from faber_db.sql.script import parse

SCHEMA = """
CREATE TABLE p (id integer PRIMARY KEY);
CREATE TABLE t (id integer PRIMARY KEY, a integer, b text, p integer);
CREATE TABLE thick (id integer PRIMARY KEY, a integer, b text, c text);
CREATE INDEX ON thick (a); CREATE INDEX ON thick (b); CREATE INDEX ON thick (c);
"""
SIZES = {
    "p": TableSize(1_000, 40_000, exact=True),
    "t": TableSize(2_000_000, 200_000_000, exact=False),
    "thick": TableSize(2_000_000, 200_000_000, exact=False),
}


def _report(sql: str, *, pace: int | None = 100, sizes: bool = True) -> StatementReport:
    context = Context(
        dialect=Dialect.POSTGRESQL,
        server_version=170_000,
        catalogue=catalogue_of(SCHEMA, Dialect.POSTGRESQL),
        sizes=SIZES if sizes else None,
        pace=pace,
    )
    return analyze(parse(sql, Dialect.POSTGRESQL), context).statements[-1]


ORDER = [  # each takes longer than the one before
    "ALTER TABLE t ADD CONSTRAINT k CHECK (a > 0)",
    "ALTER TABLE t ADD FOREIGN KEY (p) REFERENCES p",
    "CREATE INDEX ON t (a)",
    "CREATE INDEX ON t (b)",
    "ALTER TABLE t ALTER COLUMN a TYPE bigint",
    "ALTER TABLE thick ALTER COLUMN a TYPE bigint",
    "UPDATE t SET a = a + 1",
]


def test_more_work_takes_longer() -> None:
    highs = [_report(sql).high_ms or 0 for sql in ORDER]
    assert highs == sorted(highs)
    assert highs[0] > 0


@pytest.mark.parametrize("sql", ORDER)
def test_it_is_a_range(sql: str) -> None:
    report = _report(sql)
    assert report.rows == 2_000_000
    assert report.low_ms is not None
    assert report.high_ms is not None
    assert 2 * report.low_ms <= report.high_ms
    twice = _report(sql, pace=200)
    assert (twice.high_ms or 0) > report.high_ms


def test_a_condition_may_leave_every_row_out() -> None:
    every, some = _report("DELETE FROM t"), _report("DELETE FROM t WHERE a = 1 OR b = 'x'")
    assert (some.low_ms or 0) < (every.low_ms or 0)
    assert some.high_ms == every.high_ms


def test_what_is_not_known_has_no_time() -> None:
    scan = ORDER[0]
    assert (_report(scan, sizes=False).rows, _report(scan, sizes=False).takes) == (None, "")
    assert (_report(scan, pace=None).rows, _report(scan, pace=None).takes) == (2_000_000, "")
    brief = _report("ALTER TABLE t ADD COLUMN z integer")
    assert (brief.rows, brief.high_ms) == (None, None)
    new = _report("CREATE TABLE n (id integer); CREATE INDEX ON n (id)")
    assert (new.rows, new.high_ms) == (None, None)


WORDS = {
    (0, 3): "under 0.1 s",
    (90, 400): "under 1 s",
    (400, 1_800): "0.4 to 2 s",
    (4_200, 14_100): "4 to 15 s",
    (21_000, 97_000): "21 to 97 s",
    (31_000, 140_000): "about ½ to 3 min",
    (70_000, 170_000): "about 1 to 3 min",
    (600_000, 3_000_000): "about 10 to 50 min",
    (1_900_000, 9_000_000): "about ½ to 3 hours",
    (9_000_000, 40_000_000): "about 2 to 12 hours",
}


@pytest.mark.parametrize(("span", "words"), WORDS.items(), ids=WORDS.values())
def test_words(span: tuple[int, int], words: str) -> None:
    assert range_words(*span) == words
