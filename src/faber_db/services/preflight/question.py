"""One question to the data: what is counted, and which findings its answer is about."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum
from functools import cached_property

from faber_db.model.catalogue import Catalogue, Table
from faber_db.model.dialect import Dialect
from faber_db.rules.state import State
from faber_db.services.ports import TableSize
from faber_db.services.verdict import Surroundings
from faber_db.sql.harmless import Own
from faber_db.sql.identifiers import quote

MOST = 10_000  # bad rows are counted up to here; more of them change nothing
_COUNTED_TO = 200_000  # rows of a table that are counted exactly; above, the estimate is told


class Use(Enum):
    """What a number other than 0 means."""

    FAILS = "the migration fails"
    CHANGES = "values change without an error"
    GOES = "rows or values go, which the statement means to do"


@dataclass(frozen=True, slots=True)
class Question:
    """One count. `sql` gives what was found, and the rows it was looked for in.

    An empty `sql` cannot be asked, and `why` says so.
    """

    label: str  # "NULLs in users.email"
    table: str
    columns: tuple[str, ...]  # that it looks at; empty: all
    codes: tuple[str, ...]  # of the findings that it answers
    objects: tuple[str, ...]  # one of theirs
    use: Use = Use.FAILS
    unit: str = "row"
    says: str = ""  # of several of them: "have NULL in users.email"
    sql: str = ""
    why: str = ""
    estimated: int | None = None  # rows of the table, where counting them would take too long
    written: bool = False  # holds an expression of the migration
    by_trying: bool = False  # an error in the data is the answer


@dataclass
class Here:
    """Where the walk over the scripts stands: what is in the database, and what is new by now."""

    around: Surroundings
    state: State
    text: str = ""  # of the statement
    changed: dict[str, set[str] | None] = field(default_factory=dict)  # None: any column

    @property
    def dialect(self) -> Dialect:
        return self.around.dialect

    @property
    def postgresql(self) -> bool:
        return self.dialect is Dialect.POSTGRESQL

    @property
    def catalogue(self) -> Catalogue:
        return self.around.catalogue or Catalogue()

    @cached_property
    def own(self) -> Own:
        """What the database has of its own and the script makes."""
        named = [o.name for o in self.catalogue.others if o.kind in ("function", "aggregate")]
        return Own(
            functions={n.partition("(")[0].rpartition(".")[2].lower() for n in named},
            views={v.full_name for v in self.catalogue.views},
            types={e.full_name for e in self.catalogue.enums},
        )

    def table(self, name: str) -> Table | None:
        """The table as it is in the database; None for one that the scripts make."""
        if self.state.is_new(name):
            return None
        key = self.state.key(name)
        return next((t for t in self.catalogue.tables if self.state.key(t.full_name) == key), None)

    def has(self, table: Table, columns: Sequence[str]) -> bool:
        """Whether the database has these columns now."""
        there = {self.state.key(c.name) for c in table.columns}
        return all(
            self.state.key(c) in there and not self.state.is_new_column(table.full_name, c)
            for c in columns
        )

    def size(self, table: str) -> TableSize | None:
        return (self.around.sizes or {}).get(table)

    def named(self, column: str) -> str:
        return quote(column, self.dialect)

    def source(self, table: Table) -> str:
        """The table in FROM; on PostgreSQL with its schema, whatever the search path is."""
        schema = table.schema or ("public" if self.postgresql else "")
        name = quote(table.name, self.dialect)
        return f"{quote(schema, self.dialect)}.{name}" if schema else name

    def writes_before(self, question: Question) -> bool:
        """Whether an earlier statement of the same change may write what is looked at."""
        found = self.changed.get(question.table, set())
        return found is None or bool(
            found and (not question.columns or found & {*question.columns})
        )


def about(
    table: str,
    columns: Sequence[str],
    label: str,
    *,
    codes: tuple[str, ...] = ("may-fail-on-data",),
    use: Use = Use.FAILS,
    more: Sequence[str] = (),
    unit: str = "row",
) -> Question:
    """A question whose SQL, or why there is none, is still to be filled in."""
    return Question(
        label=label,
        table=table,
        columns=tuple(columns),
        codes=codes,
        objects=(table, *(f"{table}.{c}" for c in columns), *more),
        use=use,
        unit=unit,
    )


def total(here: Here, table: Table) -> tuple[str, int | None]:
    """SQL for the rows of a table, and the estimate where that is taken instead."""
    size = here.size(table.full_name)
    if size is None:
        return "NULL", None
    if size.rows <= _COUNTED_TO:
        return f"(SELECT count(*) FROM {here.source(table)})", None  # noqa: S608 - quoted
    return str(int(size.rows)), None if size.exact else int(size.rows)


def bad_rows(here: Here, table: Table, source: str, condition: str) -> tuple[str, int | None]:
    """SQL that counts rows up to a limit, and the rows there are."""
    rows, estimated = total(here, table)
    found = f"SELECT 1 FROM {source} WHERE {condition}\nLIMIT {MOST + 1}"  # noqa: S608 - quoted
    return f"SELECT (SELECT count(*) FROM ({found}) AS found), {rows}", estimated  # noqa: S608
