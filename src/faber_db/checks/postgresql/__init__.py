"""The checks of PostgreSQL, in the order in which they run and are shown."""

from faber_db.checks import connectivity
from faber_db.checks.base import Check
from faber_db.checks.postgresql import (
    blocked_sessions,
    checksum_failures,
    connections,
    dangerous_settings,
    disabled_triggers,
    idle_in_transaction,
    invalid_indexes,
    long_transactions,
    not_valid_constraints,
    prepared_transactions,
    replication,
    replication_slots,
    sequence_use,
    size,
    transaction_age,
)

CHECKS: tuple[Check, ...] = (
    connectivity.CHECK,
    connections.CHECK,
    long_transactions.CHECK,
    idle_in_transaction.CHECK,
    blocked_sessions.CHECK,
    prepared_transactions.CHECK,
    invalid_indexes.CHECK,
    not_valid_constraints.CHECK,
    disabled_triggers.CHECK,
    sequence_use.CHECK,
    transaction_age.CHECK,
    checksum_failures.CHECK,
    dangerous_settings.CHECK,
    replication.CHECK,
    replication_slots.CHECK,
    size.CHECK,
)
