"""`-- faber-db: allow CODE: reason` beside a statement."""

import re
from bisect import bisect_right
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
    starts = [statement.start for statement in script.statements]
    found = []
    for token in tokens(script.text, script.dialect):
        if token.kind != COMMENT:
            continue
        match = _ALLOW.search(script.text[token.start : token.end])
        if match is None:
            continue
        reason = " ".join((match[2] or "").removesuffix("*/").split())
        line = lines.at(token.start)
        found.append(Allowed(match[1], reason, line, _beside(script, starts, token.start, lines)))
    return found


def _beside(script: Script, starts: list[int], position: int, lines: Lines) -> int:
    """The statement around or before it on its line, else the next one."""
    index = bisect_right(starts, position) - 1
    if index >= 0:
        end = script.statements[index].end
        if position <= end or lines.at(position) == lines.at(end):
            return index
    return index + 1 if index + 1 < len(starts) else -1
