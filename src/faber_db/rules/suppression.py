"""`-- faber-db: allow CODE: reason` beside a statement."""

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass

from faber_db.model.dialect import Dialect
from faber_db.sql.lexer import COMMENT, STRING, tokens
from faber_db.sql.positions import Lines
from faber_db.sql.script import Script

_ALLOW = re.compile(
    r"faber-db\s*:\s*allow\s+([\w-]+)[ \t]*(?::\s*((?:(?!faber-db\s*:).)*))?",
    re.IGNORECASE | re.DOTALL,
)
_DOLLAR = re.compile(r"\$\w*\$")


@dataclass
class Allowed:
    """One such comment; `used` when it covered a finding."""

    code: str
    reason: str
    line: int
    statement: int  # index of the statement it stands beside, -1: none
    used: bool = False


def allowed_in(script: Script) -> list[Allowed]:
    """The comments of a script, each with the statement that it stands beside.

    Inside a statement (the body of a DO or a function counts), behind it on its last line, or above
    it. One comment may allow several codes.
    """
    if "faber-db" not in script.text.lower():
        return []
    lines = Lines(script.text)
    starts = [statement.start for statement in script.statements]
    return [
        Allowed(match[1], _reason(match), lines.at(start + match.start()), index)
        for start, end in _comments(script.text, 0, script.dialect)
        for index in (_beside(script, starts, start, end, lines),)
        for match in _ALLOW.finditer(script.text[start:end])
    ]


def _reason(match: re.Match[str]) -> str:
    return " ".join((match[2] or "").removesuffix("*/").split())


def _comments(text: str, offset: int, dialect: Dialect) -> Iterator[tuple[int, int]]:
    """Where comments stand, also in dollar-quoted bodies; not in strings that only look like one."""
    for token in tokens(text, dialect):
        if token.kind == COMMENT:
            yield offset + token.start, offset + token.end
        elif token.kind == STRING and (opening := _DOLLAR.match(text, token.start)):
            body = text[opening.end() : token.end - len(opening[0])]
            if "faber-db" in body.lower():
                yield from _comments(body, offset + opening.end(), dialect)


def _beside(script: Script, starts: list[int], start: int, end: int, lines: Lines) -> int:
    """The statement around a comment, or before it on its line; else the next one."""
    index = bisect_right(starts, start) - 1
    following = index + 1 if index + 1 < len(starts) else -1
    if index >= 0:
        ended = script.statements[index].end
        if start <= ended:
            return index
        before_next = following >= 0 and lines.at(end) == lines.at(starts[following])
        if lines.at(start) == lines.at(ended) and not before_next:
            return index
    return following
