"""SQLite's own look at the file: pages, records, index order (not index content)."""

from faber_db.checks.base import Check, Unit

CHECK = Check(
    name="quick-check",
    sql="SELECT '', 2, quick_check FROM pragma_quick_check(10) WHERE quick_check <> 'ok'",
    unit=Unit.LEVEL,
    why="The file is damaged: {detail}.",
    action="Stop writing, keep the file as it is, and restore the newest good backup beside it.",
)
