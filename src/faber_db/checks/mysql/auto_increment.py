"""Counters of rows that come to the end of their type."""

from faber_db.checks.base import Check, Unit

CHECK = Check(
    name="auto-increment-use",
    sql="""
        SELECT concat(c.table_name, '.', c.column_name),
            100.0 * t.auto_increment / (CASE c.data_type
                WHEN 'tinyint' THEN 127.0 WHEN 'smallint' THEN 32767.0
                WHEN 'mediumint' THEN 8388607.0 WHEN 'int' THEN 2147483647.0
                ELSE 9223372036854775807.0 END * IF(locate('unsigned', c.column_type), 2, 1)),
            c.column_type
        FROM information_schema.columns c JOIN information_schema.tables t
            ON t.table_schema = c.table_schema AND t.table_name = c.table_name
        WHERE c.table_schema = database() AND locate('auto_increment', c.extra)
            AND t.auto_increment IS NOT NULL
    """,
    unit=Unit.PERCENT,
    warning=75,
    critical=90,
    why="The numbers of {object} ({detail}) are nearly used up; then inserts fail.",
    action="Widen the column to bigint before that.",
)
