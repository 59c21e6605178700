"""PostgreSQL's log as CSV: what each session was asked, with the values put back."""

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from faber_db.model.dialect import Dialect
from faber_db.services.ports import Heard
from faber_db.sql.lexer import SYMBOL, tokens

SETTINGS = {
    "logging_collector": "on",
    "log_destination": "csvlog",
    "log_directory": "log",
    "log_filename": "heard.log",
    "log_rotation_age": "0",
    "log_rotation_size": "0",
    "log_statement": "all",
    "log_min_messages": "error",
    "log_min_error_statement": "error",
    "log_parameter_max_length": "-1",
    "log_duration": "off",
}
FILE = "log/heard.csv"

_USER, _DATABASE, _PROCESS, _SESSION, _SEVERITY, _MESSAGE, _DETAIL, _QUERY = (
    1,
    2,
    3,
    5,
    11,
    13,
    14,
    19,
)
_EXECUTE = re.compile(r"execute (?P<fetch>fetch from )?.*?: (?P<sql>.*)", re.DOTALL)
_VALUE = re.compile(r"\$(\d+) = (NULL|'(?:[^']|'')*')(?:, |\Z)")


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the log."""

    database: str
    process: int
    heard: Heard


def rows(text: str) -> Iterator[Row]:
    """Statements and failures, in order."""
    for row in csv.reader(io.StringIO(text, newline="")):
        heard = _heard(row)
        if heard is not None:
            yield Row(row[_DATABASE], int(row[_PROCESS] or 0), heard)


def settled(found: Iterator[Heard]) -> tuple[Heard, ...]:
    """A failure is told of the statement that it follows; one that was not told before is its own."""
    done: list[Heard] = []
    for heard in found:
        last = next(
            (n for n in range(len(done) - 1, -1, -1) if done[n].session == heard.session), -1
        )
        if heard.failed and last >= 0 and done[last].sql == heard.sql and not done[last].failed:
            done[last] = replace(done[last], failed=True)
        else:
            done.append(heard)
    return tuple(done)


def _heard(row: list[str]) -> Heard | None:
    severity, message, detail, session = row[_SEVERITY], row[_MESSAGE], row[_DETAIL], row[_SESSION]
    if severity == "ERROR":
        return Heard(session, row[_QUERY], failed=True)
    if severity != "LOG":
        return None
    if message.startswith("statement: "):
        return Heard(session, message.removeprefix("statement: "))
    if message.startswith("fastpath function call"):
        return Heard(session, "", unwritable="it calls a function by its number")
    found = _EXECUTE.fullmatch(message)
    if found is None or found["fetch"]:
        return None
    return _bound(session, found["sql"], detail)


def _bound(session: str, sql: str, detail: str) -> Heard:
    """The statement with its values as literals; the log has doubled their quotes already."""
    _, _, listed = detail.partition("arameters: ")
    values = {f"${number}": value for number, value in _VALUE.findall(listed)}
    pieces = [sql[t.start : t.end] for t in joined(sql)]
    missing = next((p for p in pieces if p[0] == "$" and p[1:].isdigit() and p not in values), "")
    why = f"the log does not give the value of {missing}" if missing else ""
    return Heard(session, "".join(values.get(piece, piece) for piece in pieces), unwritable=why)


@dataclass(frozen=True, slots=True)
class Piece:
    """A token, or a parameter as one."""

    start: int
    end: int


def joined(sql: str) -> Iterator[Piece]:
    """The tokens of a statement, each `$1` in one piece."""
    open_at = -1
    for token in tokens(sql, Dialect.POSTGRESQL):
        if open_at >= 0:
            yield Piece(open_at, token.end)
            open_at = -1
        elif (
            token.kind == SYMBOL
            and sql[token.start] == "$"
            and sql[token.end : token.end + 1].isdigit()
        ):
            open_at = token.start
        else:
            yield Piece(token.start, token.end)
