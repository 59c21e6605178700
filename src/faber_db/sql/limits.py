"""What is too large or too deep to be read safely: found in bounded time, before any parser runs.

The C code under `postgast` recurses over the finished tree and dies with the process at about
25,000 levels (measured on an 8 MiB stack), so depth is bounded here, not caught there.
"""

import re
from collections.abc import Iterator, Sized
from itertools import islice

from faber_db.errors import AnalysisTooLarge
from faber_db.model.dialect import Dialect
from faber_db.sql.lexer import QUOTED, SYMBOL, WORD, significant

MAX_BYTES = 50_000_000
MAX_STATEMENTS = 50_000
MAX_PARENTHESES = 10_000
MAX_IDENTIFIER = 20_000  # characters; no product takes more than 128, but SQLite
MAX_TOKENS = 200_000  # of one statement, rows of plain values apart
MAX_DEPTH = 5_000  # of the tree, estimated from above
_WHOLE = 2_000_000  # characters; a quarter of a gigabyte in the parser at worst
_SHORT = 20_000  # a shorter text cannot hold a deadly tree: a level takes two characters

_SYMBOLS = re.compile(r"(?<![-+*/<>=~!@#%^&|`?])[-+*/<>=~!@#%^&|`?]{400,}+")
_DEEPENING = {
    "NOT", "UNION", "INTERSECT", "EXCEPT", "MINUS", "JOIN", "CASE", "WHEN", "ELSE", "COLLATE", "AT",
    "IS", "IN", "LIKE", "ILIKE", "BETWEEN", "SIMILAR", "ISNULL", "NOTNULL", "SELECT", "WITH", "AND",
    "OR", "XOR", "DIV", "MOD", "REGEXP", "RLIKE", "GLOB", "MATCH", "BINARY", "INTERVAL", "ARRAY",
    "ROW", "EXISTS", "BEGIN", "IF", "EXPLAIN", "OPERATOR",
}  # fmt: skip


def check_size(text: str) -> None:
    """Refuse what nothing should look at.

    Raises:
        AnalysisTooLarge: over 50 MB.
    """
    if len(text) > MAX_BYTES or (not text.isascii() and _bytes(text) > MAX_BYTES):
        raise too_large("the script is over 50 MB")


def is_plain(text: str) -> bool:
    """Whether a text can be given to PostgreSQL's parser without a look at its tokens before.

    It cannot be stopped; its memory grows with the text, and nested comments (`/*/*/*`) take it
    quadratic time.
    """
    return (
        len(text) <= _WHOLE
        and text.count("(") + text.count("[") < MAX_PARENTHESES
        and not has_comment_chain(text)
    )


def has_comment_chain(text: str) -> bool:
    """Whether comments open one in the other without a character between."""
    return text.count("/*") > 20 and any(m[0].count("/*") > 20 for m in _SYMBOLS.finditer(text))


def check_count(statements: int) -> None:
    """Refuse a script of more than 50,000 statements.

    Raises:
        AnalysisTooLarge: it has more.
    """
    if statements > MAX_STATEMENTS:
        raise too_large("the script has over 50,000 statements")


def counted(spans: Iterator[tuple[int, int]]) -> list[tuple[int, int]]:
    """Where the statements are, all of them, before the first is read.

    Raises:
        AnalysisTooLarge: there are over 50,000.
    """
    found = list(islice(spans, MAX_STATEMENTS + 1))
    check_count(len(found))
    return found


def check_tokens(text: str, dialect: Dialect) -> None:
    """Refuse one statement that is too long to be read, or holds an endless name.

    Raises:
        AnalysisTooLarge: it is.
    """
    if not is_short(text):
        depth(text, dialect)


def is_short(text: Sized) -> bool:
    """Whether a text is too short to be nested dangerously."""
    return len(text) < _SHORT


def check_depth(text: str, dialect: Dialect) -> None:
    """Refuse one statement whose tree could be deeper than a parser survives.

    Raises:
        AnalysisTooLarge: it could be.
    """
    if not is_short(text) and depth(text, dialect) > MAX_DEPTH:
        raise too_large("a statement is nested too deeply")


def depth(text: str, dialect: Dialect) -> int:
    """An upper bound of how deep the tree of a statement is.

    Parentheses nest; within one pair every operator and joining word between two commas may
    nest in the one before it (`1+1+1`, `SELECT … UNION SELECT …`).

    Raises:
        AnalysisTooLarge: it has over 200,000 words and symbols, or an endless name.
    """
    chains, total, deepest = [0], 0, 0
    for count, token in enumerate(significant(text, dialect)):
        if count > MAX_TOKENS:
            raise too_large(f"a statement has over {MAX_TOKENS:,} words and symbols")
        size = token.end - token.start
        if size > MAX_IDENTIFIER and token.kind in (WORD, QUOTED):
            raise too_large(f"an identifier is over {MAX_IDENTIFIER:,} characters long")
        raw = text[token.start : token.end] if size < 16 else ""
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


def _bytes(text: str) -> int:
    return len(text.encode("utf-8", "surrogatepass"))


def too_large(what: str) -> AnalysisTooLarge:
    """The refusal, with what to do."""
    return AnalysisTooLarge(what, hint="Split it into smaller files, or have a person run it.")
