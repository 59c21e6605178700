import json
from pathlib import Path

import jsonschema  # type: ignore[import-untyped]  # ships no types
import pytest

from faber_db.config import find, load
from faber_db.config.phases import environment_of
from faber_db.config.schema import json_schema
from faber_db.errors import ConfigError, ConfigMissing, NotSupported, UnknownEnvironment

GOOD = '{"environments": {"dev": {"url": "env:DATABASE_URL"}}}'


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / ".git").mkdir()
    (tmp_path / "src/deep").mkdir(parents=True)
    return tmp_path.resolve()


def test_found_from_below(project: Path) -> None:
    (project / "faber-db.json").write_text(GOOD)
    loaded = load(project / "src/deep", {})
    assert (loaded.root, loaded.path) == (project, project / "faber-db.json")
    assert loaded.settings.all_databases()["main"].environments["dev"].url == "env:DATABASE_URL"


def test_the_nearest_wins(project: Path) -> None:
    (project / "faber-db.json").write_text(GOOD)
    (project / "src/faber-db.json").write_text(GOOD)
    assert find(project / "src/deep", {}) == project / "src/faber-db.json"


def test_not_looked_for_above_the_repository(tmp_path: Path) -> None:
    (tmp_path / "faber-db.json").write_text(GOOD)
    (tmp_path / "shop/.git").mkdir(parents=True)
    with pytest.raises(ConfigMissing) as caught:
        load(tmp_path / "shop", {})
    assert "faber-db init" in caught.value.hint


def test_the_variable_wins(project: Path) -> None:
    (project / "faber-db.json").write_text("broken")
    (project / "src/other.json").write_text(GOOD)
    assert load(project, {"FABER_DB_CONFIG": "src/other.json"}).root == project / "src"
    with pytest.raises(ConfigMissing, match=r"no\.json"):
        load(project, {"FABER_DB_CONFIG": "no.json"})


def test_one_problem_is_the_message(project: Path) -> None:
    (project / "faber-db.json").write_text(GOOD.replace('"url"', '\n"lock_timout": "2s", "url"'))
    with pytest.raises(ConfigError) as caught:
        load(project, {})
    assert str(caught.value) == (
        '[config-invalid] faber-db.json line 2: unknown key "lock_timout". '
        'Hint: Did you mean "lock_timeout"?'
    )


def test_all_problems_are_told(project: Path) -> None:
    (project / "faber-db.json").write_text('{"environments": {"dev": {"uri": 1}},\n"x": 2}')
    with pytest.raises(ConfigError, match=r"has 2 problems: line 1: .*line 2: "):
        load(project, {})


def test_a_key_of_a_later_version(project: Path) -> None:
    (project / "faber-db.json").write_text(GOOD[:-1] + ', "backups": {"targets": []}}')
    with pytest.raises(NotSupported, match="targets"):
        load(project, {})


@pytest.mark.parametrize("named", ["env:KRL", "/etc/krl", "file:", "command:cat krl"])
def test_the_list_of_revoked_keys_is_a_file(named: str, project: Path) -> None:
    (project / "faber-db.json").write_text(
        GOOD[:-1] + f', "approvers": {{"revoked_keys": "{named}"}}}}'
    )
    with pytest.raises(ConfigError, match="revoked_keys"):
        load(project, {})


@pytest.mark.parametrize("content", [b"\xff\xfe{", b" " * 1_048_577])
def test_unreadable(content: bytes, project: Path) -> None:
    (project / "faber-db.json").write_bytes(content)
    with pytest.raises(ConfigError):
        load(project, {})


EXAMPLES = {
    "shortest": (GOOD, True),
    "everything": (
        json.dumps(
            {
                "$schema": "x",
                "databases": {
                    "main": {
                        "engine": "postgresql",
                        "drift": {"ignore": [{"kind": "index", "name": "i", "reason": "r"}]},
                        "environments": {
                            "production": {
                                "url": "env:A",
                                "window": ["Mon-Thu 09:00-16:00 Europe/Berlin"],
                                "max_backup_age": "7d",
                                "thresholds": {"latency": 5, "age": "2h"},
                                "allow": [{"code": "c", "objects": ["t"], "reason": "r"}],
                            }
                        },
                    }
                },
                "autonomy": "assisted",
                "phases": {"release": "production"},
            }
        ),
        True,
    ),
    "unknown key": ('{"environments": {"dev": {"uri": "a"}}}', False),
    "neither": ("{}", False),
    "wrong unit": ('{"environments": {"dev": {"url": "a", "lock_timeout": "2 s"}}}', False),
    "wrong word": ('{"environments": {"dev": {"url": "a"}}, "autonomy": "yolo"}', False),
}


@pytest.mark.parametrize(("text", "good"), EXAMPLES.values(), ids=EXAMPLES)
def test_schema_and_reader_agree(text: str, good: bool, project: Path) -> None:
    schema = json_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    assert jsonschema.Draft202012Validator(schema).is_valid(json.loads(text)) is good
    (project / "faber-db.json").write_text(text)
    if good:
        load(project, {})
    else:
        with pytest.raises(ConfigError):
            load(project, {})


@pytest.mark.parametrize(
    ("phase", "environments", "phases", "expected"),
    [
        ("build", ["dev"], {}, "dev"),
        ("build", ["development"], {}, "development"),
        ("evaluate", ["test"], {}, "test"),
        ("evaluate", ["dev"], {}, None),
        ("evaluate", ["qa", "staging"], {"evaluate": "qa"}, "qa"),
        ("release", ["prod"], {}, "prod"),
        ("release", ["prod", "production"], {}, "production"),
    ],
)
def test_phases(
    phase: str, environments: list[str], phases: dict[str, str], expected: str | None
) -> None:
    assert environment_of(phase, dict.fromkeys(environments), phases) == expected


@pytest.mark.parametrize(("phase", "phases"), [("release", {}), ("evaluate", {"evaluate": "qa"})])
def test_a_phase_without_environment(phase: str, phases: dict[str, str]) -> None:
    with pytest.raises(UnknownEnvironment) as caught:
        environment_of(phase, {"dev": None}, phases)
    assert "dev" in caught.value.hint
