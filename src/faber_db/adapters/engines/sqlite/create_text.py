"""What SQLite keeps only in the text of CREATE: checks, generated columns, names of constraints.

The text in `sqlite_schema` was accepted by SQLite itself, so it is cut by tokens, not validated.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

_TOKEN = re.compile(
    r"""(?P<gap>\s+|--[^\n]*|/\*.*?(?:\*/|\Z))
      | (?P<name>"(?:[^"]|"")*"|`(?:[^`]|``)*`|\[[^\]]*\])
      | (?P<text>[xX]?'(?:[^']|'')*')
      | (?P<word>[^\W\d][\w$]*|[\d.][\w.]*)
      | (?P<sign>.)""",
    re.S | re.X,
)


@dataclass(frozen=True, slots=True)
class Token:
    """One token; `gap` says whether white space or a comment stood before it."""

    text: str
    kind: str  # name, text, word, sign
    gap: bool

    @property
    def word(self) -> str:
        """In upper case where it is an unquoted word, else empty."""
        return self.text.upper() if self.kind == "word" else ""


@dataclass
class Clauses:
    """What the text of one table says beyond what the pragmas tell; all in order of the text."""

    checks: list[tuple[str, str]] = field(default_factory=list)  # name, expression
    generated: dict[str, str] = field(default_factory=dict)  # column: "stored:…", "virtual:…"
    collations: dict[str, str] = field(default_factory=dict)
    autoincrement: str = ""  # the column
    primary_key_name: str = ""
    uniques: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)
    foreign_keys: list[tuple[str, str]] = field(default_factory=list)  # name, deferrable
    conflicts: list[str] = field(default_factory=list)  # definitions with ON CONFLICT


def tokens(text: str) -> list[Token]:
    """The tokens of a text, comments and white space left out."""
    found: list[Token] = []
    gap = False
    for match in _TOKEN.finditer(text):
        if match.lastgroup == "gap":
            gap = True
            continue
        found.append(Token(match[0], str(match.lastgroup), gap))
        gap = False
    return found


def joined(items: Sequence[Token]) -> str:
    """Tokens as one line, with one space wherever there was white space."""
    return "".join((" " if t.gap and at else "") + t.text for at, t in enumerate(items))


def unquoted(token: Token) -> str:
    """A name without its quotes."""
    if token.kind == "name":
        close = {"[": "]"}.get(token.text[0], token.text[0])
        return token.text[1:-1].replace(close * 2, close) if close != "]" else token.text[1:-1]
    return token.text[1:-1].replace("''", "'") if token.kind == "text" else token.text


def parts(items: Sequence[Token]) -> list[list[Token]]:
    """Tokens cut at the commas that stand in no parentheses."""
    found: list[list[Token]] = [[]]
    depth = 0
    for token in items:
        depth += (token.text == "(") - (token.text == ")")
        if token.text == "," and depth == 0:
            found.append([])
        else:
            found[-1].append(token)
    return [part for part in found if part]


def group(items: Sequence[Token], at: int) -> tuple[list[Token], int]:
    """What stands in the parentheses that open at `at`, and the place after them."""
    depth = 0
    for place in range(at, len(items)):
        depth += (items[place].text == "(") - (items[place].text == ")")
        if depth == 0:
            return list(items[at + 1 : place]), place + 1
    return list(items[at + 1 :]), len(items)


def body(text: str) -> tuple[list[Token], list[Token]]:
    """What stands in the first parentheses of a text, and what follows them."""
    items = tokens(text)
    at = next((n for n, t in enumerate(items) if t.text == "("), None)
    if at is None:
        return [], []
    inside, after = group(items, at)
    return inside, items[after:]


def clauses(create_table: str) -> Clauses:
    """Read the text of a CREATE TABLE."""
    found = Clauses()
    for part in parts(body(create_table)[0]):
        constraint = part[0].word in ("CONSTRAINT", "PRIMARY", "UNIQUE", "CHECK", "FOREIGN")
        column = "" if constraint else unquoted(part[0])
        _read(part if constraint else part[1:], column, found)
    return found


def _read(items: Sequence[Token], column: str, found: Clauses) -> None:
    """One definition: of a column, or a constraint of the table (`column` empty)."""
    name = ""
    at = 0
    foreign = False  # FOREIGN KEY (…) comes before its REFERENCES
    while at < len(items):
        word = items[at].word
        following = items[at + 1].word if at + 1 < len(items) else ""
        if word == "CONSTRAINT" and at + 1 < len(items):
            name, at = unquoted(items[at + 1]), at + 2
            continue
        if items[at].text == "(":  # a type's length, a default's expression
            at = group(items, at)[1]
            continue
        if word == "CHECK":
            inside, at = group(items, at + 1)
            found.checks.append((name, joined(inside)))
            name = ""
            continue
        if word == "AS" and column and at + 1 < len(items):
            inside, at = group(items, at + 1)
            stored = at < len(items) and items[at].word == "STORED"
            found.generated[column] = ("stored:" if stored else "virtual:") + joined(inside)
            continue
        if word == "COLLATE" and column and at + 1 < len(items):
            found.collations[column], at = unquoted(items[at + 1]), at + 2
            continue
        if word == "AUTOINCREMENT":
            found.autoincrement = column
        elif word == "PRIMARY":
            found.primary_key_name = name
            name = ""
            if not column and "AUTOINCREMENT" in [t.word for t in items]:
                found.autoincrement = unquoted(group(items, at + 2)[0][0])
        elif word == "UNIQUE":
            of = (column,) if column else _names(group(items, at + 1)[0])
            found.uniques.append((name, of))
            name = ""
        elif word == "FOREIGN":
            foreign = True
        elif word == "REFERENCES":
            found.foreign_keys.append((name, _deferrable(items[at:])))
            name = ""
        elif word == "ON" and following == "CONFLICT":
            found.conflicts.append(
                joined(items) if foreign or not column else f"{column} {joined(items)}"
            )
        at += 1


def _names(items: Sequence[Token]) -> tuple[str, ...]:
    return tuple(unquoted(part[0]) for part in parts(items))


def _deferrable(items: Sequence[Token]) -> str:
    words = [t.word for t in items]
    for at, word in enumerate(words):
        if word == "REFERENCES" and at:  # the next reference of the same column
            break
        if word == "DEFERRABLE":
            if at and words[at - 1] == "NOT":
                return ""
            late = words[at + 1 : at + 3] == ["INITIALLY", "DEFERRED"]
            return "initially deferred" if late else "deferrable"
    return ""
