"""What a trial run changes about a verdict, and what it never does."""

from collections.abc import Mapping
from typing import Any

import pytest

from faber_db.model.dialect import Dialect
from faber_db.model.finding import Analysis, Confidence, Finding, Risk
from faber_db.model.trial import TrialRun, Tried
from faber_db.rules import Context, analyze
from faber_db.services.ports import TableSize
from faber_db.services.trial_verdict import join, summary
from faber_db.sql.schema import catalogue_of
from faber_db.sql.script import parse

SCHEMA = """
CREATE TABLE users (id int PRIMARY KEY, email text, zip varchar(10));
CREATE TABLE orders (id int PRIMARY KEY, user_id int)
"""
AEL, SRE = "ACCESS EXCLUSIVE", "SHARE ROW EXCLUSIVE"


def joined(
    text: str,
    *seen: dict[str, Any],
    known: bool = True,
    sizes: Mapping[str, TableSize] | None = None,
    **run: Any,
) -> Analysis:
    """The verdict on a script of which each statement was seen to do something."""
    script = parse(text, Dialect.POSTGRESQL)
    catalogue = catalogue_of(SCHEMA, Dialect.POSTGRESQL) if known else None
    analysis = analyze(script, Context(Dialect.POSTGRESQL, 170_010, catalogue, sizes))
    blank: dict[str, Any] = {"locks": (), "rewritten": (), "scanned": (), "duration_ms": 1}
    tried = tuple(
        Tried(line=s.line, text=s.text[:300], **{**blank, **one})
        for s, one in zip(script.statements, seen, strict=False)
    )
    return join(analysis, script, tried, TrialRun("PostgreSQL 17.10", (tried,), **run), sizes)


def one(analysis: Analysis, code: str) -> Finding:
    (found,) = [f for f in analysis.findings if f.code == code]
    return found


def test_what_is_confirmed_is_measured() -> None:
    found = one(
        joined(
            "CREATE INDEX i ON users (email)",
            {"locks": (("users", "SHARE"),), "scanned": ("users",)},
        ),
        "create-index",
    )
    assert (found.confidence, found.lock, found.risk) == (
        Confidence.MEASURED,
        "SHARE on users",
        Risk.MEDIUM,
    )


WIDER = "ALTER TABLE users ALTER zip TYPE varchar(20)"


def test_a_rewrite_that_did_not_happen_is_lowered() -> None:
    analysis = joined(WIDER, {"locks": (("users", AEL),)}, known=False)
    found = one(analysis, "change-type")
    assert (found.risk, found.rewrite, found.scan) == (Risk.LOW, False, False)
    assert found.lock == f"{AEL} on users"
    assert not analysis.statements[0].rewrite
    assert analysis.statements[0].measured


def test_a_default_that_the_server_inlines_is_no_rewrite() -> None:
    text = "ALTER TABLE users ADD c int DEFAULT one()"
    found = one(joined(text, {"locks": (("users", AEL),)}), "add-column-rewrites")
    assert (found.risk, found.rewrite) == (Risk.LOW, False)
    seen = {"locks": (("users", AEL),), "rewritten": ("users",), "scanned": ("users",)}
    found = one(joined(text, seen), "add-column-rewrites")
    assert (found.risk, found.confidence) == (Risk.HIGH, Confidence.MEASURED)


def test_a_block_that_calls_a_function_keeps_its_verdict() -> None:
    text = "DO $$ BEGIN PERFORM one(); ALTER TABLE users ALTER zip TYPE int USING 1; END $$"
    before = [(f.code, f.risk) for f in joined(text).findings]
    after = joined(text, {"locks": (("users", AEL),)}).findings
    assert [(f.code, f.risk) for f in after] == before


KEPT: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "another major version": ({"locks": (("users", AEL),)}, {"same_version": False}),
    "its locks were not seen": ({"unseen": "it stands alone"}, {}),
    "it was not tried": ({"not_tried": "it reaches out"}, {}),
    "it failed": ({"error": "42P01: gone"}, {}),
    "it was rewritten": ({"locks": (("users", AEL),), "rewritten": ("users",)}, {}),
}


@pytest.mark.parametrize(("seen", "run"), KEPT.values(), ids=KEPT)
def test_what_is_not_known_keeps_its_risk(seen: dict[str, Any], run: dict[str, Any]) -> None:
    assert one(joined(WIDER, seen, known=False, **run), "change-type").risk is Risk.HIGH


def test_nothing_is_lowered_behind_what_was_left_out() -> None:
    text = f"CREATE ROLE r; {WIDER}"
    seen = {"not_tried": "roles"}, {"locks": (("users", AEL),)}
    assert one(joined(text, *seen, known=False), "change-type").risk is Risk.HIGH


@pytest.mark.parametrize(
    "statement",
    ["DROP TABLE users", "ALTER TABLE users DROP email", "DELETE FROM users", "TRUNCATE users"],
)
def test_losses_and_breaks_stay(statement: str) -> None:
    before = {(f.code, f.risk) for f in joined(statement).findings if f.risk is Risk.HIGH}
    after = {(f.code, f.risk) for f in joined(statement, {}).findings if f.risk is Risk.HIGH}
    assert before
    assert before == after


