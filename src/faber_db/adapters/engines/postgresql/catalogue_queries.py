"""The questions to PostgreSQL's catalogues: one for all objects of a kind, never one per table.

System schemas, temporary schemas, ours, and what belongs to an extension are left out by `mine`.
A constraint or index that a partition has from its parent is the parent's and left out.
"""

# ruff: noqa: S608 - fixed texts, put together from fixed texts

from typing import LiteralString

_MINE: LiteralString = """
    WITH mine AS (
        SELECT c.*, n.nspname, CASE n.nspname WHEN 'public' THEN '' ELSE n.nspname END AS schema
        FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
        WHERE n.nspname NOT IN ('information_schema', 'faber_db') AND n.nspname NOT LIKE 'pg\\_%'
            AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d
                WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = c.oid
                    AND d.deptype = 'e')
    )
"""

TABLES: LiteralString = (
    _MINE
    + """
    SELECT c.oid::bigint, c.schema, c.relname,
        coalesce(obj_description(c.oid, 'pg_class'), ''),
        array_remove(ARRAY[
            CASE WHEN c.relkind = 'p' THEN 'partitioned by ' || pg_get_partkeydef(c.oid) END,
            (SELECT string_agg(CASE WHEN c.relispartition THEN 'partition of ' ELSE 'inherits ' END
                    || CASE p.schema WHEN '' THEN '' ELSE p.schema || '.' END || p.relname
                    || CASE WHEN c.relispartition
                        THEN ' ' || pg_get_expr(c.relpartbound, c.oid) ELSE '' END,
                    ', ' ORDER BY i.inhseqno)
                FROM pg_catalog.pg_inherits i JOIN mine p ON p.oid = i.inhparent
                WHERE i.inhrelid = c.oid),
            CASE WHEN c.relpersistence = 'u' THEN 'UNLOGGED' END,
            CASE WHEN c.relrowsecurity THEN 'ROW LEVEL SECURITY' END,
            CASE WHEN c.relforcerowsecurity THEN 'FORCE ROW LEVEL SECURITY' END,
            CASE c.relreplident WHEN 'f' THEN 'REPLICA IDENTITY FULL'
                WHEN 'n' THEN 'REPLICA IDENTITY NOTHING' END,
            CASE WHEN c.relkind = 'f' THEN (SELECT 'foreign table of ' || s.srvname
                FROM pg_catalog.pg_foreign_table f
                JOIN pg_catalog.pg_foreign_server s ON s.oid = f.ftserver
                WHERE f.ftrelid = c.oid) END,
            CASE WHEN c.reloptions IS NOT NULL
                THEN 'WITH (' || array_to_string(c.reloptions, ', ') || ')' END
        ], NULL)
    FROM mine c WHERE c.relkind IN ('r', 'p', 'f')
"""
)

COLUMNS: LiteralString = (
    _MINE
    + """
    SELECT c.oid::bigint, a.attname, format_type(a.atttypid, a.atttypmod), NOT a.attnotnull,
        CASE WHEN a.attgenerated = '' THEN pg_get_expr(d.adbin, d.adrelid) END,
        CASE a.attidentity WHEN 'a' THEN 'always' WHEN 'd' THEN 'by default' ELSE '' END,
        CASE a.attgenerated WHEN 's' THEN 'stored:' || pg_get_expr(d.adbin, d.adrelid)
            WHEN 'v' THEN 'virtual:' || pg_get_expr(d.adbin, d.adrelid) ELSE '' END,
        CASE WHEN a.attcollation <> t.typcollation THEN l.collname ELSE '' END,
        coalesce(m.description, '')
    FROM mine c JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid
    JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
    LEFT JOIN pg_catalog.pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
    LEFT JOIN pg_catalog.pg_collation l ON l.oid = a.attcollation
    LEFT JOIN pg_catalog.pg_description m ON m.objoid = c.oid AND m.objsubid = a.attnum
        AND m.classoid = 'pg_catalog.pg_class'::regclass
    WHERE c.relkind IN ('r', 'p', 'f') AND a.attnum > 0 AND NOT a.attisdropped
    ORDER BY c.oid, a.attnum
"""
)

