"""The end-to-end projects, for attacks on them."""

from tests.e2e.conftest import (
    postgresql_project,
    postgresql_released,
    project,
    released,
    released_once,
)
from tests.services.conftest import app_factory

__all__ = [
    "app_factory",
    "postgresql_project",
    "postgresql_released",
    "project",
    "released",
    "released_once",
]
