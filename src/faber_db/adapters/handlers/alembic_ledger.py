"""`alembic_version`: one row for each revision that no applied one comes after, and nothing else."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from faber_db.adapters.handlers import other_tools
from faber_db.adapters.handlers.by_hand import literal
from faber_db.adapters.handlers.graph import Graph
from faber_db.adapters.handlers.ledger_table import require_nothing_else
from faber_db.adapters.handlers.tables import columns_of
from faber_db.errors import LedgerError
from faber_db.model.dialect import Dialect
from faber_db.services.ports import Bound, Session
from faber_db.sql.mysql_transactions import MYSQL

TABLE = "alembic_version"
_COLUMN = "version_num"


@dataclass(frozen=True, slots=True)
class Versions:
    """The table, by the names that a project has given it."""

    table: str = TABLE
    schema: str = ""  # of PostgreSQL, or a database of MySQL; empty: where the search path leads

    @property
    def full_name(self) -> str:
        return f"{self.schema}.{self.table}" if self.schema else self.table

    def read(self, session: Session) -> tuple[str, ...]:
        """The rows, sorted; no table has none.

        Raises:
            LedgerForeign: another tool's ledger is there and this one is not.
            LedgerError: the table has another shape.
        """
        columns = columns_of(session, self.table, schema=self.schema)
        if columns is None:
            self._refuse_others(session)
            return ()
        if _COLUMN not in columns:
            raise LedgerError(f"{self.full_name} lacks the columns {_COLUMN}")
        if self.table != TABLE:
            require_nothing_else(self.full_name, columns, [(_COLUMN,)], "Alembic")
        rows = session.query(f"SELECT {_COLUMN} FROM {self._quoted(session.dialect)}")  # noqa: S608 -- quoted
        return tuple(sorted(str(row[0]) for row in rows))

    def ensure(self, session: Session) -> None:
        """Make the table as Alembic does, where there is none."""
        if columns_of(session, self.table, schema=self.schema) is None:
            self._refuse_others(session)
            with session.transaction():
                session.execute(self.ddl(session.dialect))

    def _refuse_others(self, session: Session) -> None:
        other_tools.refuse_ledgers(
            session,
            self.table,
            () if self.schema else (_COLUMN,),
            is_there=lambda: columns_of(session, self.table, schema=self.schema) is not None,
        )

    def ddl(self, dialect: Dialect) -> str:
        """As Alembic makes it."""
        key = _quoted(dialect, f"{self.table}_pkc")
        return (
            f"CREATE TABLE {self._quoted(dialect)} (\n    {_COLUMN} VARCHAR(32) NOT NULL,\n"
            f"    CONSTRAINT {key} PRIMARY KEY ({_COLUMN})\n)"
        )

    def change(self, dialect: Dialect, now: Collection[str], then: Collection[str]) -> list[Bound]:
        """The statements from some rows to others.

        Alembic updates a row where one takes another's place. A new row says the same, and fails by
        its key where somebody else applied the revision meanwhile: Alembic takes no lock.
        """
        name = self._quoted(dialect)
        gone, new = sorted(set(now) - set(then)), sorted(set(then) - set(now))
        return [
            *(Bound(f"DELETE FROM {name} WHERE {_COLUMN} = %s", (each,)) for each in gone),  # noqa: S608 -- quoted
            *(Bound(f"INSERT INTO {name} ({_COLUMN}) VALUES (%s)", (each,)) for each in new),  # noqa: S608 -- quoted
        ]

    def text(self, dialect: Dialect, bounds: Sequence[Bound]) -> str:
        """The same as text for the server's own client, its last statement not ended."""
        return ";\n".join(
            bound.sql % tuple(literal(dialect, str(value)) for value in bound.parameters)
            for bound in bounds
        )

    def _quoted(self, dialect: Dialect) -> str:
        return ".".join(_quoted(dialect, part) for part in (self.schema, self.table) if part)


def after(graph: Graph, rows: Collection[str], revision: str) -> frozenset[str]:
    """The rows once a revision is applied: it takes the place of those that come right before it."""
    return frozenset(rows) - set(graph.needs[revision]) | {revision}


def before(graph: Graph, rows: Collection[str], revision: str) -> frozenset[str]:
    """The rows once a revision is taken back: what came right before it, where nothing else says so."""
    others = frozenset(rows) - {revision}
    needed = set(graph.needs[revision])
    implied = graph.before(others) | {
        one for each in needed for one in graph.before([each]) if one != each
    }
    return others | (needed - implied)


def _quoted(dialect: Dialect, name: str) -> str:
    mark = "`" if dialect in MYSQL else '"'
    return mark + name.replace(mark, mark * 2).replace("%", "%%") + mark
