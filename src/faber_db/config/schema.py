"""The JSON Schema of `faber-db.json`, made from the models."""

from typing import Any

from faber_db.config.settings import ProjectSettings


def json_schema() -> dict[str, Any]:
    """Draft 2020-12, with the public key names; what no schema can say, `config check` says."""
    schema = ProjectSettings.model_json_schema(by_alias=True, mode="validation")
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **_without_titles(schema),
        "title": "faber-db.json",
        "anyOf": [{"required": ["environments"]}, {"required": ["databases"]}],
    }


def _without_titles(value: Any, *, names: bool = False) -> Any:
    """Drop generated titles; `names` is set where the keys are names and not keywords."""
    if isinstance(value, list):
        return [_without_titles(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        key: _without_titles(item, names=key in ("properties", "$defs") and not names)
        for key, item in value.items()
        if names or key != "title"
    }
