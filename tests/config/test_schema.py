"""What the JSON Schema says of each key: a description, an example and a default that are valid."""

import json
from collections.abc import Iterator
from typing import Any

import jsonschema  # type: ignore[import-untyped]  # the stubs are a package of their own
import pytest

from faber_db.config.schema import json_schema

SCHEMA = json_schema()


def _keys() -> Iterator[tuple[str, dict[str, Any]]]:
    models = {"top": SCHEMA} | {n: m for n, m in SCHEMA["$defs"].items() if "properties" in m}
    for model, body in models.items():
        for key, says in body["properties"].items():
            yield f"{model}.{key}", says


KEYS = dict(_keys())


@pytest.mark.parametrize("key", KEYS)
def test_default_and_examples_are_valid(key: str) -> None:
    validator = jsonschema.Draft202012Validator({"$defs": SCHEMA["$defs"], **KEYS[key]})
    for value in [KEYS[key].get("default"), *KEYS[key].get("examples", [])]:
        if value is not None:
            validator.validate(json.loads(json.dumps(value)))


def test_every_key_is_described() -> None:
    sections = {"$ref", "additionalProperties"}  # what a section means, its own keys say
    silent = [
        k for k, says in KEYS.items() if "description" not in says and not sections & set(says)
    ]
    assert silent == []


def test_durations_are_spelt_as_the_file_spells_them() -> None:
    assert KEYS["EnvironmentSettings.lock_timeout"]["default"] == "2s"
    assert KEYS["BackupSettings.keep_within"]["default"] == "30d"