def test_a_lock_held_over_work_that_nobody_saw_is_found() -> None:
    text = "DO $$ BEGIN EXECUTE current_setting('a.b'); END $$; CREATE INDEX i ON users (email)"
    seen = (
        {"locks": (("orders", AEL),)},
        {
            "locks": (("users", "SHARE"),),
            "held": (("orders", AEL),),
            "scanned": ("users",),
        },
    )
    found = one(joined(text, *seen), "measured-block")
    assert (found.risk, found.line, found.objects) == (Risk.HIGH, 1, ("orders",))
    assert f"{AEL} on orders, held since an earlier statement" in found.effect


def test_the_size_moves_what_is_added() -> None:
    text = "ALTER TABLE users SET (fillfactor = 90)"
    seen = {"locks": (("users", AEL),), "scanned": ("users",), "rewritten": ("users",)}
    for rows, risk in ((50, Risk.MEDIUM), (50_000, Risk.HIGH)):
        sizes = {"users": TableSize(rows, 1, exact=True)}
        assert one(joined(text, seen, sizes=sizes), "measured-block").risk is risk


def test_work_under_weak_locks_is_no_finding() -> None:
    text = "ALTER TABLE users VALIDATE CONSTRAINT c"
    seen = {"locks": (("users", "SHARE UPDATE EXCLUSIVE"),), "scanned": ("users",)}
    found = joined(text, seen).findings
    assert [f.code for f in found if f.risk.at_least(Risk.MEDIUM) and f.kind == "blocking"] == []


def test_held_locks_are_what_was_seen() -> None:
    """The analysis cannot know that a view's drop locks nothing of a table."""
    text = "ALTER TABLE orders ADD c int; UPDATE users SET email = lower(email)"
    held = {"held": (("orders", AEL),), "locks": (("users", "ROW EXCLUSIVE"),)}
    assert one(joined(text, {"locks": (("orders", AEL),)}, held), "lock-held").risk is Risk.HIGH
    not_held = {"held": (), "locks": (("users", "ROW EXCLUSIVE"),)}
    assert one(joined(text, {}, not_held), "lock-held").risk is Risk.LOW


def test_work_on_rows_keeps_its_verdict() -> None:
    text = "UPDATE users SET email = NULL"
    before, after = joined(text), joined(text, {"locks": (("users", "ROW EXCLUSIVE"),)})
    assert [(f.code, f.risk) for f in before.findings] == [(f.code, f.risk) for f in after.findings]
    assert after.statements[0].scan


def test_a_failure_is_a_finding() -> None:
    analysis = joined("SELECT 1", {"error": "XX000: it is broken"})
    found = one(analysis, "fails-on-trial")
    assert (found.kind, found.risk, found.effect) == ("fails", Risk.HIGH, "It fails: XX000: it is broken.")  # fmt: skip
    assert analysis.trial == ("line 1 fails on the copy: XX000: it is broken",)


def test_a_failure_that_was_foreseen_is_measured() -> None:
    text = "ALTER TABLE users ALTER email TYPE int"
    analysis = joined(text, {"error": "42804: it cannot be cast"})
    assert "fails-on-trial" not in {f.code for f in analysis.findings}
    assert one(analysis, "needs-using").confidence is Confidence.MEASURED


def test_a_comment_excuses_what_the_trial_found() -> None:
    text = "-- faber-db: allow measured-block: at night\nDO $$ BEGIN EXECUTE current_setting('a.b'); END $$"
    seen = {"locks": (("users", AEL),), "rewritten": ("users",)}
    analysis = joined(text, seen)
    assert one(analysis, "measured-block").allowed == "at night"
    assert "suppression-unused" not in {f.code for f in analysis.findings}


RENAME = "ALTER TABLE users RENAME email TO mail"
QUERIES = ("SELECT email FROM users WHERE zip = '10115' AND id = 7 -- secret", "SELECT 1")


def test_a_broken_query_is_named_without_its_values() -> None:
    seen = {"locks": (("users", AEL),), "breaks": ((0, "42703: no column"),)}
    analysis = joined(RENAME, seen, queries=QUERIES)
    found = one(analysis, "query-breaks")
    assert found.effect.endswith("SELECT email FROM users WHERE zip = ? AND id = ?")
    assert one(analysis, "rename-breaks-code").confidence is Confidence.MEASURED


def test_that_no_query_breaks_is_said_and_lowers_nothing() -> None:
    analysis = joined(RENAME, {"locks": (("users", AEL),)}, queries=QUERIES)
    found = one(analysis, "rename-breaks-code")
    assert (found.risk, found.confidence) == (Risk.HIGH, Confidence.PARSED)
    assert found.effect.endswith("None of 2 known queries breaks.")


def test_locks_that_are_taken_again_are_reported() -> None:
    text = "ALTER TABLE users ADD a int; ALTER TABLE users ADD b int"
    seen = {"locks": (("users", AEL),)}, {"held": (("users", AEL),)}
    for report in joined(text, *seen).statements:
        assert [(lock.table, lock.mode) for lock in report.locks] == [("users", AEL)]


def test_the_summary_counts() -> None:
    blank = Tried(1, "x", (), (), (), 1)
    left_out = Tried(2, "y", (), (), (), 0, not_tried="it reaches out")
    run = TrialRun("PostgreSQL 18.1", ((blank, left_out),), same_version=False, queries=("a",), unprepared=2)  # fmt: skip
    words = summary(run)
    assert words.startswith("1 of 2 statements tried")
    assert "another major version" in words
    assert "2 could not be" in words
