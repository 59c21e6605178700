"""FABER's own configuration file, read as ours.

Where two policies stand for one environment the stricter one counts. What has no meaning here is
a warning and not an error: people copied whole examples.
"""

from collections.abc import Iterator, Mapping
from typing import Any

LOCATIONS = (".fractary/plugins/faber-db/config.json", ".fractary/faber-db/config.json")

_HANDLED = {
    "schema_version": (),
    "database": ("provider", "migration_tool"),
    "environments": None,
    "migrations": ("directory", "table"),
    "safety": ("protected_environments", "backup_enforcement"),
    "faber_integration": ("environments", "detection_patterns"),
}
"""Sections and their keys that mean something; None: read key by key."""
_PER_ENVIRONMENT = {
    "connection_string_env",
    "auto_migrate",
    "require_approval",
    "backup_before_migrate",
    "backup_required",
    "require_backup",
    "rollback_on_migration_failure",  # a failed file is rolled back as a whole without it too
}
_TABLES = {"prisma": "_prisma_migrations"}
_STRICTNESS = ("off", "recommended", "required")
_ENFORCEMENT = {"optional": "off", "recommended": "recommended", "required": "required"}


def is_fractary(data: object) -> bool:
    """Whether a parsed file is FABER's: its environments name variables, not URLs."""
    if not isinstance(data, dict):
        return False
    environments = _section(data, "environments").values()
    named = any(isinstance(e, dict) and "connection_string_env" in e for e in environments)
    return named or ("schema_version" in data and "database" in data)


def as_ours(data: Mapping[str, Any]) -> dict[str, Any]:
    """The same configuration with our keys; not validated yet."""
    database, safety = _section(data, "database"), _section(data, "safety")
    integration = _section(data, "faber_integration")
    found: dict[str, Any] = {
        "engine": database.get("provider"),
        "handler": database.get("migration_tool"),
        "migrations": _section(data, "migrations").get("directory"),
        "detection": {
            key: value
            for key, value in _section(integration, "detection_patterns").items()
            if key in ("title_keywords", "labels", "description_keywords")
        },
        "environments": {
            name: _environment(
                name, environment, safety, _section(integration, "environments").get(name)
            )
            for name, environment in _section(data, "environments").items()
        },
    }
    return {key: value for key, value in found.items() if value}


def without_meaning(data: Mapping[str, Any]) -> Iterator[tuple[tuple[str, ...], str]]:
    """Path and words of every key that changes nothing here."""
    for section, value in data.items():
        keys = _HANDLED.get(section, ())
        if section not in _HANDLED or not isinstance(value, dict):
            if section != "schema_version":
                yield (section,), f'"{section}" means nothing to faber-db'
        elif keys is not None:
            yield from (
                ((section, key), f'"{section}.{key}" means nothing to faber-db')
                for key in value
                if key not in keys
            )
    for name, environment in _section(data, "environments").items():
        for key in environment if isinstance(environment, dict) else ():
            if key not in _PER_ENVIRONMENT:
                path = ("environments", name, key)
                yield path, f'"{".".join(path)}" means nothing to faber-db'
    tool = _section(data, "database").get("migration_tool")
    table = _section(data, "migrations").get("table")
    if table and table != _TABLES.get(str(tool), table):
        yield ("migrations", "table"), f"the ledger of {tool} is {_TABLES[str(tool)]}, not {table}"


def _environment(
    name: str, environment: object, safety: Mapping[str, Any], second: object
) -> dict[str, Any]:
    policies = [p for p in (environment, second) if isinstance(p, dict)]
    variable = policies[0].get("connection_string_env") if policies else None
    listed = safety.get("protected_environments")
    protected = name in (listed if isinstance(listed, list) else ())
    found: dict[str, Any] = {"url": f"env:{variable}"} if variable else {}
    if protected:
        return {**found, "protected": True}  # then approval and backup are not the file's to say
    if any(p.get("require_approval") is True or p.get("auto_migrate") is False for p in policies):
        found["approval"] = "confirm"
    asked = [
        "required"
        for policy in policies
        for key in ("backup_before_migrate", "backup_required", "require_backup")
        if policy.get(key) is True
    ]
    enforced = _ENFORCEMENT.get(str(_section(safety, "backup_enforcement").get(name, "")))
    levels = [*asked, *([enforced] if enforced else [])]
    if levels:
        found["backup"] = max(levels, key=_STRICTNESS.index)
    return found


def _section(data: Mapping[str, Any], key: str) -> dict[str, Any]:
    value = data.get(key)
    return value if isinstance(value, dict) else {}
