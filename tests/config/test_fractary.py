import json
from pathlib import Path
from typing import Any

import pytest

from faber_db.config import load
from faber_db.config.problems import problems, warnings
from faber_db.config.settings import EnvironmentSettings

FILE: dict[str, Any] = {
    "schema_version": "1.0",
    "database": {"provider": "postgresql", "migration_tool": "prisma", "hosting": "aws-aurora"},
    "environments": {
        "dev": {"connection_string_env": "DEV_DATABASE_URL", "region": "eu"},
        "staging": {"connection_string_env": "STAGING_DATABASE_URL"},
        "production": {"connection_string_env": "PROD_DATABASE_URL", "require_approval": True},
    },
    "migrations": {"directory": "prisma/migrations", "table": "_prisma_migrations"},
    "safety": {"protected_environments": ["production"]},
    "faber_integration": {
        "environments": {"staging": {"require_approval": True, "require_backup": True}},
        "detection_patterns": {"title_keywords": ["ledger"]},
    },
}


def environments(data: dict[str, Any], root: Path) -> dict[str, EnvironmentSettings]:
    path = root / ".fractary/plugins/faber-db/config.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(data))
    return load(root, {}).settings.environments


@pytest.mark.parametrize("folder", [".fractary/plugins/faber-db", ".fractary/faber-db"])
def test_found_in_both_places(folder: str, tmp_path: Path) -> None:
    (tmp_path / folder).mkdir(parents=True)
    (tmp_path / folder / "config.json").write_text(json.dumps(FILE))
    loaded = load(tmp_path, {})
    assert loaded.root == tmp_path.resolve()
    assert (loaded.settings.engine, loaded.settings.handler, loaded.settings.migrations) == (
        "postgresql",
        "prisma",
        "prisma/migrations",
    )
    assert loaded.settings.detection.title_keywords == ("ledger",)


def test_ours_wins(tmp_path: Path) -> None:
    environments(FILE, tmp_path)
    (tmp_path / "faber-db.json").write_text('{"environments": {"dev": {"url": "x.db"}}}')
    assert load(tmp_path, {}).path.name == "faber-db.json"


def test_policies(tmp_path: Path) -> None:
    found = environments(FILE, tmp_path)
    assert found["dev"] == EnvironmentSettings(url="env:DEV_DATABASE_URL")
    assert (found["staging"].approval, found["staging"].backup) == ("confirm", "required")
    assert found["production"].protected is True
    assert found["production"].approval is None


@pytest.mark.parametrize("key", ["backup_before_migrate", "backup_required", "require_backup"])
@pytest.mark.parametrize("second", [False, True])
def test_the_stricter_of_two_policies(key: str, second: bool, tmp_path: Path) -> None:
    data = json.loads(json.dumps(FILE))
    place = data["faber_integration"]["environments"] if second else data["environments"]
    place.setdefault("dev", {})[key] = True
    data["safety"]["backup_enforcement"] = {"dev": "recommended"}
    assert environments(data, tmp_path)["dev"].backup == "required"
    del place["dev"][key]
    assert environments(data, tmp_path)["dev"].backup == "recommended"


def test_what_is_not_applied_automatically_is_confirmed(tmp_path: Path) -> None:
    data = json.loads(json.dumps(FILE))
    data["faber_integration"]["environments"]["dev"] = {"auto_migrate": False}
    assert environments(data, tmp_path)["dev"].approval == "confirm"


def test_what_means_nothing_is_a_warning() -> None:
    text = json.dumps({**FILE, "backup": {"provider": "pg_dump"}}, indent=1)
    assert problems(text) == []
    assert [(w.line, w.message) for w in warnings(text)] == [
        (6, '"database.hosting" means nothing to faber-db'),
        (11, '"environments.dev.region" means nothing to faber-db'),
        (43, '"backup" means nothing to faber-db'),
    ]


def test_a_ledger_of_another_name_is_a_warning() -> None:
    text = json.dumps({**FILE, "migrations": {"table": "history"}})
    assert "the ledger of prisma is _prisma_migrations" in [w.message for w in warnings(text)][-1]


def test_an_environment_without_variable_is_a_problem() -> None:
    (problem,) = problems(json.dumps({**FILE, "environments": {"dev": {}}, "database": {}}))
    assert "exactly one of `url` and `executor`" in problem.message
