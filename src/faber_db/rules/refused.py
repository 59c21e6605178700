"""What the server refuses for a reason that can be read from the schema."""

import re
from collections.abc import Iterator

from faber_db.model.finding import Kind, Risk
from faber_db.model.statement import (
    AddColumn,
    AddConstraint,
    ChangeType,
    Constraint,
    CreateIndex,
    CreateRoutine,
    CreateView,
    Drop,
    DropConstraint,
    DropNotNull,
    Expression,
    Maintain,
    RedefineColumn,
    SetDefault,
    TableSetting,
    TypeName,
)
from faber_db.rules.base import Hazard, Rule, at
from faber_db.rules.redefinition import charset
from faber_db.rules.scene import Scene
from faber_db.rules.type_changes import category

_NUMBERS = ("smallint", "integer", "bigint", "numeric", "real", "double precision")
_VALUES = {
    **dict.fromkeys(_NUMBERS, re.compile(r"\s*[-+]?(\d[\d_]*\.?\d*|\.\d+|nan|-?infinity)(e[-+]?\d+)?\s*|0x.*", re.I)),
    "boolean": re.compile(r"\s*(t|f|y|n|on|off?|1|0|tr(ue?)?|fa(l(se?)?)?|ye(s)?|no)\s*", re.I),
    "uuid": re.compile(r"\s*\{?([0-9a-f]{4}-?){8}\}?\s*", re.I),
}  # fmt: skip
_UNORDERED = ("json", "xml", "point", "box", "polygon", "path", "circle", "line", "lseg")


def find_index(action: CreateIndex, scene: Scene) -> Iterator[Hazard]:
    table = scene.table(action.table)
    if not scene.postgresql:
        return
    if table is not None and table.partitioned and action.concurrently:
        yield _no(action.table, f"{action.table} is partitioned: no CONCURRENTLY on it (0A000)")
    for column in action.columns:
        found = scene.state.column(action.table, column)
        plain = found is not None and action.method in ("", "btree") and not found.type.array
        if found is not None and plain and found.type.name in _UNORDERED:
            yield _no(column, f"type {found.type.name} has no order for an index (42704)")
    changing = set(action.expression.functions) & _CHANGING if action.expression else set()
    if changing:
        yield _no(action.table, f"{', '.join(sorted(changing))} is not immutable (42P17)")


_CHANGING = {
    "now", "current_value", "clock_timestamp", "statement_timestamp", "transaction_timestamp",
    "random", "gen_random_uuid", "timeofday", "nextval",
}  # fmt: skip


def find_drop(action: Drop, scene: Scene) -> Iterator[Hazard]:
    if action.kind != "index" or not scene.postgresql:
        return
    if action.concurrently and len(action.names) > 1:
        yield _no(action.names[0], "DROP INDEX CONCURRENTLY takes one index (0A000)")
    for name in action.names if not action.cascade else ():
        for table in scene.state.tables.values():
            if any(c.name == name and c.kind in _KEYS for c in table.constraints):
                yield _no(name, f"constraint {name} of {table.name} needs the index (2BP01)")


_KEYS = ("primary key", "unique", "exclude")


def find_constraint(action: AddConstraint, scene: Scene) -> Iterator[Hazard]:
    constraint, table = action.constraint, scene.table(action.table)
    if not scene.postgresql or table is None:
        return
    if constraint.using_index:
        index = next((i for i in table.indexes if i.name == constraint.using_index), None)
        if constraint.using_index in scene.state.invalid_indexes:
            yield _no(constraint.using_index, f"index {constraint.using_index} is invalid (55000)")
        if index is not None and (not index.unique or not _is_whole(index)):
            what = "not unique" if not index.unique else "partial or on an expression"
            yield _no(constraint.using_index, f"index {index.name} is {what} (42809)")
    if constraint.kind == "primary key" and any(c.kind == "primary key" for c in table.constraints):
        yield _no(action.table, f"{action.table} has a primary key (42P16)")
    if constraint.kind in ("primary key", "unique") and not constraint.using_index:
        gone = set(table.partition_key) - set(constraint.columns)
        if gone:
            yield _no(action.table, f"the key leaves out {', '.join(sorted(gone))} (0A000)")
    if constraint.kind == "foreign key":
        yield from _reference(action.table, constraint, scene)


