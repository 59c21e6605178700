"""Text of a new JavaScript or TypeScript migration that runs given SQL, statement by statement."""

import re
from collections.abc import Callable
from itertools import pairwise

from faber_db.adapters.handlers.reading import has_statements
from faber_db.model.dialect import Dialect
from faber_db.sql.script import parse
from faber_db.sql.splitter import spans

_DIALECTS = (Dialect.POSTGRESQL, Dialect.MARIADB, Dialect.SQLITE)
_COMMENTS = re.compile(r"(?:[\s;]|--[^\n]*\n|/\*(?:[^*]|\*(?!/))*\*/)*+")
NO_WAY_BACK = 'throw new Error("This migration has no way back.");'


def statements_of(sql: str) -> list[str]:
    """The statements of a script whose product nobody names, each with the comments before it.

    Where the products would cut it differently, the first counts that understands every piece.
    """
    cuts = {dialect: _cut(sql, dialect) for dialect in _DIALECTS}
    if any(one != two for one, two in pairwise(cuts.values())):
        for dialect in _DIALECTS:
            if all(statement.understood for statement in parse(sql, dialect).statements):
                return cuts[dialect]
    return cuts[Dialect.POSTGRESQL]


def _cut(sql: str, dialect: Dialect) -> list[str]:
    found, last = [], 0
    for start, end in spans(sql, dialect):
        before = sql[last:start]
        comments = before.lstrip("; \t\r\n") if _COMMENTS.fullmatch(before) else ""
        found.append(comments + sql[start:end])
        last = end
    return found


def body(sql: str, call: Callable[[str], str], *, indent: str) -> str:
    """Lines that run each statement, or that refuse where there is none."""
    if not has_statements(sql):
        return f"{indent}{NO_WAY_BACK}"
    return "\n".join(f"{indent}{call(statement)}" for statement in statements_of(sql))
