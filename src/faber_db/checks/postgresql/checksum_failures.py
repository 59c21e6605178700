"""Pages that the server read and found damaged."""

from faber_db.checks.base import Check, Unit

CHECK = Check(
    name="checksum-failures",
    sql="""
        SELECT datname, 2, checksum_failures || ' damaged pages' FROM pg_stat_database
        WHERE checksum_failures > 0
    """,
    unit=Unit.LEVEL,
    why="{object}: {detail} were read; the disk or the memory lies.",
    action="Stop changing things, keep every backup, and test-restore the newest good one.",
)
