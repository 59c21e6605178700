"""The checks of SQLite, in the order in which they run and are shown."""

from faber_db.checks import connectivity
from faber_db.checks.base import Check
from faber_db.checks.sqlite import files, foreign_keys, free_pages, quick_check, settings

CHECKS: tuple[Check, ...] = (
    connectivity.CHECK,
    files.WRITABLE,
    quick_check.CHECK,
    foreign_keys.CHECK,
    files.LOG_SIZE,
    files.FREE_DISK,
    files.NETWORK,
    settings.CHECK,
    free_pages.CHECK,
)
