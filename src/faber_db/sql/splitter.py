"""Where the statements of a script begin and end, as the product's own client cuts them.

What lies between two statements is white space, comments, `;` and `DELIMITER` lines only, so
splitting and joining gives the same text.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from faber_db.model.dialect import Dialect
from faber_db.sql.lexer import COMMENT, QUOTED, SPACE, SYMBOL, WORD, Token, tokens

_DELIMITER = re.compile(r"[ \t]*delimiter[ \t]+(\S+)[^\n]*", re.IGNORECASE)
_BODY_OWNERS = {"FUNCTION", "PROCEDURE", "TRIGGER", "EVENT"}
_STATEMENT_STARTS = {";", ":", "BEGIN", "THEN", "ELSE", "DO", "LOOP", "REPEAT"}
_OPENERS = {"BEGIN", "CASE", "IF", "LOOP", "WHILE", "REPEAT"}


@dataclass
class _Cut:
    """What is known of the statement that is being read."""

    words: list[str] = field(default_factory=list)  # the first few, in capitals
    start: int = -1
    end: int = -1
    parens: int = 0
    body: int = 0  # open BEGIN, CASE … of a routine
    last: str = ""  # previous significant token, in capitals
    before: str = ""  # the one before it

    @property
    def has_body(self) -> bool:
        return (
            bool(self.words) and self.words[0] == "CREATE" and bool(_BODY_OWNERS & set(self.words))
        )


def spans(text: str, dialect: Dialect) -> Iterator[tuple[int, int]]:
    """Half-open character ranges of the statements, without comments around them or semicolons."""
    mysql = dialect in (Dialect.MYSQL, Dialect.MARIADB)
    cut, delimiter, resume = _Cut(), ";", 0
    for token in tokens(text, dialect):
        if token.start < resume or token.kind in (SPACE, COMMENT):
            continue
        raw = text[token.start : token.end] if token.end - token.start < 40 else ""
        if mysql and cut.start < 0 and raw.lower() == "delimiter":
            command = _DELIMITER.match(text, token.start)
            if command is not None and _starts_a_line(text, token.start):
                delimiter, resume = command[1], command.end()
                continue
        if delimiter == ";":
            over = raw == ";" and _ends(cut, dialect)
        else:
            over = text.startswith(delimiter, token.start)
            resume = token.start + len(delimiter) if over else resume
        if over:
            if cut.start >= 0:
                yield cut.start, cut.end
            cut = _Cut()
        else:
            _take(cut, token, raw, dialect)
    if cut.start >= 0:
        yield cut.start, cut.end


def _starts_a_line(text: str, position: int) -> bool:
    return not text[text.rfind("\n", 0, position) + 1 : position].strip()


def _take(cut: _Cut, token: Token, raw: str, dialect: Dialect) -> None:
    if cut.start < 0:
        cut.start = token.start
    cut.end = token.end
    word = raw.upper() if token.kind == WORD else raw if token.kind == SYMBOL else token.kind
    if token.kind == WORD and len(cut.words) < 24:
        cut.words.append(word)
    if token.kind == SYMBOL and raw in "()":
        cut.parens = max(0, cut.parens + (1 if raw == "(" else -1))
    elif token.kind == WORD and dialect is not Dialect.SQLITE:
        _count_body(cut, word, dialect)
    elif token.kind == WORD and word == "BEGIN" and "TRIGGER" in cut.words[:3]:
        cut.body = 1
    cut.before, cut.last = cut.last, word if token.kind != QUOTED else "quoted"


def _count_body(cut: _Cut, word: str, dialect: Dialect) -> None:
    if cut.body == 0:
        if dialect is Dialect.POSTGRESQL:
            if word == "ATOMIC" and cut.last == "BEGIN" and cut.has_body:
                cut.body = 1
        elif word == "BEGIN" and cut.has_body:
            cut.body = 1
        return
    openers = {"CASE"} if dialect is Dialect.POSTGRESQL else _OPENERS
    if word == "END":
        cut.body -= 1
    elif word in openers and (word in ("CASE", "BEGIN") or cut.last in _STATEMENT_STARTS):
        cut.body += cut.last != "END"


def _ends(cut: _Cut, dialect: Dialect) -> bool:
    if dialect is Dialect.SQLITE:  # as sqlite3_complete() decides: a trigger ends with "; END ;"
        return not cut.body or (cut.last == "END" and cut.before == ";")
    if dialect is Dialect.POSTGRESQL and cut.parens:  # CREATE RULE … DO (a; b)
        return False
    return cut.body <= 0
