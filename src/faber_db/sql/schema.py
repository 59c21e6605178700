"""A catalogue out of SQL text: what CREATE and ALTER statements would leave behind.

For `analyze --schema before.sql`, where no database can be asked. Expressions and view bodies stay as
written, so do not compare such a catalogue with one that a database printed.
"""

from dataclasses import dataclass, field, replace

from faber_db.model.catalogue import (
    Catalogue,
    Check,
    Column,
    EnumType,
    ForeignKey,
    Index,
    Key,
    OtherObject,
    Sequence,
    Table,
    View,
)
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
    Drop,
    DropColumn,
    DropConstraint,
    DropDefault,
    DropNotNull,
    Grant,
    RedefineColumn,
    Rename,
    SetDefault,
    SetNotNull,
    TypeName,
    ValidateConstraint,
)
from faber_db.sql.script import Statement, parse
from faber_db.sql.watch import UNWATCHED, Watch

_TIMES = ("timestamp without time zone", "timestamp with time zone", "time without time zone",
          "time with time zone")  # fmt: skip


def catalogue_of(text: str, dialect: Dialect, watch: Watch = UNWATCHED) -> Catalogue:
    """The schema that a text describes; statements about rows are passed over.

    Raises:
        AnalysisTooLarge: the text is too large to be read, or takes longer than `watch` allows.
    """
    builder = _Builder(dialect)
    for statement in parse(text, dialect, watch).statements:
        watch.check()
        for action in statement.actions:
            builder.take(action, statement)
    return builder.catalogue()


def type_text(kind: TypeName, dialect: Dialect) -> str:
    """A type as the product prints it."""
    attributes = [a for a in kind.attributes if a in ("unsigned", "zerofill")]
    attributes += [a for a in kind.attributes if a.startswith("character set")]
    if dialect is Dialect.POSTGRESQL and kind.name in _TIMES and kind.arguments:
        word, _, rest = kind.name.partition(" ")
        text = f"{word}({kind.arguments[0]}) {rest}"
    elif kind.name in ("enum", "set"):
        text = f"{kind.name}({','.join(map(_label, kind.arguments))})"
    else:
        text = f"{kind.name}({','.join(kind.arguments)})" if kind.arguments else kind.name
    return " ".join([text + "[]" * kind.array, *attributes])


def _label(text: str) -> str:
    doubled = text.replace("'", "''")
    return f"'{doubled}'"


