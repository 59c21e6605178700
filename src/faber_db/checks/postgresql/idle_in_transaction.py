"""A session that waits for its client with a transaction open holds locks for nothing."""

from faber_db.checks.base import Check, Unit

CHECK = Check(
    name="idle-in-transaction",
    sql="""
        SELECT 'pid ' || pid, extract(epoch FROM clock_timestamp() - state_change),
            concat_ws(', ', usename, nullif(application_name, ''))
        FROM pg_stat_activity
        WHERE state ~ '^idle in transaction' AND pid <> pg_backend_pid()
    """,
    unit=Unit.SECONDS,
    warning=60,
    critical=600,
    needs="pg_read_all_stats",
    why="{object} ({detail}) holds a transaction open and does nothing.",
    action="Set idle_in_transaction_session_timeout, or end the session.",
)
