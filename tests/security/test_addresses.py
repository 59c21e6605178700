"""Another name for the same place, and an environment that leads a local name elsewhere."""

import os
from pathlib import Path

import pytest

from faber_db.adapters.engines.postgresql import Postgresql
from faber_db.config.protection import Placed, place_of, protections
from faber_db.config.settings import EnvironmentSettings

LEADS_AWAY = {
    "PGHOST": ("postgresql:///shop", {"PGHOST": "db.example.com"}),
    "PGHOSTADDR": ("postgresql://localhost/shop", {"PGHOSTADDR": "192.0.2.7"}),
    "keywords": ("dbname=shop", {"PGHOST": "db.example.com"}),
}


@pytest.mark.parametrize(("url", "variables"), LEADS_AWAY.values(), ids=LEADS_AWAY)
def test_the_environment_cannot_make_a_remote_server_local(
    url: str, variables: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert Postgresql().is_local(url)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert not Postgresql().is_local(url)


def test_hostaddr_decides_where_it_is(tmp_path: Path) -> None:
    there = place_of("postgresql://192.0.2.7/shop", tmp_path)
    assert place_of("postgresql://localhost/shop?hostaddr=192.0.2.7", tmp_path) == there


SECOND_NAMES = {
    "the same path": "production.db",
    "a dot": "./production.db",
    "a link": "link.db",
    "a hard link": "hard.db",
    "a file URI with a query": "file:production.db?mode=rw",
    "a sqlite URL": "sqlite:///production.db",
    "through another folder": "sub/../production.db",
}


@pytest.mark.parametrize("url", SECOND_NAMES.values(), ids=SECOND_NAMES)
def test_a_second_name_shares_the_stricter_rule(url: str, tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "production.db").touch()
    (tmp_path / "link.db").symlink_to("production.db")
    os.link(tmp_path / "production.db", tmp_path / "hard.db")
    found = protections(
        {
            ("main", "production"): Placed(
                EnvironmentSettings(url="production.db"), "production.db"
            ),
            ("main", "play"): Placed(EnvironmentSettings(url=url, protected=False), url),
        },
        root=tmp_path,
        is_local=lambda _: True,
    )
    assert found["main", "play"].protected
