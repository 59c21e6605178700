"""What a difference consists of: statements in an order that works, and open questions."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum

from faber_db.model.change import Question


class Phase(IntEnum):
    """Statements run in this order."""

    RENAME = 0
    LOOSEN = 1  # constraints and indexes that go
    EXPAND = 2  # new types, tables, columns
    FILL = 3  # stored rows
    TIGHTEN = 4  # what holds for the rows from now on
    CONTRACT = 5  # columns, tables and types that go
    OUTSIDE = 6  # what refuses a transaction, or should not share one


@dataclass(frozen=True, slots=True)
class Step:
    """One statement, and the object it is about (`users`, `users.email`, an index name)."""

    sql: str
    about: str
    phase: Phase
    table: str = ""


@dataclass(frozen=True, slots=True)
class Hints:
    """What the caller decided. Keys are `table` or `table.column`, by the names before the change."""

    renames: Mapping[str, str] = field(default_factory=dict)  # to the new bare name
    fills: Mapping[str, str] = field(default_factory=dict)  # table.column (new names): expression
    dropped: frozenset[str] = frozenset()  # confirmed: no rename is meant
    empty: frozenset[str] = frozenset()  # tables that hold no rows anywhere


@dataclass(frozen=True, slots=True)
class Difference:
    """How to come from one schema to another, and back."""

    statements: tuple[Step, ...] = ()
    down_statements: tuple[Step, ...] = ()
    questions: tuple[Question, ...] = ()

    @property
    def empty(self) -> bool:
        return not self.statements and not self.questions
