"""A ledger that a project gives another name than its tool's usual one.

The name is read from the project's own files as a plain value, or given as `ledger` in the
configuration; nothing is run. It is input: what is no plain name is refused, and so is a table that
holds more than the ledger does.
"""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import ClassVar, NamedTuple, Self

from faber_db.adapters.handlers import build_files, other_tools
from faber_db.adapters.handlers.ledger_table import Candidates, LedgerTable, require_nothing_else
from faber_db.errors import ConfigError, LedgerError
from faber_db.model.dialect import Dialect
from faber_db.services.ports import Session
from faber_db.sql.mysql_transactions import MYSQL

_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_$-]{0,62}")  # PostgreSQL cuts a longer one without a word
_VALUE = re.compile(  # `NAME=x`, `NAME: "x"`, `--name x`, `"--name", "x"`, `name("x")`
    r"[\"']?[ \t]*(?:[=:,][ \t]*|[ \t]+|(?<=\())[\"'`]?([^\s\"'`,;&|)]*(?:\([^\s)]*\))?)"
)
_COMMENT = ("#", "//")


class Said(NamedTuple):
    """A name of a ledger, and the file that gives it; in more parts than one where it has a schema."""

    file: str
    name: str
    schema: str = ""


def table_named(text: str) -> LedgerTable | None:
    """The table that `name` or `schema.name` means, or None where that is no plain name."""
    schema, dot, name = text.rpartition(".")
    if not _WORD.fullmatch(name) or (dot and not _WORD.fullmatch(schema)):
        return None
    return LedgerTable(name, schema)


def words_in(root: Path, folder: Path, *before: str) -> Iterator[Said]:
    """What follows some words (patterns) in the files that build and run a project."""
    pattern = re.compile("|".join(f"(?:{one})" for one in before))
    for file, text in build_files.texts(root, folder):
        for found in pattern.finditer(text):
            line = text[text.rfind("\n", 0, found.start()) + 1 : found.start()]
            given = _VALUE.match(text, found.end())
            if given and given[1] and not line.lstrip().startswith(_COMMENT):
                yield Said(file, given[1])


def candidates_of(said: Iterable[Said], usual: LedgerTable) -> Candidates:
    """The tables that files name; the usual one where none does, or none can be read."""
    tables: dict[LedgerTable, None] = {}
    unread = ""
    for one in said:
        table = table_named(f"{one.schema}.{one.name}" if one.schema else one.name)
        if table is None:
            unread = unread or one.file
        else:
            tables[table] = None
    return Candidates(tuple(tables)) if tables else Candidates((usual,), unread)


class OneLedger:
    """The half of a handler that knows which table is its ledger."""

    tool: ClassVar[str]  # as people write it
    usual: ClassVar[LedgerTable]
    columns: ClassVar[frozenset[str]]  # without which it is another table
    more_columns: ClassVar[frozenset[str]] = frozenset()  # all, where a newer form has more
    beside: ClassVar[tuple[str, ...]] = ()  # tables of the tool that nobody can rename
    folds: ClassVar[bool] = False  # the tool writes the name without quotes

    _given: Candidates | None = None

    @property
    def _named(self) -> Candidates:
        return self._given or Candidates((self.usual,))

    @property
    def ledger_tables(self) -> tuple[str, ...]:
        names = [table.label for table in self._named.tables]
        names += [name.lower() for name in names if self.folds]
        return (*dict.fromkeys(names), *self.beside)

    def table_for(self, dialect: Dialect) -> LedgerTable:
        """The ledger, without a look at the database.

        Raises:
            LedgerError: the project names several.
        """
        if len(self._named.tables) > 1:
            raise self._several()
        return self._as_written(self._named.tables[0], dialect)

    def located(self, session: Session) -> LedgerTable:
        """The ledger, there or not yet.

        Raises:
            LedgerError: the project names several, or a schema or database where it cannot be.
        """
        table = self.table_for(session.dialect)
        if table.schema and session.dialect is Dialect.SQLITE:
            raise LedgerError(
                f"the project keeps its ledger in schema {table.schema}, and SQLite has none",
                hint='Name the table alone, in the tool\'s configuration or as "ledger" in ours.',
            )
        if table.schema and session.dialect in MYSQL:
            ((database,),) = session.query("SELECT database()")
            if database != table.schema:
                raise LedgerError(
                    f"the project keeps its ledger in {table.label}, and this is {database}",
                    hint="Name the database of the ledger in the URL.",
                )
            return LedgerTable(table.name)
        return table

    def columns_there(self, session: Session, table: LedgerTable) -> tuple[str, ...] | None:
        """The ledger's columns; None where there is none at all.

        Raises:
            LedgerForeign: another tool's ledger is there and this one is not.
            LedgerError: it has another shape, or stands under another name.
        """
        columns = table.columns(session)
        if columns is None:
            for shape in filter(None, (self.columns, self.more_columns)):
                other_tools.refuse_ledgers(
                    session,
                    table.label,
                    shape,
                    is_there=lambda: table.columns(session) is not None,
                )
            if self._named.unread_in:
                raise LedgerError(
                    f"{self._named.unread_in} gives {self.tool}'s ledger a name that is not a plain"
                    f" one, and {table.label} is not there",
                    hint='Write the name there as it is, or as "ledger" into the configuration.',
                )
            return None
        if missing := self.columns - set(columns):
            raise LedgerError(f"{table.label} lacks the columns {', '.join(sorted(missing))}")
        if table.name != self.usual.name:
            shapes = [self.columns, self.more_columns]
            require_nothing_else(table.label, columns, shapes, self.tool)
        return columns

    def _as_written(self, table: LedgerTable, dialect: Dialect) -> LedgerTable:
        if not self.folds or dialect is not Dialect.POSTGRESQL:
            return table
        return LedgerTable(table.name.lower(), table.schema.lower())

    def _several(self) -> LedgerError:
        names = ", ".join(table.label for table in self._named.tables)
        return LedgerError(
            f"the project's files give {self.tool}'s ledger several names: {names}",
            hint='Write the right one as "ledger" into the configuration.',
        )


class RenamedLedger(OneLedger):
    """The same where a project may give it another name."""

    def __init__(self, named: Candidates | None = None) -> None:
        self._given = named

    def names_in(self, root: Path, folder: Path) -> Iterable[Said]:
        """What the project's own files call the ledger."""
        raise NotImplementedError

    def in_project(self, root: Path, folder: Path) -> Self:
        return type(self)(candidates_of(self.names_in(root, folder), self.usual))

    def with_ledger(self, table: LedgerTable) -> Self:
        """With the name that the configuration gives."""
        return type(self)(Candidates((table,)))


def required_name(name: str) -> LedgerTable:
    """The table that the configuration names.

    Raises:
        ConfigError: it is no plain name.
    """
    table = table_named(name)
    if table is None:
        raise ConfigError(
            f"ledger {name[:80]!r} is no name of a table",
            hint="It is `name` or `schema.name`, of letters, digits, _, $ and -, up to 63 each.",
        )
    return table
