"""A journal of what a script has done, since a definition cannot be rolled back.

It is a table in the database itself, there from before the first statement that commits by itself
until the run has ended well. An intent is written before each step and its outcome after it; the
outcome of a transaction stands in that transaction. After a crash it tells which statements are in
the database, and the catalogue tells of the one that was under way.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from faber_db.adapters.engines.batches import Checkpoint
from faber_db.adapters.engines.mysql import evidence
from faber_db.adapters.engines.mysql.connect import rows
from faber_db.adapters.engines.mysql.faults import is_gone
from faber_db.adapters.engines.steps import (
    Step,
    Told,
    lines_of,
    of_one_moment,
    sha256_of,
    steps_done,
)
from faber_db.adapters.engines.stretches import Stretch

if TYPE_CHECKING:
    from faber_db.adapters.engines.mysql.connect import Connection

TABLE = "_faber_db_journal"
_THERE = (
    "SELECT 1 FROM information_schema.tables"
    " WHERE table_schema = database() AND table_name = '_faber_db_journal'"
)
_CREATE = """
    CREATE OR REPLACE TABLE _faber_db_journal (
        number integer PRIMARY KEY,
        name varchar(255) NOT NULL,
        `lines` text NOT NULL,
        state varchar(8) NOT NULL,
        names mediumtext NOT NULL,
        digest char(64) NOT NULL,
        remains text NOT NULL,
        sha256 char(64) NOT NULL
    ) ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4 COLLATE utf8mb4_bin
"""
_SELECT = (
    "SELECT name, `lines`, state, names, digest, remains FROM _faber_db_journal ORDER BY number"
)


class Journal:
    """The journal of one session; empty but for the run that is under way, or failed last."""

    def __init__(self, connection: "Connection") -> None:
        self._connection = connection
        self._name = ""
        self._number = 0

    def begin(self, name: str) -> None:
        """Start anew for a migration."""
        rows(self._connection, _CREATE)
        self._name, self._number = name, 0

    def go_on(self, name: str, stretches: Sequence[Stretch]) -> tuple[Stretch, ...]:
        """The steps of a script that an earlier run has put into the database.

        Raises:
            ResumeUnsafe: it is not known, or the script is another than the one that was begun.
        """
        self._name = name
        by_lines = {lines_of(stretch): stretch for stretch in stretches}
        found = _steps(self._connection)

        def look(step: Step) -> Told:
            stretch = by_lines.get(step.lines)
            return evidence.fate(self._connection, step.looked, stretch)

        done = steps_done(name, stretches, found, look)
        self._number = len(done)
        return done

    def intent(self, stretch: Stretch, names: tuple[str, ...] = (), digest: str = "") -> None:
        """Before a step: what it is, and for a definition what the catalogue said then."""
        self._number += 1
        looked = Checkpoint().written() if stretch.statements[0].batch else json.dumps(names)
        values = (self._number, self._name, lines_of(stretch), looked, digest)
        rows(
            self._connection,
            "INSERT INTO _faber_db_journal"
            " (number, name, `lines`, state, names, digest, remains, sha256)"
            " VALUES (%s, %s, %s, 'intent', %s, %s, '', %s) ON DUPLICATE KEY UPDATE"
            " state = 'intent', remains = '', digest = VALUES(digest),"
            " names = IF(names LIKE '{%%', names, VALUES(names))",  # a checkpoint stays
            (*values, sha256_of(stretch)),
        )

    def checkpoint(self) -> str:
        """Of the step under way, as it is kept."""
        found = rows(
            self._connection,
            "SELECT names FROM _faber_db_journal WHERE number = %s",
            (self._number,),
        )
        return str(found[0][0]) if found else ""

    def keep_checkpoint(self, looked: str) -> None:
        """Within the transaction of a batch."""
        rows(
            self._connection,
            "UPDATE _faber_db_journal SET names = %s WHERE number = %s",
            (looked, self._number),
        )

    def done(self) -> None:
        """After a step; in its transaction where it is one."""
        self._outcome("done", "")

    def failed(self, remains: str) -> None:
        """After a step that failed: what is left of it, empty for nothing."""
        self._outcome("failed", remains)

    def end(self) -> None:
        """The run has ended well, and its ledger row says so."""
        rows(self._connection, "DELETE FROM _faber_db_journal")

    def remove(self) -> None:
        """Take the table away unless it tells of something."""
        if rows(self._connection, _THERE) and not rows(self._connection, _SELECT + " LIMIT 1"):
            rows(self._connection, "DROP TABLE _faber_db_journal")

    def _outcome(self, state: str, remains: str) -> None:
        rows(
            self._connection,
            "UPDATE _faber_db_journal SET state = %s, remains = %s WHERE number = %s",
            (state, remains, self._number),
        )


def read(connection: "Connection", *, at_work: Callable[[], bool]) -> Mapping[str, str]:
    """What the last run that did not end well has left, in words, by the name of its migration.

    Args:
        connection: only reads.
        at_work: whether another session holds the deployment lock, so that no run was cut off.
    """
    said: dict[str, list[str]] = {}
    found, goes_on = of_one_moment(lambda: _kept(connection, _SELECT), at_work)
    for name, lines, state, names, digest, remains in found:
        step = f"line {lines}" if "," not in str(lines) else f"lines {lines}"
        checkpoint = str(names).startswith("{")
        looked = ((str(names),) if checkpoint else tuple(json.loads(str(names))), str(digest))
        words = _words(connection, str(state), str(remains), looked, at_work=goes_on)
        said.setdefault(str(name), []).append(f"{step} {words}")
    return {name: "; ".join(words) for name, words in said.items()}


def forget(connection: "Connection", name: str) -> None:
    """Take what is told of one migration out; the ledger says what became of it."""
    if rows(connection, _THERE):
        rows(connection, "DELETE FROM _faber_db_journal WHERE name = %s", (name,))


def _words(
    connection: "Connection",
    state: str,
    remains: str,
    looked: tuple[tuple[str, ...], str],
    *,
    at_work: bool,
) -> str:
    names, digest = looked
    if state == "done":
        return "is in the database"
    if state == "failed":
        return f"failed, and left {remains}" if remains else "failed, and left nothing"
    if at_work:
        return "is under way, or its session has not ended yet"
    if names and names[0].startswith("{"):
        return f"was under way in batches; {Checkpoint.read(names[0]).rows} rows are done"
    if not digest:
        return "was under way in a transaction, which was rolled back"
    if evidence.look(connection, names) == digest:
        return "was under way, and the catalogue is as it was before it"
    return "was under way, and the catalogue shows a change since: it is in the database"


def _steps(connection: "Connection") -> list[Step]:
    sql = "SELECT number, name, `lines`, state, sha256, digest, remains FROM _faber_db_journal"
    found = _kept(connection, sql + " ORDER BY number")
    return [Step(int(str(number)), *(str(value) for value in values)) for number, *values in found]


def _kept(connection: "Connection", sql: str) -> list[tuple[object, ...]]:
    """What a query finds in the table; nothing where there is none."""
    import pymysql

    if not rows(connection, _THERE):
        return []
    try:
        return rows(connection, sql)
    except pymysql.err.ProgrammingError as error:
        if not is_gone(error):
            raise
        return []  # taken away since, by a deployment that ended well
