"""How many of the connections that ordinary roles may have are taken."""

from faber_db.checks.base import Check, Unit

CHECK = Check(
    name="connections",
    # pg_stat_database counts everybody's, whatever the role may see in pg_stat_activity.
    sql="""
        SELECT '', 100.0 * sum(numbackends) / greatest(1,
            current_setting('max_connections')::int
            - current_setting('superuser_reserved_connections')::int
            - coalesce(current_setting('reserved_connections', true)::int, 0)),
            sum(numbackends) || ' of ' || current_setting('max_connections')
        FROM pg_stat_database
    """,
    unit=Unit.PERCENT,
    warning=75,
    critical=90,
    essential=True,
    why="{detail} connections are taken; at the limit new ones are refused.",
    action="SELECT application_name, state, count(*) FROM pg_stat_activity GROUP BY 1, 2 ORDER BY 3 DESC",
    safe_to_run_now=True,
)
