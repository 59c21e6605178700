"""The symbol table: what is there before each action, from the catalogue and the script so far."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import TypedDict, TypeVar

from faber_db.model.catalogue import Catalogue, Column, Table
from faber_db.model.dialect import Dialect
from faber_db.model.statement import (
    Action,
    AddColumn,
    AddConstraint,
    AddEnumValue,
    AlterDomain,
    AttachPartition,
    ChangeType,
    ColumnDefinition,
    Constraint,
    Create,
    CreateDomain,
    CreateEnum,
    CreateIndex,
    CreatePolicy,
    CreateRoutine,
    CreateRule,
    CreateTable,
    CreateTrigger,
    CreateView,
    Delete,
    DetachPartition,
    Drop,
    DropColumn,
    DropConstraint,
    DropDefault,
    DropNotNull,
    Dynamic,
    Expression,
    Grant,
    Insert,
    Move,
    NotUnderstood,
    Outside,
    Query,
    RedefineColumn,
    Rename,
    SetDefault,
    SetNotNull,
    SetVariable,
    TableAction,
    TypeName,
    Update,
    ValidateConstraint,
)
from faber_db.sql.postgresql.templates import UNKNOWN

_STAR = r"(?:\bselect|\bdistinct|,)\s*\*|\w\.\*"  # every column; not count(*)
_QUERY = "as query"  # the columns of a table that a query made are not known
_RELATIONS = ("table", "foreign table", "view", "materialized view")
_INDEXED = ("primary key", "unique", "exclude")
_NARROW_POLICY = re.compile(
    r"\brestrictive\b|\bfor\s+(?!all\b)|\bto\s+(?!public\b)|\b(?:using|check)\s*\((?!\s*true\s*\))",
    re.I,
)
_LABEL = re.compile(r"'((?:[^']|'')*)'")
_LABELLED = re.compile(
    r"(enum|set)\(((?:'(?:[^']|'')*'\s*,?\s*)+)\)(.*)", re.IGNORECASE | re.DOTALL
)
_TYPE = re.compile(r"^([^(\[]*)(?:\(([^)]*)\))?([^\[]*)((?:\[\])*)$", re.DOTALL)


def type_named(text: str, dialect: Dialect) -> TypeName:
    """A type as a product prints it: `timestamp(3) without time zone`, `varchar(20)`."""
    labelled = _LABELLED.match(text.strip())
    if labelled is not None:
        labels = tuple(label.replace("''", "'") for label in _LABEL.findall(labelled[2]))
        return TypeName(labelled[1].lower(), labels, attributes=_characters(labelled[3]))
    match = _TYPE.match(text.strip())
    if match is None:
        return TypeName(text.strip())
    name = " ".join(f"{match[1]} {match[3]}".split())
    if dialect is not Dialect.SQLITE:
        name = name.lower()
    arguments = tuple(a.strip().strip("'") for a in match[2].split(",")) if match[2] else ()
    attributes: tuple[str, ...] = ()
    if dialect in (Dialect.MYSQL, Dialect.MARIADB):
        words = name.split()
        attributes = tuple(w for w in words[1:] if w in ("unsigned", "zerofill"))
        attributes += _characters(name)
        name = words[0] if words else ""
        if name in ("tinyint", "smallint", "mediumint", "int", "bigint") and name != "tinyint":
            arguments = ()  # a display width, not a size
    elif dialect is Dialect.POSTGRESQL and name in ("timestamp", "time"):
        name += " without time zone"
    return TypeName(name, arguments, bool(match[4]), attributes)


def _characters(text: str) -> tuple[str, ...]:
    return tuple(
        f"character set {m.lower()}" for m in re.findall(r"character set (\w+)", text, re.I)
    )


@dataclass
class ColumnState:
    """A column as it is now."""

    name: str
    type: TypeName
    nullable: bool = True
    default: str | None = None
    identity: str = ""
    generated: str = ""
    generation: str = ""  # the expression of a generated column
    collation: str = ""
    new: bool = False  # added by the pending files, so that no value of it existed
    filled: bool = False  # and then written by them

    @classmethod
    def of(cls, column: Column, dialect: Dialect) -> "ColumnState":
        return cls(
            column.name,
            type_named(column.type, dialect),
            column.nullable,
            column.default,
            column.identity,
            column.generated.partition(":")[0],
            column.generated.partition(":")[2],
            column.collation,
        )

    @classmethod
    def defined(cls, column: ColumnDefinition) -> "ColumnState":
        return cls(
            column.name,
            column.type,
            column.nullable,
            column.default.text if column.default else None,
            column.identity,
            column.generated,
            column.generation.text if column.generation else "",
            column.collation,
            new=True,
        )


class Partitioning(TypedDict):
    """The part of a table's state that is about partitions."""

    partitioned: bool
    partition_key: tuple[str, ...]
    partition_of: str
    partition_default: bool


