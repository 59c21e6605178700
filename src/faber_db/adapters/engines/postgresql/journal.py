"""A journal of what a script has done that is not one transaction.

It is the table `faber_db.journal`, there from before the first statement of such a script until the
run has ended well. Tools of migration do not look into that schema.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from faber_db.adapters.engines.postgresql import evidence
from faber_db.adapters.engines.steps import (
    BEGUN,
    DONE,
    FAILED,
    INTENT,
    Step,
    Told,
    lines_of,
    of_one_moment,
    set_again,
    sha256_of,
    steps_done,
    told,
)
from faber_db.adapters.engines.stretches import Stretch

if TYPE_CHECKING:
    from faber_db.adapters.engines.postgresql.connect import Connection

_THERE = (
    "SELECT EXISTS (SELECT FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n"
    " ON n.oid = c.relnamespace WHERE n.nspname = 'faber_db' AND c.relname = 'journal')"
)
_SCHEMA = "SELECT EXISTS (SELECT FROM pg_catalog.pg_namespace WHERE nspname = 'faber_db')"
_EMPTY = (
    "SELECT NOT EXISTS (SELECT FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n"
    " ON n.oid = c.relnamespace WHERE n.nspname = 'faber_db')"
)
_CREATE = """
    CREATE TABLE faber_db.journal (
        number integer PRIMARY KEY,
        name text NOT NULL,
        lines text NOT NULL,
        state text NOT NULL,
        sha256 text NOT NULL,
        looked text NOT NULL,
        remains text NOT NULL
    )
"""
_WRITE = (
    "INSERT INTO faber_db.journal (number, name, lines, state, sha256, looked, remains)"
    " VALUES (%s, %s, %s, %s, %s, %s, %s) ON CONFLICT (number)"
    " DO UPDATE SET state = excluded.state, remains = excluded.remains"
)
_SELECT = (
    "SELECT number, name, lines, state, sha256, looked, remains FROM faber_db.journal"
    " ORDER BY number"
)


class Journal:
    """The journal of one run.

    Args:
        connection: of the session.
        as_before: puts the session's settings back for the transaction that is open; a script may
            have taken on a role that must not write here.
        name: of the migration.
    """

    def __init__(self, connection: "Connection", as_before: Callable[[], None], name: str) -> None:
        self._connection = connection
        self._as_before = as_before
        self._name = name
        self._number = 0

    def begin(self) -> None:
        """Start anew."""
        with self._connection.transaction():
            self._as_before()
            if not _asked(self._connection, _SCHEMA):
                self._connection.execute("CREATE SCHEMA faber_db")
            if not _asked(self._connection, _THERE):
                self._connection.execute(_CREATE)
            self._connection.execute("DELETE FROM faber_db.journal")
            self._connection.execute(_WRITE, (0, self._name, "", BEGUN, "", "", ""))

    def go_on(self, stretches: Sequence[Stretch]) -> tuple[int, Stretch, frozenset[object]]:
        """Where an earlier run has stopped.

        Returns:
            How many steps are done, the statements that have to be set again for this session, and
            the oids of invalid indexes that the run left.

        Raises:
            ResumeUnsafe: it is not known.
        """
        found = rows(self._connection)
        done = steps_done(self._name, stretches, found, self._look)
        self._number = len(done)
        left = (evidence.left_of_build(self._connection, s) for s in found if s.state != BEGUN)
        return len(done), Stretch(set_again(done)), frozenset().union(*left)

    def intent(self, stretch: Stretch) -> None:
        """Before a step that stands alone; outside any transaction."""
        self._number += 1
        looked = evidence.before(self._connection, stretch.statements[0])
        with self._connection.transaction():
            self._as_before()
            self._write(stretch, INTENT, looked)

    def checkpoint(self) -> str:
        """Of the step under way, as it is kept."""
        found = [step.looked for step in rows(self._connection) if step.number == self._number]
        return found[0] if found else ""

    def keep_checkpoint(self, looked: str) -> None:
        """Within the transaction of a batch."""
        self._as_before()
        self._connection.execute(
            "UPDATE faber_db.journal SET looked = %s WHERE number = %s", (looked, self._number)
        )

    def expect(self) -> None:
        """Before a step that is a transaction: nothing is written, since nothing stays of it."""
        self._number += 1

    def done(self, stretch: Stretch) -> None:
        """After a step; in its transaction where it is one."""
        with self._connection.transaction():
            self._as_before()
            self._write(stretch, DONE)

    def failed(self, stretch: Stretch, remains: str) -> None:
        """After a step that failed: what is left of it, empty for nothing."""
        with self._connection.transaction():
            self._as_before()
            self._write(stretch, FAILED, remains=remains)

    def clear(self) -> None:
        """The ledger says it, or nothing is left; in the ledger's transaction where one is open."""
        self._connection.execute("DELETE FROM faber_db.journal")

    def _look(self, step: Step) -> Told:
        return evidence.after(self._connection, step)

    def _write(self, stretch: Stretch, state: str, looked: str = "", remains: str = "") -> None:
        values = (lines_of(stretch), state, sha256_of(stretch), looked, remains)
        self._connection.execute(_WRITE, (self._number, self._name, *values))


def rows(connection: "Connection") -> list[Step]:
    """The journal, in order; empty where there is none."""
    import psycopg

    if not _asked(connection, _THERE):
        return []
    try:
        found = connection.execute(_SELECT).fetchall()
    except psycopg.errors.UndefinedTable:  # taken away since
        return []
    return [Step(int(str(number)), *(str(value) for value in values)) for number, *values in found]


def read(connection: "Connection", *, at_work: Callable[[], bool]) -> Mapping[str, str]:
    """What the last run that did not end well has left, in words, by the name of its migration."""
    found, goes_on = of_one_moment(lambda: rows(connection), at_work)
    return told(found, lambda step: evidence.after(connection, step), at_work=goes_on)


def forget(connection: "Connection", name: str) -> None:
    """Take what is told of one migration out; the ledger says what became of it."""
    if any(step.name == name for step in rows(connection)):
        connection.execute("DELETE FROM faber_db.journal WHERE name = %s", (name,))


def remove(connection: "Connection") -> None:
    """Take the table away unless it tells of something, and the schema if nothing else is in it."""
    if not _asked(connection, _THERE) or rows(connection):
        return
    with connection.transaction():
        connection.execute("DROP TABLE faber_db.journal")
        if _asked(connection, _EMPTY):
            connection.execute("DROP SCHEMA faber_db")


def _asked(connection: "Connection", sql: str) -> bool:
    row = connection.execute(sql.encode()).fetchone()
    return bool(row and row[0])
