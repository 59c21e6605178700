"""A journal that a crash can outrun."""

from faber_db.checks.base import Check, Unit

CHECK = Check(
    name="durability",
    # `synchronous` belongs to each connection: this is what ours, and so a deployment, runs with.
    sql="""
        SELECT 'journal_mode', 1, 'journal_mode = ' || journal_mode FROM pragma_journal_mode
        WHERE journal_mode IN ('off', 'memory')
        UNION ALL SELECT 'synchronous', 1, 'synchronous = off' FROM pragma_synchronous
        WHERE synchronous = 0
    """,
    unit=Unit.LEVEL,
    why="{detail}: a crash in the middle of a write damages the file.",
    action="PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL",
)
