"""A sequence, of an identity column too, that comes near its end, or its column's."""

from faber_db.checks.base import Check, Unit

CHECK = Check(
    name="sequence-use",
    # The column's type may end before the sequence does (serial made bigint halfway).
    sql="""
        SELECT s.seqrelid::regclass::text,
            CASE WHEN NOT has_sequence_privilege(s.seqrelid, 'SELECT, USAGE') THEN NULL
            ELSE 100.0 * coalesce(pg_sequence_last_value(s.seqrelid), 0) / least(s.seqmax,
                CASE a.atttypid WHEN 'int2'::regtype THEN 32767 WHEN 'int4'::regtype THEN 2147483647
                ELSE 9223372036854775807 END) END,
            d.refobjid::regclass::text || '.' || a.attname
        FROM pg_sequence s JOIN pg_class c ON c.oid = s.seqrelid
        LEFT JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.objid = s.seqrelid
            AND d.refclassid = 'pg_class'::regclass AND d.deptype IN ('a', 'i') AND d.refobjsubid > 0
        LEFT JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
        WHERE NOT s.seqcycle AND s.seqincrement > 0
    """,
    unit=Unit.PERCENT,
    warning=75,
    critical=90,
    grant="GRANT SELECT ON ALL SEQUENCES IN SCHEMA … TO {role}",
    why="Sequence {object} ({detail}) is nearly used up; at its end every insert fails.",
    action="Plan a migration of the column, and of what references it, to bigint.",
)
