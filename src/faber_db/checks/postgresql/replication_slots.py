"""A slot that nobody reads keeps write-ahead log until the disk is full."""

from faber_db.checks.base import Check, Unit

CHECK = Check(
    name="replication-slots",
    sql="""
        SELECT slot_name, coalesce(pg_wal_lsn_diff(
            CASE WHEN pg_is_in_recovery() THEN pg_last_wal_receive_lsn()
            ELSE pg_current_wal_lsn() END, restart_lsn), 0), wal_status
        FROM pg_replication_slots WHERE NOT active
    """,
    unit=Unit.BYTES,
    warning=1e9,
    critical=1e10,
    why="Nobody reads slot {object} ({detail}), and the server keeps its write-ahead log for it.",
    action="If its reader will not come back: SELECT pg_drop_replication_slot('{object}')",
)
