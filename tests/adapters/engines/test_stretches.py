from collections.abc import Sequence

import pytest

from faber_db.adapters.engines.stretches import units
from faber_db.errors import MigrationFailed
from faber_db.model.dialect import Dialect
from faber_db.services.ports import Bound
from faber_db.sql.script import parse
from faber_db.sql.stretches import split

# "[a b]" is a transaction of ours, "(a b)" the script's own, a bare letter runs alone; "!" is undone
SPLIT = {
    "wrapped": ("SELECT 1; SELECT 2", True, "[1 2]"),
    "not wrapped": ("SELECT 1; SELECT 2", False, "1 2"),
    "own transaction": ("BEGIN; SELECT 1; COMMIT; SELECT 2", True, "(1) [2]"),
    "own transaction, not wrapped": ("SELECT 1; BEGIN; SELECT 2; END; SELECT 3", False, "1 (2) 3"),
    "comment before BEGIN": ("/* x */ -- y\nBEGIN; SELECT 1; COMMIT", True, "(1)"),
    "rolled back by itself": ("BEGIN; SELECT 1; ROLLBACK; SELECT 2", True, "(1)! [2]"),
    "savepoint": ("SELECT 1; SAVEPOINT a; ROLLBACK TO a", True, "[1 SAVEPOINT ROLLBACK]"),
    "refuses a transaction": (
        "SELECT 1; CREATE INDEX CONCURRENTLY i ON t (a); SELECT 2",
        True,
        "[1] CREATE [2]",
    ),
    "nothing": ("", True, ""),
}


@pytest.mark.parametrize(("text", "wrap", "expected"), SPLIT.values(), ids=SPLIT)
def test_split(text: str, wrap: bool, expected: str) -> None:
    found = split(parse(text, Dialect.POSTGRESQL), wrap=wrap)
    shown = []
    for stretch in found:
        words = " ".join(
            s.text.strip().removeprefix("SELECT ").split()[0] for s in stretch.statements
        )
        form = "{}" if stretch.alone else "({})" if stretch.begin else "[{}]"
        shown.append(form.format(words) + ("" if stretch.keeps else "!"))
    assert " ".join(shown) == expected


REFUSED = {
    "never committed": "SELECT 1;\nBEGIN; SELECT 2",
    "never begun": "SELECT 1;\nCOMMIT",
    "chained": "BEGIN;\nCOMMIT AND CHAIN",
    "prepared": "BEGIN;\nPREPARE TRANSACTION 'x'",
}


@pytest.mark.parametrize("text", REFUSED.values(), ids=REFUSED)
def test_refused_before_anything_runs(text: str) -> None:
    with pytest.raises(MigrationFailed) as caught:
        split(parse(text, Dialect.POSTGRESQL), wrap=True)
    assert caught.value.rolled_back
    assert caught.value.line == 2


LEDGER: dict[str, tuple[str, bool, Sequence[tuple[int, bool, bool]]]] = {
    # statements in the unit, holds `first`, holds `then`
    "one transaction": ("SELECT 1; SELECT 2", True, [(2, True, True)]),
    "with the last": ("VACUUM; SELECT 1", True, [(1, False, False), (1, True, True)]),
    "after what stands alone": ("SELECT 1; VACUUM", True, [(1, False, False), (1, False, False), (0, True, True)]),
    "in the script's own": ("BEGIN; SELECT 1; COMMIT", True, [(1, True, True)]),
    "after a roll back": ("BEGIN; SELECT 1; ROLLBACK", True, [(1, False, False), (0, True, True)]),
    "not wrapped": ("SELECT 1", False, [(0, True, False), (1, False, False), (0, False, True)]),
    "empty": ("", True, [(0, True, True)]),
}  # fmt: skip


@pytest.mark.parametrize(("text", "wrap", "expected"), LEDGER.values(), ids=LEDGER)
def test_ledger_rows_stand_in_the_last_transaction(
    text: str, wrap: bool, expected: Sequence[tuple[int, bool, bool]]
) -> None:
    script = parse(text, Dialect.POSTGRESQL)
    found = units(script, wrap=wrap, first=[Bound("SELECT 'f'")], then=[Bound("SELECT 't'")])
    assert [(len(u.stretch.statements), bool(u.first), bool(u.then)) for u in found] == expected
