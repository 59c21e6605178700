"""`config check` and `config show` over whole projects."""

from pathlib import Path
from typing import Any

import pytest

from faber_db.app import build
from faber_db.config.proposed import proposed
from faber_db.errors import ConfigMissing, Exit
from faber_db.model.answer import Answer, NextPerson
from faber_db.services import config as service
from faber_db.services.config import ConfigDetails

PROJECT = """{
  "handler": "sql",
  "environments": {
    "dev": { "url": "file:./dev.db" },
    "qa": { "url": "postgresql://db-1/shop", "protected": false, "approval": "confirm" },
    "production": { "url": "env:PROD_DATABASE_URL", "protected": false, "backup": "off" }
  }
}
"""


def check(root: Path, text: str, **environ: str) -> Answer[ConfigDetails]:
    (root / "faber-db.json").write_text(text)
    (root / ".git").mkdir(exist_ok=True)
    home = {"XDG_STATE_HOME": str(root / "state"), "XDG_CONFIG_HOME": str(root / "config")}
    everything = {**home, **environ}
    return service.check(root, everything, lambda: build(root, everything))


def test_a_line_for_each_environment(tmp_path: Path) -> None:
    one_product = PROJECT.replace("postgresql://db-1/shop", "other.db")
    answer = check(tmp_path, one_product, PROD_DATABASE_URL="sqlite:live.db")
    lines = {line.environment: line for line in answer.details.environments}
    assert {name: (line.protected, line.decides) for name, line in lines.items()} == {
        "dev": (False, "none"),
        "qa": (False, "confirm"),
        "production": (True, "signed"),
    }
    production = lines["production"]
    assert (production.why, production.backup, production.no_effect) == (
        "named production",
        "required",
        ("protected", "backup"),
    )
    assert production.source == "environment variable PROD_DATABASE_URL"
    assert (production.engine, production.handler, production.migrations) == (
        "sqlite",
        "sql",
        "migrations",
    )
    assert [w.code for w in answer.warnings] == ["config-no-effect"]


def test_a_variable_that_is_not_set_is_a_warning(tmp_path: Path) -> None:
    answer = check(tmp_path, PROJECT.replace("postgresql://db-1/shop", "other.db"))
    assert [w.code for w in answer.warnings] == ["config-no-effect", "config-secret-unavailable"]
    assert answer.exit_code is Exit.DONE


def test_problems_come_before_everything(tmp_path: Path) -> None:
    answer = check(tmp_path, PROJECT.replace('"handler"', '"handlr"').replace('"url"', '"uri"'))
    assert answer.status == "failure"
    assert answer.exit_code is Exit.USAGE
    assert [p.line for p in answer.details.problems] == [2, 4, 5, 6]
    assert answer.details.problems[0].hint == 'Did you mean "handler"?'
    assert answer.details.environments == ()


def test_an_unknown_handler_is_said(tmp_path: Path) -> None:
    answer = check(tmp_path, PROJECT.replace('"sql"', '"liquibase"'))
    assert answer.status == "warning"
    assert "liquibase" in answer.warnings[0].message


@pytest.mark.parametrize(
    ("autonomy", "dev", "production"),
    [
        ("dry-run", "plans-only", "plans-only"),
        ("assisted", "none", "refused"),
        ("guarded", "none", "signed"),
        ("autonomous", "none", "signed"),
    ],
)
def test_autonomy(autonomy: str, dev: str, production: str, tmp_path: Path) -> None:
    text = (
        f'{{"autonomy": "{autonomy}", "environments": '
        '{"dev": {"url": "dev.db"}, "production": {"url": "live.db"}}}'
    )
    lines: dict[str, Any] = {
        line.environment: line.decides for line in check(tmp_path, text).details.environments
    }
    assert lines == {"dev": dev, "production": production}


def test_one_file_under_two_names(tmp_path: Path) -> None:
    text = '{"environments": {"dev": {"url": "x.db"}, "live": {"url": "sqlite:///x.db"}}}'
    dev, live = check(tmp_path, text).details.environments
    assert (dev.protected, dev.why) == (True, "the same database as live")
    assert live.protected


def test_check_needs_a_file(tmp_path: Path) -> None:
    with pytest.raises(ConfigMissing):
        service.check(tmp_path, {}, lambda: build(tmp_path, {}))


def test_show_without_a_file_says_so(tmp_path: Path) -> None:
    environ = {"XDG_STATE_HOME": str(tmp_path / "state"), "DATABASE_URL": "dev.db"}
    answer = service.show(build(tmp_path, environ))
    assert answer.details.path == ""
    assert answer.details.next == NextPerson(person="faber-db init")
    assert [line.environment for line in answer.details.environments] == ["dev"]


def test_schema() -> None:
    found = service.schema().details.json_schema
    assert "environments" in found["properties"]
    assert found["properties"]["$schema"]["type"] == "string"


def test_what_is_proposed_can_be_read(tmp_path: Path) -> None:
    plan = proposed(tmp_path, {"DATABASE_URL": "x"}, keys={"engine": "sqlite"})
    (tmp_path / "faber-db.json").write_text(plan.text)
    assert plan.settings.engine == "sqlite"
    assert service.check(
        tmp_path, {}, lambda: build(tmp_path, {"XDG_STATE_HOME": str(tmp_path)})
    ).details.environments
