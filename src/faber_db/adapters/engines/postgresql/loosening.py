"""Statements that would run past the limits of a session, found before anything runs.

What a script sets for its session is put right after the statement. What a block or a function
sets holds while it runs, where nobody can step in; so that is refused.
"""

import re
from typing import TYPE_CHECKING

from faber_db.adapters.engines.stretches import first_words
from faber_db.sql.script import Script, Statement

if TYPE_CHECKING:
    from faber_db.adapters.engines.postgresql.connect import Connection

_LIMIT = r"(?:lock|statement|transaction)_timeout"
_IN_BLOCK = re.compile(rf"{_LIMIT}|\bset_config\b|\bRESET\s+ALL\b|\bDISCARD\b", re.I)
_ROUTINE = re.compile(
    r"\b(?:FUNCTION|PROCEDURE|ROUTINE)\s+(?:\"?\w+\"?\s*\.\s*)?\"?(\w+)\"?\s*\(", re.I
)
_DEFINES = ("CREATE", "ALTER", "DROP", "COMMENT", "GRANT", "REVOKE")
_PLAIN = (*_DEFINES, "TRUNCATE", "LOCK")
_LOOSE = """
    SELECT proname FROM pg_catalog.pg_proc
    WHERE EXISTS (SELECT FROM unnest(proconfig) c WHERE c ~ '^(lock|statement|transaction)_timeout=')
"""


def refuse(connection: "Connection", script: Script) -> tuple[Statement, str] | None:
    """The first statement that may not run, with the reason; before anything has run."""
    loose = _routines_of(script)
    if any(_calls(statement) for statement in script.statements):
        loose |= {str(name) for (name,) in connection.execute(_LOOSE.encode()).fetchall()}
    for statement in script.statements:
        if not _calls(statement):
            continue
        if first_words(statement.text)[0] == "DO" and _IN_BLOCK.search(statement.text):
            return statement, "a block sets limits that hold while it runs"
        named = loose & set(re.findall(r"\w+", statement.text))
        if named:
            return statement, f"{min(named)} has limits of its own, by its SET clause"
    return None


def may_change_limits(statement: Statement) -> bool:
    """Whether the limits are looked at after it: of a definition only where it names them."""
    if re.search(rf"{_LIMIT}|\A\s*(?:RESET|DISCARD)\b", statement.text, re.I):
        return True
    return first_words(statement.text)[0] not in _PLAIN


def _calls(statement: Statement) -> bool:
    word = first_words(statement.text)[0]
    return word == "DO" or (word not in _PLAIN and "(" in statement.text)


def _routines_of(script: Script) -> set[str]:
    found = set()
    for statement in script.statements:
        match = _ROUTINE.search(statement.text)
        defines = first_words(statement.text)[0] in ("CREATE", "ALTER")
        if defines and match and re.search(rf"\bSET\s+{_LIMIT}", statement.text, re.I):
            found.add(match[1])
    return found
