"""Pages that deleted rows left empty."""

from faber_db.checks.base import Check, Unit

CHECK = Check(
    name="free-pages",
    sql="""
        SELECT '', 100.0 * freelist_count / max(page_count, 1)
        FROM pragma_freelist_count, pragma_page_count WHERE page_count > 2560
    """,
    unit=Unit.PERCENT,
    warning=50,
    critical=None,
    why="That much of the file is empty.",
    action="VACUUM, when nobody writes: it needs room for a second copy.",
)
