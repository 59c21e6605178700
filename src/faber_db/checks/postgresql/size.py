"""How big the database is; a figure for the reader, without a limit of its own."""

from faber_db.checks.base import Check, Unit

CHECK = Check(
    name="size",
    sql="SELECT '', pg_database_size(current_database())",
    unit=Unit.BYTES,
    warning=None,
    critical=None,
    why="The database is over the size that the configuration names.",
    action="Look at the biggest tables, and at the room for a backup and a restored copy.",
)
