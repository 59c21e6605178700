"""What the page draws and lists, from plain values."""

import pytest

from faber_db.model.finding import StatementReport, TableLock
from faber_db.model.trial import ChangedTable, TrialRun
from faber_db.web.columns import tables, why_none
from faber_db.web.timeline import LEFT, WIDTH, timeline

STYLES = {
    "ACCESS EXCLUSIVE": "all",
    "EXCLUSIVE (reads wait)": "all",
    "EXCLUSIVE": "writes",
    "SHARE": "writes",
    "SHARE ROW EXCLUSIVE": "writes",
    "SHARED (writes wait while the table is copied)": "writes",
    "RESERVED (the one writer of the file)": "writes",
    "SHARE UPDATE EXCLUSIVE": "brief",
    "ROW EXCLUSIVE": "brief",
    "ACCESS SHARE": "brief",
    "metadata lock, brief; built in place, reads and writes go on": "brief",
}


def report(line: int, *locks: TableLock, **more: int) -> StatementReport:
    return StatementReport(line=line, text="…", locks=locks, **more)


@pytest.mark.parametrize(("mode", "style"), STYLES.items(), ids=STYLES)
def test_who_waits(mode: str, style: str) -> None:
    drawn = timeline([report(1, TableLock(table="t", mode=mode))])
    assert [bar.style for bar in drawn.bars] == [style]


def test_a_bar_runs_to_the_statement_at_whose_end_the_lock_goes() -> None:
    long = TableLock(table="t", mode="ACCESS EXCLUSIVE", until_line=9)
    short = TableLock(table="u", mode="SHARE")
    drawn = timeline([report(2, long, low_ms=4_000, high_ms=15_000), report(5, short), report(9)])
    step = (WIDTH - LEFT) / 3
    first, second = drawn.bars
    assert (first.x, first.width) == (LEFT + 1, round(3 * step - 2, 1))
    assert (second.x, second.width) == (round(LEFT + step + 1, 1), round(step - 2, 1))
    assert drawn.words == (
        "t: ACCESS EXCLUSIVE, line 2 to line 9; line 2 alone takes 4 to 15 s",
        "u: SHARE, line 5",
    )
    assert [mark.text for mark in drawn.lines] == ["2", "5", "9"]
    assert [bar.style for bar in drawn.drawn] == ["writes", "all"]  # the worst on top


def test_a_lock_of_one_migration_ends_there() -> None:
    lock = TableLock(table="t", mode="SHARE", until_line=9)
    first = StatementReport(migration="a", line=1, text="", locks=(lock,))
    other = StatementReport(migration="b", line=2, text="")
    assert timeline([first, other]).bars[0].width == round((WIDTH - LEFT) / 2 - 2, 1)


def test_what_is_too_much_is_said() -> None:
    many = [report(n, TableLock(table=f"t{n}", mode="SHARE")) for n in range(1, 60)]
    drawn = timeline(many)
    assert len(drawn.tables) == 12
    assert drawn.left_out == "19 more statements and 28 more tables"
    assert timeline([report(1)]).bars == ()
    assert timeline([]).bars == ()


def test_columns_before_and_after() -> None:
    changed = (
        ChangedTable(
            "t", ("id integer", "a text", "b text"), ("id integer", "b integer", "c text")
        ),
        ChangedTable("new", (), ("id integer",)),
        ChangedTable("old", ("id integer",), ()),
    )
    shown = tables(TrialRun("SQLite 3", (), changed=changed))
    assert [f"{x.sign}{x.text}" for x in shown[0].lines] == [
        " id integer",
        "-a text",
        "-b text",
        "+b integer",
        "+c text",
    ]
    assert [table.fate for table in shown] == ["", "new", "goes"]


def test_what_is_not_known_is_not_shown_as_no_change() -> None:
    assert tables(None) == ()
    assert "Not known" in why_none(None)
    assert "Not known" in why_none(TrialRun("SQLite 3", ()))
    assert "No table's columns change" in why_none(TrialRun("SQLite 3", (), changed=()))
