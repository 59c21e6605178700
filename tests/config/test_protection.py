from pathlib import Path

import pytest

from faber_db.config.protection import (
    Placed,
    is_named_like_production,
    place_of,
    protection,
    protections,
)
from faber_db.config.settings import EnvironmentSettings

ROOT = Path("/srv/shop")
PRODUCTION = [
    "production", "prod", "prd", "live", "Production", "PROD", "production-us-east", "eu_prod",
    "prod2", "prodEU", "euProd", "shop.live", "live-eu", "preprod", "pre-prod", "us-prd-1",
    "production1", "productioneu", "\uff50\uff52\uff4f\uff44", "PROD_EU", "EU_PROD",
]  # fmt: skip
NOT_PRODUCTION = [
    "dev", "staging", "product", "products", "produce", "alive", "delivery", "nonprod", "non-prod",
    "non_production", "not-prod", "test", "qa", "olive", "prodigy", "",
]  # fmt: skip


@pytest.mark.parametrize("name", PRODUCTION)
def test_named_like_production(name: str) -> None:
    assert is_named_like_production(name)


@pytest.mark.parametrize("name", NOT_PRODUCTION)
def test_not_named_like_production(name: str) -> None:
    assert not is_named_like_production(name)


def settings(protected: bool | None = None, url: str = "env:A") -> EnvironmentSettings:
    return EnvironmentSettings(url=url, protected=protected)


CASES: dict[str, tuple[str, bool | None, str | None, bool, tuple[bool, str]]] = {
    "local": ("dev", None, "dev.db", True, (False, "")),
    "remote": (
        "dev", None, "postgresql://u:p@db-1/shop", False, (True, "host db-1 is not local"),
    ),
    "remote and said to be open": ("dev", False, "postgresql://db-1/shop", False, (False, "")),
    "local and said to be protected": ("qa", True, "dev.db", True, (True, '"protected": true')),
    "named production, said to be open": ("prod", False, "dev.db", True, (True, "named prod")),
    "host unknown": (
        "dev", None, None, True, (True, "its URL is not known here, so its host may be any"),
    ),
}  # fmt: skip


@pytest.mark.parametrize(
    ("name", "protected", "url", "local", "expected"), CASES.values(), ids=CASES
)
def test_rules(
    name: str, protected: bool | None, url: str | None, local: bool, expected: tuple[bool, str]
) -> None:
    found = protection(name, settings(protected), url=url, is_local=lambda _: local)
    assert found == expected


def test_an_executor_decides_for_itself() -> None:
    remote = EnvironmentSettings(executor="unix:/run/faber-db.sock")
    assert protection("staging", remote, url=None, is_local=lambda _: True).protected


SAME = {
    "spelling of a path": ("dev.db", "file:./dev.db"),
    "path with options": ("sqlite:///dev.db", "file:dev.db?mode=rwc"),
    "absolute path": ("sqlite:////srv/shop/dev.db", "dev.db"),
    "scheme": ("postgres://localhost/shop", "postgresql://127.0.0.1:5432/shop"),
    "driver": ("postgresql+psycopg://u@h/shop", "postgresql://v@H:5432/shop?sslmode=require"),
    "host in the query": ("postgresql:///shop?host=h", "postgresql://h/shop"),
    "another user, another schema": ("postgresql://a@h/s?schema=x", "postgresql://b@h/s?schema=y"),
    "database defaults to the user": ("postgresql://shop@h", "postgresql://h/shop"),
    "socket and loopback": ("postgresql:///s?host=/run/pg", "postgresql://localhost/s"),
}


@pytest.mark.parametrize(("one", "other"), SAME.values(), ids=SAME)
def test_two_spellings_of_one_place(one: str, other: str) -> None:
    assert place_of(one, ROOT) == place_of(other, ROOT) is not None


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("dev.db", "other.db"),
        ("postgresql://h/a", "postgresql://h/b"),
        ("postgresql://h/a", "postgresql://h:5433/a"),
        ("postgresql://h/a", "postgresql://i/a"),
    ],
)
def test_two_places(one: str, other: str) -> None:
    assert place_of(one, ROOT) != place_of(other, ROOT)


def test_one_place_shares_the_stricter_rule() -> None:
    found = protections(
        {
            ("main", "dev"): Placed(settings(), "postgres://localhost/shop"),
            ("main", "open"): Placed(settings(False), "postgresql://127.0.0.1/shop?schema=x"),
            ("main", "other"): Placed(settings(), "postgresql://localhost/other"),
            ("main", "production"): Placed(settings(), "postgresql://localhost:5432/shop"),
        },
        root=ROOT,
        is_local=lambda _: True,
    )
    assert found == {
        ("main", "dev"): (True, "the same database as production"),
        ("main", "open"): (True, "the same database as production"),
        ("main", "other"): (False, ""),
        ("main", "production"): (True, "named production"),
    }