@dataclass
class _Builder:
    dialect: Dialect
    tables: dict[str, Table] = field(default_factory=dict)
    views: dict[str, View] = field(default_factory=dict)
    enums: dict[str, EnumType] = field(default_factory=dict)
    sequences: dict[str, Sequence] = field(default_factory=dict)
    others: dict[tuple[str, str], OtherObject] = field(default_factory=dict)

    def catalogue(self) -> Catalogue:
        return Catalogue(
            tables=tuple(self.tables[k] for k in sorted(self.tables)),
            views=tuple(self.views[k] for k in sorted(self.views)),
            enums=tuple(self.enums[k] for k in sorted(self.enums)),
            sequences=tuple(self.sequences[k] for k in sorted(self.sequences)),
            others=tuple(self.others[k] for k in sorted(self.others)),
        )

    # --- one action -----------------------------------------------------------------------------

    def take(self, action: Action, statement: Statement) -> None:
        match action:
            case CreateTable() if not action.temporary:
                self._create_table(action)
            case CreateIndex() if table := self.tables.get(action.table):
                index = Index(
                    action.name or self._index_name(table, action.columns),
                    action.columns,
                    action.unique,
                    action.method if action.method != "btree" else "",
                    action.predicate,
                )
                self.tables[action.table] = replace(table, indexes=(*table.indexes, index))
            case AddColumn() if table := self.tables.get(action.table):
                self.tables[action.table] = self._with_column(table, action.column)
            case AddConstraint() if table := self.tables.get(action.table):
                self.tables[action.table] = self._with(table, action.constraint)
            case DropColumn() if table := self.tables.get(action.table):
                left = tuple(c for c in table.columns if c.name != action.column)
                self.tables[action.table] = replace(table, columns=left)
            case DropConstraint() if table := self.tables.get(action.table):
                self.tables[action.table] = _without(table, action.name)
            case ValidateConstraint() if table := self.tables.get(action.table):
                self.tables[action.table] = _validated(table, action.name)
            case AttachPartition() if table := self.tables.get(action.partition):
                default = "" if action.bounds else " DEFAULT"
                options = (*table.options, f"partition of {action.table}{default}")
                self.tables[action.partition] = replace(table, options=options)
            case Drop() | Rename():
                self._drop_or_rename(action)
            case _:
                self._column(action)
                self._object(action, statement)

    def _create_table(self, action: CreateTable) -> None:
        if action.table in self.tables:
            return
        schema, _, name = action.table.rpartition(".")
        options = [
            o
            for o in action.options
            if o in ("without rowid", "strict", "partition by")
            or o.startswith(("charset", "collate"))
        ]
        if action.query or any(t not in self.tables for t in action.reads):
            options.append("as query")
        if action.unlogged:
            options.append("UNLOGGED")
        if action.partitioned:
            options.append(f"partitioned by ({', '.join(action.partition_key)})")
        if action.partition_of:
            default = " DEFAULT" * action.partition_default
            options.append(f"partition of {action.partition_of}{default}")
        table = Table(name=name, schema=schema, options=tuple(options))
        for parent in action.reads if not action.query else ():
            if parent in self.tables:
                table = replace(table, columns=(*table.columns, *self.tables[parent].columns))
        for column in action.columns:
            table = self._with_column(table, column)
        for constraint in action.constraints:
            table = self._with(table, constraint)
        self.tables[action.table] = table

    def _with_column(self, table: Table, column: ColumnDefinition) -> Table:
        table = replace(table, columns=(*table.columns, self._column_of(column, table)))
        for constraint in column.constraints:
            table = self._with(table, constraint)
        return table

    def _with(self, table: Table, constraint: Constraint) -> Table:
        if self.dialect in _MYSQL:
            constraint = replace(constraint, name=constraint.name or _mysql_name(table, constraint))
        return _with(table, constraint)

    def _index_name(self, table: Table, columns: tuple[str, ...]) -> str:
        if self.dialect in _MYSQL:
            return _mysql_key(table, columns)
        return f"{table.full_name}_{'_'.join(columns)}_idx"

    def _column_of(self, column: ColumnDefinition, table: Table) -> Column:
        default = column.default.text if column.default else None
        identity = column.identity
        if identity == "serial":
            default, identity = f"nextval('{table.name}_{column.name}_seq'::regclass)", ""
        generation = column.generation.text if column.generation else ""
        return Column(
            name=column.name,
            type=type_text(column.type, self.dialect),
            nullable=column.nullable,
            default=default,
            identity=identity,
            generated=f"{column.generated}: {generation}" if column.generated else "",
            collation=column.collation,
        )

    def _column(self, action: Action) -> None:
        match action:
            case ChangeType():
                self._change(action.table, action.column, type=type_text(action.type, self.dialect))
            case SetNotNull():
                self._change(action.table, action.column, nullable=False)
            case DropNotNull():
                self._change(action.table, action.column, nullable=True)
            case SetDefault():
                self._change(action.table, action.column, default=action.default.text)
            case DropDefault():
                self._change(action.table, action.column, default=None)
            case RedefineColumn() if table := self.tables.get(action.table):
                new = self._column_of(action.definition, table)
                columns = tuple(new if c.name == action.column else c for c in table.columns)
                self.tables[action.table] = replace(table, columns=columns)
            case _:
                pass

    def _change(self, table: str, column: str, **changes: object) -> None:
        found = self.tables.get(table)
        if found is not None:
            columns = tuple(
                replace(c, **changes) if c.name == column else c  # type: ignore[arg-type] # fields by name
                for c in found.columns
            )
            self.tables[table] = replace(found, columns=columns)

    def _object(self, action: Action, statement: Statement) -> None:
        match action:
            case CreateEnum():
                schema, _, name = action.name.rpartition(".")
                self.enums[action.name] = EnumType(name, action.labels, schema)
            case AddEnumValue() if enum := self.enums.get(action.type):
                self.enums[action.type] = replace(enum, labels=(*enum.labels, action.value))
            case CreateView():
                schema, _, name = action.name.rpartition(".")
                self.views[action.name] = View(name, statement.text, schema, action.materialized)
            case CreateDomain():
                self._other("domain", action.name, statement.text)
            case AlterDomain() if ("domain", action.name) in self.others:
                before = self.others["domain", action.name]
                self._other("domain", action.name, f"{before.definition}; {statement.text}")
            case CreateRoutine(kind="function" | "procedure"):
                self._other(action.kind, action.name, statement.text)
            case Grant(revoke=False, membership=False):
                self._other(
                    "grant", f"{', '.join(action.objects)}: {statement.text}", statement.text
                )
            case CreateTrigger():
                name = f"{action.table}.{action.name}"
                self._other("trigger", name, statement.text, action.table)
            case CreatePolicy():
                name = f"{action.table}.{action.name}"
                self._other("policy", name, statement.text, action.table)
            case CreateRule():
                self._other("rule", f"{action.table}.{action.name}", statement.text, action.table)
            case Create(kind="sequence"):
                schema, _, name = action.name.rpartition(".")
                self.sequences[action.name] = Sequence(name, schema=schema)
            case Create():
                name = f"{action.table}.{action.name}" if action.table else action.name
                self._other(action.kind, name, statement.text, action.table)
            case _:
                pass

    def _other(self, kind: str, name: str, text: str, table: str = "") -> None:
        self.others[kind, name] = OtherObject(kind, name, text, table)

    def _drop_or_rename(self, action: Drop | Rename) -> None:
        if isinstance(action, Drop):
            for name in action.names:
                self._drop(action.kind, name, action.table)
            return
        if action.kind == "column" and (table := self.tables.get(action.table)):
            columns = tuple(
                replace(c, name=action.new) if c.name == action.old else c for c in table.columns
            )
            self.tables[action.table] = replace(table, columns=columns)
        elif action.kind == "table" and (found := self.tables.pop(action.old, None)):
            new = replace(found, name=action.new.rpartition(".")[2])
            self.tables[new.full_name] = new
        elif action.kind == "type" and (enum := self.enums.pop(action.old, None)):
            self.enums[action.new] = replace(enum, name=action.new)

    def _drop(self, kind: str, name: str, table: str) -> None:
        if kind == "table":
            self.tables.pop(name, None)
        elif kind in ("view", "materialized view"):
            self.views.pop(name, None)
        elif kind in ("type", "domain"):
            self.enums.pop(name, None)
            self.others.pop(("domain", name), None)
        elif kind == "sequence":
            self.sequences.pop(name, None)
        elif kind == "index":
            mysql = self.dialect in _MYSQL
            for full_name, found in self.tables.items():
                if mysql and full_name != table:
                    continue
                left = tuple(i for i in found.indexes if i.name != name)
                keys = tuple(k for k in found.uniques if not mysql or k.name != name)
                self.tables[full_name] = replace(found, indexes=left, uniques=keys)
        else:
            self.others.pop((kind, f"{table}.{name}" if table else name), None)