CONSTRAINTS: LiteralString = (
    _MINE
    + """
    , names AS (
        SELECT attrelid, array_agg(attname::text ORDER BY attnum) AS names,
            array_agg(attnum ORDER BY attnum) AS numbers
        FROM pg_catalog.pg_attribute WHERE attnum > 0 AND attrelid IN (SELECT oid FROM mine)
        GROUP BY attrelid
    )
    SELECT c.oid::bigint, k.conname, k.contype::text,
        (SELECT coalesce(array_agg(n.names[array_position(n.numbers, u.number)] ORDER BY u.place),
                '{}') FROM unnest(k.conkey) WITH ORDINALITY u(number, place)),
        CASE r.schema WHEN '' THEN '' ELSE r.schema || '.' END || r.relname,
        (SELECT coalesce(array_agg(f.names[array_position(f.numbers, u.number)] ORDER BY u.place),
                '{}') FROM unnest(k.confkey) WITH ORDINALITY u(number, place)),
        k.confdeltype::text, k.confupdtype::text,
        CASE WHEN k.condeferred THEN 'initially deferred'
            WHEN k.condeferrable THEN 'deferrable' ELSE '' END,
        k.convalidated, pg_get_expr(k.conbin, k.conrelid), pg_get_constraintdef(k.oid)
    FROM pg_catalog.pg_constraint k JOIN mine c ON c.oid = k.conrelid
    JOIN names n ON n.attrelid = c.oid
    LEFT JOIN mine r ON r.oid = k.confrelid
    LEFT JOIN names f ON f.attrelid = k.confrelid
    WHERE k.contype IN ('p', 'u', 'f', 'c', 'x') AND k.conparentid = 0
        AND (k.conislocal OR k.coninhcount = 0)
"""
)

# Each key column with what differs from the default of its type and place. INCLUDE columns and
# storage options have no place in the model; where there are any, the whole definition is given.
INDEXES: LiteralString = (
    _MINE
    + """
    SELECT x.indrelid::bigint, c.relname, x.indisunique, x.indisvalid,
        CASE WHEN m.amname = 'btree' THEN '' ELSE m.amname END,
        coalesce(pg_get_expr(x.indpred, x.indrelid), ''),
        (SELECT array_agg(
            pg_get_indexdef(x.indexrelid, k.n, false)
            || CASE WHEN x.indcollation[k.n - 1] <> 0
                    AND x.indcollation[k.n - 1] <> coalesce(a.attcollation, 100)
                THEN ' COLLATE ' || quote_ident(l.collname) ELSE '' END
            || CASE WHEN NOT o.opcdefault THEN ' ' || quote_ident(o.opcname) ELSE '' END
            || CASE x.indoption[k.n - 1] & 3 WHEN 1 THEN ' DESC NULLS LAST' WHEN 3 THEN ' DESC'
                WHEN 2 THEN ' NULLS FIRST' ELSE '' END
            ORDER BY k.n)
            FROM generate_series(1, x.indnkeyatts::int) k(n)
            LEFT JOIN pg_catalog.pg_attribute a
                ON a.attrelid = x.indrelid AND a.attnum = x.indkey[k.n - 1] AND a.attnum > 0
            LEFT JOIN pg_catalog.pg_collation l ON l.oid = x.indcollation[k.n - 1]
            LEFT JOIN pg_catalog.pg_opclass o ON o.oid = x.indclass[k.n - 1]),
        CASE WHEN x.indnatts > x.indnkeyatts OR c.reloptions IS NOT NULL
            OR coalesce((to_jsonb(x) ->> 'indnullsnotdistinct')::boolean, false)
            THEN pg_get_indexdef(x.indexrelid) ELSE '' END
    FROM pg_catalog.pg_index x JOIN mine c ON c.oid = x.indexrelid
    JOIN pg_catalog.pg_am m ON m.oid = c.relam
    WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_constraint k
            WHERE k.conindid = x.indexrelid AND k.contype IN ('p', 'u', 'x'))
        AND NOT EXISTS (SELECT FROM pg_catalog.pg_inherits i WHERE i.inhrelid = x.indexrelid)
"""
)

VIEWS: LiteralString = (
    _MINE
    + """
    SELECT c.oid::bigint, c.schema, c.relname, rtrim(pg_get_viewdef(c.oid), ';'), c.relkind = 'm'
    FROM mine c WHERE c.relkind IN ('v', 'm')
"""
)

