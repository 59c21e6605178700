"""What hangs on a column and goes with it, and what keeps it from going."""

import re
from collections.abc import Iterable
from dataclasses import replace

from faber_db.model.catalogue import Table


def pointing_at(tables: Iterable[Table], target: str, column: str = "") -> list[str]:
    """Foreign keys (`table.name`) that point to a table, or to one of its columns."""
    return [
        f"{table.full_name}.{key.name or ', '.join(key.columns)}"
        for table in tables
        for key in table.foreign_keys
        if key.table == target
        and (not column or column in key.references)
        and not (table.full_name == target and column in key.columns)
    ]


def without_column(table: Table, column: str) -> Table:
    """The table without a column and without the keys, checks and indexes that name it."""
    word = re.compile(rf"(?<!\w){re.escape(column)}(?!\w)")
    key = table.primary_key
    return replace(
        table,
        columns=tuple(c for c in table.columns if c.name != column),
        primary_key=None if key and column in key.columns else key,
        uniques=tuple(k for k in table.uniques if column not in k.columns),
        foreign_keys=tuple(k for k in table.foreign_keys if column not in k.columns),
        checks=tuple(c for c in table.checks if not word.search(c.expression)),
        indexes=tuple(
            i
            for i in table.indexes
            if not any(word.search(text) for text in (*i.columns, i.predicate))
        ),
    )
