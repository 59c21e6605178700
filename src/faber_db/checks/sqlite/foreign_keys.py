"""Rows whose parent is not there."""

from faber_db.checks.base import Check, Unit

CHECK = Check(
    name="foreign-key-check",
    sql="""
        SELECT "table", count(*), "parent" FROM pragma_foreign_key_check GROUP BY "table", "parent"
    """,
    unit=Unit.COUNT,
    warning=None,
    critical=1,
    why="Rows of {object} point to rows of {detail} that do not exist.",
    action="PRAGMA foreign_key_check({object})",
    safe_to_run_now=True,
)
