"""Where the rows lie: tables without transactions, room, size."""

from faber_db.checks.base import Check, Unit

NOT_TRANSACTIONAL = Check(
    name="not-transactional",
    sql="""
        SELECT table_name, 1, engine FROM information_schema.tables
        WHERE table_schema = database() AND table_type = 'BASE TABLE' AND engine IS NOT NULL
            AND engine <> 'InnoDB'
    """,
    unit=Unit.LEVEL,
    critical=None,
    why="{object} is a {detail} table: a backup holds it at another moment, and nothing that is"
    " written to it is rolled back.",
    action="ALTER TABLE {object} ENGINE=InnoDB, at a quiet time: it copies the table.",
)
FREE_DISK = Check(
    name="free-disk",
    # The server tells with MariaDB's plugin DISKS alone.
    sql="""
        SELECT d.path, 102400.0 * d.available / greatest(16000000, (
            SELECT coalesce(sum(data_length + index_length), 0) FROM information_schema.tables
            WHERE table_schema = database()))
        FROM information_schema.disks d WHERE locate(d.path, @@datadir) = 1
        ORDER BY length(d.path) DESC LIMIT 1
    """,
    unit=Unit.PERCENT,
    low_is_bad=True,
    warning=300,
    critical=100,
    why="The room left on {object}, as a share of the database; a change that copies a table and a"
    " restored copy each need theirs.",
    action="Make room before a deployment.",
)
SIZE = Check(
    name="size",
    sql="""
        SELECT '', coalesce(sum(data_length + index_length), 0) FROM information_schema.tables
        WHERE table_schema = database()
    """,
    unit=Unit.BYTES,
    warning=None,
    critical=None,
    why="The database is over the size that the configuration names.",
    action="Look at the biggest tables, and at the room for a backup and a restored copy.",
)
