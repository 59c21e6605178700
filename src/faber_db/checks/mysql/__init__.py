"""The checks of MySQL and MariaDB, in the order in which they run and are shown."""

from faber_db.checks import connectivity
from faber_db.checks.base import Check
from faber_db.checks.mysql import auto_increment, sessions, settings, storage

CHECKS: tuple[Check, ...] = (
    connectivity.CHECK,
    settings.READ_ONLY,
    sessions.CONNECTIONS,
    sessions.LONG_TRANSACTIONS,
    sessions.BLOCKED,
    settings.DANGEROUS,
    auto_increment.CHECK,
    storage.NOT_TRANSACTIONAL,
    storage.FREE_DISK,
    storage.SIZE,
)
