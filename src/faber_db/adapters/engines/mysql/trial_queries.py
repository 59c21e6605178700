"""Queries of the running application, prepared again and again: which of them still mean something."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from faber_db.adapters.engines.mysql.connect import rows
from faber_db.adapters.engines.mysql.faults import errno, words
from faber_db.sql.script import Statement

if TYPE_CHECKING:
    from faber_db.adapters.engines.mysql.connect import Connection

_NAME = "faber_db_trial"


class Queries:
    """Those that can be prepared at first, and which statement broke which.

    Preparing runs nothing: the server parses a query and looks its names up.

    Args:
        connection: of the trial.
        queries: parameters written as `?`.
    """

    def __init__(self, connection: "Connection", queries: Sequence[str]) -> None:
        self._connection = connection
        self._queries = queries
        failing = self.failing(range(len(queries)))
        self._working = [n for n in range(len(queries)) if n not in failing]
        self.broken: dict[int, tuple[int, str]] = {}  # by query: position of the statement, error

    def after(self, position: int, statement: Statement) -> None:
        """Look again behind a statement; a query that works again was never broken."""
        if not self._working:
            return
        failing = self.failing(self._working)
        self.broken = {
            query: self.broken.get(query, (position, error)) for query, error in failing.items()
        }

    def failing(self, queries: Iterable[int]) -> dict[int, str]:
        """Why each cannot be prepared now; those that can are left out."""
        found = {number: self._prepare(self._queries[number]) for number in queries}
        return {number: error for number, error in found.items() if error}

    def _prepare(self, query: str) -> str:
        import pymysql

        try:
            rows(self._connection, f"PREPARE {_NAME} FROM %s", (query,))
            rows(self._connection, f"DEALLOCATE PREPARE {_NAME}")
        except pymysql.err.Error as error:
            return f"{errno(error)}: {words(error)}"
        return ""
