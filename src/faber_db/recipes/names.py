"""The names that PostgreSQL makes up for constraints and indexes (src/backend/commands/indexcmds.c).

`{table}_{columns}_{kind}`, the longer of the first two cut until all fits into 63 bytes, and a
number behind it where the name is taken.
"""

import re
from collections.abc import Iterable

from faber_db.model.statement import Constraint

_LONGEST = 63
_CALL = re.compile(r"(\w+)\(.*\)")
_LABELS = {
    "primary key": "pkey", "unique": "key", "foreign key": "fkey", "check": "check",
    "exclude": "excl", "not null": "not_null",
}  # fmt: skip


def object_name(first: str, second: str, label: str) -> str:
    """As makeObjectName does it."""
    one, two = first.encode(), second.encode()
    room = _LONGEST - len(label) - 1 - (1 if second else 0)
    while len(one) + len(two) > room:
        if len(one) > len(two):
            one = one[:-1]
        else:
            two = two[:-1]
    parts = [one.decode(errors="ignore"), two.decode(errors="ignore"), label]
    return "_".join(p for p in parts if p)


def free_name(first: str, second: str, label: str, taken: Iterable[str]) -> str:
    """The first of `name`, `name1`, `name2` … that is not taken."""
    names = set(taken)
    name, number = object_name(first, second, label), 0
    while name in names:
        number += 1
        name = object_name(first, second, f"{label}{number}")
    return name


def constraint_name(table: str, constraint: Constraint, taken: Iterable[str]) -> str:
    """What a constraint without a name would be called."""
    bare = table.rpartition(".")[2]
    columns = constraint.columns
    if constraint.kind == "check" and constraint.expression is not None:
        used = tuple(dict.fromkeys(constraint.expression.columns))
        columns = used if len(used) == 1 else ()
    if constraint.kind == "primary key":
        columns = ()
    return free_name(bare, "_".join(columns), _LABELS[constraint.kind], taken)


def index_name(table: str, columns: Iterable[str], taken: Iterable[str]) -> str:
    """What an index without a name would be called."""
    words = [_word(column) for column in columns]
    return free_name(table.rpartition(".")[2], "_".join(words), "idx", taken)


def _word(column: str) -> str:
    """A call counts as its function, any other expression as `expr` (FigureIndexColname)."""
    if "(" not in column:
        return column
    call = _CALL.fullmatch(column)
    return call[1] if call else "expr"
