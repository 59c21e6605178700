"""Health checks: questions with limits. The services ask them; nothing here connects."""

from collections.abc import Mapping
from types import MappingProxyType

from faber_db.checks import postgresql, sqlite
from faber_db.checks.base import Check

FOR: Mapping[str, tuple[Check, ...]] = MappingProxyType(
    {"postgresql": postgresql.CHECKS, "sqlite": sqlite.CHECKS}
)
