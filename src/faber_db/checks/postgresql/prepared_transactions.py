"""A prepared transaction keeps its locks over restarts until somebody ends it."""

from faber_db.checks.base import Check, Unit

CHECK = Check(
    name="prepared-transactions",
    sql="""
        SELECT gid, extract(epoch FROM clock_timestamp() - prepared), owner || ' in ' || database
        FROM pg_prepared_xacts
    """,
    unit=Unit.SECONDS,
    warning=300,
    critical=3600,
    why="Prepared transaction {object} ({detail}) was neither committed nor rolled back.",
    action="COMMIT PREPARED or ROLLBACK PREPARED, after asking the transaction's coordinator.",
)