ENUMS: LiteralString = """
    SELECT CASE n.nspname WHEN 'public' THEN '' ELSE n.nspname END, t.typname,
        array_agg(e.enumlabel::text ORDER BY e.enumsortorder)
    FROM pg_catalog.pg_type t JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
    JOIN pg_catalog.pg_enum e ON e.enumtypid = t.oid
    WHERE n.nspname NOT IN ('information_schema', 'faber_db') AND n.nspname NOT LIKE 'pg\\_%'
        AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d
            WHERE d.classid = 'pg_catalog.pg_type'::regclass AND d.objid = t.oid
                AND d.deptype = 'e')
    GROUP BY n.nspname, t.typname
"""

SEQUENCES: LiteralString = (
    _MINE
    + """
    SELECT c.schema, c.relname, format_type(s.seqtypid, NULL),
        coalesce((SELECT CASE o.schema WHEN '' THEN '' ELSE o.schema || '.' END
                || o.relname || '.' || a.attname
            FROM pg_catalog.pg_depend d JOIN mine o ON o.oid = d.refobjid
            JOIN pg_catalog.pg_attribute a ON a.attrelid = o.oid AND a.attnum = d.refobjsubid
            WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = c.oid
                AND d.deptype = 'a'), ''),
        CASE WHEN s.seqincrement <> 1 OR s.seqcycle OR s.seqcache <> 1 OR s.seqstart <> 1
            THEN format('START %s INCREMENT %s MINVALUE %s MAXVALUE %s CACHE %s%s', s.seqstart,
                s.seqincrement, s.seqmin, s.seqmax, s.seqcache,
                CASE WHEN s.seqcycle THEN ' CYCLE' ELSE '' END)
            ELSE '' END
    FROM mine c JOIN pg_catalog.pg_sequence s ON s.seqrelid = c.oid
    WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_depend d
        WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = c.oid
            AND d.deptype = 'i')
"""
)

