"""Tokens of SQL text with their positions, one lexer per dialect.

It never fails: what does not end (a string, a comment) is a token of kind `bad` up to the end of
the text. Every character belongs to exactly one token.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from faber_db.model.dialect import Dialect

SPACE, COMMENT, STRING, QUOTED, WORD, NUMBER, SYMBOL, BAD = (
    "space", "comment", "string", "quoted", "word", "number", "symbol", "bad",
)  # fmt: skip


class Token(NamedTuple):
    """One token: its kind and the half-open range of its characters."""

    kind: str
    start: int
    end: int


_WORD = r"(?P<word>[A-Za-z_\u0080-\U0010ffff][\w$\u0080-\U0010ffff]*)"
_NUMBER = r"(?P<number>(?:\d[\w.]*|\.\d\w*)(?:(?<=[eE])[+-]\d+)?)"
_SINGLE = r"'[^']*(?:''[^']*)*'"
_DOUBLE = r'"[^"]*(?:""[^"]*)*"'
_BACKSLASHED = r"'[^'\\]*(?:(?:\\[\s\S]|'')[^'\\]*)*'"

_POSTGRESQL = re.compile(
    r"(?P<space>[ \t\n\r\f\v]+|\A\ufeff)"
    r"|(?P<comment>--[^\n\r]*)|(?P<block>/\*)"
    rf"|(?P<string>[eE]{_BACKSLASHED}|(?:[bBxXnN]|[uU]&)?{_SINGLE})"
    rf"|(?P<quoted>(?:[uU]&)?{_DOUBLE})"
    r"|(?P<dollar>\$(?:[A-Za-z_\u0080-\U0010ffff][\w\u0080-\U0010ffff]*)?\$)"
    r"|(?P<open>(?:[uU]&|[eEbBxXnN])?['\"])"
    rf"|{_WORD}|{_NUMBER}|(?P<symbol>::|:=|[<>=!~@#%^&|?`*+-]|[\s\S])"
)
_MYSQL = re.compile(
    r"(?P<space>\s+|\A\ufeff)"
    r"|(?P<comment>--(?=[\s\x00-\x1f]|\Z)[^\n]*|\#[^\n]*|/\*(?!M?!)[\s\S]*?\*/)|(?P<block>/\*(?!M?!))"
    rf"|(?P<string>[xXbBnN]?{_BACKSLASHED}|" + r'"[^"\\]*(?:(?:\\[\s\S]|"")[^"\\]*)*")'
    r"|(?P<quoted>`[^`]*(?:``[^`]*)*`)|(?P<open>['\"`])"
    rf"|{_WORD}|{_NUMBER}|(?P<symbol>:=|/\*M?!\d*|\*/|@@|[\s\S])"
)
_SQLITE = re.compile(
    r"(?P<space>[ \t\n\r\f]+|\A\ufeff)"
    r"|(?P<comment>--[^\n]*|/\*[\s\S]*?(?:\*/|\Z))"
    rf"|(?P<string>[xX]?{_SINGLE})|(?P<quoted>{_DOUBLE}|`[^`]*(?:``[^`]*)*`|\[[^\]]*\])"
    r"|(?P<open>['\"`\[])"
    rf"|{_WORD}|{_NUMBER}|(?P<symbol>\|\||[\s\S])"
)
LEXERS = {
    Dialect.POSTGRESQL: _POSTGRESQL,
    Dialect.MYSQL: _MYSQL,
    Dialect.MARIADB: _MYSQL,
    Dialect.SQLITE: _SQLITE,
}
OPEN = ("block", "dollar", "open")  # matched up to where the search for the end begins
_NESTING = re.compile(r"/\*|\*/")


def tokens(text: str, dialect: Dialect) -> Iterator[Token]:
    """All tokens in order, spaces and comments too."""
    match_at = LEXERS[dialect].match
    position, length = 0, len(text)
    while position < length:
        match = match_at(text, position)
        assert match is not None  # noqa: S101 - the last alternative takes any character
        kind, end = match.lastgroup or SYMBOL, match.end()
        if kind in OPEN:
            kind, end = ended(text, match, dialect)
        yield Token(kind, position, end)
        position = end


def significant(text: str, dialect: Dialect) -> Iterator[Token]:
    """The tokens that are neither space nor comment."""
    return (t for t in tokens(text, dialect) if t.kind not in (SPACE, COMMENT))


def ended(text: str, match: re.Match[str], dialect: Dialect) -> tuple[str, int]:
    """Kind and end of a token of which the lexer matched the beginning only."""
    if match.lastgroup == "dollar":
        return _dollar_quoted(text, match)
    if match.lastgroup == "block" and dialect is Dialect.POSTGRESQL:
        return _block_comment(text, match.end())
    return BAD, len(text)


def _block_comment(text: str, position: int) -> tuple[str, int]:
    depth = 1
    for match in _NESTING.finditer(text, position):
        depth += 1 if match[0] == "/*" else -1
        if depth == 0:
            return COMMENT, match.end()
    return BAD, len(text)


def _dollar_quoted(text: str, opening: re.Match[str]) -> tuple[str, int]:
    end = text.find(opening[0], opening.end())
    return (BAD, len(text)) if end < 0 else (STRING, end + len(opening[0]))
