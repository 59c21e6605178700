"""A transaction that stays open holds its locks and keeps VACUUM from cleaning up."""

from faber_db.checks.base import Check, Unit

CHECK = Check(
    name="long-transactions",
    sql="""
        SELECT 'pid ' || pid, extract(epoch FROM clock_timestamp() - xact_start),
            concat_ws(', ', usename, nullif(application_name, ''), state)
        FROM pg_stat_activity
        WHERE xact_start IS NOT NULL AND pid <> pg_backend_pid()
            AND backend_type IN ('client backend', 'parallel worker')
    """,
    unit=Unit.SECONDS,
    warning=300,
    critical=1800,
    essential=True,
    needs="pg_read_all_stats",
    why="{object} ({detail}) has had its transaction open so long; DDL may have to wait for it.",
    action="Ask its owner, or end it: SELECT pg_terminate_backend(…) with that pid.",
)
