from datetime import UTC, datetime
from typing import Any

import pytest

from faber_db.config.policy import decides, policy_digest, policy_of
from faber_db.config.settings import ApprovalRule, Autonomy, EnvironmentSettings, Ignored
from faber_db.config.window import parse_window, window_open


def settings(**keys: Any) -> EnvironmentSettings:
    return EnvironmentSettings.model_validate({"url": "env:A", **keys})


def test_defaults_are_filled_in() -> None:
    assert policy_of(settings(), True) == {
        "protected": True,
        "approval": "signed",
        "backup": "required",
        "max_backup_age_ms": 86_400_000,
        "backup_level": 2,
        "max_approval_age_ms": 900_000,
        "min_approvals": 1,
        "minimum_tier": 1,
        "window": [],
        "schemas": [],
        "lock_timeout_ms": 2000,
        "statement_timeout_ms": 900_000,
        "lock_retries": 5,
        "thresholds": {},
        "muted": [],
        "rollback_on_failure": False,
        "allow": [],
        "drift_ignore": [],
        "approvers": [],
        "revoked_keys": "",
    }


def test_nothing_in_the_file_lowers_a_protected_environment() -> None:
    lowered = settings(approval="none", backup="off", rollback_on_failure=True)
    assert policy_of(lowered, True) == policy_of(settings(), True)
    assert policy_of(lowered, False)["backup"] == "off"


CHANGES: dict[str, dict[str, Any]] = {
    "max_backup_age": {"max_backup_age": "25h"},
    "backup_level": {"backup_level": 3},
    "max_approval_age": {"max_approval_age": "1h"},
    "min_approvals": {"min_approvals": 2},
    "minimum_tier": {"minimum_tier": 3},
    "window": {"window": ["Mon 09:00-16:00 UTC"]},
    "schemas": {"schemas": ["shop"]},
    "lock_timeout": {"lock_timeout": "3s"},
    "statement_timeout": {"statement_timeout": "1h"},
    "lock_retries": {"lock_retries": 6},
    "thresholds": {"thresholds": {"latency": 5}},
    "muted": {"muted": ["latency"]},
    "allow": {"allow": [{"code": "c", "objects": ["t"], "reason": "r"}]},
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_every_key_changes_the_digest(change: dict[str, Any]) -> None:
    before, after = policy_of(settings(), True), policy_of(settings(**change), True)
    assert policy_digest(before) != policy_digest(after)


def test_the_rest_of_the_policy_changes_the_digest() -> None:
    ignored = Ignored(kind="index", name="i", reason="r")
    digests = {
        policy_digest(policy_of(settings(), True)),
        policy_digest(policy_of(settings(), False)),
        policy_digest(policy_of(settings(), True, ignore=[ignored])),
        policy_digest(policy_of(settings(), True, approvers=["ab"])),
        policy_digest(policy_of(settings(), True, revoked_keys="file:krl")),
    }
    assert len(digests) == 5


def test_what_is_no_policy_and_mere_order_change_nothing() -> None:
    one = settings(schemas=["a", "b"], notify="x")
    other = settings(url="env:B", schemas=["b", "a", "a"])
    assert policy_digest(policy_of(one, True)) == policy_digest(policy_of(other, True))


DECISIONS: dict[str, tuple[Autonomy, bool, bool, ApprovalRule | None, str]] = {
    "guarded, dev": (Autonomy.GUARDED, False, True, None, "none"),
    "guarded, staging": (Autonomy.GUARDED, False, False, None, "none"),
    "guarded, protected": (Autonomy.GUARDED, True, False, None, "signed"),
    "autonomous, protected": (Autonomy.AUTONOMOUS, True, False, ApprovalRule.NONE, "signed"),
    "assist, dev": (Autonomy.ASSIST, False, True, None, "none"),
    "assist, staging": (Autonomy.ASSIST, False, False, ApprovalRule.NONE, "confirm"),
    "assist, protected": (Autonomy.ASSIST, True, False, None, "refused"),
    "dry run": (Autonomy.DRY_RUN, False, True, ApprovalRule.NONE, "plans-only"),
    "own rule": (Autonomy.AUTONOMOUS, False, True, ApprovalRule.CONFIRM, "confirm"),
}


@pytest.mark.parametrize(
    ("autonomy", "protected", "is_dev", "rule", "expected"), DECISIONS.values(), ids=DECISIONS
)
def test_who_decides(
    autonomy: Autonomy, protected: bool, is_dev: bool, rule: ApprovalRule | None, expected: str
) -> None:
    own = settings(approval=rule)
    assert decides(own, protected=protected, autonomy=autonomy, is_dev=is_dev) == expected


WINDOWS = {
    "always": ([], "2026-11-23T03:00", True),
    "inside": (["Mon-Thu 09:00-16:00 Europe/Berlin"], "2026-11-23T08:00", True),
    "before, in its zone": (["Mon-Thu 09:00-16:00 Europe/Berlin"], "2026-11-23T07:59", False),
    "the end is outside": (["Mon 09:00-16:00 UTC"], "2026-11-23T16:00", False),
    "another day": (["Tue,Thu 09:00-16:00 UTC"], "2026-11-23T10:00", False),
    "over the weekend": (["Fri-Mon 09:00-16:00 UTC"], "2026-11-22T10:00", True),
    "past midnight": (["Sun 22:00-02:00 UTC"], "2026-11-23T01:59", True),
    "past midnight, over": (["Sun 22:00-02:00 UTC"], "2026-11-23T02:00", False),
    "summer time": (["Mon 09:00-16:00 Europe/Berlin"], "2026-07-20T07:00", True),
    "one of two": (["Mon 01:00-02:00 UTC", "mon 03:00-24:00 UTC"], "2026-11-23T23:59", True),
}


@pytest.mark.parametrize(("windows", "now", "expected"), WINDOWS.values(), ids=WINDOWS)
def test_windows(windows: list[str], now: str, expected: bool) -> None:
    assert window_open(windows, datetime.fromisoformat(now).replace(tzinfo=UTC)) is expected


@pytest.mark.parametrize(
    "text",
    [
        "", "always", "Mon 09:00-16:00", "Mon 9:00-16:00 UTC", "Mon 09:00-25:00 UTC",
        "Moo 09:00-16:00 UTC", "Mon 09:60-16:00 UTC", "Mon-Wed-Fri 09:00-16:00 UTC",
        "Mon 09:00-16:00 Nowhere/City", "Mon 09:00-16:00 ../UTC",
    ],
)  # fmt: skip
def test_other_spellings_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"window|day|zone"):
        parse_window(text)
