"""How measured values become results, without any database."""

from dataclasses import replace

import pytest

from faber_db.checks import FOR
from faber_db.checks.base import Check, FileFacts, Measure, Unit, judge, measures_of, unknown
from faber_db.checks.thresholds import muted, with_limits
from faber_db.errors import ConfigError
from faber_db.model.health import CheckStatus, Overall, verdict

AGE = Check(
    name="age",
    why="{object} is old ({detail})",
    action="look at {object}",
    unit=Unit.SECONDS,
    warning=60,
    critical=600,
)
OK, WARNING, CRITICAL, UNKNOWN = (
    CheckStatus.OK,
    CheckStatus.WARNING,
    CheckStatus.CRITICAL,
    CheckStatus.UNKNOWN,
)

VALUES = {
    "nothing there": ([], [("", "", OK)]),
    "under": ([Measure("a", 59)], [("", "59 s", OK)]),
    "at the limit": ([Measure("a", 60)], [("a", "1 min", WARNING)]),
    "worst first": (
        [Measure("a", 61), Measure("b", 7200), Measure("c", 5)],
        [("b", "2 h", CRITICAL), ("a", "1 min", WARNING)],
    ),
    "one could not be seen": (
        [Measure("a", None), Measure("b", 700)],
        [("b", "11.7 min", CRITICAL), ("", "", UNKNOWN)],
    ),
}


@pytest.mark.parametrize(("measures", "expected"), VALUES.values(), ids=list(VALUES))
def test_values(measures: list[Measure], expected: list[tuple[str, str, CheckStatus]]) -> None:
    results = judge(AGE, measures, role="r", sees_all=True)
    assert [(r.object, r.value, r.status) for r in results] == expected


def test_what_is_seen_to_be_bad_stays_bad_for_a_role_that_sees_little() -> None:
    results = judge(AGE, [Measure("a", 99)], role='"My Role"', sees_all=False)
    assert [r.status for r in results] == [WARNING, UNKNOWN]
    assert results[1].action == 'GRANT pg_monitor TO "My Role"'


def test_many_objects_are_counted_not_listed() -> None:
    results = judge(AGE, [Measure(f"o{n}", 100 + n) for n in range(30)], role="", sees_all=True)
    assert len(results) == 5
    assert results[-1].why.endswith("And 25 more like it.")
    assert results[0].object == "o29"


def test_lower_bounds() -> None:
    room = replace(AGE, unit=Unit.PERCENT, warning=300, critical=100, low_is_bad=True)
    for value, status in ((301, OK), (300, OK), (299, WARNING), (99, CRITICAL)):
        assert judge(room, [Measure("", value)], role="", sees_all=True)[0].status is status


SPELT = {
    "level": (Unit.LEVEL, 2, ""),
    "count": (Unit.COUNT, 12345, "12,345"),
    "seconds": (Unit.SECONDS, 0.25, "0.2 s"),
    "days": (Unit.SECONDS, 200_000, "2.3 d"),
    "size": (Unit.BYTES, 1_250_000_000, "1.2 GB"),
    "percent": (Unit.PERCENT, 93, "93 %"),
}


@pytest.mark.parametrize(("unit", "value", "text"), SPELT.values(), ids=list(SPELT))
def test_spelling(unit: Unit, value: float, text: str) -> None:
    assert unit.spell(value) == text


LIMITS = {
    "number": ("age.warning", 5, 5),
    "number as text": ("age.warning", "5", 5),
    "duration": ("age.warning", "5m", 300),
    "critical": ("age.critical", "1h", 3600),
}


@pytest.mark.parametrize(("key", "value", "expected"), LIMITS.values(), ids=list(LIMITS))
def test_limits_are_taken_from_the_configuration(
    key: str, value: int | str, expected: float
) -> None:
    (check,) = with_limits([AGE], {key: value})
    assert getattr(check, key.partition(".")[2]) == expected


WRONG = {
    "another check": ("aeg.warning", 5),
    "no level": ("age", 5),
    "another level": ("age.info", 5),
    "no duration": ("age.warning", "soon"),
    "another unit": ("age.warning", "5GB"),
}


@pytest.mark.parametrize(("key", "value"), WRONG.values(), ids=list(WRONG))
def test_a_limit_that_cannot_be_meant_is_refused(key: str, value: int | str) -> None:
    with pytest.raises(ConfigError):
        with_limits([AGE], {key: value})


def test_sizes_and_percentages() -> None:
    size, share = replace(AGE, unit=Unit.BYTES), replace(AGE, name="p", unit=Unit.PERCENT)
    found = with_limits([size, share], {"age.warning": "1.5GB", "p.critical": "80%"})
    assert (found[0].warning, found[1].critical) == (1.5e9, 80)


def test_muting_by_check_or_object() -> None:
    results = judge(AGE, [Measure("a", 99), Measure("b", 999)], role="", sees_all=True)
    assert [r.status for r in muted(results, ["age:b"])] == [CheckStatus.INFO, WARNING]
    assert [r.status for r in muted(results, ["age"])] == [CheckStatus.INFO, CheckStatus.INFO]
    assert muted([unknown(AGE, "no right")], ["age"])[0].status is UNKNOWN


def test_an_essential_check_that_could_not_look_decides() -> None:
    blind = unknown(replace(AGE, essential=True), "no right")
    well = judge(AGE, [], role="", sees_all=True)
    assert verdict((*well, blind)) is Overall.UNKNOWN
    assert verdict((*well, unknown(AGE, "no right"))) is Overall.HEALTHY


def test_a_value_that_is_no_number_is_a_fault_of_ours() -> None:
    with pytest.raises(TypeError):
        list(measures_of([("a", "12")]))


@pytest.mark.parametrize("product", FOR)
def test_the_checks_of_a_product(product: str) -> None:
    checks = FOR[product]
    names = [check.name for check in checks]
    assert len(set(names)) == len(names)
    for check in checks:
        assert bool(check.sql) != (check.file is not None), check.name
        assert "%" not in check.sql, f"{check.name}: a percent sign is a placeholder in a query"
        assert check.why
        assert check.action
    essential = {check.name for check in checks if check.essential}
    assert "connectivity" in essential
    if product == "postgresql":
        assert {"connections", "long-transactions"} <= essential


FILES = {
    "well": ({}, {}),
    "file not writable": ({"file_writable": False}, {"writable": CRITICAL}),
    "folder not writable": ({"folder_writable": False}, {"writable": CRITICAL}),
    "little room": ({"free_bytes": 250_000_000}, {"free-disk": WARNING}),
    "no room": ({"free_bytes": 1_000_000}, {"free-disk": CRITICAL}),
    "long log": ({"wal_bytes": 70_000_000}, {"log-size": WARNING}),
    "endless log": ({"wal_bytes": 2_000_000_000}, {"log-size": CRITICAL}),
    "network": ({"file_system": "nfs4"}, {"network-file-system": WARNING}),
}


@pytest.mark.parametrize(("changes", "bad"), FILES.values(), ids=list(FILES))
def test_file_facts(changes: dict[str, object], bad: dict[str, CheckStatus]) -> None:
    facts = replace(
        FileFacts(
            path="shop.db",
            size_bytes=100_000_000,
            wal_bytes=0,
            free_bytes=10_000_000_000,
            file_writable=True,
            folder_writable=True,
            file_system="ext4",
        ),
        **changes,  # type: ignore[arg-type]  # fields by name
    )
    found = {
        check.name: judge(check, list(check.file(facts)), role="", sees_all=True)[0].status
        for check in FOR["sqlite"]
        if check.file is not None
    }
    assert {name: status for name, status in found.items() if status is not OK} == bad
