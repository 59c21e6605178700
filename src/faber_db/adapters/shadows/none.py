"""No shadow: switched off, or not to be had for this product."""

from contextlib import AbstractContextManager

from faber_db.errors import ShadowUnavailable
from faber_db.services.ports import Session


class NoShadow:
    """A shadow that cannot be made; the reason is in every refusal."""

    def __init__(self, reason: str) -> None:
        self._reason = reason

    @property
    def label(self) -> str:
        return f"none ({self._reason})"

    def new(self) -> AbstractContextManager[Session]:
        raise self._refusal()

    def copy_of(self, url: str) -> AbstractContextManager[Session]:
        raise self._refusal()

    def _refusal(self) -> ShadowUnavailable:
        return ShadowUnavailable(
            f"no throw-away database: {self._reason}",
            hint='Set "shadow": "auto" for this database.',
        )
