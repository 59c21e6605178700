"""Settings under which a crash loses or damages data, or tables are never cleaned up."""

from faber_db.checks.base import Check, Unit

CHECK = Check(
    name="dangerous-settings",
    # A warning, since throw-away servers run so on purpose and a deployment makes it no worse;
    # an environment that wants more sets dangerous-settings.critical to 1.
    sql="""
        SELECT name, 1, name || ' = ' || setting FROM pg_settings
        WHERE (name IN ('fsync', 'full_page_writes', 'autovacuum', 'track_counts')
                AND setting = 'off')
            OR (name IN ('zero_damaged_pages', 'ignore_checksum_failure') AND setting = 'on')
        ORDER BY name
    """,
    unit=Unit.LEVEL,
    why="{detail}: a crash can damage data, or nobody notices that it is damaged or uncleaned.",
    action="Set it back in postgresql.conf and reload, unless this server is to be thrown away.",
)
