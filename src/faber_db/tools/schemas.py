"""The schemas that clients see: small for the context, strict for the caller."""

from typing import Any

_TEXTS = {"type": "array", "items": {"type": "string"}}
_PROBLEMS = {
    "type": "array",
    "items": {
        "type": "object",
        "properties": {
            "code": {"type": "string"},
            "message": {"type": "string"},
            "hint": {"type": "string"},
        },
    },
}

ENVELOPE: dict[str, Any] = {
    "type": "object",
    "properties": {
        "status": {"enum": ["success", "warning", "failure"]},
        "message": {"type": "string"},
        "details": {"type": "object"},
        "errors": _PROBLEMS,
        "warnings": _PROBLEMS,
        "suggested_fixes": _TEXTS,
    },
    "required": ["status", "message", "details"],
}
"""What every tool answers with; the details of each are published as resources."""


def trimmed(schema: dict[str, Any]) -> dict[str, Any]:
    """An input schema without titles, references and empty defaults, closed to other arguments."""
    definitions = schema.get("$defs", {})
    properties = {
        name: _inline(value, definitions) for name, value in schema.get("properties", {}).items()
    }
    result = {"type": "object", "properties": properties, "additionalProperties": False}
    if schema.get("required"):
        result["required"] = schema["required"]
    return result


def _inline(value: Any, definitions: dict[str, Any]) -> Any:
    if isinstance(value, list):
        return [_inline(item, definitions) for item in value]
    if not isinstance(value, dict):
        return value
    if "$ref" in value:
        value = {
            **definitions[value["$ref"].removeprefix("#/$defs/")],
            **{key: child for key, child in value.items() if key != "$ref"},
        }
    return {
        key: _inline(child, definitions)
        for key, child in value.items()
        if key != "title" and not (key == "default" and child in ("", [], {}, False, 0, None))
    }
