"""Files that golang-migrate counts as applied and has never run, as far as the catalogue proves it.

Its one row stands for every number up to its own, so a file that comes later with a smaller one is
never run by it, and nothing in the ledger says so. But what such a file makes is not there. It is told
where all that a file surely makes is missing and no later file takes any of it away or renames it;
of a file that makes nothing (rows, types of columns), or whose tables others mention, nothing is known.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from faber_db.adapters.handlers.remains import Made, is_there, made_by
from faber_db.model.catalogue import Catalogue
from faber_db.model.dialect import Dialect
from faber_db.model.migration import LedgerRow, Migration
from faber_db.model.statement import CreateTable
from faber_db.sql.script import parse

_NAME = (
    r"\s+(?:if\s+not\s+exists\s+)?((?:[\w$]+|[\"`][^\"`]+[\"`])(?:\.(?:[\w$]+|[\"`][^\"`]+[\"`]))*)"
)
_TABLE = re.compile(rf"(?i)\bcreate\s+(?:unlogged\s+)?table{_NAME}")
_INDEX = re.compile(rf"(?i)\bcreate\s+(?:unique\s+)?index(?:\s+concurrently)?{_NAME}")
_COLUMN = re.compile(rf"(?i)\badd(?:\s+column)?{_NAME}")


@dataclass(frozen=True, slots=True)
class SeenRow(LedgerRow):
    """The one row, and the schema that it stands in.

    That is asked for only where a file is behind the row, by whoever has the session still open:
    a catalogue for each look at the ledger would make a long deployment longer.
    """

    seen: Callable[[], Catalogue] | None = field(default=None, compare=False, repr=False)
    dialect: Dialect = field(default=Dialect.POSTGRESQL, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class _Names:
    """The last parts of the names that a schema has, in one spelling."""

    tables: frozenset[str]  # and views
    indexes: frozenset[str]
    columns: frozenset[str]

    @classmethod
    def of(cls, catalogue: Catalogue) -> "_Names":
        tables = catalogue.tables
        return cls(
            frozenset(_last(t.full_name) for t in tables)
            | frozenset(_last(view.full_name) for view in catalogue.views),
            frozenset(_last(index.name) for table in tables for index in table.indexes),
            frozenset(_last(column.name) for table in tables for column in table.columns),
        )

    def lack(self, text: str) -> bool:
        """Whether a script seems to make something and nothing of it seems to be there.

        A quick look, so that only few scripts of a long history are parsed.
        """
        tables, indexes = _found(_TABLE, text), _found(_INDEX, text)
        if tables or indexes:
            return not (tables & self.tables or indexes & self.indexes)
        return bool(_found(_COLUMN, text) - self.columns)

    def may_have(self, one: Made) -> bool:
        """Whether it is there in another schema, or a column's table is gone or renamed itself."""
        match one.kind:
            case "index":
                return _last(one.name) in self.indexes
            case "column":
                return _last(one.name) not in self.tables
            case _:
                return _last(one.name) in self.tables


def never_ran(
    history: Sequence[Migration], ledger: Sequence[LedgerRow], newest: int
) -> dict[str, str]:
    """By version, of files below `newest`: what they make and is not there, in words."""
    row = next((r for r in ledger if isinstance(r, SeenRow) and r.seen is not None), None)
    behind = [m for m in history if int(m.version) < newest]
    if row is None or row.seen is None or not behind:
        return {}
    catalogue = row.seen()
    names = _Names.of(catalogue)
    found = {}
    for migration in behind:
        made = _surely_made(migration, row.dialect) if names.lack(migration.up) else ()
        if made and not any(is_there(one, catalogue) or names.may_have(one) for one in made):
            later = [m for m in history if int(m.version) > int(migration.version)]
            if not any(_is_taken_up(one, later, newest) for one in made):
                found[migration.version] = ", ".join(one.label for one in made[:3])
    return found


def _surely_made(migration: Migration, dialect: Dialect) -> tuple[Made, ...]:
    """Nothing where a part of the script is not understood, or makes what comes and goes by itself."""
    script = parse(migration.up, dialect)
    if not all(statement.understood for statement in script.statements):
        return ()
    partitions = any(a.partition_of for s in script.statements for a in s.actions_of(CreateTable))
    made = made_by(script)
    return () if partitions or not all(one.surely for one in made) else made


def _is_taken_up(one: Made, later: Sequence[Migration], newest: int) -> bool:
    """Whether a later file may say why it is gone: one that ran mentions it, or one to come drops it."""
    word = re.escape(one.column or _last(one.name))
    ran = re.compile(rf"(?i)(?<!\w){word}(?!\w)")
    drops = re.compile(rf"(?i)\bdrop\b[^;]*(?<!\w){word}(?!\w)")
    return any((ran if int(m.version) <= newest else drops).search(m.up) for m in later)


def _last(name: str) -> str:
    return name.rpartition(".")[2].strip('"`').casefold()


def _found(pattern: re.Pattern[str], text: str) -> frozenset[str]:
    return frozenset(_last(name) for name in pattern.findall(text))