# kind, schema, name, definition, schema and name of the table it hangs on
OTHERS: LiteralString = (
    _MINE
    + """
    , ours AS (
        SELECT n.oid, CASE n.nspname WHEN 'public' THEN '' ELSE n.nspname END AS schema
        FROM pg_catalog.pg_namespace n
        WHERE n.nspname NOT IN ('information_schema', 'faber_db') AND n.nspname NOT LIKE 'pg\\_%'
    ), extended AS (
        SELECT classid, objid FROM pg_catalog.pg_depend WHERE deptype = 'e'
    )
    SELECT 'trigger', c.schema, c.relname || '.' || t.tgname,
        pg_get_triggerdef(t.oid) || CASE t.tgenabled WHEN 'D' THEN ' DISABLED'
            WHEN 'R' THEN ' ENABLED FOR REPLICA' WHEN 'A' THEN ' ENABLED ALWAYS' ELSE '' END,
        c.schema, c.relname
    FROM pg_catalog.pg_trigger t JOIN mine c ON c.oid = t.tgrelid
    WHERE NOT t.tgisinternal AND t.tgparentid = 0
    UNION ALL
    SELECT CASE p.prokind WHEN 'p' THEN 'procedure' WHEN 'a' THEN 'aggregate' ELSE 'function' END,
        o.schema, p.proname || '(' || pg_get_function_identity_arguments(p.oid) || ')',
        CASE WHEN p.prokind = 'a' THEN
            format('%s returns %s by %s', pg_get_function_arguments(p.oid),
                format_type(p.prorettype, NULL),
                (SELECT g.aggtransfn::text FROM pg_catalog.pg_aggregate g WHERE g.aggfnoid = p.oid))
            ELSE pg_get_functiondef(p.oid) END, '', ''
    FROM pg_catalog.pg_proc p JOIN ours o ON o.oid = p.pronamespace
    WHERE NOT EXISTS (SELECT FROM extended e
        WHERE e.classid = 'pg_catalog.pg_proc'::regclass AND e.objid = p.oid)
    UNION ALL
    SELECT 'domain', o.schema, t.typname,
        format_type(t.typbasetype, t.typtypmod) || coalesce(' DEFAULT ' || t.typdefault, '')
        || CASE WHEN t.typnotnull THEN ' NOT NULL' ELSE '' END
        || coalesce((SELECT string_agg(' CONSTRAINT ' || quote_ident(k.conname) || ' '
                || pg_get_constraintdef(k.oid), '' ORDER BY k.conname)
            FROM pg_catalog.pg_constraint k
            WHERE k.contypid = t.oid AND k.contype = 'c'), ''), '', ''
    FROM pg_catalog.pg_type t JOIN ours o ON o.oid = t.typnamespace
    WHERE t.typtype = 'd' AND NOT EXISTS (SELECT FROM extended e
        WHERE e.classid = 'pg_catalog.pg_type'::regclass AND e.objid = t.oid)
    UNION ALL
    SELECT 'range type', o.schema, t.typname, format_type(r.rngsubtype, NULL), '', ''
    FROM pg_catalog.pg_range r JOIN pg_catalog.pg_type t ON t.oid = r.rngtypid
    JOIN ours o ON o.oid = t.typnamespace
    WHERE NOT EXISTS (SELECT FROM extended e
        WHERE e.classid = 'pg_catalog.pg_type'::regclass AND e.objid = t.oid)
    UNION ALL
    SELECT 'composite type', c.schema, c.relname,
        coalesce((SELECT string_agg(quote_ident(a.attname) || ' '
                || format_type(a.atttypid, a.atttypmod), ', ' ORDER BY a.attnum)
            FROM pg_catalog.pg_attribute a
            WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped), ''), '', ''
    FROM mine c WHERE c.relkind = 'c'
    UNION ALL
    SELECT 'policy', c.schema, c.relname || '.' || p.polname,
        concat_ws(' ', CASE WHEN p.polpermissive THEN 'PERMISSIVE' ELSE 'RESTRICTIVE' END,
            'FOR', CASE p.polcmd WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT'
                WHEN 'w' THEN 'UPDATE' WHEN 'd' THEN 'DELETE' ELSE 'ALL' END,
            'TO', (SELECT string_agg(coalesce(r.rolname::text, 'public'), ', ' ORDER BY r.rolname)
                FROM unnest(p.polroles) u(role)
                LEFT JOIN pg_catalog.pg_roles r ON r.oid = u.role),
            'USING (' || pg_get_expr(p.polqual, p.polrelid) || ')',
            'WITH CHECK (' || pg_get_expr(p.polwithcheck, p.polrelid) || ')'),
        c.schema, c.relname
    FROM pg_catalog.pg_policy p JOIN mine c ON c.oid = p.polrelid
    UNION ALL
    SELECT 'rule', c.schema, c.relname || '.' || r.rulename, pg_get_ruledef(r.oid),
        c.schema, c.relname
    FROM pg_catalog.pg_rewrite r JOIN mine c ON c.oid = r.ev_class
    WHERE r.rulename <> '_RETURN'
    UNION ALL
    SELECT 'statistics', o.schema, s.stxname, pg_get_statisticsobjdef(s.oid),
        c.schema, c.relname
    FROM pg_catalog.pg_statistic_ext s JOIN mine c ON c.oid = s.stxrelid
    JOIN ours o ON o.oid = s.stxnamespace
    UNION ALL
    SELECT 'extension', '', x.extname, 'SCHEMA ' || n.nspname, '', ''
    FROM pg_catalog.pg_extension x JOIN pg_catalog.pg_namespace n ON n.oid = x.extnamespace
    WHERE x.extname <> 'plpgsql'
    UNION ALL
    SELECT 'schema', '', o.schema, '', '', '' FROM ours o
    WHERE o.schema <> '' AND NOT EXISTS (SELECT FROM extended e
        WHERE e.classid = 'pg_catalog.pg_namespace'::regclass AND e.objid = o.oid)
    UNION ALL
    SELECT 'event trigger', '', t.evtname,
        format('ON %s %s EXECUTE %s %s', t.evtevent, t.evttags, t.evtfoid::regproc, t.evtenabled),
        '', ''
    FROM pg_catalog.pg_event_trigger t WHERE NOT EXISTS (SELECT FROM extended e
        WHERE e.classid = 'pg_catalog.pg_event_trigger'::regclass AND e.objid = t.oid)
"""
)