def _reference(table: str, constraint: Constraint, scene: Scene) -> Iterator[Hazard]:
    near, far = scene.table(table), scene.table(constraint.references)
    if near is not None and near.partitioned and constraint.not_valid and scene.below(18):
        yield _no(table, f"{table} is partitioned: no NOT VALID on a foreign key before 18 (0A000)")
    columns = constraint.referenced_columns
    if far is None or not far.complete or not columns:
        return
    if not far.is_unique(columns):
        yield _no(constraint.references, f"no key on {', '.join(columns)} to refer to (42830)")
    for one, other in zip(constraint.columns, columns, strict=False):
        own, their = scene.state.column(table, one), scene.state.column(far.name, other)
        if own is None or their is None:
            continue
        types = scene.state.base_of(own.type), scene.state.base_of(their.type)
        if category(types[0]) != category(types[1]):
            yield _no(
                f"{table}.{one}", f"{own.type.text} does not refer to {their.type.text} (42804)"
            )


def find_not_null(action: DropNotNull, scene: Scene) -> Iterator[Hazard]:
    table, column = scene.table(action.table), scene.state.column(action.table, action.column)
    if not scene.postgresql or table is None:
        return
    name = f"{action.table}.{action.column}"
    if any(c.kind == "primary key" and action.column in c.columns for c in table.constraints):
        yield _no(name, f"{name} is in the primary key (42P16)")
    elif column is not None and column.identity in ("always", "by default"):
        yield _no(name, f"{name} is an identity column (42601)")


def find_default(action: SetDefault, scene: Scene) -> Iterator[Hazard]:
    column = scene.state.column(action.table, action.column)
    if column is not None:
        yield from _default(f"{action.table}.{action.column}", column.type, action.default, scene)


def find_column(action: AddColumn, scene: Scene) -> Iterator[Hazard]:
    column, name = action.column, f"{action.table}.{action.column.name}"
    if scene.postgresql and action.table in scene.state.views:
        yield _no(action.table, f"{action.table} is a view (42809)")
    if column.default is not None:
        yield from _default(name, column.type, column.default, scene)
    for constraint in column.constraints:
        if constraint.kind == "foreign key" and constraint.referenced_columns:
            far = scene.table(constraint.references)
            if (
                far is not None
                and far.complete
                and not far.is_unique(constraint.referenced_columns)
            ):
                yield _no(
                    constraint.references,
                    f"no key on {', '.join(constraint.referenced_columns)} to refer to (42830)",
                )


def _default(name: str, kind: TypeName, default: Expression, scene: Scene) -> Iterator[Hazard]:
    literal = default.literals[0] if default.constant and len(default.literals) == 1 else None
    if literal is None or kind.array or not scene.postgresql:
        return
    base = scene.state.base_of(kind)
    labels = scene.state.enums.get(base.name)
    wanted = _VALUES.get(base.name)
    if labels is not None and literal not in labels:
        yield _no(name, f"'{literal}' is no value of {base.name} (22P02)")
    elif wanted is not None and not wanted.fullmatch(literal):
        yield _no(name, f"the default of {name} is not of type {kind.text} (22P02)")


def find_identity(action: TableSetting, scene: Scene) -> Iterator[Hazard]:
    column = scene.state.column(action.table, action.column)
    if action.setting == "add identity" and column is not None and scene.postgresql:
        name = f"{action.table}.{action.column}"
        if column.nullable:
            yield _no(name, f"{name} must be NOT NULL before it can be an identity (55000)")
        elif column.default is not None:
            yield _no(name, f"{name} has a default (55000)")


def find_view(action: CreateView, scene: Scene) -> Iterator[Hazard]:
    before = scene.state.view_columns.get(action.name, ())
    known = scene.postgresql and action.replace and before and action.columns
    if known and action.columns[: len(before)] != before:
        yield _no(action.name, f"{action.name} would lose or rename columns (42P16)")


def find_routine(action: CreateRoutine, scene: Scene) -> Iterator[Hazard]:
    before = scene.state.routines.get(action.name.lower())
    if before is None or not action.replace or not scene.postgresql:
        return
    if before.arguments != action.arguments:
        return
    if before.returns != action.returns:
        yield _no(action.name, f"{action.name} returns {before.returns}, which stays (42P13)")
    if before.optional > action.optional:
        yield _no(action.name, f"an argument of {action.name} would lose its default (42P13)")
    for old, new in zip(before.named, action.named, strict=False):
        if old and old != new:
            yield _no(action.name, f"argument {old} of {action.name} keeps its name (42P13)")


