"""The variables of a session that a script may change, and what it may not change."""

import re
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING

from faber_db.adapters.engines.mysql.connect import (
    Server,
    in_transaction,
    limits_of,
    refuse_other_reading,
    rows,
)
from faber_db.errors import NotSupported
from faber_db.services.ports import Limits
from faber_db.sql.lexer import NUMBER, significant
from faber_db.sql.mysql_transactions import words_of
from faber_db.sql.script import Script, Statement

if TYPE_CHECKING:
    from faber_db.adapters.engines.mysql.connect import Connection

_PUT_BACK = (
    "sql_mode",
    "time_zone",
    "character_set_client",
    "character_set_connection",
    "character_set_results",
    "collation_connection",
    "default_storage_engine",
    "foreign_key_checks",
    "unique_checks",
    "check_constraint_checks",
    "alter_algorithm",
    "tx_isolation",
)
_LIMITS = re.compile(r"lock_wait_timeout|max_statement_time|max_execution_time", re.I)
_CHARSETS = ("utf8mb4", "utf8mb3", "utf8")
_STATE = (
    "SELECT database(), @@autocommit, @@completion_type, @@sql_mode, @@character_set_client,"
    " coalesce(is_used_lock(%s) = connection_id(), 0)"
)
_REFUSED = {
    ("LOCK",): "LOCK TABLES shuts the ledger out",
    ("UNLOCK",): "UNLOCK TABLES belongs to a LOCK TABLES, which shuts the ledger out",
    ("XA",): "a distributed transaction cannot be followed",
    ("USE",): "USE leaves the database",
    ("SET", "STATEMENT"): "SET STATEMENT may lift the limits of one statement",
}


def refuse(script: Script, limits: Limits) -> tuple[Statement, str] | None:
    """The first statement that may not run at all, with the reason; before anything has run."""
    for statement in script.statements:
        words = words_of(statement, 2)
        for head, why in _REFUSED.items():
            if tuple(words[: len(head)]) == head:
                return statement, why
        if words[:1] == ["SET"] and re.search(r"autocommit|completion_type", statement.text, re.I):
            return statement, "it changes how transactions end"
        if words[:2] == ["BEGIN", "NOT"] and _LIMITS.search(statement.text):
            return statement, "a block sets limits that hold while it runs"
        if _waits(statement) > limits.lock_timeout.total_seconds():
            return statement, "its WAIT is longer than `lock_timeout`"
    return None


def _waits(statement: Statement) -> float:
    """The seconds of MariaDB's `ALTER TABLE t WAIT n`; 0 where there is none."""
    found = list(significant(statement.text, statement.dialect))[:40]
    for one, other in pairwise(found):
        if statement.text[one.start : one.end].upper() == "WAIT" and other.kind == NUMBER:
            return float(statement.text[other.start : other.end])
    return 0.0


class Variables:
    """Looks after the variables of a session while a script runs in it.

    Args:
        connection: of the session.
        server: its product.
        limits: no statement of the script may lift them.
        lock: the name of the deployment lock that the session holds; empty where it holds none.
    """

    def __init__(self, connection: "Connection", server: Server, limits: Limits, lock: str) -> None:
        self._connection = connection
        self._limits = limits_of(server, limits)
        self._lock = lock
        ((self._database,),) = rows(connection, "SELECT database()")
        self._before = self._read()

    def require(self, *, open_: bool) -> None:
        """Before each statement: the lock is held, and the server reads and runs it as we think.

        Raises:
            NotSupported: an earlier statement of the script has changed that.
        """
        ((database, autocommit, completion, mode, charset, held),) = rows(
            self._connection, _STATE, (self._lock,)
        )
        refuse_other_reading(str(mode))
        if database != self._database:
            raise NotSupported(f"the script has left the database {self._database}")
        if str(charset) not in _CHARSETS:
            raise NotSupported(f"the script has set the character set of statements to {charset}")
        if not autocommit or str(completion) != "NO_CHAIN":
            raise NotSupported("the script has changed how transactions end")
        if self._lock and not held:
            raise NotSupported("the deployment lock of this session is gone")
        if open_ != in_transaction(self._connection):
            raise NotSupported("the script has ended the transaction that it runs in")

    def tighten(self, statement: Statement) -> None:
        """A script may set a limit lower than ours, never higher and never off."""
        if not _LIMITS.search(statement.text):
            return
        names = ", ".join(f"@@SESSION.{name}" for name in self._limits)
        (found,) = rows(self._connection, f"SELECT {names}")
        for (name, ours), value in zip(self._limits.items(), found, strict=True):
            if not 0 < float(str(value)) <= ours:
                rows(self._connection, f"SET SESSION {name} = {ours:d}")

    def put_back(self) -> None:
        """As the session began, the limits too."""
        now = self._read()
        changed = {name: value for name, value in self._before.items() if now.get(name) != value}
        wanted = {**changed, **self._limits}
        parts = ", ".join(f"SESSION {name} = %s" for name in wanted)
        rows(self._connection, f"SET {parts}", tuple(wanted.values()))

    def _read(self) -> Mapping[str, object]:
        found = rows(
            self._connection,
            f"SHOW SESSION VARIABLES WHERE variable_name IN ({_quoted(_PUT_BACK)})",
        )
        return {str(name): value for name, value in found}


def _quoted(names: Sequence[str]) -> str:
    return ", ".join(f"'{name}'" for name in names)
