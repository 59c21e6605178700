from datetime import UTC, datetime, timedelta, timezone

import pytest

from faber_db.adapters.handlers.naming import new_id, slug_of
from faber_db.errors import MigrationOutOfOrder
from faber_db.model.migration import Migration

NOW = datetime(2026, 11, 23, 9, 30, 15, tzinfo=UTC)

SLUGS = {
    "Add profiles": "add_profiles",
    "  drop `users.legacy_token`!  ": "drop_users_legacy_token",
    "Größe über": "groe_uber",
    "日本": "migration",
    "": "migration",
    "x" * 80: "x" * 60,
    "a" * 59 + " b": "a" * 59,
    "../../etc/passwd": "etc_passwd",
}


@pytest.mark.parametrize(("words", "slug"), SLUGS.items())
def test_slugs(words: str, slug: str) -> None:
    assert slug_of(words) == slug


def existing(*versions: str) -> list[Migration]:
    return [Migration(v, v, v, b"", "") for v in versions]


VERSIONS = {
    "first": ([], "20261123093015_x"),
    "after older ones": (["0001_init", "20251101000000_y"], "20261123093015_x"),
    "same second": (["20261123093015_zzz"], "20261123093016_x"),
    "newest is in the future": (["20261231235959_y"], "20270101000000_x"),
}


@pytest.mark.parametrize(("versions", "expected"), VERSIONS.values(), ids=VERSIONS)
def test_the_new_one_sorts_last(versions: list[str], expected: str) -> None:
    assert new_id("x", now=NOW, existing=existing(*versions)) == expected


def test_times_are_utc() -> None:
    local = NOW.astimezone(timezone(timedelta(hours=9)))
    assert new_id("x", now=local, existing=[]) == "20261123093015_x"


@pytest.mark.parametrize("version", ["zzz", "9_last", "99999999999999_x"])
def test_nothing_sorts_after_it(version: str) -> None:
    with pytest.raises(MigrationOutOfOrder, match=version):
        new_id("x", now=NOW, existing=existing(version))
