"""The app put together by hand, for tests of the executor."""

from tests.services.conftest import app_factory

__all__ = ["app_factory"]
