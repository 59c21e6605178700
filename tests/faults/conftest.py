"""The end-to-end projects, for what goes wrong around them."""

from tests.e2e.conftest import (
    postgresql_project,
    postgresql_released,
    project,
    released,
    released_once,
)

__all__ = ["postgresql_project", "postgresql_released", "project", "released", "released_once"]
