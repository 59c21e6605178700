"""A migration as text for the server's own client: what runs, with what the ledger has to hold."""

from faber_db.model.dialect import Dialect
from faber_db.services.ports import Bound
from faber_db.sql.mysql_transactions import MYSQL

_BEGIN = {Dialect.POSTGRESQL: "BEGIN;", Dialect.SQLITE: "BEGIN IMMEDIATE;"}
_BEGIN |= dict.fromkeys(MYSQL, "START TRANSACTION;")


def in_one(dialect: Dialect, text: str, ledger: str) -> str:
    """Script and ledger row in one transaction: both, or neither."""
    return "\n".join([_BEGIN[dialect], ended(text), f"{ledger};", "COMMIT;"])


def then(text: str, ledger: str) -> str:
    """The script, and after it the ledger's row."""
    return f"{ended(text)}\n{ledger};"


def one_by_one(before: str, text: str, after: str) -> str:
    """For a script that cannot be one: its row is there, unfinished, while it runs."""
    return "\n".join([f"{before};", ended(text), f"{after};"])


def ended(text: str) -> str:
    """The script as it is, its last statement ended; a comment may stand on its last line."""
    text = text.rstrip()
    return text if text.endswith(";") else f"{text}\n;"


def literal(dialect: Dialect, text: str) -> str:
    """A string for SQL; a backslash means itself everywhere but on MySQL and MariaDB."""
    if dialect in MYSQL:
        text = text.replace("\\", "\\\\")
    return "'" + text.replace("'", "''") + "'"


def made_once(create_table: str) -> str:
    """`CREATE TABLE` that does nothing where there is one."""
    return create_table.replace("CREATE TABLE ", "CREATE TABLE IF NOT EXISTS ", 1) + ";"


def spelled(dialect: Dialect, bound: Bound) -> str:
    """A statement of ours with its parameters written out."""
    values = [
        literal(dialect, value)
        if isinstance(value, str)
        else "NULL"
        if value is None
        else str(value).upper()
        for value in bound.parameters
    ]
    return bound.sql % tuple(values) if values else bound.sql
