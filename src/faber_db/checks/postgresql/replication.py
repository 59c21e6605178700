"""How far behind each replica is."""

from faber_db.checks.base import Check, Unit

CHECK = Check(
    name="replication",
    sql="""
        SELECT coalesce(nullif(application_name, ''), 'pid ' || pid),
            CASE WHEN state IS NULL THEN NULL ELSE coalesce(extract(epoch FROM replay_lag), 0) END,
            state
        FROM pg_stat_replication
    """,
    unit=Unit.SECONDS,
    warning=30,
    critical=300,
    needs="pg_read_all_stats",
    why="Replica {object} ({detail}) is behind: what reads there sees the past.",
    action="Look at the replica's load and the network before adding writes.",
)
