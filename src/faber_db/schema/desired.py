"""The schema that a specification leads to, from the one that is there. Pure.

What the text leaves open and could lose data, or could mean several things, becomes a question;
an answer under the question's id settles it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from faber_db.errors import SchemaConflict
from faber_db.model.catalogue import (
    Catalogue,
    Check,
    Column,
    EnumType,
    ForeignKey,
    Index,
    Key,
    Table,
)
from faber_db.model.change import (
    CascadeWanted,
    Change,
    CheckWanted,
    ColumnChanged,
    ColumnsDropped,
    EnumWanted,
    IndexesDropped,
    KeyWanted,
    NotUnderstood,
    Question,
    Reference,
    ReferenceWanted,
    Renamed,
    Span,
    TableDropped,
    TableWanted,
    VerbatimSql,
    WantedColumn,
    WantedReference,
)
from faber_db.model.dialect import Dialect
from faber_db.schema import dependents
from faber_db.schema.names import full, ident, made, matching, same_thing, singular
from faber_db.schema.normal import same_default, same_type
from faber_db.schema.renaming import renamed
from faber_db.schema.steps import Hints

NO_ROWS = "no rows"


@dataclass(frozen=True, slots=True)
class Desired:
    """Where a specification leads."""

    catalogue: Catalogue
    hints: Hints
    questions: tuple[Question, ...] = ()
    not_understood: tuple[NotUnderstood, ...] = ()
    assumptions: tuple[str, ...] = ()
    lines: Mapping[str, int] = field(default_factory=dict)  # object ("users.email"): line


def desired(
    current: Catalogue,
    changes: tuple[Change, ...],
    dialect: Dialect,
    answers: Mapping[str, str] | None = None,
) -> Desired:
    """Apply the changes of a specification to a schema. Verbatim SQL is the caller's to run.

    Raises:
        SchemaConflict: a change contradicts the schema or another one; the message has the line.
    """
    work = _Work(current, dialect, answers or {})
    for change in changes:
        work.apply(change)
    return work.result()


class _Work:
    """A schema under change."""

    def __init__(self, current: Catalogue, dialect: Dialect, answers: Mapping[str, str]) -> None:
        self.catalogue = current
        self.dialect = dialect
        self.answers = answers
        self.tables = {t.full_name: t for t in current.tables}
        self.enums = {e.full_name: e for e in current.enums}
        self.existing = frozenset(self.tables)
        self.renames: dict[str, str] = {}
        self.dropped: set[str] = set()
        self.questions: dict[str, Question] = {}
        self.unread: list[NotUnderstood] = []
        self.assumptions: list[str] = []
        self.lines: dict[str, int] = {}
        self.pending: list[tuple[str, WantedReference, str]] = []  # table, key, column to type
        self.cascades: list[CascadeWanted] = []

    @property
    def _pg(self) -> bool:
        return self.dialect is not Dialect.SQLITE

    def result(self) -> Desired:
        self._settle_references()
        for cascade in self.cascades:
            self._cascade(cascade)
        fills = {
            key.removeprefix("fill:"): value
            for key, value in self.answers.items()
            if key.startswith("fill:") and value.strip().lower() != NO_ROWS
        }
        empty = {
            key.removeprefix("fill:").rpartition(".")[0]
            for key, value in self.answers.items()
            if key.startswith("fill:") and value.strip().lower() == NO_ROWS
        }
        catalogue = replace(
            self.catalogue,
            tables=tuple(sorted(self.tables.values(), key=lambda t: t.full_name)),
            enums=tuple(sorted(self.enums.values(), key=lambda e: e.full_name)),
        )
        hints = Hints(dict(self.renames), fills, frozenset(self.dropped), frozenset(empty))
        return Desired(
            catalogue,
            hints,
            tuple(self.questions.values()),
            tuple(self.unread),
            tuple(self.assumptions),
            dict(self.lines),
        )

    def apply(self, change: Change) -> None:
        match change:
            case TableWanted():
                self._table_wanted(change)
            case EnumWanted():
                self._enum(change.name, change.labels, change.span)
            case KeyWanted():
                self._key_wanted(change)
            case ReferenceWanted():
                table = self._existing(change.table, change.span)
                if table:
                    self.pending.append((table.full_name, change.reference, ""))
            case CascadeWanted():
                self.cascades.append(change)
            case CheckWanted():
                self._check_wanted(change)
            case ColumnChanged():
                self._column_changed(change)
            case ColumnsDropped():
                self._columns_dropped(change)
            case TableDropped():
                self._table_dropped(change)
            case IndexesDropped():
                self._indexes_dropped(change)
            case Renamed():
                self._renamed(change)
            case VerbatimSql():
                pass

    # finding what is meant

    def _ask(self, question: Question) -> str:
        """The answer to a question; empty and noted down where there is none."""
        answer = self.answers.get(question.id, "").strip()
        if not answer:
            self.questions.setdefault(question.id, question)
        return answer

    def _find(self, name: str, span: Span) -> Table | None:
        """The table that a name means; None where none or several do."""
        found = matching(name, self.tables)
        if len(found) > 1:
            answer = self._ask(
                Question(f"table:{name}", f"Which table is `{name}` ({span})?", tuple(found), span)
            )
            return self.tables.get(answer)
        return self.tables[found[0]] if found else None

    def _existing(self, name: str, span: Span) -> Table | None:
        """A table that has to be there; a question where it is not."""
        table = self._find(name, span)
        if table is None and f"table:{name}" not in self.questions:
            alike = tuple(sorted(self.existing))[:8]
            answer = self._ask(
                Question(f"table:{name}", f"There is no table `{name}` ({span}).", alike, span)
            )
            table = self.tables.get(answer)
        return table

    def _put(self, table: Table) -> None:
        self.tables[table.full_name] = table

    def _note(self, about: str, span: Span) -> None:
        self.lines.setdefault(about, span.first)

    # tables and columns

    def _table_wanted(self, wanted: TableWanted) -> None:
        table = self._find(wanted.table, wanted.span)
        if f"table:{wanted.table}" in self.questions:
            return
        if table is None:
            sure = wanted.new or wanted.whole or len(wanted.columns) > 1
            if not sure:
                table = self._existing(wanted.table, wanted.span)
                if table is None:
                    return
            else:
                table = self._new_table(wanted)
        elif wanted.new and wanted.table in self.existing:
            self.assumptions.append(
                f"table `{table.full_name}` ({wanted.span}) is there already; what it lacks is added"
            )
        self._extend(table, wanted)

    def _new_table(self, wanted: TableWanted) -> Table:
        schema, _, name = wanted.table.rpartition(".")
        schema = "" if schema in ("public", "main" if not self._pg else "public") else schema
        table = Table(name=name, schema=schema)
        self._put(table)
        self._note(table.full_name, wanted.span)
        return table

    def _extend(self, table: Table, wanted: TableWanted) -> None:
        name = table.full_name
        new = name not in self.existing
        for column in wanted.columns:
            there = self.tables[name].column(column.name)
            if there is None:
                self._column(name, column, new=new, whole=wanted.whole)
            else:
                self._compare(name, there, column, whole=wanted.whole)
        if wanted.whole and not new:
            self._left_out(name, wanted)
        keys = wanted.primary_key or tuple(c.name for c in wanted.columns if c.primary_key)
        if new and keys and self.tables[name].primary_key is None:
            key = Key(f"{table.name}_pkey" if self._pg else "", keys)
            self._put(_with_key(self.tables[name], key))
        for unique in wanted.uniques:
            self._unique(name, unique.columns, unique.name, unique.span, index=wanted.whole)
        for index in wanted.indexes:
            self._index(name, index.columns, index.name, index.span, unique=index.unique)
        for reference in wanted.references:
            self.pending.append((name, reference, ""))

    def _column(self, table: str, wanted: WantedColumn, *, new: bool, whole: bool) -> None:
        about = f"{table}.{wanted.name}"
        self._note(about, wanted.span)
        kind = self._type(table, wanted)
        if not kind and wanted.references is None:
            kind = self._ask(
                Question(
                    f"type:{about}",
                    f"Which type has the column `{about}` ({wanted.span})?",
                    ("text", "integer", "boolean", "timestamptz")
                    if self._pg
                    else ("TEXT", "INTEGER"),
                    wanted.span,
                )
            )
            if not kind:
                return
        column = Column(
            name=wanted.name,
            type=kind,
            nullable=wanted.nullable is not False and not (wanted.primary_key and self._pg),
            default=wanted.default,
        )
        column = self._counting(table, column, wanted, new=new, whole=whole)
        self._put(replace(self.tables[table], columns=(*self.tables[table].columns, column)))
        self._with_column(table, wanted, whole=whole)

    def _type(self, table: str, wanted: WantedColumn) -> str:
        """The type as declared; a list of labels makes an enum type, or in SQLite a check."""
        if not wanted.labels:
            return wanted.type
        if not self._pg:
            return "TEXT"
        name = wanted.type or _enum_name(table, wanted.name)
        self._enum(name, wanted.labels, wanted.span)
        kind = full(name, self.dialect)
        return f"{kind}[]" if wanted.array else kind

    def _enum(self, name: str, labels: tuple[str, ...], span: Span) -> None:
        schema, _, bare = name.rpartition(".")
        there = self.enums.get(name)
        if there is None:
            self._note(name, span)
            self.enums[name] = EnumType(bare, labels, schema)
        elif there.labels != labels:
            self._note(name, span)
            self.enums[name] = replace(there, labels=labels)

    def _counting(
        self, table: str, column: Column, wanted: WantedColumn, *, new: bool, whole: bool
    ) -> Column:
        """An integer key of a declared new table counts by itself, as keys of other tables do."""
        if not self._pg or not new:
            return column
        if wanted.identity:
            return replace(column, identity="by default", default=None, nullable=False)
        if not wanted.primary_key or whole or wanted.references or column.default is not None:
            return column
        if same_type(column.type, "integer", self.dialect) or same_type(
            column.type, "bigint", self.dialect
        ):
            self.assumptions.append(
                f"`{table}.{column.name}` ({wanted.span}) counts up by itself (identity)"
            )
            return replace(column, identity="by default")
        custom = self._custom_default(column.type)
        if custom:
            self.assumptions.append(
                f"`{table}.{column.name}` ({wanted.span}) gets the default {custom}, as other keys"
                " here have"
            )
            return replace(column, default=custom)
        return column

    def _custom_default(self, kind: str) -> str:
        for table in self.catalogue.tables:
            key = table.primary_key
            column = table.column(key.columns[0]) if key and len(key.columns) == 1 else None
            if column and column.default and same_type(column.type, kind, self.dialect):
                return column.default
        return ""

    def _with_column(self, table: str, wanted: WantedColumn, *, whole: bool) -> None:
        """What hangs on a new column: key, index, check, reference."""
        if wanted.unique:
            self._unique(table, (wanted.name,), "", wanted.span, index=whole)
        if wanted.indexed:
            self._index(table, (wanted.name,), "", wanted.span)
        expression = wanted.check.format(wanted.name) if wanted.check else ""
        if wanted.labels and not self._pg:
            values = ", ".join("'" + label.replace("'", "''") + "'" for label in wanted.labels)
            expression = f"{wanted.name} IN ({values})"
        if expression:
            self._check(table, expression, wanted.name, wanted.span)
        if wanted.references:
            reference = WantedReference(wanted.references, wanted.span, (wanted.name,))
            self.pending.append((table, reference, "" if wanted.type else wanted.name))

    def _compare(self, table: str, there: Column, wanted: WantedColumn, *, whole: bool) -> None:
        """A declared column that is there already: whole models change it, lists ask first."""
        kind = self._type(table, wanted)
        change = ColumnChanged(
            table,
            there.name,
            wanted.span,
            type=kind if kind and not same_type(kind, there.type, self.dialect) else None,
            nullable=wanted.nullable
            if wanted.nullable is not None
            and wanted.nullable != there.nullable
            and not wanted.primary_key
            else None,
        )
        counting = there.identity or (there.default or "").startswith("nextval(")
        if whole and not counting and not same_default(wanted.default, there.default, self.dialect):
            drop = wanted.default is None
            change = replace(change, default=wanted.default, drop_default=drop)
        differs = change.type is not None or change.nullable is not None
        if differs and not whole:
            about = f"{table}.{there.name}"
            answer = self._ask(
                Question(
                    f"change:{about}",
                    f"`{about}` ({wanted.span}) is there as {there.type}"
                    f"{'' if there.nullable else ' NOT NULL'} and is described otherwise.",
                    ("change", "keep"),
                    wanted.span,
                )
            )
            if answer != "change":
                return
        self._column_changed(change)
        if wanted.unique:
            self._unique(table, (there.name,), "", wanted.span, index=whole)

    def _left_out(self, table: str, wanted: TableWanted) -> None:
        """Columns that a whole model does not have: dropped, renamed or kept by the answer."""
        names = {c.name for c in wanted.columns}
        before = self.catalogue.table(table)
        for column in self.tables[table].columns:
            if column.name in names or before is None or before.column(column.name) is None:
                continue
            about = f"{table}.{column.name}"
            alike = [
                c.name
                for c in self.tables[table].columns
                if before.column(c.name) is None and same_type(c.type, column.type, self.dialect)
            ]
            answer = self._ask(
                Question(
                    f"drop:{about}",
                    f"`{about}` is not in the model ({wanted.span}). Its values are lost when it"
                    " is dropped.",
                    ("drop", *(f"rename to {n}" for n in alike), "keep"),
                    wanted.span,
                )
            )
            if answer == "drop":
                self._columns_dropped(ColumnsDropped(table, (column.name,), wanted.span))
            elif answer.startswith("rename to "):
                self._rename_to_new(
                    table, column.name, answer.removeprefix("rename to "), wanted.span
                )

    def _rename_to_new(self, table: str, old: str, new: str, span: Span) -> None:
        """The new column of a model is an old one under another name."""
        now = self.tables[table]
        if now.column(new) is None:
            raise SchemaConflict(f"{table}.{old} cannot become {new}: no such column ({span})")
        self._put(replace(now, columns=tuple(c for c in now.columns if c.name != new)))
        self._renamed(Renamed(table, old, new, span))

    # keys, indexes, checks

    def _unique(
        self, table: str, columns: tuple[str, ...], name: str, span: Span, *, index: bool = False
    ) -> None:
        self._must_have(table, columns, span)
        now = self.tables[table]
        if any(set(k.columns) == set(columns) for k in now.uniques) or any(
            i.unique and i.columns == self._printed(columns) and not i.predicate
            for i in now.indexes
        ):
            return
        if index:  # Prisma writes its unique keys as indexes
            self._index(
                table, columns, name or f"{now.name}_{'_'.join(columns)}_key", span, unique=True
            )
            return
        made_name = name or (made(table, columns, "key") if self._pg else "")
        self._note(f"{table}.{made_name}", span)
        uniques = sorted((*now.uniques, Key(made_name, columns)), key=lambda k: (k.name, k.columns))
        self._put(replace(now, uniques=tuple(uniques)))

    def _index(
        self, table: str, columns: tuple[str, ...], name: str, span: Span, *, unique: bool = False
    ) -> None:
        self._must_have(table, columns, span)
        now = self.tables[table]
        printed = self._printed(columns)
        if any(
            i.columns == printed and i.unique == unique and not i.predicate for i in now.indexes
        ):
            return
        index = Index(
            name or made(table, columns, "idx"), printed, unique, "btree" if self._pg else ""
        )
        self._note(f"{table}.{index.name}", span)
        indexes = sorted((*now.indexes, index), key=lambda i: i.name)
        self._put(replace(now, indexes=tuple(indexes)))

    def _printed(self, columns: tuple[str, ...]) -> tuple[str, ...]:
        """Columns of an index as the product prints them: PostgreSQL quotes where it must."""
        return tuple(ident(c, self.dialect) for c in columns) if self._pg else columns

    def _check(self, table: str, expression: str, column: str, span: Span, name: str = "") -> None:
        now = self.tables[table]
        made_name = name or (made(table, [column] if column else [], "check") if self._pg else "")
        self._note(f"{table}.{made_name}", span)
        checks = sorted(
            (*now.checks, Check(made_name, expression)), key=lambda c: (c.name, c.expression)
        )
        self._put(replace(now, checks=tuple(checks)))

    def _must_have(self, table: str, columns: tuple[str, ...], span: Span) -> None:
        missing = [c for c in columns if self.tables[table].column(c) is None]
        asked = any(f"type:{table}.{c}" in self.questions for c in missing)
        if missing and not asked:
            raise SchemaConflict(
                f"table {table} has no column {', '.join(missing)} ({span})",
                hint="Correct the name in the specification.",
            )

    def _key_wanted(self, change: KeyWanted) -> None:
        table = self._existing(change.table, change.span)
        if table is None:
            return
        key = change.key
        if change.kind == "unique":
            self._unique(table.full_name, key.columns, key.name, key.span)
        else:
            self._index(table.full_name, key.columns, key.name, key.span, unique=key.unique)

    def _check_wanted(self, change: CheckWanted) -> None:
        table = self._existing(change.table, change.span)
        if table:
            self._check(table.full_name, change.expression, "", change.span, change.name)

    # foreign keys

    def _settle_references(self) -> None:
        """Keys are added last: their targets may be described after them."""
        waiting = self.pending
        while waiting:
            left = [entry for entry in waiting if not self._reference(*entry)]
            if len(left) == len(waiting):
                table, reference, _ = left[0]
                raise SchemaConflict(
                    f"the key of {table} to {reference.target.table} ({reference.span}) cannot be"
                    " written: its target has no usable key",
                    hint="Name the referenced column.",
                )
            waiting = left

    def _reference(self, name: str, wanted: WantedReference, untyped: str) -> bool:
        target = self._existing(wanted.target.table, wanted.span)
        if target is None:
            return True  # a question was asked
        far = wanted.target.columns or (target.primary_key.columns if target.primary_key else ())
        if not far or any(
            target.column(c) is None or not (target.column(c) or Column("", "")).type for c in far
        ):
            return False
        table = self.tables[name]
        columns = wanted.columns or self._named_after(table, target, far, wanted)
        if not columns:
            return True
        self._lend_types(table, columns, target, far, untyped)
        self._must_have(name, columns, wanted.span)
        key = ForeignKey(
            wanted.name or (made(name, columns, "fkey") if self._pg else ""),
            columns,
            target.full_name,
            far,
            wanted.target.on_delete,
            wanted.target.on_update,
        )
        self._note(f"{name}.{key.name}", wanted.span)
        self._add_reference(name, key)
        return True

    def _add_reference(self, name: str, key: ForeignKey) -> None:
        table = self.tables[name]
        others = [k for k in table.foreign_keys if (k.columns, k.table) != (key.columns, key.table)]
        if len(others) < len(table.foreign_keys) and any(
            replace(k, name="", validated=True) == replace(key, name="") for k in table.foreign_keys
        ):
            return
        keys = sorted((*others, key), key=lambda k: (k.name, k.columns, k.table))
        self._put(replace(table, foreign_keys=tuple(keys)))

    def _named_after(
        self, table: Table, target: Table, far: tuple[str, ...], wanted: WantedReference
    ) -> tuple[str, ...]:
        """`user_id` for `users`: the one column that is named after the target."""
        stem = same_thing(target.name)
        found = [
            c.name
            for c in table.columns
            if len(far) == 1 and same_thing(c.name) == f"{stem}{same_thing(far[0])}"
        ]
        if len(found) == 1:
            return (found[0],)
        answer = self._ask(
            Question(
                f"key:{table.full_name}:{target.full_name}",
                f"Which column of `{table.full_name}` points to `{target.full_name}`"
                f" ({wanted.span})?",
                tuple(c.name for c in table.columns),
                wanted.span,
            )
        )
        return (answer,) if answer else ()

    def _lend_types(
        self,
        table: Table,
        columns: tuple[str, ...],
        target: Table,
        far: tuple[str, ...],
        untyped: str,
    ) -> None:
        """A column without a type gets that of the column it points to."""
        if not untyped:
            return
        types = {
            c: (target.column(f) or Column("", "")).type for c, f in zip(columns, far, strict=False)
        }
        self._put(
            replace(
                table,
                columns=tuple(
                    replace(c, type=types[c.name]) if c.name in types and not c.type else c
                    for c in table.columns
                ),
            )
        )

    def _cascade(self, change: CascadeWanted) -> None:
        children, parents = (
            matching(w.replace(" ", "_"), self.tables)
            for w in (change.child.lower(), change.parent.lower())
        )
        keys = [
            (name, key)
            for name in children
            for key in self.tables[name].foreign_keys
            if key.table in parents
        ]
        if len(keys) != 1:
            words = f"{change.child} go away with {change.parent}"
            self.unread.append(NotUnderstood(change.span, words, "no single key is meant"))
            return
        name, key = keys[0]
        changed = replace(key, on_delete="CASCADE")
        self._note(f"{name}.{key.name}", change.span)
        table = self.tables[name]
        kept = tuple(changed if k == key else k for k in table.foreign_keys)
        self._put(replace(table, foreign_keys=kept))

    # changes of what is there

    def _column_changed(self, change: ColumnChanged) -> None:
        table = self._existing(change.table, change.span)
        if table is None:
            return
        self._must_have(table.full_name, (change.column,), change.span)
        self._note(f"{table.full_name}.{change.column}", change.span)

        def changed(column: Column) -> Column:
            if column.name != change.column:
                return column
            return replace(
                column,
                type=change.type or column.type,
                nullable=column.nullable if change.nullable is None else change.nullable,
                default=None
                if change.drop_default
                else column.default
                if change.default is None
                else change.default,
            )

        self._put(replace(table, columns=tuple(map(changed, table.columns))))

    def _columns_dropped(self, change: ColumnsDropped) -> None:
        table = self._owner(change)
        if table is None:
            return
        there = [c for c in change.columns if table.column(c) is not None]
        missing = [c for c in change.columns if c not in there]
        if missing and not change.if_exists:
            raise SchemaConflict(
                f"table {table.full_name} has no column {', '.join(missing)} ({change.span})",
                hint="Correct the name, or say that it is dropped if it exists.",
            )
        for column in there:
            pointing = dependents.pointing_at(self.tables.values(), table.full_name, column)
            if pointing:
                raise SchemaConflict(
                    f"{table.full_name}.{column} cannot be dropped ({change.span}): the key"
                    f" {', '.join(pointing)} points to it",
                    hint="Say what becomes of that key.",
                )
            self._put(dependents.without_column(self.tables[table.full_name], column))
            self.dropped.add(f"{table.full_name}.{column}")
            self._note(f"{table.full_name}.{column}", change.span)

    def _owner(self, change: ColumnsDropped) -> Table | None:
        """The table whose columns are meant, also where the text does not name it."""
        if change.table:
            return self._existing(change.table, change.span)
        wanted = set(change.columns)
        having = [n for n, t in self.tables.items() if wanted <= {c.name for c in t.columns}]
        if len(having) == 1:
            return self.tables[having[0]]
        some = [n for n, t in self.tables.items() if wanted & {c.name for c in t.columns}]
        columns = ", ".join(change.columns)
        answer = self._ask(
            Question(
                f"table:line {change.span.first}",
                f"Of which table are the columns {columns} dropped ({change.span})?",
                tuple(sorted(having or some))[:8],
                change.span,
            )
        )
        return self.tables.get(answer)

    def _table_dropped(self, change: TableDropped) -> None:
        found = matching(change.table, self.tables)
        if not found and change.if_exists:
            return
        table = self._existing(change.table, change.span)
        if table is None:
            return
        name = table.full_name
        pointing = dependents.pointing_at(
            (t for t in self.tables.values() if t.full_name != name), name
        )
        if pointing:
            raise SchemaConflict(
                f"table {name} cannot be dropped ({change.span}): the key {', '.join(pointing)}"
                " points to it",
                hint="Say what becomes of that key.",
            )
        del self.tables[name]
        self.dropped.add(name)
        self._note(name, change.span)

    def _indexes_dropped(self, change: IndexesDropped) -> None:
        for name in change.names:
            bare = name.rpartition(".")[2]
            owner = next(
                (t for t in self.tables.values() if any(i.name == bare for i in t.indexes)), None
            )
            if owner is None:
                if not change.if_exists and not self._fell(bare):
                    raise SchemaConflict(f"there is no index {name} ({change.span})")
                continue
            self._note(f"{owner.full_name}.{bare}", change.span)
            self._put(replace(owner, indexes=tuple(i for i in owner.indexes if i.name != bare)))

    def _fell(self, index: str) -> bool:
        """Whether an index went already, with a column of it."""
        return any(i.name == index for t in self.catalogue.tables for i in t.indexes)

    def _renamed(self, change: Renamed) -> None:
        table = self._existing(change.table, change.span)
        if table is None:
            return
        old = f"{table.full_name}.{change.column}" if change.column else table.full_name
        now = Catalogue(tables=tuple(self.tables.values()))
        after = renamed(now, {old: change.to})
        self.tables = {t.full_name: t for t in after.tables}
        self.renames[old] = change.to
        self._note(f"{table.full_name}.{change.to}" if change.column else change.to, change.span)


def _enum_name(table: str, column: str) -> str:
    bare = singular(table.rpartition(".")[2])
    word = singular(column)
    return word if word.startswith(bare) else f"{bare}_{word}"


def _with_key(table: Table, key: Key) -> Table:
    columns = tuple(
        replace(c, nullable=False) if c.name in key.columns and c.identity != "autoincrement" else c
        for c in table.columns
    )
    return replace(table, primary_key=key, columns=columns)


__all__ = ["Desired", "Reference", "desired"]
