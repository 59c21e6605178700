"""A script: SQL text cut into statements with their positions, each with what it does."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

from faber_db.model.dialect import Dialect
from faber_db.model.statement import Action, SetVariable
from faber_db.sql.watch import UNWATCHED, Watch

A = TypeVar("A", bound=Action)

_CONTROL = re.compile(
    r"(?:\s|--[^\n]*\n|/\*.*?\*/)*"
    r"(begin|start\s+transaction|commit|end|rollback|abort|savepoint|release|prepare\s+transaction)\b"
    r"\s*(?:work\b|transaction\b)?\s*(to\b|prepared\b)?",
    re.IGNORECASE | re.DOTALL,
)
_CONTROL_NAMES = {"start": "begin", "end": "commit", "abort": "rollback"}


@dataclass(frozen=True)
class Statement:
    """One statement of a script."""

    text: str  # exactly as in the source, without the separating semicolon
    start: int  # character offset in the script
    line: int  # 1-based
    understood: bool = True
    transactional: bool = True  # False: refuses to run inside a transaction block
    dialect: Dialect = Dialect.POSTGRESQL
    problem: str = ""  # of the parser, where it is not understood
    batch: int = 0  # rows of a batch, where a comment above it asks for batches; see `sql.batches`

    @classmethod
    def read(cls, text: str, start: int, line: int) -> "Statement":
        """An understood, transactional statement; what is not given here is the class's default.

        A quarter of the constructor's time, which would be a tenth of the parser's.
        """
        statement = object.__new__(cls)
        values = {"text": text, "start": start, "line": line}
        object.__setattr__(statement, "__dict__", values)
        return statement

    @cached_property
    def actions(self) -> tuple[Action, ...]:
        """What it does, in order; read on first use. What is not understood is an action too."""
        from faber_db.sql.reading import actions_of

        return actions_of(self)

    def actions_of(self, kind: type[A]) -> Iterator[A]:
        """The actions of one class."""
        return (action for action in self.actions if isinstance(action, kind))

    @property
    def end(self) -> int:
        """Character offset behind it."""
        return self.start + len(self.text)

    @property
    def transaction_control(self) -> str:
        """`begin`, `commit`, `rollback`, `savepoint`, `release`, `rollback to`, `prepare`, or empty."""
        match = _CONTROL.match(self.text)
        if match is None:
            return ""
        word = match[1].lower().split()[0]
        word = _CONTROL_NAMES.get(word, word)
        tail = (match[2] or "").lower()
        return f"{word} {tail}" if tail == "to" else "commit" if tail else word


@dataclass(frozen=True, slots=True)
class Script:
    """SQL text with its statements."""

    text: str
    dialect: Dialect
    statements: tuple[Statement, ...]

    def pragmas(self, name: str) -> tuple[str, ...]:
        """The values that the script sets a PRAGMA or variable to, in order, in lower case."""
        return tuple(
            action.value.lower()
            for statement in self.statements
            for action in statement.actions_of(SetVariable)
            if action.name == name and action.value
        )

    @property
    def switches_foreign_keys(self) -> bool:
        """SQLite: a PRAGMA foreign_keys, which does nothing inside a transaction."""
        return bool(self.pragmas("foreign_keys"))

    @property
    def defers_foreign_keys(self) -> bool:
        """SQLite: a PRAGMA defer_foreign_keys, which lasts until COMMIT."""
        return bool(self.pragmas("defer_foreign_keys"))


def parse(text: str, dialect: Dialect, watch: Watch = UNWATCHED) -> Script:
    """Cut a text into statements and read each; bad SQL is a statement that is not understood.

    Raises:
        AnalysisTooLarge: over 50 MB, 50,000 statements, 10,000 nested parentheses, or otherwise
            too deep to be read safely; or `watch` says that it takes too long.
    """
    from faber_db.sql.batches import marked
    from faber_db.sql.reading import read

    statements = marked(text, read(text, dialect, watch))
    return Script(text=text, dialect=dialect, statements=statements)
