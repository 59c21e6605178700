"""What a failed CREATE INDEX CONCURRENTLY leaves behind: written to, never read."""

from faber_db.checks.base import Check, Unit

CHECK = Check(
    name="invalid-indexes",
    # One that is being built now holds SHARE UPDATE EXCLUSIVE on its table.
    sql="""
        SELECT i.indexrelid::regclass::text, CASE WHEN i.indisunique THEN 2 ELSE 1 END,
            i.indrelid::regclass::text
        FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
        WHERE NOT (i.indisvalid AND i.indisready)
            AND c.relnamespace::regnamespace::text !~ '^pg_toast'
            AND NOT EXISTS (
                SELECT FROM pg_locks l WHERE l.relation = i.indrelid AND l.granted
                    AND l.mode = 'ShareUpdateExclusiveLock')
    """,
    unit=Unit.LEVEL,
    why="Index {object} on {detail} is invalid: queries do not use it, and a unique one may not hold.",
    action="REINDEX INDEX CONCURRENTLY {object}, or DROP INDEX CONCURRENTLY {object}",
)