_MYSQL = (Dialect.MYSQL, Dialect.MARIADB)


def _mysql_name(table: Table, constraint: Constraint) -> str:
    """How MySQL and MariaDB call a constraint that has no name."""
    if constraint.kind == "primary key":
        return "PRIMARY"
    if constraint.kind == "unique":
        return _mysql_key(table, constraint.columns)
    if constraint.kind == "foreign key":
        return f"{table.name}_ibfk_{len(table.foreign_keys) + 1}"
    return ""


def _mysql_key(table: Table, columns: tuple[str, ...]) -> str:
    """After its first column; `_2`, `_3` where that is taken."""
    first = columns[0].partition("(")[0]
    taken = {i.name for i in table.indexes} | {k.name for k in table.uniques}
    names = (first, *(f"{first}_{number}" for number in range(2, len(taken) + 3)))
    return next(name for name in names if name not in taken)


def _with(table: Table, constraint: Constraint) -> Table:
    """The table with one more constraint, named as PostgreSQL would."""
    columns = "_".join(constraint.columns)
    match constraint.kind:
        case "primary key":
            indexed = _indexed(table, constraint)
            key = Key(constraint.name or f"{table.name}_pkey", indexed)
            required = tuple(
                replace(c, nullable=False) if c.name in indexed else c for c in table.columns
            )
            return replace(table, primary_key=key, columns=required)
        case "unique":
            key = Key(constraint.name or f"{table.name}_{columns}_key", _indexed(table, constraint))
            return replace(table, uniques=(*table.uniques, key))
        case "foreign key":
            foreign = ForeignKey(
                constraint.name or f"{table.name}_{columns}_fkey",
                constraint.columns,
                constraint.references,
                constraint.referenced_columns,
                constraint.on_delete,
                constraint.on_update,
                constraint.deferrable,
                validated=not constraint.not_valid,
            )
            return replace(table, foreign_keys=(*table.foreign_keys, foreign))
        case "check" if constraint.expression is not None:
            named = constraint.columns or constraint.expression.columns
            of = f"_{named[0]}" if len(set(named)) == 1 else ""
            check = Check(
                constraint.name or f"{table.name}{of}_check",
                constraint.expression.text,
                validated=not constraint.not_valid,
            )
            return replace(table, checks=(*table.checks, check))
        case _:
            return table


def _indexed(table: Table, constraint: Constraint) -> tuple[str, ...]:
    if not constraint.using_index:
        return constraint.columns
    return next((i.columns for i in table.indexes if i.name == constraint.using_index), ())


def _without(table: Table, name: str) -> Table:
    key = table.primary_key
    return replace(
        table,
        primary_key=None if key is not None and key.name == name else key,
        uniques=tuple(k for k in table.uniques if k.name != name),
        foreign_keys=tuple(k for k in table.foreign_keys if k.name != name),
        checks=tuple(k for k in table.checks if k.name != name),
    )


def _validated(table: Table, name: str) -> Table:
    return replace(
        table,
        foreign_keys=tuple(
            replace(k, validated=True) if k.name == name else k for k in table.foreign_keys
        ),
        checks=tuple(replace(k, validated=True) if k.name == name else k for k in table.checks),
    )
