"""The end-to-end project, for attacks on it."""

from tests.e2e.conftest import released, released_once

__all__ = ["released", "released_once"]