@dataclass
class TableState:
    """A table as it is now."""

    name: str
    born: bool = False  # made by the pending files: no row of it existed
    maybe: bool = False  # IF NOT EXISTS, and it is not known whether it existed
    guessed: bool = False  # known only because the script speaks of it
    columns: dict[str, ColumnState] = field(default_factory=dict)
    constraints: list[Constraint] = field(default_factory=list)
    indexes: list[CreateIndex] = field(default_factory=list)
    complete: bool = False  # all columns are known
    partitioned: bool = False
    partition_key: tuple[str, ...] = ()
    partition_of: str = ""
    partition_default: bool = False
    unlogged: bool = False
    materialized: bool = False
    policies: bool = False
    filled_from: list[Insert] = field(default_factory=list)
    was: str = ""  # its name before the script renamed it
    in_front: bool = False  # made in another schema, or for the session, beside one of that name
    options: tuple[str, ...] = ()  # "strict", "without rowid"
    charset: str = ""  # MySQL: of columns that name none

    def take_over(self, before: "TableState") -> None:
        """It stands in the place of a table that was there: with its rows, and old code uses it."""
        self.born = False
        for name in self.columns.keys() & before.columns.keys():
            self.columns[name].new = False

    def is_keyed(self, columns: tuple[str, ...]) -> bool:
        """Whether some key lies within these columns, so that equal values name one row each."""
        given = set(columns)
        keys = [set(c.columns) for c in self.constraints if c.kind in ("primary key", "unique")]
        keys += [
            set(i.columns) for i in self.indexes if i.unique and not (i.predicate or i.expression)
        ]
        return any(key and key <= given for key in keys)

    def lose(self, column: str) -> None:
        """Drop a column with the keys, constraints and indexes that it is part of."""
        self.columns.pop(column, None)
        uses = re.compile(rf"(?<!\w){re.escape(column)}(?!\w)")
        self.constraints = [
            c
            for c in self.constraints
            if column not in c.columns
            and not (c.kind == "check" and c.expression and uses.search(c.expression.text))
        ]
        self.indexes = [
            i
            for i in self.indexes
            if not any(uses.search(part) for part in (*i.columns, i.predicate))
        ]

    def names_of(self, constraint: Constraint) -> tuple[str, ...]:
        """Its name, or those that PostgreSQL may have given it."""
        if constraint.name:
            return (constraint.name,)
        end = {"primary key": "pkey", "unique": "key", "foreign key": "fkey"}
        word, columns = end.get(constraint.kind, constraint.kind), "_".join(constraint.columns)
        lasts = dict.fromkeys(n.rpartition(".")[2] for n in (self.name, self.was) if n)
        if constraint.kind == "primary key":
            return tuple(f"{last}_pkey" for last in lasts)
        return tuple(n for last in lasts for n in (f"{last}_{columns}_{word}", f"{last}_{word}"))

    def rename_key(self, old: str, new: str) -> None:
        """Call a constraint, and an index, by another name."""
        self.constraints = [
            replace(c, name=new) if old in self.names_of(c) else c for c in self.constraints
        ]
        self.indexes = [replace(i, name=new) if i.name == old else i for i in self.indexes]

    def is_unique(self, columns: tuple[str, ...], *, without: str | None = None) -> bool:
        """Whether a key, other than the one named `without`, is over exactly these columns."""
        wanted = set(columns)
        return bool(wanted) and (
            any(
                c.kind in ("primary key", "unique")
                and c.name != without
                and set(c.columns) == wanted
                for c in self.constraints
            )
            or any(
                i.unique
                and i.name != without
                and not i.predicate
                and i.expression is None
                and set(i.columns) == wanted
                for i in self.indexes
            )
        )


