"""The safety rules, and the verdict over a script (DESIGN: Risk).

Pure: values in, values out. `analyze` never raises for bad SQL.
"""

from faber_db.model.finding import Analysis
from faber_db.rules import (
    add_check,
    add_column_rewrites,
    add_exclusion,
    add_foreign_key,
    add_required_column,
    add_unique,
    already_exists,
    alter_domain,
    attach_partition,
    brief_lock,
    change_type,
    concurrently_in_transaction,
    create_index,
    delete_rows,
    detach_partition,
    drop_breaks_code,
    drop_cascade,
    drop_column,
    drop_database,
    drop_default_breaks_inserts,
    drop_index,
    drop_owned,
    drop_role,
    drop_schema,
    drop_table,
    drop_type,
    drop_unique,
    dynamic_sql,
    emptied_table_breaks_code,
    enum_value_used,
    grant_rights,
    has_dependants,
    leaves_database,
    lock_held,
    lock_table,
    lossy_type_change,
    may_fail_on_data,
    merge_rows,
    missing_object,
    mysql_half_applied,
    mysql_table_copy,
    needs_newer_server,
    needs_using,
    new_trigger,
    not_understood,
    online_refused,
    own_records,
    rebuild_cascades,
    rebuild_loses,
    redefine_loses,
    refresh_materialized_view,
    refused,
    reindex,
    rename_breaks_code,
    required_column_breaks_inserts,
    revoke_breaks_code,
    rewrite_table,
    rights_for_public,
    row_security_hides_rows,
    row_security_off,
    security_definer,
    sequence_needs_grant,
    sequence_restarts,
    server_change,
    server_files,
    set_not_null,
    sqlite_add_column,
    sqlite_drop_column,
    sqlite_rebuild_breaks_view,
    superuser_rights,
    trigger_switched_off,
    truncate,
    type_change_breaks_code,
    unknown_function,
    unknown_function_in_definition,
    unsafe_pragma,
    update_all_rows,
    update_new_column,
    update_rows,
    upsert_overwrites,
)
from faber_db.rules.analysis import Walk
from faber_db.rules.base import Rule
from faber_db.rules.context import Context
from faber_db.rules.state import State
from faber_db.rules.tables import touched
from faber_db.rules.transaction import TransactionState
from faber_db.sql.script import Script
from faber_db.sql.watch import UNWATCHED, Watch

RULES_VERSION = "1"

RULES: tuple[Rule, ...] = (
    add_check.RULE,
    add_column_rewrites.RULE,
    add_exclusion.RULE,
    add_foreign_key.RULE,
    add_required_column.RULE,
    add_unique.RULE,
    alter_domain.RULE,
    already_exists.RULE,
    attach_partition.RULE,
    brief_lock.RULE,
    change_type.RULE,
    concurrently_in_transaction.RULE,
    create_index.RULE,
    delete_rows.RULE,
    detach_partition.RULE,
    drop_breaks_code.RULE,
    drop_cascade.RULE,
    drop_column.RULE,
    drop_database.RULE,
    drop_default_breaks_inserts.RULE,
    drop_index.RULE,
    drop_owned.RULE,
    drop_role.RULE,
    drop_schema.RULE,
    drop_table.RULE,
    drop_type.RULE,
    drop_unique.RULE,
    dynamic_sql.RULE,
    emptied_table_breaks_code.RULE,
    enum_value_used.RULE,
    grant_rights.RULE,
    has_dependants.RULE,
    leaves_database.RULE,
    lock_held.RULE,
    lock_table.RULE,
    lossy_type_change.RULE,
    may_fail_on_data.RULE,
    merge_rows.RULE,
    missing_object.RULE,
    mysql_half_applied.RULE,
    mysql_table_copy.RULE,
    needs_newer_server.RULE,
    needs_using.RULE,
    new_trigger.RULE,
    not_understood.RULE,
    online_refused.RULE,
    own_records.RULE,
    rebuild_cascades.RULE,
    rebuild_loses.RULE,
    redefine_loses.RULE,
    refresh_materialized_view.RULE,
    refused.RULE,
    reindex.RULE,
    rename_breaks_code.RULE,
    required_column_breaks_inserts.RULE,
    revoke_breaks_code.RULE,
    rewrite_table.RULE,
    rights_for_public.RULE,
    row_security_hides_rows.RULE,
    row_security_off.RULE,
    security_definer.RULE,
    sequence_needs_grant.RULE,
    sequence_restarts.RULE,
    server_change.RULE,
    server_files.RULE,
    set_not_null.RULE,
    sqlite_add_column.RULE,
    sqlite_drop_column.RULE,
    sqlite_rebuild_breaks_view.RULE,
    superuser_rights.RULE,
    trigger_switched_off.RULE,
    truncate.RULE,
    type_change_breaks_code.RULE,
    unknown_function.RULE,
    unknown_function_in_definition.RULE,
    unsafe_pragma.RULE,
    update_all_rows.RULE,
    update_new_column.RULE,
    update_rows.RULE,
    upsert_overwrites.RULE,
)

__all__ = ["RULES", "RULES_VERSION", "Context", "Rule", "analyze", "touched"]


def analyze(script: Script, context: Context, watch: Watch = UNWATCHED) -> Analysis:
    """What a script locks, rewrites, scans, breaks or loses, and what in it could not be read.

    Args:
        script: what would run.
        context: the server, its schema and sizes, and how the script is run; what is not known
            makes the verdict stricter.
        watch: says when it takes too long for somebody who waits.

    Raises:
        AnalysisTooLarge: a statement is too deep or too long, or the time is over.
    """
    walk = Walk(
        context=context,
        rules=RULES,
        state=State(context.dialect, context.catalogue),
        transaction=TransactionState(open=context.wrap),
        watch=watch,
    )
    for earlier in context.earlier:
        walk.follow(earlier)
    return walk.run(script)
