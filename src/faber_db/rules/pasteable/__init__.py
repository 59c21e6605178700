"""Remedies with the names of the statement at hand, so that they can be pasted.

Each gives SQL, or an empty text where the general words of the rule say it better.
"""

from faber_db.rules.pasteable.columns import (
    column_then_default,
    count_of_changes,
    kept_values,
    new_column_of_type,
    nullable_column,
)
from faber_db.rules.pasteable.constraints import (
    concurrent_index,
    look_first,
    not_valid,
    set_not_null,
    unique_by_index,
)
from faber_db.rules.pasteable.rows import both_names, put_aside, rows_reached

__all__ = [
    "both_names",
    "column_then_default",
    "concurrent_index",
    "count_of_changes",
    "kept_values",
    "look_first",
    "new_column_of_type",
    "not_valid",
    "nullable_column",
    "put_aside",
    "rows_reached",
    "set_not_null",
    "unique_by_index",
]
