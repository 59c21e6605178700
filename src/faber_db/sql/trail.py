"""What may stand in the audit trail: names, codes and numbers; no literals of SQL and no secrets."""

import re
from collections.abc import Mapping
from typing import Any

from faber_db.sql.redact import redact
from faber_db.sql.visible import visible

LONGEST = 300  # characters of one text
DEEPEST = 8
_HIDDEN = "…"
_STRANGE = re.compile(  # from here on it is no name of ours, and where it ends is a guess
    r"['\"`]|\$\w*\$|(?:passw|passphrase|pwd|secret|token|key)\w*\s*[:=]", re.IGNORECASE
)


def for_trail(value: Any, depth: int = 0) -> Any:
    """The same value as it may be written down: secrets, quoted texts and what is too long hidden.

    Names of ours pass unchanged. What a caller may choose freely may not be a way into a trail that
    is kept for years and read by many.
    """
    match value:
        case str():
            return _text(str(value))
        case Mapping() if depth < DEEPEST:
            return {_text(str(k)): for_trail(item, depth + 1) for k, item in value.items()}
        case list() | tuple() if depth < DEEPEST:
            return [for_trail(item, depth + 1) for item in value]
        case None | bool() | int():
            return value
        case _:
            return _HIDDEN


def _text(text: str) -> str:
    cut = redact(text[: LONGEST * 4])
    strange = _STRANGE.search(cut)
    shown = visible(cut[: strange.start()] if strange else cut, keep_lines=False)[:LONGEST]
    whole = strange is None and len(text) <= LONGEST * 4 and len(shown) < LONGEST
    return shown if whole else shown + _HIDDEN
