"""What the catalogue asks `information_schema`, a statement for each kind of thing.

Every column is named, since MySQL 8 spells them in upper case and MariaDB as asked. `%s` is the
database: a constant there lets the server open no other one.
"""

from faber_db.model.dialect import Dialect

TABLES = """
    SELECT table_name, table_type, engine, table_collation, create_options, table_comment
    FROM information_schema.tables WHERE table_schema = %s
"""

COLUMNS = """
    SELECT table_name, column_name, column_type, is_nullable, column_default, extra,
        collation_name, generation_expression, column_comment
    FROM information_schema.columns WHERE table_schema = %s ORDER BY table_name, ordinal_position
"""

FOREIGN_KEYS = """
    SELECT k.table_name, k.constraint_name, k.column_name, k.referenced_table_schema,
        k.referenced_table_name, k.referenced_column_name, r.delete_rule, r.update_rule
    FROM information_schema.key_column_usage k
    JOIN information_schema.referential_constraints r
        ON r.constraint_schema = k.constraint_schema AND r.constraint_name = k.constraint_name
        AND r.table_name = k.table_name
    WHERE k.table_schema = %s AND r.constraint_schema = %s
        AND k.referenced_table_name IS NOT NULL
    ORDER BY k.table_name, k.constraint_name, k.ordinal_position
"""

VIEWS = """
    SELECT table_name, view_definition FROM information_schema.views WHERE table_schema = %s
"""

TRIGGERS = """
    SELECT trigger_name, event_object_table, action_timing, event_manipulation, action_statement,
        action_order
    FROM information_schema.triggers WHERE trigger_schema = %s
"""

ROUTINES = """
    SELECT routine_type, routine_name FROM information_schema.routines WHERE routine_schema = %s
"""

EVENTS = "SELECT event_name FROM information_schema.events WHERE event_schema = %s"

PARTITIONS = """
    SELECT table_name, partition_name, partition_method, partition_expression,
        partition_description, subpartition_method, subpartition_expression, subpartition_name
    FROM information_schema.partitions
    WHERE table_schema = %s AND partition_name IS NOT NULL
    ORDER BY table_name, partition_ordinal_position, subpartition_ordinal_position
"""

_INDEXES = """
    SELECT table_name, index_name, non_unique, column_name, sub_part, collation, index_type,
        {expression}, {hidden}
    FROM information_schema.statistics WHERE table_schema = %s
    ORDER BY table_name, index_name, seq_in_index
"""

_CHECKS = {
    Dialect.MARIADB: """
        SELECT table_name, constraint_name, check_clause, 'YES'
        FROM information_schema.check_constraints WHERE constraint_schema = %s
    """,
    Dialect.MYSQL: """
        SELECT t.table_name, c.constraint_name, c.check_clause, t.enforced
        FROM information_schema.check_constraints c
        JOIN information_schema.table_constraints t
            ON t.constraint_schema = c.constraint_schema AND t.constraint_name = c.constraint_name
            AND t.constraint_type = 'CHECK'
        WHERE c.constraint_schema = %s
    """,
}


def indexes(dialect: Dialect) -> str:
    """Expressions are MySQL's; MariaDB calls an index `ignored` that MySQL calls invisible."""
    if dialect is Dialect.MARIADB:
        return _INDEXES.format(expression="NULL", hidden="ignored = 'YES'")
    return _INDEXES.format(expression="expression", hidden="is_visible = 'NO'")


def checks(dialect: Dialect) -> str:
    return _CHECKS[dialect]
