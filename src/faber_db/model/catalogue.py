"""A schema as a value: read from a live database, a shadow, or desired.

Types and expressions are texts in the dialect, as the database itself prints them, so that two
catalogues of the same product compare by equality. Only the database knows when two texts mean
the same; send both through a shadow before comparing.
"""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field


@dataclass(frozen=True, slots=True)
class Column:
    """One column. `type` is what the product prints (`character varying(80)`, `INTEGER`)."""

    name: str
    type: str
    nullable: bool = True
    default: str | None = None  # expression text; None: no default
    identity: str = ""  # "always", "by default", "autoincrement"
    generated: str = ""  # expression of a generated column, with "stored:" or "virtual:" before it
    collation: str = ""  # only where it is not the type's own
    comment: str = ""


@dataclass(frozen=True, slots=True)
class Key:
    """A primary key or unique constraint."""

    name: str
    columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ForeignKey:
    """A reference; the action words are upper case (`NO ACTION`, `CASCADE`)."""

    name: str
    columns: tuple[str, ...]
    table: str  # qualified like `Table.full_name`
    references: tuple[str, ...]
    on_delete: str = "NO ACTION"
    on_update: str = "NO ACTION"
    deferrable: str = ""  # "", "deferrable", "initially deferred"
    validated: bool = True


@dataclass(frozen=True, slots=True)
class Check:
    """A check constraint; `expression` without the word CHECK."""

    name: str
    expression: str
    validated: bool = True


@dataclass(frozen=True, slots=True)
class Index:
    """An index that is not merely the shadow of a key constraint."""

    name: str
    columns: tuple[str, ...]  # column names, or expression texts, with DESC and the like
    unique: bool = False
    method: str = ""  # empty: the product's default
    predicate: str = ""
    valid: bool = True


@dataclass(frozen=True, slots=True)
class Table:
    """One table with everything that hangs on it. Order of columns is theirs in the database."""

    name: str
    schema: str = ""  # empty where the product has none (SQLite), or for PostgreSQL's "public"
    columns: tuple[Column, ...] = ()
    primary_key: Key | None = None
    uniques: tuple[Key, ...] = ()  # by name
    foreign_keys: tuple[ForeignKey, ...] = ()  # by name
    checks: tuple[Check, ...] = ()  # by name
    indexes: tuple[Index, ...] = ()  # by name
    options: tuple[str, ...] = ()  # "WITHOUT ROWID", "STRICT", "partitioned by …"
    comment: str = ""

    @property
    def full_name(self) -> str:
        """`schema.name`, or `name` alone where the schema is the default one."""
        return f"{self.schema}.{self.name}" if self.schema else self.name

    def column(self, name: str) -> Column | None:
        return next((c for c in self.columns if c.name == name), None)


@dataclass(frozen=True, slots=True)
class View:
    """A view or materialised view, its definition as the product prints it."""

    name: str
    definition: str
    schema: str = ""
    materialized: bool = False

    @property
    def full_name(self) -> str:
        return f"{self.schema}.{self.name}" if self.schema else self.name


@dataclass(frozen=True, slots=True)
class EnumType:
    """An enum type, labels in order."""

    name: str
    labels: tuple[str, ...]
    schema: str = ""

    @property
    def full_name(self) -> str:
        return f"{self.schema}.{self.name}" if self.schema else self.name


@dataclass(frozen=True, slots=True)
class Sequence:
    """A sequence that no identity column owns."""

    name: str
    type: str = "bigint"
    schema: str = ""
    owned_by: str = ""  # "table.column"

    @property
    def full_name(self) -> str:
        return f"{self.schema}.{self.name}" if self.schema else self.name


@dataclass(frozen=True, slots=True)
class OtherObject:
    """What has no model of its own yet (trigger, function, domain, policy): seen, compared, named."""

    kind: str
    name: str  # qualified; for a trigger "table.trigger"
    definition: str
    table: str = ""  # the table it hangs on, if any


@dataclass(frozen=True, slots=True)
class Catalogue:
    """A whole schema. Objects are sorted by full name; ledgers and our own objects are left out."""

    tables: tuple[Table, ...] = ()
    views: tuple[View, ...] = ()
    enums: tuple[EnumType, ...] = ()
    sequences: tuple[Sequence, ...] = ()
    others: tuple[OtherObject, ...] = field(default=())

    def table(self, name: str) -> Table | None:
        """The table with this full name."""
        return next((t for t in self.tables if t.full_name == name), None)

    def fingerprint(self, only: Iterable[str] | None = None) -> str:
        """SHA-256 (hex) over the whole schema, or over the objects with these full names."""
        wanted = None if only is None else set(only)
        data = {
            kind: [
                asdict(item)
                for item in items
                if wanted is None
                or (item.full_name if not isinstance(item, OtherObject) else item.table) in wanted
            ]
            for kind, items in (
                ("tables", self.tables),
                ("views", self.views),
                ("enums", self.enums),
                ("sequences", self.sequences),
                ("others", self.others),
            )
        }
        text = json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        return hashlib.sha256(text.encode()).hexdigest()
