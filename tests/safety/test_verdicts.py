"""Our verdict on each case against what a server really did with it."""

import pytest

from faber_db.model.dialect import Dialect
from tests.safety.cases import DIALECTS, Case, cases
from tests.safety.scoring import findings, missed, ours, score
from tests.safety.truth import LABELS, measured

# (dialect, case): the labels that are not found, and why that is right or cannot be helped.
_LOSS = "the application misses the very rows or values whose loss is found"
_WRITES = "which values old code will write is not known; that rows may not fit is said"
_HARMLESS = "whether a row violates it only the data says; VALIDATE that fails changes nothing"
_UNLISTED = "indexes of materialized views and marks of CLUSTER are not in the schema as we read it"
_BOUNDS = "bounds of partitions are not compared with each other or with rows"
_OPAQUE = "what cannot be read is opaque, which counts as the worst"
ACCEPTED_MISSES: dict[tuple[str, str], tuple[tuple[str, ...], str]] = {
    ("postgresql", "delete-parent-cascades-by-key"): (("app_break",), _LOSS),
    ("postgresql", "update-key-cascades"): (("app_break",), _LOSS),
    ("postgresql", "drop-language"): (
        ("fails",),
        "that the extension of the same name keeps it is not looked up; it is a loss all the same",
    ),
    ("postgresql", "unknown-function-of-nobody"): (("fails",), _OPAQUE),
    ("postgresql", "default-of-unknown-function"): (("fails",), _OPAQUE),
    ("postgresql", "syntax-error"): (("fails",), _OPAQUE),
    ("postgresql", "unique-index-that-old-writes-break"): (
        ("app_break",),
        "which values old code will write is not known; that duplicates fail is said",
    ),
    ("postgresql", "table-rebuild-with-filter"): (
        ("app_break",),
        "the rights are given again, but for DELETE, which only the database could tell",
    ),
    ("postgresql", "wild-enum-value-in-one-transaction-by-cast-text"): (
        ("fails", "any hazard"),
        "a value that is put together from pieces is not looked for",
    ),
    ("mysql", "wild-moved-to-other-database"): (
        ("data_loss",),
        "the rows are there, in another database, and that it leaves this one is said",
    ),
    ("sqlite", "wild-rebuild-as-strict-with-text-in-integer"): (
        ("fails",),
        "that the copy takes another column is said, not that its values do not fit",
    ),
    ("sqlite", "wild-rebuild-with-deferred-keys"): (
        ("fails",),
        "a child two steps away holds the cascade back",
    ),
    ("sqlite", "wild-rebuild-or-replace-under-a-new-key"): (
        ("app_break",),
        "which rows the application reads is not known",
    ),
    **{
        ("sqlite", name): (("app_break",), "which rows the application reads is not known")
        for name in (
            "delete-by-key",
            "rebuild-insert-or-ignore",
        )
    },
    **{
        ("sqlite", name): (
            ("fails",),
            "what cannot be read may be newer syntax: critical, not a failure",
        )
        for name in ("not-sql", "other-dialect-serial", "dot-command")
    },
    ("sqlite", "rebuild-coalesce-makes-required"): (
        ("fails",),
        "the index is of a table made here; its rows are not known",
    ),
    ("sqlite", "insert-existing-key"): (
        ("fails", "any hazard"),
        "whether a key is taken is in the data",
    ),
    ("sqlite", "update-violates-a-check"): (("fails",), "values are not held against CHECKs"),
    ("sqlite", "replace-parent-cascades"): (
        ("fails",),
        "a child two steps away holds the cascade back",
    ),
    ("sqlite", "drop-table-cascades-keys-on"): (
        ("fails",),
        "a child two steps away holds the cascade back",
    ),
    ("mysql", "laravel-foreign"): (("app_break",), _WRITES),
    ("mysql", "add-foreign-key-on-update-cascade"): (("app_break",), _WRITES),
    ("mysql", "add-check-that-old-writes-break"): (("app_break",), _WRITES),
    ("mysql", "add-partition-behind-maxvalue"): (
        ("fails", "any hazard"),
        "the bounds of the partitions that are there are not read",
    ),
    ("mysql", "procedure-unknown-called"): (("fails",), _OPAQUE),
    ("mysql", "prepare-execute"): (("data_loss", "app_break"), _OPAQUE),
    ("mysql", "unfinished-string"): (("fails",), _OPAQUE),
    ("mysql", "misspelt"): (("fails",), _OPAQUE),
    ("postgresql", "foreign-key-validate-orphans"): (("fails", "any hazard"), _HARMLESS),
    ("postgresql", "check-validate-violated"): (("fails", "any hazard"), _HARMLESS),
    ("postgresql", "cluster-without-mark"): (("fails",), _UNLISTED),
    ("postgresql", "refresh-concurrently-without-unique-index"): (
        ("fails", "any hazard"),
        _UNLISTED,
    ),
    ("postgresql", "set-expression"): (
        ("data_loss",),
        "generated values are made anew from others that stay",
    ),
    ("postgresql", "partition-attach-rows-outside"): (("fails",), _BOUNDS),
    ("postgresql", "partition-attach-overlapping"): (("fails",), _BOUNDS),
    ("postgresql", "partition-create-overlapping"): (("fails", "any hazard"), _BOUNDS),
}
# (dialect, case): codes that speak up although the case is harmless, and why.
_INVALID = "duplicates are not known; a build that fails leaves an invalid index behind"
ACCEPTED_ALARMS: dict[tuple[str, str], tuple[tuple[str, ...], str]] = {
    ("postgresql", "index-concurrently-unique"): (("may-fail-on-data",), _INVALID),
    ("postgresql", "unique-concurrently-then-using-index"): (("may-fail-on-data",), _INVALID),
}
BARS = {"any hazard": 0.95, "data_loss": 0.95, "blocking": 0.97, "app_break": 0.85}
FALSE_ALARMS = 0.05

