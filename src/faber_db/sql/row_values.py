"""Rows of plain values: `INSERT … VALUES (1, 'a'), (2, 'b'), …`, of which a dump has millions.

They do nothing but be inserted, so a few say all that a reader has to know.
"""

import re

from faber_db.model.dialect import Dialect
from faber_db.sql.lexer import COMMENT, LEXERS, OPEN, SPACE

_NUMBER = r"[+-]?(?:\d++(?:\.\d*+)?|\.\d++)(?:[eE][+-]?\d++)?"
_WORDS = r"(?i:NULL|TRUE|FALSE|DEFAULT)"
_SINGLE = r"'[^']*+(?:''[^']*+)*+'"
_BACKSLASHED = r"'[^'\\]*+(?:(?:\\[\s\S]|'')[^'\\]*+)*+'"
_DOUBLED = r'"[^"\\]*+(?:(?:\\[\s\S]|"")[^"\\]*+)*+"'
_STRINGS = {
    Dialect.POSTGRESQL: rf"[eE]{_BACKSLASHED}|[bBxX]?{_SINGLE}",
    Dialect.MYSQL: rf"(?:_[a-z0-9]++ ?)?[xXbB]?{_BACKSLASHED}|{_DOUBLED}|0x[0-9a-fA-F]++",
    Dialect.SQLITE: rf"[xX]?{_SINGLE}",
}
_STRINGS[Dialect.MARIADB] = _STRINGS[Dialect.MYSQL]


def _rows(strings: str) -> re.Pattern[str]:
    """Some rows, each with the comma behind it. Nothing is taken back, so it takes linear time."""
    value = rf"(?:{_NUMBER}(?![\w.])|{_WORDS}(?!\w)|{strings})"
    blank = r"[ \t\n\r\f\v]*+"  # a no-break space is part of a word
    more = rf"(?:,{blank}{value}{blank})*+"
    return re.compile(rf"(?>\({blank}{value}{blank}{more}\){blank},{blank})++")


ROWS = {dialect: _rows(strings) for dialect, strings in _STRINGS.items()}

_LONG = 20_000  # characters from which it is worth looking
_WITHIN = 4_000  # tokens that may stand before the rows, or between two runs of them


def shortened(text: str, dialect: Dialect) -> str:
    """A statement without its rows of plain values but the last of each run; any other as it is."""
    if len(text) < _LONG:
        return text
    match_at, rows_at = LEXERS[dialect].match, ROWS[dialect].match
    position = kept = left = depth = 0
    first, last, pieces = "", "", list[str]()
    while left < _WITHIN and (match := match_at(text, position)) is not None:
        if match.lastgroup in OPEN or not match[0]:
            break
        left += 1
        if match.lastgroup not in (SPACE, COMMENT):
            if not depth and last in ("VALUES", "VALUE", ",") and (rows := rows_at(text, position)):
                pieces.append(text[kept:position])
                position = kept = rows.end()
                left, last = 0, ""
                continue
            last = match[0].upper() if len(match[0]) < 10 else ""
            first = first or last
            if first not in ("INSERT", "REPLACE", "WITH"):
                break
            depth += (last == "(") - (last == ")")
        position = match.end()
    return "".join([*pieces, text[kept:]])