def find_refresh(action: Maintain, scene: Scene) -> Iterator[Hazard]:
    if action.what != "refresh" or not action.concurrently:
        return
    for name in action.names:
        view = scene.table(name)
        made = view is not None and view.born and view.materialized
        if view is not None and made and not any(i.unique and _is_whole(i) for i in view.indexes):
            yield _no(name, f"{name} has no unique index over whole columns (55000)")


def find_type(action: ChangeType, scene: Scene) -> Iterator[Hazard]:
    name, table = f"{action.table}.{action.column}", scene.table(action.table)
    if "serial" in action.type.attributes and scene.postgresql:
        yield _no(name, "serial is no type but a short form for new columns (42704)")
    if table is not None and action.column in table.partition_key and scene.postgresql:
        yield _no(name, f"{name} is part of the partition key (42P16)")


def find_generated(action: RedefineColumn, scene: Scene) -> Iterator[Hazard]:
    """MySQL: a virtual column cannot become a stored or a plain one, nor the other way."""
    column = scene.state.column(action.table, action.column)
    virtual = action.definition.generated == "virtual"
    if column is not None and scene.mysql and virtual != (column.generated == "virtual"):
        name = f"{action.table}.{action.column}"
        yield _no(name, f"{name} cannot change between virtual and stored (1907, 3106)")


def find_length(action: AddColumn | RedefineColumn, scene: Scene) -> Iterator[Hazard]:
    """MySQL: a VARCHAR is no longer than a row, of 65,535 bytes."""
    definition = action.column if isinstance(action, AddColumn) else action.definition
    kind, arguments = definition.type, definition.type.arguments
    if not scene.mysql or kind.name not in ("varchar", "varbinary") or len(arguments) != 1:
        return
    table = scene.table(action.table)
    by_default = table.charset if table is not None else ""
    named = charset(kind, definition.collation) or by_default
    wide = 1 if kind.name == "varbinary" else _BYTES.get(named, 1)
    if arguments[0].isdigit() and int(arguments[0]) * wide > _ROW_BYTES:
        name = f"{action.table}.{definition.name}"
        yield _no(name, f"{name} would be longer than a row may be (1074, 1118)")


_ROW_BYTES = 65_535
_BYTES = {"utf8mb4": 4, "utf8mb3": 3, "utf8": 3}


def find_primary(action: DropConstraint, scene: Scene) -> Iterator[Hazard]:
    """MySQL: a column that counts up has to lead a key."""
    table = scene.table(action.table)
    if not scene.mysql or table is None or action.kind != "primary key":
        return
    keys = [c.columns for c in table.constraints if c.kind == "unique"]
    keys += [i.columns for i in table.indexes]
    for other in scene.statement.actions:
        if isinstance(other, AddConstraint):
            keys.append(other.constraint.columns)
        elif isinstance(other, CreateIndex):
            keys.append(other.columns)
    for column in table.columns.values():
        if column.identity and all(k[:1] != (column.name,) for k in keys):
            name = f"{action.table}.{column.name}"
            yield _no(name, f"{name} counts up, so it has to lead a key (1075)")


def _is_whole(index: CreateIndex) -> bool:
    """Whether an index covers every row by plain columns."""
    return not (index.predicate or index.expression or any("(" in c for c in index.columns))


def _no(name: str, why: str) -> Hazard:
    return Hazard((name,), detail=why)


RULE = Rule(
    code="refused",
    kind=Kind.FAILS,
    risk=Risk.HIGH,
    effect="The server refuses the statement and the migration fails.",
    remedy="Write it so that the condition is met; a trial run on a copy of the schema shows that it is.",
    source="PostgreSQL manual, CREATE INDEX; ALTER TABLE; Error Codes; MySQL manual, AUTO_INCREMENT",
    looks=(
        at(CreateIndex, find_index),
        at(Drop, find_drop),
        at(AddConstraint, find_constraint),
        at(DropNotNull, find_not_null),
        at(SetDefault, find_default),
        at(AddColumn, find_column),
        at(TableSetting, find_identity),
        at(Maintain, find_refresh),
        at(CreateView, find_view),
        at(CreateRoutine, find_routine),
        at(ChangeType, find_type),
        at(DropConstraint, find_primary),
        at(RedefineColumn, find_generated),
        at(AddColumn, find_length),
        at(RedefineColumn, find_length),
    ),
)
