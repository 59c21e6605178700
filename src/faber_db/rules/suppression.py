"""`-- faber-db: allow CODE: reason` beside a statement."""

import re
from dataclasses import dataclass

from faber_db.sql.lexer import COMMENT, tokens
from faber_db.sql.positions import Lines
from faber_db.sql.script import Script

_ALLOW = re.compile(r"faber-db\s*:\s*allow\s+([\w-]+)\s*(?::\s*(.*))?", re.IGNORECASE | re.DOTALL)


@dataclass
class Allowed:
    """One such comment; `used` when it covered a finding."""

    code: str
    reason: str
    line: int
    statement: int  # index of the statement it stands beside, -1: none
    used: bool = False


def allowed_in(script: Script) -> list[Allowed]:
    """The comments of a script: inside a statement, above it, or behind it on its last line."""
    if "faber-db" not in script.text.lower():
        return []
    lines = Lines(script.text)
    found = []
    for token in tokens(script.text, script.dialect):
        if token.kind != COMMENT:
            continue
        match = _ALLOW.search(script.text[token.start : token.end])
        if match is None:
            continue
        reason = " ".join((match[2] or "").removesuffix("*/").split())
        line = lines.at(token.start)
        found.append(Allowed(match[1], reason, line, _beside(script, token.start, lines)))
    return found


def _beside(script: Script, position: int, lines: Lines) -> int:
    line = lines.at(position)
    for index, statement in enumerate(script.statements):
        if position < statement.start:
            return index
        if position <= statement.end or line == lines.at(statement.end):
            return index
    return -1
