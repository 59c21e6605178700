"""No shadow: switched off, or not to be had for this product."""

from collections.abc import Callable
from contextlib import AbstractContextManager

from faber_db.errors import ShadowUnavailable
from faber_db.services.ports import Session


class NoShadow:
    """A shadow that cannot be made; the reason is in every refusal.

    Args:
        reason: in words, after a colon.
        hint: what to do about it, a sentence.
    """

    def __init__(self, reason: str, *, hint: str = "") -> None:
        self._reason = reason
        self._hint = hint

    @property
    def label(self) -> str:
        return f"none ({self._reason})"

    def new(self) -> AbstractContextManager[Session]:
        raise self._refusal()

    def filled(self, key: str, fill: Callable[[Session], None]) -> AbstractContextManager[Session]:
        raise self._refusal()

    def copy_of(self, url: str) -> AbstractContextManager[Session]:
        raise self._refusal()

    def with_schema(self, sql: str) -> AbstractContextManager[Session]:
        raise self._refusal()

    def _refusal(self) -> ShadowUnavailable:
        return ShadowUnavailable(
            f"no throw-away database: {self._reason}",
            hint=self._hint,
        )
