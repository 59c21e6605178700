"""The end-to-end projects, for attacks on them."""

from tests.e2e.conftest import postgresql_project, postgresql_released, released, released_once

__all__ = ["postgresql_project", "postgresql_released", "released", "released_once"]
