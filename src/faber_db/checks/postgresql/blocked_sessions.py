"""Sessions that wait for a lock, and who stands at the head of the queue."""

from faber_db.checks.base import Check, Unit

CHECK = Check(
    name="blocked-sessions",
    # pg_locks shows everybody's waits; waitstart is there from PostgreSQL 14 on.
    sql="""
        SELECT 'pid ' || pid, extract(epoch FROM clock_timestamp() - min(waitstart)),
            'behind pid ' || array_to_string(pg_blocking_pids(pid), ', ')
            || coalesce(' on ' || min(relation::regclass::text), '')
        FROM pg_locks WHERE NOT granted AND waitstart IS NOT NULL GROUP BY pid
    """,
    unit=Unit.SECONDS,
    warning=30,
    critical=120,
    why="{object} waits for a lock {detail}.",
    action="Look at the blocking session first: SELECT * FROM pg_stat_activity with its pid.",
    safe_to_run_now=True,
)
