"""The JSON Schema of `faber-db.json`, made from the models."""

from datetime import timedelta
from typing import Any

from pydantic import TypeAdapter

from faber_db.config.duration import format_duration
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
    if not names and value.get("pattern") and str(value.get("default", "")).startswith("P"):
        value = value | {"default": _as_written(value["default"])}
    return {
        key: _without_titles(item, names=key in ("properties", "$defs") and not names)
        for key, item in value.items()
        if names or key != "title"
    }


def _as_written(iso: str) -> str:
    """A default that pydantic writes as `PT2S`, in the one spelling that the file takes: `2s`."""
    return format_duration(TypeAdapter(timedelta).validate_python(iso))
