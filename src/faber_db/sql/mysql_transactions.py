"""MySQL and MariaDB: which statements a transaction holds, and which commit it by themselves."""

from faber_db.model.dialect import Dialect
from faber_db.sql.lexer import significant
from faber_db.sql.script import Statement

MYSQL = (Dialect.MYSQL, Dialect.MARIADB)

_ROWS = {"SELECT", "INSERT", "UPDATE", "DELETE", "REPLACE", "WITH", "VALUES", "TABLE"}
_QUIET = {"DO", "EXPLAIN", "SHOW", "DESCRIBE", "DESC", "SAVEPOINT", "RELEASE", "ROLLBACK"}
_HELD = _ROWS | _QUIET


def words_of(statement: Statement, most: int = 6) -> list[str]:
    """The first words in upper case; brackets and the head of a version comment are skipped."""
    found: list[str] = []
    for token in significant(statement.text, statement.dialect):
        if token.kind != "symbol":
            found.append(statement.text[token.start : token.end].upper())
        if len(found) == most:
            break
    return found


def commits_itself(statement: Statement) -> bool:
    """Whether it ends the transaction that is open, or may: every definition does.

    Only what is known to be held by a transaction is not; a procedure may do anything.
    """
    if statement.dialect not in MYSQL:
        return False
    first, second, *_ = [*words_of(statement), "", ""]
    if first == "SET":
        return second in ("PASSWORD", "STATEMENT")
    return first != "" and first not in _HELD


def changes_nothing(statement: Statement) -> bool:
    """Whether it sets variables of the session to plain values, and does nothing else."""
    return words_of(statement, 1) in ([], ["SET"]) and "(" not in statement.text
