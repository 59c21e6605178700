"""What is too large or too deep to be read safely: found in bounded time, before any parser runs.

The C code under `postgast` recurses over the finished tree and dies with the process at about
25,000 levels (measured on an 8 MiB stack), so depth is bounded here, not caught there.
"""

import re
from collections.abc import Sized

from faber_db.errors import AnalysisTooLarge
from faber_db.model.dialect import Dialect
from faber_db.sql.lexer import QUOTED, SYMBOL, WORD, significant

MAX_BYTES = 50_000_000
MAX_STATEMENTS = 50_000
MAX_PARENTHESES = 10_000
MAX_IDENTIFIER = 1_000_000
MAX_DEPTH = 5_000  # of the tree, estimated from above
_SHORT = 20_000  # a shorter text cannot hold a deadly tree: a level takes two characters

_RUN = re.compile(r"[\w$]+|\"[^\"]+|`[^`]+|\[[^\]]+")
_DEEPENING = {
    "NOT", "UNION", "INTERSECT", "EXCEPT", "MINUS", "JOIN", "CASE", "WHEN", "ELSE", "COLLATE", "AT",
    "IS", "IN", "LIKE", "ILIKE", "BETWEEN", "SIMILAR", "ISNULL", "NOTNULL", "SELECT", "WITH", "AND",
    "OR", "XOR", "DIV", "MOD", "REGEXP", "RLIKE", "GLOB", "MATCH", "BINARY", "INTERVAL", "ARRAY",
    "ROW", "EXISTS", "BEGIN", "IF", "EXPLAIN", "OPERATOR",
}  # fmt: skip


def check_size(text: str, dialect: Dialect) -> None:
    """Refuse what no parser should see.

    Raises:
        AnalysisTooLarge: over 50 MB, an identifier of a megabyte, or 10,000 nested parentheses.
    """
    if len(text) > MAX_BYTES or (not text.isascii() and _bytes(text) > MAX_BYTES):
        raise _too_large("the script is over 50 MB")
    if text.count("(") + text.count("[") >= MAX_PARENTHESES:
        _check_parentheses(text, dialect)
    if len(text) >= MAX_IDENTIFIER and any(
        m.end() - m.start() >= MAX_IDENTIFIER for m in _RUN.finditer(text)
    ):
        _check_identifiers(text, dialect)


def check_count(statements: int) -> None:
    """Refuse a script of more than 50,000 statements.

    Raises:
        AnalysisTooLarge: it has more.
    """
    if statements > MAX_STATEMENTS:
        raise _too_large("the script has over 50,000 statements")


def is_short(text: Sized) -> bool:
    """Whether a text is too short to be nested dangerously."""
    return len(text) < _SHORT


def check_depth(text: str, dialect: Dialect) -> None:
    """Refuse one statement whose tree could be deeper than a parser survives.

    Raises:
        AnalysisTooLarge: it could be.
    """
    if not is_short(text) and depth(text, dialect) > MAX_DEPTH:
        raise _too_large("a statement is nested too deeply")


def depth(text: str, dialect: Dialect) -> int:
    """An upper bound of how deep the tree of a statement is.

    Parentheses nest; within one pair every operator and joining word between two commas may
    nest in the one before it (`1+1+1`, `SELECT … UNION SELECT …`).
    """
    chains, total, deepest = [0], 0, 0
    for token in significant(text, dialect):
        raw = text[token.start : token.end] if token.end - token.start < 16 else ""
        if token.kind == SYMBOL and raw in "([{":
            chains.append(1)
            total += 1
        elif token.kind == SYMBOL and raw in ")]}":
            if len(chains) > 1:
                total -= chains.pop()
        elif token.kind == SYMBOL and raw in ",;":
            total -= chains[-1]
            chains[-1] = 0
        elif token.kind == SYMBOL or (token.kind == WORD and raw.upper() in _DEEPENING):
            chains[-1] += 1
            total += 1
        deepest = max(deepest, total)
    return deepest


def _check_parentheses(text: str, dialect: Dialect) -> None:
    open_now = 0
    for token in significant(text, dialect):
        if token.kind == SYMBOL and token.end - token.start == 1:
            raw = text[token.start]
            open_now += (raw in "([") - (raw in ")]" and open_now > 0)
            if open_now >= MAX_PARENTHESES:
                raise _too_large("parentheses are nested 10,000 deep")


def _check_identifiers(text: str, dialect: Dialect) -> None:
    if any(
        token.kind in (WORD, QUOTED) and token.end - token.start >= MAX_IDENTIFIER
        for token in significant(text, dialect)
    ):
        raise _too_large("an identifier is a megabyte long")


def _bytes(text: str) -> int:
    return len(text.encode("utf-8", "surrogatepass"))


def _too_large(what: str) -> AnalysisTooLarge:
    return AnalysisTooLarge(what, hint="Split it into smaller files, or have a person run it.")
