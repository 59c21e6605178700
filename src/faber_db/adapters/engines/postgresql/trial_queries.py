"""Queries of the running application, prepared again and again: which of them still mean something."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from psycopg.pq import DiagnosticField, ExecStatus, TransactionStatus

from faber_db.adapters.engines.stretches import first_words
from faber_db.sql.script import Statement

if TYPE_CHECKING:
    from faber_db.adapters.engines.postgresql.connect import Connection

_CANNOT_BREAK = (
    "INSERT", "UPDATE", "DELETE", "MERGE", "COPY", "COMMENT", "ANALYZE", "VACUUM", "REINDEX",
    "SET", "SHOW", "SAVEPOINT",
)  # fmt: skip


class Queries:
    """Those that can be prepared at first, and which statement broke which.

    Preparing runs nothing: the server parses a query and looks its names and types up. It is done
    by the protocol's own message, in a transaction or savepoint that is rolled back, since even
    that takes locks.

    Args:
        connection: of the trial.
        queries: parameters written as `$1`.
    """

    def __init__(self, connection: "Connection", queries: Sequence[str]) -> None:
        self._connection = connection
        self._queries = queries
        self._path = _search_path(connection) if queries else ""
        failing = self.failing(range(len(queries)))
        self._working = [n for n in range(len(queries)) if n not in failing]
        self.broken: dict[int, tuple[int, str]] = {}  # by query: position of the statement, error

    def after(self, position: int, statement: Statement) -> None:
        """Look again behind a statement; a query that works again was never broken."""
        if not self._working or first_words(statement.text)[0] in _CANNOT_BREAK:
            return
        failing = self.failing(self._working)
        self.broken = {
            query: self.broken.get(query, (position, error)) for query, error in failing.items()
        }

    def failing(self, queries: Iterable[int]) -> dict[int, str]:
        """Why each cannot be prepared now; those that can are left out."""
        found: dict[int, str] = {}
        idle = self._connection.info.transaction_status == TransactionStatus.IDLE
        opened = False
        for number in queries:
            if not opened:
                self._open(idle=idle)
                opened = True
            error = self._prepare(self._queries[number])
            if error:
                found[number] = error
                self._close(idle=idle)
                opened = False
        if opened:
            self._close(idle=idle)
        return found

    def _prepare(self, query: str) -> str:
        if "\0" in query:
            return "a query holds no NUL"
        result = self._connection.pgconn.prepare(b"", query.encode())
        if result.status == ExecStatus.COMMAND_OK:
            return ""
        state = (result.error_field(DiagnosticField.SQLSTATE) or b"").decode()
        message = (result.error_field(DiagnosticField.MESSAGE_PRIMARY) or b"").decode()
        return f"{state}: {message}"

    def _open(self, *, idle: bool) -> None:
        self._connection.execute("BEGIN" if idle else "SAVEPOINT faber_db_trial")
        self._connection.execute("SELECT set_config('search_path', %s, true)", (self._path,))

    def _close(self, *, idle: bool) -> None:
        if idle:
            self._connection.execute("ROLLBACK")
        else:
            self._connection.execute("ROLLBACK TO SAVEPOINT faber_db_trial")
            self._connection.execute("RELEASE SAVEPOINT faber_db_trial")


def _search_path(connection: "Connection") -> str:
    row = connection.execute("SELECT current_setting('search_path')").fetchone()
    return str(row[0]) if row else ""