class State:
    """Everything that is known at one point of the script. `apply` moves on."""

    def __init__(self, dialect: Dialect, catalogue: Catalogue | None) -> None:
        self.dialect = dialect
        self.known = catalogue is not None
        self.tables: dict[str, TableState] = {}
        self.enums: dict[str, tuple[str, ...]] = {}
        self.born_types: set[str] = set()
        self.domains: dict[str, bool] = {}  # name: whether it has a constraint
        self.domain_definitions: dict[str, CreateDomain] = {}
        self.routines: dict[str, CreateRoutine] = {}
        self.views: dict[str, tuple[str, ...]] = {}  # name: tables it reads
        self.view_text: dict[str, str] = {}
        self.view_uses: dict[str, tuple[str, ...]] = {}  # only where the columns are read
        self.view_columns: dict[str, tuple[str, ...]] = {}  # empty where they cannot be told
        self.born_routines: set[str] = set()
        self.born_views: set[str] = set()
        self.schemas: set[str] = set()
        self.born_others: set[str] = set()  # "sequence ticket_seq"
        self.policies: set[str] = set()  # tables that have one
        self.policy_names: set[tuple[str, str]] = set()  # table and name
        self.open_policies: set[str] = set()  # tables with one that lets every row through
        self.grantees: set[str] = set()  # roles that hold rights
        self.granted: set[str] = set()  # what a GRANT names: "users", "every table in public"
        self.triggers: dict[tuple[str, str], CreateTrigger] = {}  # by table and name
        self.rules: dict[tuple[str, str], CreateRule] = {}
        self.variables: dict[str, str] = {}
        self.invalid_indexes: set[str] = set()  # left over by a failed CONCURRENTLY
        self.extensions = False  # whether there are some, whose functions are not known
        self.blurred = False  # something ran of which it is not known what it makes or drops
        self.lost: dict[str, TableState] = {}  # tables dropped by the script
        if catalogue is not None:
            self._load(catalogue)

    # --- what is there --------------------------------------------------------------------------

    @property
    def is_mysql(self) -> bool:
        return self.dialect in (Dialect.MYSQL, Dialect.MARIADB)

    def key(self, name: str) -> str:
        """How a name is compared: SQLite and MySQL do not tell case apart."""
        return name if self.dialect is Dialect.POSTGRESQL else name.lower()

    def table(self, name: str) -> TableState | None:
        return self.tables.get(self.key(name))

    def column(self, table: str, column: str) -> ColumnState | None:
        found = self.table(table)
        return found.columns.get(self.key(column)) if found else None

    @property
    def certain(self) -> bool:
        """Whether what is not listed here is not there."""
        return self.known and not self.blurred

    def is_new(self, table: str) -> bool:
        """Whether the pending files made the table, so that nobody reads it and no row is lost."""
        found = self.table(table)
        return found is not None and found.born and not found.maybe

    def is_new_column(self, table: str, column: str) -> bool:
        found = self.column(table, column)
        return found is not None and found.new

    def holds_nulls(self, table: str, columns: tuple[str, ...]) -> bool:
        """Whether old rows are known to hold nothing but NULL in one of these columns."""
        found = [self.column(table, name) for name in columns]
        return any(
            c is not None and c.new and c.nullable and c.default is None and not c.filled
            for c in found
        )

    def by_key(self, action: Update | Delete) -> bool:
        """Whether a statement reaches its rows by a key; of an unknown table `id` counts as one."""
        return self.is_keyed(action.table, action.keyed)

    def is_keyed(self, table: str, columns: tuple[str, ...]) -> bool:
        """Whether some columns are enough to find a row of a table."""
        found = self.table(table)
        if found is None or not found.complete:
            return "id" in columns or (found is not None and found.is_keyed(columns))
        return found.is_keyed(columns)

    def is_on(self, variable: str) -> bool:
        """Whether the script has switched a variable of the session on."""
        return self.variables.get(variable, "") in ("on", "1", "true", "yes")

    def is_off(self, variable: str) -> bool:
        """Whether the script has switched it off; what it did not touch is on, as far as is known."""
        return self.variables.get(variable, "") in ("off", "0", "false", "no")

    @property
    def is_strict(self) -> bool | None:
        """MySQL: whether the script sets a strict sql_mode; None where that is not known."""
        said = self.variables.get("sql_mode")
        if said is None or "@" in said or "(" in said:
            return None
        return "strict" in said or "traditional" in said

    def is_indexed(self, table: str, column: str) -> bool:
        """Whether an index or key holds a column; yes where the table is not known."""
        found, wanted = self.table(table), self.key(column)
        if found is None or not found.complete:
            return True
        keys = [c.columns for c in found.constraints if c.kind in ("primary key", "unique")]
        return any(
            wanted in {self.key(c.partition("(")[0]) for c in columns}
            for columns in (*keys, *(i.columns for i in found.indexes))
        )

    def has_valid_check(self, table: str, column: str) -> bool:
        """Whether a validated check says that a column is not NULL."""
        found = self.table(table)
        if found is None:
            return False
        wanted = f"{column} is not null".lower()
        return any(
            c.kind == "check"
            and not c.not_valid
            and not c.not_enforced
            and c.expression is not None
            and wanted in _plain(c.expression.text).split(" and ")
            for c in found.constraints
        ) or any(
            c.kind == "not null" and not c.not_valid and column in c.columns
            for c in found.constraints
        )

    def base_of(self, kind: TypeName) -> TypeName:
        """The type that a domain stands on; another type is its own."""
        seen: set[str] = set()
        while (domain := self.domain_definitions.get(kind.name)) and kind.name not in seen:
            seen.add(kind.name)
            kind = replace(domain.base, array=domain.base.array or kind.array)
        return kind

    def default_of(self, column: ColumnDefinition) -> Expression | None:
        """Its own default, or that of its domain."""
        domain = self.domain_definitions.get(column.type.name)
        return column.default or (domain.default if domain is not None else None)

    def domain_tables(self, domain: str) -> tuple[str, ...]:
        """The tables with a column of a domain."""
        return tuple(
            t.name
            for t in self.tables.values()
            if any(c.type.name == domain for c in t.columns.values())
        )

    def type_users(self, name: str) -> tuple[str, ...]:
        """`table.column` of every column of a type."""
        return tuple(
            f"{t.name}.{c.name}"
            for t in self.tables.values()
            for c in t.columns.values()
            if c.type.name == name
        )

    def referencing(self, table: str) -> list[tuple[str, Constraint]]:
        """The foreign keys of other tables that point to a table."""
        wanted = self.key(table)
        return [
            (t.name, c)
            for t in self.tables.values()
            for c in t.constraints
            if c.kind == "foreign key"
            and self.key(c.references) == wanted
            and self.key(t.name) != wanted
        ]

    def lacks(self, kind: str, name: str) -> bool:
        """Whether the schema is known, and nothing of that kind and name is in it."""
        if kind in ("procedure", "function") and self.dialect in (Dialect.MYSQL, Dialect.MARIADB):
            return self.known and name.lower() not in self.routines
        schema, _, last = name.rpartition(".")
        if not self.known or (schema and schema not in (*self.schemas, "public")):
            return False
        if UNKNOWN in name:
            return False
        places: dict[str, Mapping[str, object]] = {
            "table": self.tables,
            "view": self.views,
            "materialized view": self.views,
            "function": self.routines,
            "procedure": self.routines,
        }
        known = places.get(kind)
        return known is not None and not any(
            k == self.key(name) or k.rpartition(".")[2] == self.key(last) for k in known
        )

    def reached_by_delete(self, table: str) -> set[str]:
        """The tables whose rows a DELETE takes along or changes, over any number of foreign keys."""
        found: set[str] = set()
        pending = [table]
        while pending:
            for child, key in self.referencing(pending.pop()):
                if key.on_delete in ("CASCADE", "SET NULL", "SET DEFAULT") and child not in found:
                    found.add(child)
                    if key.on_delete == "CASCADE":
                        pending.append(child)
        return found - {table}

    def reached_by_truncate(self, tables: Iterable[str]) -> set[str]:
        """The tables that TRUNCATE … CASCADE empties besides, over any number of foreign keys."""
        found = {self.key(t) for t in tables}
        pending = list(found)
        while pending:
            for child, _ in self.referencing(pending.pop()):
                if self.key(child) not in found:
                    found.add(self.key(child))
                    pending.append(child)
        return found - {self.key(t) for t in tables}

    def views_on(self, table: str, column: str = "") -> tuple[str, ...]:
        """The views that read a table; with a column, those that seem to use it."""
        found = []
        for name, reads in self.views.items():
            if self.key(table) not in {self.key(r) for r in reads}:
                continue
            if not column or self._view_uses(name, table, column):
                found.append(name)
        return tuple(found)

    def _view_uses(self, view: str, table: str, column: str) -> bool:
        """Whether a view needs a column; yes where neither its query nor its text is known."""
        uses, text = self.view_uses.get(view), self.view_text.get(view)
        if uses is not None:
            return not {f"{table}.{column}", f"{table}.*", column, "*"}.isdisjoint(uses)
        pattern = rf"(?<!\w){re.escape(column)}(?!\w)|{_STAR}"
        return text is None or bool(re.search(pattern, text, re.I))

    def triggers_calling(self, function: str) -> tuple[str, ...]:
        """The triggers of tables that run a function."""
        wanted = function.rpartition(".")[2].lower()
        return tuple(
            f"trigger {t.name} of {t.table}"
            for t in self.triggers.values()
            if t.function.rpartition(".")[2].lower() == wanted
        )

    def partitions_of(self, table: str) -> Iterator[TableState]:
        """The partitions of a table, and theirs."""
        pending = [self.key(table)]
        while pending:
            parent = pending.pop()
            for found in self.tables.values():
                if found.partition_of and self.key(found.partition_of) == parent:
                    yield found
                    pending.append(self.key(found.name))

    def has_index(self, name: str, schema: str = "") -> bool:
        """Whether an index of that name is known in a schema, of its own or of a constraint."""
        return any(
            any(i.name == name for i in t.indexes)
            or any(c.name == name and c.kind in _INDEXED for c in t.constraints)
            for t in self.tables.values()
            if t.name.rpartition(".")[0] == schema
        )

    def lacks_grants(self, name: str, later: Iterable[Action]) -> bool:
        """Whether rights are given in this schema, and none on a table that is new."""
        every = f"every table in {name.rpartition('.')[0] or 'public'}"
        given = {o for a in later if isinstance(a, Grant) and not a.revoke for o in a.objects}
        given |= {g for g in self.granted if g == name}
        future = any(g.startswith("future ") for g in (*given, *self.granted))
        return bool(self.granted) and not {name, every} & given and not future

    def loses_grants(self, name: str, later: Iterable[Action]) -> bool:
        """Whether rights are known on what is dropped and made anew, and are not given again."""
        every = f"every table in {name.rpartition('.')[0] or 'public'}"
        grants = [a for a in later if isinstance(a, Grant) and not a.revoke]
        again = any(name in g.objects or every in g.objects for g in grants)
        defaults = any(g.startswith("future ") for g in self.granted)
        return bool({name, every} & self.granted) and not again and not defaults

    def triggers_on(self, table: str, event: str) -> tuple[CreateTrigger, ...]:
        """The triggers of a table that an event fires, or may."""
        wanted = self.key(table)
        return tuple(
            t
            for (owner, _), t in self.triggers.items()
            if owner == wanted and (event in t.events or not t.events)
        )

    def trigger_names(self, table: str) -> tuple[str, ...]:
        """The triggers that fire on a table, whatever the event."""
        return tuple(t.name for (owner, _), t in self.triggers.items() if owner == self.key(table))

    def triggers_naming(self, table: str) -> tuple[str, ...]:
        """The triggers of other tables whose body names a table."""
        wanted = self.key(table)
        return tuple(
            t.name
            for (owner, _), t in self.triggers.items()
            if owner != wanted and wanted in {self.key(n) for n in named_in(t.body)}
        )

    def rules_on(self, table: str, event: str) -> tuple[CreateRule, ...]:
        """The rewrite rules of a table for an event."""
        wanted = self.key(table)
        return tuple(
            r for (owner, _), r in self.rules.items() if owner == wanted and r.event == event
        )

    # --- loading --------------------------------------------------------------------------------

    def _load(self, catalogue: Catalogue) -> None:
        for table in catalogue.tables:
            self.tables[self.key(table.full_name)] = self._loaded(table)
            if table.schema:
                self.schemas.add(table.schema)
        for enum in catalogue.enums:
            self.enums[enum.full_name] = enum.labels
        for view in catalogue.views:
            self._load_view(view.full_name, view.definition, view.materialized)
        for other in catalogue.others:
            self._load_other(other.kind, other.name, other.definition, other.table)

    def _loaded(self, table: Table) -> TableState:
        self.invalid_indexes |= {i.name for i in table.indexes if not i.valid}
        constraints = [Constraint("unique", k.name, k.columns) for k in table.uniques]
        if table.primary_key:
            key = table.primary_key
            constraints.append(Constraint("primary key", key.name, key.columns))
        for check in table.checks:
            expression = Expression(check.expression)
            constraints.append(
                Constraint(
                    "check", check.name, expression=expression, not_valid=not check.validated
                )
            )
        for foreign in table.foreign_keys:
            constraints.append(
                Constraint(
                    "foreign key",
                    foreign.name,
                    foreign.columns,
                    references=foreign.table,
                    referenced_columns=foreign.references,
                    on_delete=foreign.on_delete,
                    on_update=foreign.on_update,
                    not_valid=not foreign.validated,
                )
            )
        return TableState(
            table.full_name,
            columns={self.key(c.name): ColumnState.of(c, self.dialect) for c in table.columns},
            constraints=constraints,
            indexes=[
                CreateIndex(
                    table.full_name,
                    i.name,
                    tuple(_bare(c) for c in i.columns)
                    if self.dialect is Dialect.POSTGRESQL
                    else i.columns,
                    i.unique and i.valid,
                    method=i.method,
                    predicate=i.predicate,
                )
                for i in table.indexes
            ],
            complete=_QUERY not in table.options,
            options=tuple(o.lower() for o in table.options),
            charset=_charset(table.options),
            unlogged="UNLOGGED" in table.options,
            **_partitioning(table.options),
        )

    def _load_view(self, name: str, definition: str, materialized: bool) -> None:
        view = _view_of(definition, self.dialect)
        self.views[name] = view.reads
        self.view_text[name] = definition
        self.view_columns[name] = view.columns
        if self.dialect is Dialect.POSTGRESQL:
            self.view_uses[name] = view.uses
        if materialized:
            self.tables[self.key(name)] = TableState(name, materialized=True)

    def _load_domain(self, name: str, definition: str) -> None:
        from faber_db.sql.script import parse

        self.domains[name] = bool(re.search(r"\bcheck\b|\bnot\s+null\b", definition, re.I))
        written = re.match(r"\s*create\b", definition, re.I)
        text = definition if written else f"CREATE DOMAIN d AS {definition}"
        for statement in parse(text, self.dialect).statements:
            for domain in statement.actions_of(CreateDomain):
                self.domain_definitions[name] = domain

    def _load_other(self, kind: str, name: str, definition: str, table: str) -> None:
        if kind == "domain":
            self._load_domain(name, definition)
        elif kind == "virtual table":
            self.tables[self.key(name)] = TableState(name)
        elif kind == "schema":
            self.schemas.add(name)
        elif kind == "extension":
            self.extensions = True
        elif kind == "policy":
            self.policies.add(self.key(table))
            self.policy_names.add((self.key(table), name))
            if not _NARROW_POLICY.search(definition):
                self.open_policies.add(self.key(table))
        elif kind in ("function", "procedure", "trigger", "rule", "grant"):
            for action in _defined_by(definition.removesuffix(" DISABLED"), self.dialect):
                self._load_defined(action, name)

    def _load_defined(self, action: Action, name: str) -> None:
        if isinstance(action, CreateRoutine):
            self.routines[name.split("(")[0].lower()] = action
        elif isinstance(action, CreateTrigger):
            self.triggers[self.key(action.table), action.name] = action
        elif isinstance(action, CreateRule):
            self.rules[self.key(action.table), action.name] = action
        elif isinstance(action, Grant):
            self.granted.update(action.objects)
            self.grantees.update(action.grantees)

    # --- moving on ------------------------------------------------------------------------------

    def apply(self, action: Action) -> None:
        """Change what is there as an action changes it."""
        match action:
            case CreateTable():
                self._create_table(action)
            case CreateView():
                self._create_view(action)
            case AddColumn() if found := self.table(action.table):
                found.columns.setdefault(
                    self.key(action.column.name), ColumnState.defined(action.column)
                )
                for constraint in action.column.constraints:
                    self._add_constraint(found, constraint)
            case DropColumn() if found := self.table(action.table):
                found.lose(self.key(action.column))
            case AddColumn():
                fresh = TableState(action.table, guessed=True)
                fresh.columns[self.key(action.column.name)] = ColumnState.defined(action.column)
                self.tables[self.key(action.table)] = fresh
            case AddConstraint():
                found = self._existing(action.table)
                self._add_constraint(found, action.constraint)
                if self.is_mysql:
                    _index_foreign_key(found, action.constraint)
            case ValidateConstraint() if found := self.table(action.table):
                found.constraints = [
                    replace(c, not_valid=False) if action.name in found.names_of(c) else c
                    for c in found.constraints
                ]
            case DropConstraint() if found := self.table(action.table):
                found.constraints = [
                    c for c in found.constraints if action.name not in found.names_of(c)
                ]
            case CreateIndex():
                found = self._existing(action.table)
                if self.is_mysql and not action.name:
                    action = replace(action, name=_name_of_key(found, action.columns))
                found.indexes.append(action)
            case Update():
                for name in action.columns:
                    if column := self.column(action.table, name):
                        column.filled = True
            case SetVariable():
                self.variables[action.name] = action.value.lower()
                if action.name == "search_path" and not _is_usual(action.value):
                    self.blurred = True
            case Dynamic() | NotUnderstood() | Outside() | Create(kind="extension"):
                self.blurred = True
                self._apply_object(action)
            case _:
                self._apply_column(action)
                self._apply_object(action)

    def _existing(self, table: str) -> TableState:
        return self.tables.setdefault(self.key(table), TableState(table, guessed=True))

    def _apply_column(self, action: Action) -> None:
        match action:
            case ChangeType() if found := self.column(action.table, action.column):
                found.type = action.type
            case RedefineColumn() if found := self.column(action.table, action.column):
                new = ColumnState.defined(action.definition)
                new.new, new.name = found.new, found.name
                self._existing(action.table).columns[self.key(found.name)] = new
            case SetNotNull() if found := self.column(action.table, action.column):
                found.nullable = False
            case DropNotNull() if found := self.column(action.table, action.column):
                found.nullable = True
            case SetDefault() if found := self.column(action.table, action.column):
                found.default = action.default.text
            case DropDefault() if found := self.column(action.table, action.column):
                found.default, found.identity = None, ""
            case _:
                pass

    def _apply_object(self, action: Action) -> None:
        match action:
            case CreateEnum():
                self.enums[action.name] = action.labels
                self.born_types.add(action.name)
            case AddEnumValue() if action.type in self.enums:
                self.enums[action.type] = (*self.enums[action.type], action.value)
            case CreateDomain():
                self.domains[action.name] = action.constrained
                self.domain_definitions[action.name] = action
                self.born_types.add(action.name)
            case AlterDomain() if action.what in ("add constraint", "set not null"):
                self.domains[action.name] = True
            case CreateRoutine():
                if action.name.lower() not in self.routines:
                    self.born_routines.add(action.name.lower())
                self.routines[action.name.lower()] = action
            case CreatePolicy():
                self.policies.add(self.key(action.table))
                self.policy_names.add((self.key(action.table), action.name))
                if action.open:
                    self.open_policies.add(self.key(action.table))
            case Grant(revoke=False, membership=False):
                self.granted.update(action.objects)
                self.grantees.update(action.grantees)
            case Drop(kind="owned"):
                self.grantees.difference_update(action.names)
            case CreateTrigger():
                self.triggers[self.key(action.table), action.name] = action
            case CreateRule():
                self.rules[self.key(action.table), action.name] = action
            case Create(kind="virtual table"):
                self.tables.setdefault(self.key(action.name), TableState(action.name, born=True))
            case Create():
                self.born_others.add(f"{action.kind} {action.name}")
                if action.kind == "schema":
                    self.schemas.add(action.name)
            case Drop():
                self._drop(action)
            case Rename():
                self._rename(action)
            case Move(kind="table") if found := self.tables.pop(self.key(action.name), None):
                name = f"{action.schema}.{action.name.rpartition('.')[2]}"
                found.name = name.removeprefix("public.")
                self.tables[self.key(found.name)] = found
            case AttachPartition() if found := self.table(action.partition):
                found.partition_of = action.table
                found.partition_default = not action.bounds
            case DetachPartition() if found := self.table(action.partition):
                found.partition_of, found.partition_default = "", False
            case Insert(query=True) if found := self.table(action.table):
                found.filled_from.append(action)
            case _:
                pass

    def _follow(self, old: str, new: str) -> None:
        """SQLite writes the new name into the keys, views and triggers that name the table."""
        if self.dialect is not Dialect.SQLITE or self.is_on("legacy_alter_table"):
            return
        wanted = self.key(old)
        for table in self.tables.values():
            table.constraints = [
                replace(c, references=new)
                if c.references and self.key(c.references) == wanted
                else c
                for c in table.constraints
            ]
        for name, reads in self.views.items():
            self.views[name] = tuple(new if self.key(r) == wanted else r for r in reads)
        self.triggers = {
            key: replace(t, table=new) if self.key(t.table) == wanted else t
            for key, t in self.triggers.items()
        }

    def _create_table(self, action: CreateTable) -> None:
        key = self.key(action.table)
        if action.if_not_exists and key in self.tables:
            return
        constraints = [*action.constraints, *(c for col in action.columns for c in col.constraints)]
        not_null = {c for k in action.constraints if k.kind == "primary key" for c in k.columns}
        columns = {} if action.query else self._inherited(action)
        columns |= {self.key(c.name): ColumnState.defined(c) for c in action.columns}
        parents = [self.table(name) for name in action.reads]
        if self.dialect is Dialect.POSTGRESQL:
            for name in not_null & columns.keys():
                columns[name].nullable = False
        self.tables[key] = TableState(
            action.table,
            born=True,
            maybe=action.if_not_exists and not self.known and not action.temporary,
            columns=columns,
            complete=not action.query and all(p is not None and p.complete for p in parents),
            partitioned=action.partitioned,
            partition_key=action.partition_key,
            partition_of=action.partition_of,
            partition_default=action.partition_default,
            unlogged=action.unlogged,
            in_front=key in self.tables,
        )
        for constraint in constraints:
            self._add_constraint(self.tables[key], constraint)

    def _add_constraint(self, table: TableState, constraint: Constraint) -> None:
        if self.is_mysql and constraint.kind == "unique" and not constraint.name:
            constraint = replace(constraint, name=_name_of_key(table, constraint.columns))
        table.constraints.append(constraint)

    def _inherited(self, action: CreateTable) -> dict[str, ColumnState]:
        """The columns that LIKE and INHERITS bring along."""
        parents = [found for name in action.reads if (found := self.table(name)) is not None]
        return {
            name: replace(column, new=True)
            for found in parents
            for name, column in found.columns.items()
        }

    def _create_view(self, action: CreateView) -> None:
        if action.name not in self.views or not action.replace:
            self.born_views.add(action.name)
        self.views[action.name] = action.reads
        self.view_columns[action.name] = action.columns
        if self.dialect is Dialect.POSTGRESQL:
            self.view_uses[action.name] = action.uses
        if action.materialized:
            self.tables[self.key(action.name)] = TableState(
                action.name, born=True, materialized=True
            )

    def _drop(self, action: Drop) -> None:
        for name in action.names:
            if action.kind in ("table", "foreign table", "materialized view"):
                gone = self.tables.pop(self.key(name), None)
                if gone is not None:
                    self.lost[self.key(name)] = gone
                self.triggers = _moved(self.triggers, self.key(name), "")
                self.rules = _moved(self.rules, self.key(name), "")
            if action.cascade and action.kind in _RELATIONS:
                self._drop_dependants(name)
            if action.kind in ("view", "materialized view"):
                self.views.pop(name, None)
            elif action.kind in ("type", "domain"):
                self.enums.pop(name, None)
                self.domains.pop(name, None)
            elif action.kind in ("function", "procedure"):
                self.routines.pop(name.lower(), None)
            elif action.kind == "trigger" and not action.table:  # SQLite, MySQL: its own name
                self.triggers = {k: t for k, t in self.triggers.items() if k[1] != name}
            elif action.kind == "trigger":
                self.triggers.pop((self.key(action.table), name), None)
            elif action.kind == "rule":
                self.rules.pop((self.key(action.table), name), None)
            elif action.kind == "index":
                self.invalid_indexes.discard(name.rpartition(".")[2])
                for table in self.tables.values():
                    if self.is_mysql and table is not self.table(action.table):
                        continue  # there each table has names of its own
                    table.indexes = [i for i in table.indexes if i.name != name]
                    if self.is_mysql:
                        kept = [
                            c for c in table.constraints if c.kind != "unique" or c.name != name
                        ]
                        table.constraints = kept

    def _had_the_name(self, name: str) -> TableState | None:
        """The table that was called so and existed before the script."""
        gone = [self.lost.get(self.key(name))]
        gone += [t for t in self.tables.values() if t.was == name]
        return next((t for t in gone if t is not None and not t.born), None)

    def _drop_dependants(self, name: str) -> None:
        """What CASCADE takes along: views upon views, and references of other tables."""
        wanted, pending = self.key(name), [name]
        for table in self.tables.values():
            table.constraints = [
                c
                for c in table.constraints
                if c.kind != "foreign key" or self.key(c.references) != wanted
            ]
        while pending:
            for view in self.views_on(pending.pop()):
                del self.views[view]
                self.tables.pop(self.key(view), None)
                pending.append(view)

    def _rename(self, action: Rename) -> None:
        if action.kind == "column" and action.table:
            found = self.table(action.table)
            column = found.columns.get(self.key(action.old)) if found else None
            if found is not None and column is not None:
                column.name = action.new
                found.columns = {self.key(c.name): c for c in found.columns.values()}
        elif action.kind in ("constraint", "index"):
            last = action.old.rpartition(".")[2]
            within = [self.table(action.table)] if action.table else self.tables.values()
            for each in within:  # the index of a key is called as its constraint, and follows it
                if each is not None:
                    each.rename_key(last, action.new)
        elif action.kind in ("table", "view", "materialized view"):
            schema = action.old.rpartition(".")[0]
            new = f"{schema}.{action.new}" if schema and "." not in action.new else action.new
            table = self.tables.pop(self.key(action.old), None)
            if table is not None:
                before = self._had_the_name(new) if table.filled_from else None
                if before is not None and self.is_mysql:
                    table.take_over(before)
                table.was = table.was or table.name
                table.name = new
                self._follow(action.old, new)
                self.tables[self.key(new)] = table
                self.triggers = _moved(self.triggers, self.key(action.old), self.key(new))
                self.rules = _moved(self.rules, self.key(action.old), self.key(new))
            if action.old in self.views:
                self.views[new] = self.views.pop(action.old)
            for name, reads in self.views.items():  # a view follows what it reads
                self.views[name] = tuple(new if r == action.old else r for r in reads)
        elif action.kind in ("type", "domain"):
            if action.old in self.enums:
                self.enums[action.new] = self.enums.pop(action.old)
            if action.old in self.domains:
                self.domains[action.new] = self.domains.pop(action.old)
            if action.old in self.domain_definitions:
                self.domain_definitions[action.new] = self.domain_definitions.pop(action.old)
            if action.old in self.born_types:
                self.born_types.add(action.new)
            for state in self.tables.values():
                for column in state.columns.values():
                    if column.type.name == action.old:
                        column.type = replace(column.type, name=action.new)


