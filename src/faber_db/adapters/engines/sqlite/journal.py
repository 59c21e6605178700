"""A journal of what a script has done that is not one transaction.

It is the table `_faber_db_journal`, there from before the first statement of such a script until
the run has ended well.
"""

import sqlite3
from collections.abc import Callable, Mapping, Sequence

from faber_db.adapters.engines.batches import Checkpoint
from faber_db.adapters.engines.steps import (
    BEGUN,
    DONE,
    FAILED,
    INTENT,
    Fate,
    Step,
    Told,
    lines_of,
    of_one_moment,
    set_again,
    sha256_of,
    steps_done,
    told,
)
from faber_db.adapters.engines.stretches import Stretch, first_words

TABLE = "_faber_db_journal"
_CREATE = """
    CREATE TABLE IF NOT EXISTS _faber_db_journal (
        number INTEGER PRIMARY KEY NOT NULL,
        name TEXT NOT NULL,
        lines TEXT NOT NULL,
        state TEXT NOT NULL,
        sha256 TEXT NOT NULL,
        looked TEXT NOT NULL,
        remains TEXT NOT NULL
    )
"""
_WRITE = (
    "INSERT INTO _faber_db_journal (number, name, lines, state, sha256, looked, remains)"
    " VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (number)"
    " DO UPDATE SET state = excluded.state, remains = excluded.remains"
)
_SELECT = (
    "SELECT number, name, lines, state, sha256, looked, remains FROM _faber_db_journal"
    " ORDER BY number"
)
_AGAIN = ("VACUUM", "PRAGMA", "REINDEX", "ANALYZE")  # all or nothing, and twice is as once


class Journal:
    """The journal of one run, for one migration by name."""

    def __init__(self, connection: sqlite3.Connection, name: str) -> None:
        self._connection = connection
        self._name = name
        self._number = 0

    def begin(self) -> None:
        """Start anew."""
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            self._connection.execute(_CREATE)
            self._connection.execute("DELETE FROM _faber_db_journal")
            self._connection.execute(_WRITE, (0, self._name, "", BEGUN, "", "", ""))
            self._connection.execute("COMMIT")
        except BaseException:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise

    def go_on(self, stretches: Sequence[Stretch]) -> tuple[int, Stretch]:
        """How many steps are done, and the statements to be set again for this connection.

        Raises:
            ResumeUnsafe: it is not known.
        """
        done = steps_done(self._name, stretches, rows(self._connection), _look)
        self._number = len(done)
        return len(done), Stretch(set_again(done))

    def next_step(self, stretch: Stretch) -> None:
        """Before a step; of a transaction nothing is written, since nothing stays of it."""
        self._number += 1
        if stretch.alone and stretch.statements[0].batch:
            self._write(stretch, INTENT, Checkpoint().written())
        elif stretch.alone:
            word = first_words(stretch.statements[0].text)[0]
            self._write(stretch, INTENT, "again" if word in _AGAIN else "unknown")

    def checkpoint(self) -> str:
        """Of the step under way, as it is kept."""
        found = [step.looked for step in rows(self._connection) if step.number == self._number]
        return found[0] if found else ""

    def keep_checkpoint(self, looked: str) -> None:
        """Within the transaction of a batch."""
        self._connection.execute(
            "UPDATE _faber_db_journal SET looked = ? WHERE number = ?", (looked, self._number)
        )

    def done(self, stretch: Stretch) -> None:
        """After a step; in its transaction where it is one."""
        self._write(stretch, DONE)

    def failed(self, stretch: Stretch) -> None:
        """After a step that failed and was rolled back, as every statement is but for batches."""
        batches = stretch.alone and stretch.statements[0].batch
        rows_done = Checkpoint.read(self.checkpoint()).rows if batches else 0
        remains = f"{rows_done} rows of its first batches" if rows_done else ""
        self._write(stretch, FAILED, remains=remains)

    def clear(self) -> None:
        """The ledger says it, or nothing is left; in the ledger's transaction where one is open."""
        self._connection.execute("DELETE FROM _faber_db_journal")

    def _write(self, stretch: Stretch, state: str, looked: str = "", remains: str = "") -> None:
        values = (lines_of(stretch), state, sha256_of(stretch), looked, remains)
        self._connection.execute(_WRITE, (self._number, self._name, *values))


def rows(connection: sqlite3.Connection) -> list[Step]:
    """The journal, in order; empty where there is none."""
    if not _is_there(connection):
        return []
    try:
        found = connection.execute(_SELECT).fetchall()
    except sqlite3.OperationalError:
        if _is_there(connection):
            raise
        return []  # taken away since
    return [Step(*row) for row in found]


def read(connection: sqlite3.Connection, *, at_work: Callable[[], bool]) -> Mapping[str, str]:
    """What the last run that did not end well has left, in words, by the name of its migration."""
    found, goes_on = of_one_moment(lambda: rows(connection), at_work)
    return told(found, _look, at_work=goes_on)


def forget(connection: sqlite3.Connection, name: str) -> None:
    """Take what is told of one migration out; the ledger says what became of it."""
    if any(step.name == name for step in rows(connection)):
        connection.execute("DELETE FROM _faber_db_journal WHERE name = ?", (name,))


def remove(connection: sqlite3.Connection) -> None:
    """Take the table away unless it tells of something."""
    if _is_there(connection) and not rows(connection):
        connection.execute("DROP TABLE _faber_db_journal")


def _look(step: Step) -> Told:
    if not step.looked:
        return Told(Fate.NOTHING, "was under way in a transaction, which was rolled back")
    if step.looked.startswith("{"):
        done = Checkpoint.read(step.looked).rows
        return Told(Fate.NOTHING, f"was under way in batches; {done} rows are done", left=done > 0)
    if step.looked == "again":
        return Told(Fate.NOTHING, "was under way; it may be run again")
    return Told(Fate.UNKNOWN, "was under way; what it did is not known")


def _is_there(connection: sqlite3.Connection) -> bool:
    sql = "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?"
    return connection.execute(sql, (TABLE,)).fetchone() is not None
