"""Run a script on PostgreSQL as a migration runner would, and look at locks and work after each statement."""

import contextlib
import threading
import time
from dataclasses import dataclass, field

import postgast
import psycopg
from psycopg import sql
from psycopg.pq import TransactionStatus

from tests.safety.cases import Case
from tests.safety.postgresql_losses import Connection, Tables, regclass

_STRONG = ("ShareLock", "ShareRowExclusiveLock", "ExclusiveLock", "AccessExclusiveLock")
_SCANNED = 500  # rows read from which on it is work: a quarter of a table
_WRITTEN = 100
_NOT_IN_TRANSACTION = ("25001", "2D000", "0A000")
_OWN = "n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'"
_LOCKS = """
    SELECT relation::int, mode FROM pg_locks WHERE pid = %s AND locktype = 'relation'
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"""
_WORK = """
    SELECT relid::int, schemaname || '.' || relname,
        seq_tup_read + coalesce(idx_tup_fetch, 0), n_tup_ins + n_tup_upd + n_tup_del
    FROM pg_stat_xact_all_tables WHERE schemaname !~ '^pg_' AND schemaname <> 'information_schema'"""


@dataclass
class Run:
    """What the script did, statement by statement."""

    error: str = ""
    locks: dict[str, set[str]] = field(default_factory=dict)
    rewritten: set[str] = field(default_factory=set)
    worked: set[str] = field(default_factory=set)
    blocked: dict[str, str] = field(
        default_factory=dict
    )  # table: the lock under which work was done


