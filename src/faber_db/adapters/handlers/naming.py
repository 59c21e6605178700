"""Versions and slugs of new migrations."""

import re
import unicodedata
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from faber_db.errors import MigrationOutOfOrder
from faber_db.model.migration import Migration

_STAMP = "%Y%m%d%H%M%S"
_LONGEST = 60
_COUNTED = 10**8  # numbers below are counted, from there on they are times


def slug_of(words: str) -> str:
    """Lower-case ASCII letters, digits and single underscores, at most 60 of them."""
    plain = unicodedata.normalize("NFKD", words).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "_", plain).strip("_")[:_LONGEST].strip("_") or "migration"


def new_id(words: str, *, now: datetime, existing: Sequence[Migration]) -> str:
    """`<14 digits UTC>_<slug>`, after every existing version as text.

    Where the newest existing one is not in the past, its time and one second.

    Raises:
        MigrationOutOfOrder: an existing version sorts after every time stamp.
    """
    newest = max((migration.version for migration in existing), default="")
    moment = now.astimezone(UTC).replace(microsecond=0)
    stamped = _moment_of(newest)
    if stamped is not None and stamped >= moment:
        moment = stamped + timedelta(seconds=1)
    version = f"{moment.strftime(_STAMP)}_{slug_of(words)}"
    if version <= newest:
        raise MigrationOutOfOrder(
            f"a new migration {version} would sort before {newest}",
            hint="Rename that migration, or number it so that a time stamp sorts after it.",
        )
    return version


def next_number(numbers: Sequence[str], *, now: datetime) -> str:
    """The number after all others: 14 digits of time, or the next one where they are counted.

    Args:
        numbers: of the existing migrations, digits only.
        now: the time of the new one.
    """
    newest = max(map(int, numbers), default=0)
    if numbers and newest < _COUNTED:
        return str(newest + 1).zfill(max(map(len, numbers)))
    stamp = now.astimezone(UTC).strftime(_STAMP)
    if int(stamp) > newest:
        return stamp
    moment = _moment_of(str(newest))
    return (moment + timedelta(seconds=1)).strftime(_STAMP) if moment else str(newest + 1)


def _moment_of(version: str) -> datetime | None:
    digits = re.match(r"\d{14}(?!\d)", version)
    if digits is None:
        return None
    try:
        return datetime.strptime(digits[0], _STAMP).replace(tzinfo=UTC)
    except ValueError:
        return None
