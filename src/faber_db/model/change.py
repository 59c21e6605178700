"""What a specification asks for: changes of a schema, each with the lines that ask for it.

Names are as written (`main.users`, `UserProfile`); which table is meant is decided against the
current schema in `schema.desired`. Types, defaults and expressions are texts in the dialect.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """Lines of a text, 1-based, both included."""

    first: int
    last: int

    def __str__(self) -> str:
        return (
            f"line {self.first}" if self.first == self.last else f"lines {self.first}-{self.last}"
        )


@dataclass(frozen=True, slots=True)
class Reference:
    """The far end of a foreign key; no columns means the primary key of the table."""

    table: str
    columns: tuple[str, ...] = ()
    on_delete: str = "NO ACTION"
    on_update: str = "NO ACTION"


@dataclass(frozen=True, slots=True)
class WantedColumn:
    """A column as a text describes it. What it does not say is None or empty."""

    name: str
    span: Span
    type: str = ""  # empty: not said; a reference then lends the type of its target
    nullable: bool | None = None
    default: str | None = None
    primary_key: bool = False
    identity: bool = False  # counts up by itself
    unique: bool = False
    indexed: bool = False
    references: Reference | None = None
    check: str = ""
    labels: tuple[str, ...] = ()  # of an enum type; `type` then is its name, or empty
    array: bool = False


@dataclass(frozen=True, slots=True)
class WantedKey:
    """A unique constraint, primary key or index over columns of one table."""

    columns: tuple[str, ...]
    span: Span
    name: str = ""
    unique: bool = False


@dataclass(frozen=True, slots=True)
class WantedReference:
    """A foreign key; no columns means: the one that is named after the target."""

    target: Reference
    span: Span
    columns: tuple[str, ...] = ()
    name: str = ""


@dataclass(frozen=True, slots=True)
class TableWanted:
    """A table with columns. New where no such table is there; else its missing columns are added."""

    table: str
    span: Span
    columns: tuple[WantedColumn, ...] = ()
    primary_key: tuple[str, ...] = ()
    uniques: tuple[WantedKey, ...] = ()
    indexes: tuple[WantedKey, ...] = ()
    references: tuple[WantedReference, ...] = ()
    new: bool = False  # the text says that it is created
    whole: bool = False  # the text gives the whole table: what it leaves out is a question


@dataclass(frozen=True, slots=True)
class EnumWanted:
    """An enum type with its labels in order."""

    name: str
    labels: tuple[str, ...]
    span: Span


@dataclass(frozen=True, slots=True)
class KeyWanted:
    """A unique constraint or an index on a table that is there. No table: the one with the columns."""

    table: str
    key: WantedKey
    kind: str  # "unique", "index"

    @property
    def span(self) -> Span:
        return self.key.span


@dataclass(frozen=True, slots=True)
class ReferenceWanted:
    """A foreign key on a table that is there."""

    table: str
    reference: WantedReference

    @property
    def span(self) -> Span:
        return self.reference.span


@dataclass(frozen=True, slots=True)
class CascadeWanted:
    """Rows of `child` go away with their row of `parent` (words of the text, singular or plural)."""

    child: str
    parent: str
    span: Span


@dataclass(frozen=True, slots=True)
class CheckWanted:
    """A check on a table that is there."""

    table: str
    expression: str
    span: Span
    name: str = ""


@dataclass(frozen=True, slots=True)
class ColumnChanged:
    """What of a column changes; None: stays."""

    table: str
    column: str
    span: Span
    type: str | None = None
    nullable: bool | None = None
    default: str | None = None
    drop_default: bool = False


@dataclass(frozen=True, slots=True)
class ColumnsDropped:
    """Columns that go. No table: the only one that has them all."""

    table: str
    columns: tuple[str, ...]
    span: Span
    if_exists: bool = False


@dataclass(frozen=True, slots=True)
class TableDropped:
    """A table that goes."""

    table: str
    span: Span
    if_exists: bool = False


@dataclass(frozen=True, slots=True)
class IndexesDropped:
    """Indexes that go, by name."""

    names: tuple[str, ...]
    span: Span
    if_exists: bool = False


@dataclass(frozen=True, slots=True)
class Renamed:
    """A column, or with an empty `column` the table, gets another name, by explicit instruction."""

    table: str
    column: str
    to: str
    span: Span


@dataclass(frozen=True, slots=True)
class VerbatimSql:
    """One SQL statement that goes into the migration as it is written."""

    sql: str  # without the separating semicolon
    span: Span


Change = (
    TableWanted
    | EnumWanted
    | KeyWanted
    | ReferenceWanted
    | CascadeWanted
    | CheckWanted
    | ColumnChanged
    | ColumnsDropped
    | TableDropped
    | IndexesDropped
    | Renamed
    | VerbatimSql
)


@dataclass(frozen=True, slots=True)
class Question:
    """What has to be decided before a migration can be written. `id` is the key of the answer."""

    id: str
    text: str
    options: tuple[str, ...] = ()  # empty: any text, as the question says
    span: Span | None = None


@dataclass(frozen=True, slots=True)
class NotUnderstood:
    """A passage that seems to speak of the schema and was not turned into a change."""

    span: Span
    text: str  # its beginning
    why: str


@dataclass(frozen=True, slots=True)
class Specification:
    """What was read out of a text."""

    changes: tuple[Change, ...] = ()  # in the order of the text
    questions: tuple[Question, ...] = ()
    not_understood: tuple[NotUnderstood, ...] = ()
    narrative: tuple[Span, ...] = ()  # passages that do not seem to speak of the schema
    assumptions: tuple[str, ...] = ()  # what custom filled in where the text was silent
    prisma: str = ""  # the text of the prisma blocks, for the project's schema file
