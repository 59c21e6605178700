"""Where the statements of a script begin and end, as the product's own client cuts them.

What lies between two statements is white space, comments, `;` and `DELIMITER` lines only, so
splitting and joining gives the same text. The lexer's loop stands here once more, since a file may
have millions of tokens and rows of plain values are passed over at once.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from faber_db.model.dialect import Dialect
from faber_db.sql.lexer import (
    COMMENT,
    LEXERS,
    OPEN,
    QUOTED,
    SPACE,
    SYMBOL,
    WORD,
    ended,
)
from faber_db.sql.limits import MAX_IDENTIFIER, MAX_PARENTHESES, too_large
from faber_db.sql.row_values import ROWS
from faber_db.sql.watch import UNWATCHED, Watch

_BLANK = " \t\n\r\f\v"  # a no-break space is part of a word
_DELIMITER = re.compile(r"[ \t]*delimiter[ \t]+(\S+)[^\n]*", re.IGNORECASE)
_BODY_OWNERS = {"FUNCTION", "PROCEDURE", "TRIGGER", "EVENT"}
_STATEMENT_STARTS = {";", ":", "BEGIN", "THEN", "ELSE", "DO", "LOOP", "REPEAT"}
_OPENERS = {"BEGIN", "CASE", "IF", "LOOP", "WHILE", "REPEAT"}
_META = re.compile(r"[^\n\r]*")
_NESTING = ("(", ")", "[", "]")
_LONG = 40  # characters; no keyword and no delimiter of ours is longer
_WATCHED = 4096  # tokens between two looks at the clock


@dataclass
class _Cut:
    """What is known of the statement that is being read."""

    words: list[str] = field(default_factory=list)  # the first few, in capitals
    start: int = -1
    end: int = -1
    parens: int = 0
    brackets: int = 0
    body: int = 0  # open BEGIN, CASE … of a routine
    last: str = ""  # previous significant token, in capitals
    before: str = ""  # the one before it

    @property
    def has_body(self) -> bool:
        return (
            bool(self.words) and self.words[0] == "CREATE" and bool(_BODY_OWNERS & set(self.words))
        )

    @property
    def copies_rows(self) -> bool:
        """COPY … FROM STDIN, behind which psql expects the rows."""
        return self.words[:1] == ["COPY"] and "STDIN" in self.words and "FROM" in self.words


def spans(text: str, dialect: Dialect, watch: Watch = UNWATCHED) -> Iterator[tuple[int, int]]:
    """Half-open character ranges of the statements, without comments around them or semicolons.

    Raises:
        AnalysisTooLarge: parentheses nested 10,000 deep, an endless name, or the time is over.
    """
    mysql = dialect in (Dialect.MYSQL, Dialect.MARIADB)
    match_at, rows_at = LEXERS[dialect].match, ROWS[dialect].match
    cut, delimiter, position, length, count = _Cut(), ";", 0, len(text), 0
    while position < length:
        count += 1
        if not count % _WATCHED:
            watch.check()
        match = match_at(text, position)
        assert match is not None  # noqa: S101 - the last alternative takes any character
        kind, end, start = match.lastgroup or SYMBOL, match.end(), position
        if kind in OPEN:
            kind, end = ended(text, match, dialect)
        position = end
        if kind in (SPACE, COMMENT):
            continue
        if delimiter != ";" and kind == WORD and (at := text.find(delimiter, start, end)) > start:
            position = end = at  # a name may hold `$`, but the client looks for its delimiter first
        raw = text[start:end] if end - start < _LONG else ""
        if mysql and cut.start < 0 and raw.lower() == "delimiter":
            command = _DELIMITER.match(text, start)
            if command is not None and _starts_a_line(text, start):
                delimiter, position = command[1], command.end()
                continue
        if raw == "\\" and dialect is Dialect.POSTGRESQL:  # a command of psql: the whole line
            if cut.start >= 0:
                yield cut.start, cut.end
            line = _META.match(text, start)
            position = line.end() if line is not None else end
            yield start, start + len(text[start:position].rstrip(_BLANK))
            cut = _Cut()
            continue
        if delimiter == ";":
            over = raw == ";" and _ends(cut, dialect)
        else:
            over = text.startswith(delimiter, start)
            position = start + len(delimiter) if over else position
        if over:
            if dialect is Dialect.POSTGRESQL and cut.copies_rows:
                found = _copied_rows(text, position)
                if found > 0:
                    cut.end = position = found
            if cut.start >= 0:
                yield cut.start, cut.end
            cut = _Cut()
            continue
        if raw == "(" and not cut.parens and cut.last in ("VALUES", "VALUE", ","):
            rows = rows_at(text, start)
            if rows is not None:
                position = cut.end = rows.end()
                while text[cut.end - 1] in _BLANK:
                    cut.end -= 1
                cut.last = ","
                continue
        _take(cut, kind, start, end, raw, dialect)
    if cut.start >= 0:
        yield cut.start, cut.end


def _copied_rows(text: str, position: int) -> int:
    """Where the rows behind COPY … FROM STDIN end, behind the line that says so; 0: there are none."""
    line = text.find("\n", position)
    if line < 0 or text[position:line].strip():
        return 0
    end = text.find("\n\\.", line)
    return end + 3 if end >= 0 and text[end + 3 : end + 4] in ("", "\r", "\n") else 0


def _starts_a_line(text: str, position: int) -> bool:
    return not text[text.rfind("\n", 0, position) + 1 : position].strip()


def _take(cut: _Cut, kind: str, start: int, end: int, raw: str, dialect: Dialect) -> None:
    if cut.start < 0:
        cut.start = start
    cut.end = end
    word = raw.upper() if kind == WORD else raw if kind == SYMBOL else kind
    if kind in (WORD, QUOTED) and end - start > MAX_IDENTIFIER:
        raise too_large(f"an identifier is over {MAX_IDENTIFIER:,} characters long")
    if kind == WORD and len(cut.words) < 24:
        cut.words.append(word)
    if kind == SYMBOL and raw in _NESTING:
        cut.parens = max(0, cut.parens + (raw == "(") - (raw == ")"))
        cut.brackets = max(0, cut.brackets + (raw == "[") - (raw == "]"))
        if cut.parens + cut.brackets >= MAX_PARENTHESES:
            raise too_large(f"parentheses are nested {MAX_PARENTHESES:,} deep")
    elif kind == WORD and dialect is not Dialect.SQLITE:
        _count_body(cut, word, dialect)
    elif kind == WORD and word == "BEGIN" and "TRIGGER" in cut.words[:3]:
        cut.body = 1
    cut.before, cut.last = cut.last, word if kind != QUOTED else "quoted"


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