def _charset(options: Iterable[str]) -> str:
    """Of the columns of a table; the server says `DEFAULT CHARSET=utf8mb4`, a text `charset utf8mb4`."""
    text = " ".join(options).lower()
    named = re.search(r"\bcharset[ =](\w+)", text) or re.search(r"\bcollate[ =]([a-z0-9]+)", text)
    return {"utf8": "utf8mb3"}.get(named[1], named[1]) if named else ""


def _partitioning(options: tuple[str, ...]) -> Partitioning:
    """What a catalogue's notes on a table say of partitions."""
    found = Partitioning(
        partitioned=False, partition_key=(), partition_of="", partition_default=False
    )
    for option in options:
        if option.lower().startswith("partition by"):
            found["partitioned"] = True
        elif match := re.match(r"partitioned by (?:\w+ )?\((.*)\)", option):
            found["partitioned"] = True
            found["partition_key"] = tuple(c.strip().strip('"') for c in match[1].split(","))
        elif match := re.match(r"partition of (\S+)(\s+DEFAULT)?", option):
            found["partition_of"], found["partition_default"] = match[1], bool(match[2])
    return found


def _bare(column: str) -> str:
    """The name of an index's column, without quotes, order and operator class; else as it is."""
    if column.startswith('"') and column.count('"') == 2:
        return column.split('"')[1]
    return column if "(" in column else column.partition(" ")[0]


