"""What a statement of a migration tool's session is: the migration's, the tool's own, or a question."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from enum import StrEnum

from faber_db.model.dialect import Dialect
from faber_db.model.statement import (
    Action,
    AddColumn,
    Calls,
    Copy,
    Create,
    CreateIndex,
    CreateTable,
    Delete,
    Drop,
    Harmless,
    Insert,
    Lock,
    Merge,
    Query,
    SetVariable,
    TableAction,
    Transaction,
    Truncate,
    Update,
    Uses,
)
from faber_db.sql.lexer import WORD, significant
from faber_db.sql.script import Statement


class Sort(StrEnum):
    """What becomes of a statement in a recording."""

    OUT = "out"  # the tool's own, or a question about the schema
    ROW = "row"  # writes rows of the ledger
    SETTING = "setting"  # of the session; recorded where a statement follows that is
    READ = "read"  # gives the program what the database holds
    KEEP = "keep"


@dataclass(frozen=True, slots=True)
class Part:
    """The verdict on one statement."""

    sort: Sort
    why: str = ""  # what makes it unrepeatable
    name: str = ""  # of a setting
    adds: bool = False  # a row of the ledger that was not there


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_CATALOGUES = ("pg_catalog.", "information_schema.", "mysql.", "performance_schema.", "sys.")
_CATALOGUE_NAMES = ("pg_", "sqlite_", "pragma_")
_ASKS = ("show", "explain", "describe", "use")
_CHANCE = _words(
    "random gen_random_uuid uuid_generate_v4 clock_timestamp timeofday statement_timestamp now"
    " transaction_timestamp pg_backend_pid txid_current pg_current_xact_id set_config rand uuid"
    " sysdate connection_id last_insert_id last_insert_rowid changes total_changes version database"
    " schema user current_user session_user found_rows row_count sqlite_version"
)
_LOCKS = (
    "pg_advisory",
    "pg_try_advisory",
    "get_lock",
    "release_lock",
    "is_free_lock",
    "is_used_lock",
)
_OUR_LIMITS = _words(
    "lock_timeout statement_timeout idle_in_transaction_session_timeout transaction_timeout"
    " application_name client_encoding client_min_messages extra_float_digits autocommit names"
    " lock_wait_timeout innodb_lock_wait_timeout max_statement_time wait_timeout busy_timeout"
    " standard_conforming_strings transaction isolation sql_auto_is_null tx_isolation"
    " transaction_isolation session_characteristics character_set_results net_write_timeout"
)
_PRAGMAS_THAT_ASK = _words(  # of what stands in their brackets
    "table_info table_xinfo table_list index_list index_info index_xinfo foreign_key_list"
    " foreign_key_check integrity_check quick_check database_list"
)
_ROWS = (Insert, Update, Delete, Merge)


def sort_of(statement: Statement, ledger: Collection[str]) -> Part:
    """What one statement is, by what it touches.

    Args:
        statement: one that does not begin or end a transaction.
        ledger: the tables of the tool.
    """
    actions = [a for a in statement.actions if not isinstance(a, Uses | Transaction)]
    tables = {name for action in actions for name in _tables(action)}
    mine = {name for name in tables if name in ledger}
    if mine and mine == tables:
        wrote = any(isinstance(a, _ROWS) for a in actions)
        if all(name.endswith("_lock") for name in mine) or not wrote:
            return Part(Sort.OUT)
        return Part(Sort.ROW, adds=any(isinstance(a, Insert) for a in actions))
    settings = [a for a in actions if isinstance(a, SetVariable)]
    if settings and not any(isinstance(a, TableAction) for a in actions):
        return _of_setting(settings)
    if actions and all(isinstance(a, Query | Calls | Harmless) for a in actions):
        return _of_question(statement, actions, mine)
    if mine:
        return Part(Sort.KEEP, f"it uses the tool's own table {min(mine)}")
    return Part(Sort.KEEP, _given_back(statement, actions))


def defines(statement: Statement) -> bool:
    """Whether it makes or changes a table, be it the tool's own."""
    return any(isinstance(a, TableAction | Drop) for a in statement.actions)


def _of_setting(settings: list[SetVariable]) -> Part:
    asks = all(not s.value for s in settings)  # PRAGMA table_info, RESET
    known = all(s.name.rpartition(".")[2] in _OUR_LIMITS | _PRAGMAS_THAT_ASK for s in settings)
    if asks or known:
        return Part(Sort.OUT)
    return Part(Sort.SETTING, name=" ".join(s.name for s in settings))


def _of_question(statement: Statement, actions: list[Action], mine: Collection[str]) -> Part:
    harmless = [a.what for a in actions if isinstance(a, Harmless)]
    functions = [f for a in actions if isinstance(a, Calls) for f in a.functions]
    reads = {name for a in actions if isinstance(a, Query) for name in a.reads}
    rows = sorted(name for name in reads if name not in mine and not _is_catalogue(name))
    if harmless and not all(what in _ASKS for what in harmless):
        return Part(Sort.KEEP)
    if rows and not harmless:
        return Part(Sort.READ, f"it reads {rows[0]}, and what it does may follow from that")
    doing = [f for f in functions if not _only_answers(f, statement.dialect)]
    return Part(Sort.KEEP) if doing else Part(Sort.OUT)


def _only_answers(function: str, dialect: Dialect) -> bool:
    if function in _CHANCE or function.startswith(_LOCKS):
        return True
    if dialect is Dialect.POSTGRESQL:
        from faber_db.sql.postgresql.builtins import STEADY

        return function in STEADY
    from faber_db.sql.grammar.builtins import is_built_in

    return is_built_in(function, dialect)


def _given_back(statement: Statement, actions: list[Action]) -> str:
    """Why the program may follow what a statement that changes something gives back."""
    for action in actions:
        if isinstance(action, Copy):
            return "it copies rows from or to the program"
    words = _outer_words(statement)
    changes = [a for a in actions if isinstance(a, _ROWS)]
    if (
        changes
        and "SELECT" in words
        and not words & {"INSERT", "UPDATE", "DELETE", "MERGE", "REPLACE"}
    ):
        return f"it reads back rows of {changes[0].table}"
    fresh = all(isinstance(a, Insert) and not a.conflict and not a.reads for a in changes)
    if changes and "RETURNING" in words and not fresh:
        return f"it reads back rows of {changes[0].table}"
    return ""


def _outer_words(statement: Statement) -> frozenset[str]:
    """Words outside of all parentheses, in capitals."""
    depth, found = 0, set()
    for token in significant(statement.text, statement.dialect):
        word = statement.text[token.start : token.end]
        depth += (word == "(") - (word == ")")
        if token.kind == WORD and depth == 0:
            found.add(word.upper())
    return frozenset(found)


def _is_catalogue(name: str) -> bool:
    folded = name.lower()
    return folded.startswith(_CATALOGUES) or folded.rpartition(".")[2].startswith(_CATALOGUE_NAMES)


def _tables(action: Action) -> Iterator[str]:
    """Every table that an action names; catalogues are none."""
    named: tuple[str, ...] = ()
    match action:
        case Drop(kind="table", names=names) | Truncate(tables=names) | Lock(tables=names):
            named = names
        case Drop(table=table) | Create(table=table):
            named = (table or f"{type(action).__name__.lower()} of something else",)
        case CreateTable() | AddColumn() | CreateIndex() | TableAction():
            named = (action.table,)
        case _:
            named = ()
    reads: tuple[str, ...] = getattr(action, "reads", ())
    for name in (*named, *reads):
        if name and not _is_catalogue(name):
            yield name
