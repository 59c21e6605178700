"""`-- faber-db: batch 5000` above a statement: it is run in batches, by ranges of its table's key."""

import itertools
import re
from dataclasses import dataclass, replace

from faber_db.model.dialect import Dialect
from faber_db.sql.lexer import COMMENT, QUOTED, WORD, Token, significant, tokens
from faber_db.sql.script import Statement

_DIRECTIVE = re.compile(r"\A--\s*faber-db:\s*batch\b(.*)\Z", re.I | re.S)
_SIZE = re.compile(r"\s+([1-9]\d{0,6})\s*\Z")
UNREADABLE = -1  # of a directive without a number of rows
_ENDS = {"RETURNING", "ORDER", "LIMIT", "WITH", "JOIN", "UNION", "INTERSECT", "EXCEPT"}
_WHOLE = {"GROUP", "HAVING", "DISTINCT", "WINDOW", "ON", "OVER", "FETCH", "OFFSET", "FOR"}
_AGGREGATE = re.compile(
    r"\b(count|sum|min|max|avg|total|every|bool_\w+|bit_\w+|\w+_agg|\w*agg|group_concat|over)\s*\(",
    re.I,
)


def marked(text: str, statements: tuple[Statement, ...]) -> tuple[Statement, ...]:
    """The statements, with the number of rows of each that is to run in batches."""
    if not re.search(r"faber-db:\s*batch", text, re.I):
        return statements
    found, before = [], 0
    for statement in statements:
        size = _size_in(text[before : statement.start], statement.dialect)
        before = statement.end
        found.append(replace(statement, batch=size, transactional=False) if size else statement)
    return tuple(found)


def _size_in(gap: str, dialect: Dialect) -> int:
    for token in tokens(gap, dialect):
        match = token.kind == COMMENT and _DIRECTIVE.match(gap[token.start : token.end].strip())
        if match:
            size = _SIZE.match(match[1])
            return int(size[1]) if size else UNREADABLE
    return 0


class NotBatched(ValueError):
    """Why a statement cannot be run in batches, as its text."""


@dataclass(frozen=True, slots=True)
class Batched:
    """A statement that can be run for a range of its table's key."""

    table: str  # whose key it is, as it is written
    name: str  # what its columns are qualified with: the alias, or the table
    before: str  # everything up to the condition on the range
    after: str  # behind it
    assigned: frozenset[str]  # words that may be columns it sets, in lower case

    def text(self, condition: str) -> str:
        """The statement for one range; `%` is doubled in all but the condition."""
        return f"{self.before.replace('%', '%%')}{condition}{self.after.replace('%', '%%')}"


def batched(statement: Statement) -> Batched:
    """Find table and place of the condition.

    Raises:
        NotBatched: it is another statement than a plain UPDATE, DELETE or INSERT … SELECT.
    """
    if statement.batch == UNREADABLE:
        raise NotBatched("the comment names no number of rows: -- faber-db: batch 5000")
    words = _top(statement)
    first = words[0][0] if words else ""
    if first not in ("UPDATE", "DELETE", "INSERT"):
        raise NotBatched("only UPDATE, DELETE and INSERT … SELECT run in batches")
    texts = [text for text, _, _ in words]
    if refused := next(
        (t for t in texts if t in _ENDS | (_WHOLE if first == "INSERT" else set())), ""
    ):
        raise NotBatched(f"{refused} looks at more than one batch")
    lead = {"UPDATE": "UPDATE", "DELETE": "FROM", "INSERT": "FROM"}[first]
    if lead not in texts or (first == "INSERT" and "SELECT" not in texts):
        raise NotBatched(f"it has no {lead} table to take the key from")
    if first == "INSERT" and _AGGREGATE.search(statement.text):
        raise NotBatched("an aggregate looks at more than one batch")
    at = texts.index(lead) + 1
    table, name, following = _named(statement, words, at)
    if first == "UPDATE" and (following >= len(texts) or texts[following] != "SET"):
        raise NotBatched("another table than its own stands before SET")
    if first == "INSERT" and following < len(texts) and texts[following] not in ("WHERE",):
        raise NotBatched("it reads more than one table")
    written = table if first != "INSERT" else _named(statement, words, 2)[0]
    if (first == "INSERT" and _plain(table) == _plain(written)) or _is_read(statement, written):
        raise NotBatched("it writes the table that it reads")
    where = texts.index("WHERE") if "WHERE" in texts else -1
    text = statement.text
    if where < 0:
        return Batched(table, name, f"{text}\nWHERE ", "", _assigned(words))
    begin = words[where][2].end
    before, condition = text[:begin], text[begin:]
    return Batched(table, name, f"{before} ", f" AND ({condition}\n)", _assigned(words))


def _top(statement: Statement) -> list[tuple[str, int, Token]]:
    """Its tokens outside of brackets, words in upper case, each with its kind's place."""
    depth = 0
    found: list[tuple[str, int, Token]] = []
    for token in significant(statement.text, statement.dialect):
        text = statement.text[token.start : token.end]
        if text in ("(", "["):
            depth += 1
        elif text in (")", "]"):
            depth -= 1
        elif depth == 0:
            found.append((text.upper() if token.kind == WORD else text, len(found), token))
    return found


def _is_read(statement: Statement, table: str) -> bool:
    """Whether a table is named within brackets, where a query would see what the batches before did.

    As a column's qualifier it is the row itself.
    """
    depth = 0
    found = list(significant(statement.text, statement.dialect))
    for token, after in itertools.pairwise([*found, None]):
        text = statement.text[token.start : token.end] if token else ""
        depth += (text == "(") - (text == ")")
        qualifies = after is not None and statement.text[after.start : after.end] == "."
        if depth and _plain(text) == _plain(table) and not qualifies:
            return True
    return False


def _named(
    statement: Statement, words: list[tuple[str, int, Token]], at: int
) -> tuple[str, str, int]:
    """A table and its alias as they are written, and the index behind them."""
    if at < len(words) and words[at][0] == "ONLY":
        at += 1
    if at >= len(words) or words[at][2].kind not in (WORD, QUOTED):
        raise NotBatched("its table cannot be read")
    first = last = words[at][2]
    at += 1
    while at + 1 < len(words) and words[at][0] == ".":
        last = words[at + 1][2]
        at += 2
    table = statement.text[first.start : last.end]
    if at < len(words) and words[at][0] == "AS":
        at += 1
    keywords = ("SET", "WHERE", "FROM", "USING", "SELECT", "VALUES", ",")
    if at < len(words) and words[at][2].kind in (WORD, QUOTED) and words[at][0] not in keywords:
        alias = words[at][2]
        return table, statement.text[alias.start : alias.end], at + 1
    return table, table, at


def _assigned(words: list[tuple[str, int, Token]]) -> frozenset[str]:
    return frozenset(
        _plain(text) for (text, _, _), (sign, _, _) in itertools.pairwise(words) if sign == "="
    )


def _plain(name: str) -> str:
    return name.rpartition(".")[2].strip('"`[]').lower()