ALL = [case for dialect in DIALECTS for case in cases(dialect)]


def _key(case: Case) -> tuple[str, str]:
    return case.dialect.value, case.name


@pytest.mark.parametrize("case", ALL, ids=lambda c: f"{c.dialect.value}-{c.name}")
def test_the_verdict_says_what_happened(case: Case) -> None:
    truth = measured(case)
    kinds = ours(case)
    seen = [f"{f.code} ({f.kind}, {f.risk})" for f in findings(case)]
    accepted, _ = ACCEPTED_MISSES.get(_key(case), ((), ""))
    assert missed(case, truth, kinds) == accepted, f"happened {truth.labels}, said {seen}"
    if case.role == "safe":
        alarms, _ = ACCEPTED_ALARMS.get(_key(case), ((), ""))
        assert tuple(f.code for f in findings(case)) == alarms, seen


@pytest.mark.parametrize("case", ALL, ids=lambda c: f"{c.dialect.value}-{c.name}")
def test_the_role_is_true(case: Case) -> None:
    """Nothing that hurts is called safe; a hazard hurts, unless it is one of rights or is not run."""
    truth = measured(case)
    if case.role == "safe":
        assert truth.labels == (), truth.facts


def test_what_is_accepted_exists_and_says_why() -> None:
    names = {_key(case) for case in ALL}
    for table in (ACCEPTED_MISSES, ACCEPTED_ALARMS):
        assert set(table) <= names
        assert all(what and reason for what, reason in table.values())


@pytest.mark.parametrize("dialect", DIALECTS)
def test_the_bars(dialect: Dialect) -> None:
    total = score(cases(dialect))
    for label, bar in BARS.items():
        if total.all.get(label):
            assert total.found[label] >= bar * total.all[label], (label, total.misses)
    assert len(total.false_alarms) <= FALSE_ALARMS * total.safe, total.false_alarms
    assert set(total.all) <= {*LABELS, "any hazard"}
