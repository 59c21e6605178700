"""What a recipe is given and what it gives: one statement in, the steps that replace it out."""

from collections.abc import Callable
from dataclasses import dataclass

from faber_db.model.catalogue import Catalogue
from faber_db.model.dialect import Dialect
from faber_db.model.statement import Action, Calls, Query, Uses
from faber_db.rules.state import State, TableState
from faber_db.sql.identifiers import quote, quote_full
from faber_db.sql.lexer import significant
from faber_db.sql.script import Statement, parse


@dataclass(frozen=True, slots=True)
class Step:
    """One migration file of a plan."""

    name: str  # a few words: "orders_total_check not valid"
    sql: str
    why: str  # a sentence
    transaction: bool = True  # False: each statement by itself, outside any transaction
    deploy: str = ""  # what has to be deployed before it runs
    last: bool = False  # belongs behind everything else: it takes away what old code uses


class NoWay(Exception):
    """No safe form of a statement is known; the message says why, and what a person can do."""


@dataclass(frozen=True)
class Known:
    """What is known where a statement stands."""

    dialect: Dialect
    major: int | None  # of PostgreSQL
    state: State  # before the statement
    catalogue: Catalogue | None  # before the script

    def table(self, name: str) -> TableState | None:
        return self.state.table(name)

    def taken(self, table: str) -> frozenset[str]:
        """Names that a constraint or index of a table cannot have."""
        schema = table.rpartition(".")[0]
        found: set[str] = set()
        for other in self.state.tables.values():
            if other.name.rpartition(".")[0] != schema:
                continue
            found |= {other.name.rpartition(".")[2], *(i.name for i in other.indexes)}
            found |= {c.name for c in other.constraints if c.kind in ("unique", "primary key")}
            if other.name == table:
                found |= {c.name for c in other.constraints}
        return frozenset(found)

    def at_least(self, major: int) -> bool:
        """Whether the server is known to be that new."""
        return self.major is not None and self.major >= major

    def quoted(self, name: str) -> str:
        """An identifier, quoted only where it has to be."""
        return quoted(name, self.dialect)


@dataclass(frozen=True)
class Part:
    """One action of the script in a statement of its own, in the words of the source."""

    text: str  # without the semicolon
    actions: tuple[Action, ...]
    line: int

    @property
    def main(self) -> tuple[Action, ...]:
        """What it does, without the functions and values that it uses on the way."""
        return tuple(a for a in self.actions if not isinstance(a, Calls | Uses | Query))


Recipe = Callable[[Part, Known], tuple[Step, ...] | None]
"""The steps that do what a part does and let others work meanwhile; None: not about this part.

Raises:
    NoWay: it is about this part, and there is no safe form.
"""


def part_of(text: str, line: int) -> Part:
    """Read a text of one PostgreSQL statement.

    Raises:
        NoWay: it is not one statement that can be read.
    """
    statements = parse(text, Dialect.POSTGRESQL).statements
    if len(statements) != 1 or not statements[0].understood:
        raise NoWay("the statement cannot be taken apart safely")
    return Part(trimmed(statements[0].text), statements[0].actions, line)


def whole(statement: Statement) -> Part:
    """A statement as it is."""
    return Part(trimmed(statement.text), statement.actions, statement.line)


def trimmed(text: str) -> str:
    """Without comments behind the last token, so that something can be written there."""
    ends = [token.end for token in significant(text, Dialect.POSTGRESQL)]
    return text[: ends[-1]] if ends else text


def quoted(name: str, dialect: Dialect) -> str:
    """An identifier, quoted only where it has to be."""
    plain = name.isascii() and name.replace("_", "a").isalnum() and name == name.lower()
    if plain and not name[0].isdigit() and name not in _RESERVED:
        return name
    return quote(name, dialect)


def quoted_full(name: str, dialect: Dialect) -> str:
    """A full name, its parts quoted only where they have to be."""
    if '"' in name:
        return quote_full(name, dialect)
    return ".".join(quoted(part, dialect) for part in name.split(".", 1))


def sentence(sql: str) -> str:
    """A statement with its semicolon, on lines of its own."""
    return f"{sql.rstrip().rstrip(';')};\n"


# PostgreSQL manual, appendix SQL Key Words: reserved, also where a function or type may have it
_WORDS = (
    "all analyse analyze and any array as asc asymmetric authorization binary both case cast check"
    " collate collation column concurrently constraint create cross current_catalog current_date"
    " current_role current_schema current_time current_timestamp current_user default deferrable desc"
    " distinct do else end except false fetch for foreign freeze from full grant group having ilike in"
    " initially inner intersect into is isnull join lateral leading left like limit localtime"
    " localtimestamp natural not notnull null offset on only or order outer overlaps placing primary"
    " references returning right select session_user similar some symmetric system_user table"
    " tablesample then to trailing true union unique user using variadic verbose when where window"
    " with"
)
_RESERVED = frozenset(_WORDS.split())