def _is_usual(path: str) -> bool:
    """Whether names without a schema mean what they mean by default."""
    parts = {p.strip().strip("\"'") for p in path.split(",")}
    return parts <= {"public", "$user", "pg_catalog"} and "public" in parts


@lru_cache(maxsize=4096)
def _view_of(definition: str, dialect: Dialect) -> CreateView:
    """What a view reads and shows. Kept, since every pending file begins with the same schema."""
    from faber_db.sql.script import parse

    whole = re.match(r"\s*create\b", definition, re.I)
    script = parse(definition if whole else f"CREATE VIEW v AS {definition}", dialect)
    found = (view for s in script.statements for view in s.actions_of(CreateView))
    return next(found, CreateView(""))


@lru_cache(maxsize=4096)
def _defined_by(definition: str, dialect: Dialect) -> tuple[Action, ...]:
    """The actions of a definition as the catalogue holds it."""
    from faber_db.sql.script import parse

    return tuple(a for s in parse(definition, dialect).statements for a in s.actions)


H = TypeVar("H", bound=TableAction)


def _moved(hanging: dict[tuple[str, str], H], old: str, new: str) -> dict[tuple[str, str], H]:
    """What hangs on tables, after one has another name, or none."""
    return {
        (new if table == old else table, name): item
        for (table, name), item in hanging.items()
        if table != old or new
    }


