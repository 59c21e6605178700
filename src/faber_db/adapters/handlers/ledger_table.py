"""Which table is the ledger of a tool whose project may give it another name.

A project's configuration is read as text, never run. Where the table that it names, or the tool's
usual one, is not there, a table of the same shape under another name is not overlooked: taking
that database for an empty one would apply everything again.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

from faber_db.adapters.handlers.tables import columns_of, tables_with
from faber_db.errors import LedgerError
from faber_db.model.dialect import Dialect
from faber_db.services.ports import Session
from faber_db.sql.identifiers import quote


def require_nothing_else(
    table: str, columns: Sequence[str], shapes: Sequence[Collection[str]], tool: str
) -> None:
    """Raise where a table that a project's text names as its ledger holds more than one does.

    Else a line of that text would take any table out of what is compared and signed, and show its rows.

    Raises:
        LedgerError: names the columns.
    """
    more = set(columns).difference(*shapes)
    if more:
        raise LedgerError(
            f"{table} is named as {tool}'s ledger, and has the columns {', '.join(sorted(more))} besides",
            hint=f"It looks like a table of the application: correct the name in {tool}'s configuration.",
        )


@dataclass(frozen=True, slots=True)
class LedgerTable:
    """A table by its name, and on PostgreSQL its schema where the project gives one."""

    name: str
    schema: str = ""

    @property
    def label(self) -> str:
        """For people and for `Handler.ledger_tables`, as the catalogue has it."""
        return f"{self.schema}.{self.name}" if self.schema not in ("", "public") else self.name

    def quoted(self, dialect: Dialect) -> str:
        if self.schema and dialect is Dialect.POSTGRESQL:
            return f"{quote(self.schema, dialect)}.{quote(self.name, dialect)}"
        return quote(self.name, dialect)

    def ending(self, suffix: str) -> "LedgerTable":
        """The table beside it whose name is longer by this."""
        return LedgerTable(self.name + suffix, self.schema)

    def has_schema(self, session: Session) -> bool:
        """Whether its schema is there; a product without schemas needs none."""
        if session.dialect is not Dialect.POSTGRESQL:
            return True
        return bool(
            session.query(
                "SELECT 1 FROM pg_catalog.pg_namespace WHERE nspname = %s", (self.schema,)
            )
        )

    def columns(self, session: Session) -> tuple[str, ...] | None:
        """None where it is not there."""
        schema = self.schema if session.dialect is Dialect.POSTGRESQL else ""
        return columns_of(session, self.name, schema)


@dataclass(frozen=True, slots=True)
class Candidates:
    """What a project's texts say of its ledger."""

    tables: tuple[LedgerTable, ...]  # at least one
    unread_in: str = ""  # a file that names it in a way that has to be run to be known

    def chosen(self, session: Session) -> LedgerTable:
        """The table to use, there or not yet.

        Raises:
            LedgerError: several are named, and not exactly one of them is there.
        """
        there = [table for table in self.tables if table.columns(session) is not None]
        if len(there) == 1:
            return there[0]
        if there or len(self.tables) > 1:
            names = ", ".join(table.label for table in self.tables)
            raise LedgerError(
                f"the project names several ledgers ({names}), and"
                f" {'several' if there else 'none'} of them are in this database",
                hint="Give each database of the project a configuration of its own.",
            )
        return self.tables[0]

    def require_no_other(
        self,
        session: Session,
        tool: str,
        shapes: Sequence[Collection[str]],
        is_one: Callable[[str], bool],
    ) -> None:
        """Raise where the chosen table is missing and another one has the shape of this ledger.

        Args:
            session: talks to the server.
            tool: whose ledger it is, for people.
            shapes: the columns that such a table has, one set for each of the tool's forms.
            is_one: whether the rows of a table (`schema.table` on PostgreSQL) are such a ledger's.

        Raises:
            LedgerError: there is one, or the name cannot be read from the project.
        """
        others = [t for shape in shapes for t in tables_with(session, shape) if is_one(t)]
        chosen = self.tables[0].label
        if others:
            raise LedgerError(
                f"{chosen} is not there, and {', '.join(others)} has the columns of"
                f" {tool}'s ledger",
                hint=f"Write the table's name into {tool}'s configuration as a plain string.",
            )
        if self.unread_in:
            raise LedgerError(
                f"{self.unread_in} gives {tool}'s ledger a name that is not a plain string, and"
                f" {chosen} is not there",
                hint="Write the table's name there as a plain string.",
            )
