"""A server that takes no writes, and settings under which data is lost."""

from faber_db.checks.base import Check, Unit

READ_ONLY = Check(
    name="read-only",
    # A replica is set so; whether it is one cannot be asked without a right of its own.
    sql="SELECT 'read_only', 2 FROM DUAL WHERE @@GLOBAL.read_only <> 0",
    unit=Unit.LEVEL,
    essential=True,
    mutable=False,
    why="The server is set to take no writes, as a replica is.",
    action="Point the environment at the primary.",
)
DANGEROUS = Check(
    name="dangerous-settings",
    # A warning, since throw-away servers run so on purpose and a deployment makes it no worse.
    sql="""
        SELECT 'innodb_flush_log_at_trx_commit', 1, concat('innodb_flush_log_at_trx_commit = ',
            @@innodb_flush_log_at_trx_commit, ', so a crash loses commits')
        FROM DUAL WHERE @@innodb_flush_log_at_trx_commit <> 1
        UNION ALL
        SELECT 'innodb_doublewrite', 1, 'innodb_doublewrite = OFF, so a crash can tear pages'
        FROM DUAL WHERE @@innodb_doublewrite = 0
        UNION ALL
        SELECT 'sql_mode', 1, 'sql_mode is not strict, so values are cut without an error'
        FROM DUAL WHERE locate('STRICT_', @@GLOBAL.sql_mode) = 0
    """,
    unit=Unit.LEVEL,
    why="{detail}.",
    action="Set it back in the server's configuration, unless this server is to be thrown away.",
)