class Runner:
    """Executes a script as a migration runner would, and looks after each statement."""

    def __init__(self, connection: Connection, other: Connection, before: Tables) -> None:
        self._connection = connection
        self._other = other
        self._before = before
        self._work: dict[int, tuple[int, int]] = {}
        self._files = before.files
        self._run = Run()

    def run(self, case: Case) -> Run:
        try:
            if case.wrap:
                self._connection.execute("BEGIN")
            for statement in _statements(case.sql):
                self._one(statement)
            if self._in_transaction:
                self._connection.execute("COMMIT")
        except psycopg.Error as error:
            self._run.error = error.sqlstate or "error"
            with contextlib.suppress(psycopg.Error):
                self._connection.execute("ROLLBACK")
        return self._run

    @property
    def _in_transaction(self) -> bool:
        return self._connection.info.transaction_status is not TransactionStatus.IDLE

    def _mark(self) -> None:
        """Where the counters stand; what earlier transactions did may still be in them."""
        self._work = {
            int(oid): (int(read), int(written))
            for oid, _, read, written in self._connection.execute(_WORK).fetchall()
        }

    def _one(self, statement: str) -> None:
        if self._in_transaction:
            self._mark()
        if self._in_transaction or statement.split()[0].upper().rstrip(";") in ("BEGIN", "START"):
            self._connection.execute(statement.encode())
            if self._in_transaction:
                self._look()
            return
        self._connection.execute("BEGIN")
        try:
            self._mark()
            self._connection.execute(statement.encode())
            self._look()
            self._connection.execute("COMMIT")
        except psycopg.Error as error:
            self._connection.execute("ROLLBACK")
            if error.sqlstate not in _NOT_IN_TRANSACTION:
                raise
            self._alone(statement)

    def _look(self) -> None:
        """What is held and was done, by the statement that has just run."""
        pid = self._connection.info.backend_pid
        held = _locks(self._connection, pid)
        work = {
            int(oid): (str(name), int(read), int(written))
            for oid, name, read, written in self._connection.execute(_WORK).fetchall()
        }
        worked = {
            name
            for oid, (name, read, written) in work.items()
            if read - self._work.get(oid, (0, 0))[0] >= _SCANNED
            or written - self._work.get(oid, (0, 0))[1] >= _WRITTEN
        }
        self._note(held, worked)

    def _note(self, held: dict[int, set[str]], worked: set[str]) -> None:
        rewritten = self._rewritten()
        self._run.rewritten |= rewritten
        self._run.worked |= worked
        for oid, modes in held.items():
            if oid not in self._before.names:  # of the catalogue, or made by the script
                continue
            self._run.locks.setdefault(self._before.names[oid], set()).update(modes)
            made = oid in self._before.materialized  # nobody else writes to it
            strong = [
                mode for mode in _STRONG if mode in modes and (not made or mode == _STRONG[-1])
            ]
            if strong and oid in self._before.filled and (worked or rewritten):
                self._run.blocked[self._before.names[oid]] = strong[-1]

    def _rewritten(self) -> set[str]:
        """The tables whose file has changed since the last look and that still hold rows."""
        files = _files(self._connection)
        changed = {oid for oid, file in files.items() if self._files.get(oid, file) != file}
        self._files = files
        return {
            self._before.names[o] for o in changed if o in self._before.names and self._has_rows(o)
        }

    def _has_rows(self, oid: int) -> bool:
        query = sql.SQL("SELECT EXISTS (SELECT FROM {})").format(
            sql.SQL(regclass(self._connection, oid))
        )
        try:
            with self._connection.transaction():
                row = self._connection.execute(query).fetchone()
        except psycopg.errors.ObjectNotInPrerequisiteState:  # a materialised view without data
            return False
        return bool(row and row[0])

    def _alone(self, statement: str) -> None:
        """A statement that wants no transaction around it: held up by a writer, to read its locks."""
        pid = self._connection.info.backend_pid
        failed: list[psycopg.Error] = []

        def execute() -> None:
            try:
                self._connection.execute(statement.encode())
            except psycopg.Error as error:
                failed.append(error)

        before = _scans(self._other)
        held: dict[int, set[str]] = {}
        self._other.execute("BEGIN")
        for oid in self._before.names:
            with contextlib.suppress(psycopg.Error), self._other.transaction():
                table = sql.SQL(regclass(self._other, oid))
                self._other.execute(sql.SQL("LOCK TABLE {} IN ROW EXCLUSIVE MODE").format(table))
        thread = threading.Thread(target=execute)
        thread.start()
        while thread.is_alive():
            for oid, modes in _locks(self._other, pid).items():
                held.setdefault(oid, set()).update(modes)
            if _waits(self._other, pid):
                break
            time.sleep(0.01)
        for oid, modes in _locks(self._other, pid).items():
            held.setdefault(oid, set()).update(modes)
        self._other.execute("ROLLBACK")
        thread.join()
        if failed:
            raise failed[0]
        self._connection.execute("SELECT pg_stat_force_next_flush()")
        self._connection.execute("SELECT 1")
        after = _scans(self._other)
        worked = {n for n, read in after.items() if read - before.get(n, 0) >= _SCANNED}
        self._note(held, worked)


def _statements(text: str) -> list[str]:
    """One by one; a text that cannot be read goes to the server as it is."""
    try:
        return list(postgast.split(text))
    except postgast.PgQueryError:
        return [text]


def _waits(connection: Connection, pid: int) -> bool:
    row = connection.execute(
        "SELECT wait_event_type = 'Lock' FROM pg_stat_activity WHERE pid = %s", (pid,)
    ).fetchone()
    return bool(row and row[0])


def _scans(connection: Connection) -> dict[str, int]:
    rows = connection.execute(
        "SELECT schemaname || '.' || relname, seq_tup_read FROM pg_stat_user_tables"
    ).fetchall()
    return {str(name): int(read) for name, read in rows}


def _locks(connection: Connection, pid: int) -> dict[int, set[str]]:
    """The modes on each relation. Those on indexes stand by their own numbers, and no table has them."""
    found: dict[int, set[str]] = {}
    for oid, mode in connection.execute(_LOCKS, (pid,)).fetchall():
        found.setdefault(int(oid), set()).add(str(mode))
    return found


def _files(connection: Connection) -> dict[int, int]:
    rows = connection.execute(
        f"SELECT c.oid::int, c.relfilenode::bigint FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
        f" WHERE c.relkind IN ('r', 'm', 'p') AND {_OWN}".encode()
    ).fetchall()
    return {int(oid): int(file) for oid, file in rows}
