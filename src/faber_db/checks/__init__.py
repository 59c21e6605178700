"""Health checks: questions with limits. The services ask them; nothing here connects."""

from collections.abc import Mapping
from types import MappingProxyType

from faber_db.checks import mysql, postgresql, sqlite
from faber_db.checks.base import Check

FOR: Mapping[str, tuple[Check, ...]] = MappingProxyType(
    {"mysql": mysql.CHECKS, "postgresql": postgresql.CHECKS, "sqlite": sqlite.CHECKS}
)