def named_in(actions: Iterable[Action]) -> set[str]:
    """The tables that some statements read or write."""
    found: set[str] = set()
    for action in actions:
        if isinstance(action, TableAction):
            found.add(action.table)
        if isinstance(action, Insert | Update | Delete | Query):
            found.update(action.reads)
    return found


def _name_of_key(table: TableState, columns: Sequence[str]) -> str:
    """MySQL calls a key without a name as its first column, and counts on where that is taken."""
    taken = {i.name.lower() for i in table.indexes} | {c.name.lower() for c in table.constraints}
    first = columns[0] if columns else ""
    numbered = (f"{first}_{number}" for number in range(2, len(taken) + 3))
    return next(name for name in (first, *numbered) if name.lower() not in taken)


def _index_foreign_key(table: TableState, key: Constraint) -> None:
    """MySQL makes an index for a foreign key where none begins with its columns."""
    there = [i.columns for i in table.indexes]
    there += [c.columns for c in table.constraints if c.kind in ("primary key", "unique")]
    if key.kind == "foreign key" and all(c[: len(key.columns)] != key.columns for c in there):
        name = key.name or key.columns[0]
        table.indexes.append(CreateIndex(table.name, name, key.columns))


def _plain(text: str) -> str:
    return " ".join(re.sub(r"[()\"`]", " ", text).lower().split())


def replay(dialect: Dialect, catalogue: Catalogue | None, actions: Iterable[Action]) -> State:
    """The state after some actions."""
    state = State(dialect, catalogue)
    for action in actions:
        state.apply(action)
    return state
