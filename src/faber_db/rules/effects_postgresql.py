"""PostgreSQL: locks and work of each action (manual, Explicit Locking; ALTER TABLE, Notes).

Proven against a server in tests/safety/test_claims.py.
"""

import re
from collections.abc import Iterator
from dataclasses import replace

from faber_db.model.statement import (
    Action,
    AddColumn,
    AddConstraint,
    AlterDomain,
    AlterPolicy,
    AttachPartition,
    ChangeType,
    ColumnDefinition,
    Constraint,
    Create,
    CreateIndex,
    CreatePolicy,
    CreateRule,
    CreateTable,
    CreateTrigger,
    DetachPartition,
    Drop,
    DropColumn,
    DropConstraint,
    DropDefault,
    DropNotNull,
    Harmless,
    Lock,
    Maintain,
    Move,
    Rename,
    SetDefault,
    SetNotNull,
    TableSetting,
    Truncate,
    ValidateConstraint,
)
from faber_db.rules.effects import TableEffect
from faber_db.rules.effects_of_drops import drops
from faber_db.rules.effects_of_rows import rows
from faber_db.rules.state import State
from faber_db.rules.type_changes import change_of
from faber_db.sql.postgresql.builtins import EXTENSION_VOLATILE, VOLATILE

_AEL = "ACCESS EXCLUSIVE"
_SRE = "SHARE ROW EXCLUSIVE"
_SUE = "SHARE UPDATE EXCLUSIVE"
_WEAK_SETTINGS = {
    "set statistics": _SUE, "set options": _SUE, "reset options": _SUE, "set parameters": _SUE,
    "reset parameters": _SUE, "cluster on": _SUE, "without cluster": _SUE,
    "enable trigger": _SRE, "disable trigger": _SRE, "alter constraint": _AEL,
}  # fmt: skip
_REACHES_PARTITIONS = (
    AddColumn, AddConstraint, ChangeType, CreateIndex, DropColumn, DropConstraint, DropDefault,
    DropNotNull, SetDefault, SetNotNull, ValidateConstraint,
)  # fmt: skip
_REWRITING = {"set logged", "set unlogged", "set tablespace", "set access method", "set expression"}


def effects(action: Action, state: State, major: int | None) -> Iterator[TableEffect]:
    """The effects of one action on tables, the ones that are new included; not on system catalogues."""
    for effect in _effects(action, state, major):
        if _is_system(effect.table):
            continue
        yield effect
        below = isinstance(action, Rename) and action.kind == "column"
        below = below or isinstance(action, _REACHES_PARTITIONS)
        if below and effect.table == getattr(action, "table", ""):
            for partition in () if _only(action) else state.partitions_of(effect.table):
                yield replace(
                    effect, table=partition.name, lock=_lock_below(effect, action, state, major)
                )


def _lock_below(effect: TableEffect, action: Action, state: State, major: int | None) -> str:
    """The lock on a partition: a key over NOT NULL columns only builds an index there, before 18."""
    if (
        (major or 18) < 18
        and isinstance(action, AddConstraint)
        and action.constraint.kind in ("primary key", "unique")
    ):
        columns = (state.column(effect.table, c) for c in action.constraint.columns)
        if action.constraint.kind == "unique" or all(c and not c.nullable for c in columns):
            return "SHARE"
    return effect.lock


def _is_system(table: str) -> bool:
    return table.startswith(("pg_", "information_schema."))


def _only(action: Action) -> bool:
    return isinstance(action, CreateIndex) and action.only


def _effects(action: Action, state: State, major: int | None) -> Iterator[TableEffect]:
    match action:
        case CreateTable():
            yield from _create_table(action, state)
        case AddColumn():
            yield from _add_column(action, state, major)
        case DropColumn() | DropNotNull() | SetDefault() | DropDefault():
            yield TableEffect(action.table, _AEL)
        case ChangeType():
            yield from _change_type(action, state)
        case SetNotNull():
            column = state.column(action.table, action.column)
            already = column is not None and not column.nullable
            proven = already or state.has_valid_check(action.table, action.column)
            yield TableEffect(action.table, _AEL, scan=not proven)
        case AddConstraint():
            yield from _add_constraint(action.table, action.constraint, state)
        case ValidateConstraint():
            yield TableEffect(action.table, _SUE, scan=True)
        case DropConstraint():
            yield TableEffect(action.table, _AEL)
            found = state.table(action.table)
            for constraint in found.constraints if found else ():
                if constraint.name != action.name:
                    continue
                if constraint.references:
                    yield TableEffect(constraint.references, _AEL)
                elif action.cascade:  # the foreign keys that rest on it go too
                    for child, key in state.referencing(action.table):
                        if set(key.referenced_columns) <= set(constraint.columns):
                            yield TableEffect(child, _AEL)
        case CreateIndex():
            yield _create_index(action, state)
        case AttachPartition():
            yield from _attach(action, state)
        case DetachPartition():
            mode = _SUE if action.concurrently else _AEL
            yield TableEffect(action.table, mode)
            yield TableEffect(action.partition, _AEL)
        case TableSetting():
            yield from _setting(action, state)
        case _:
            yield from _other(action, state)


def _create_table(action: CreateTable, state: State) -> Iterator[TableEffect]:
    constraints = [*action.constraints, *(c for col in action.columns for c in col.constraints)]
    for constraint in constraints:
        if constraint.references and constraint.references != action.table:
            yield TableEffect(constraint.references, _SRE)
    for table in action.reads:
        if table == action.partition_of:
            yield TableEffect(table, _AEL)
            yield from _default_of(table, state)
        else:
            works = action.query and not action.no_data
            yield TableEffect(table, _SUE if table in action.inherits else "ACCESS SHARE", works)


def volatile_default(column: ColumnDefinition, state: State) -> bool:
    """Whether every existing row needs a value of its own."""
    default = state.default_of(column)
    if default is None:
        return False
    for function in default.functions:
        routine = state.routines.get(function)
        if routine is not None:
            if routine.volatility == "volatile" and not routine.constant:
                return True
        elif function in VOLATILE or function in EXTENSION_VOLATILE or not _steady(function):
            return True
    return False


def _steady(function: str) -> bool:
    from faber_db.sql.postgresql.builtins import KNOWN

    return function in KNOWN


def constrained_type(column: ColumnDefinition, state: State) -> bool:
    """Whether the column's type is a domain with a constraint."""
    return state.domains.get(column.type.name, False)


def _add_column(action: AddColumn, state: State, major: int | None) -> Iterator[TableEffect]:
    column = action.column
    kinds = {c.kind for c in column.constraints if not c.not_valid}
    rewrites = bool(
        column.identity
        or column.generated == "stored"
        or volatile_default(column, state)
        or (column.default is not None and major is not None and major < 11)
        or (constrained_type(column, state) and (major or 0) < 19)
    )
    scans = (
        bool(kinds & {"check", "unique", "primary key", "exclude"})
        or constrained_type(column, state)
        or (not column.nullable and column.default is None and not column.identity)
    )
    yield TableEffect(action.table, _AEL, scan=scans or rewrites, rewrite=rewrites)
    for constraint in column.constraints:
        if constraint.references:
            given = column.default is not None or column.says_null  # even NULL has it look
            works = given and not constraint.not_valid
            yield TableEffect(constraint.references, _SRE)
            if works:
                yield TableEffect(action.table, _AEL, scan=True)


def _change_type(action: ChangeType, state: State) -> Iterator[TableEffect]:
    change = change_of(action, state)
    found = state.table(action.table)
    reindexes = bool(action.collation or action.type.name == "citext") and (
        found is None or any(action.column in i.columns for i in found.indexes)
    )
    checked = found is not None and any(
        c.kind == "check"
        and c.expression is not None
        and re.search(rf"(?<!\w){re.escape(action.column)}(?!\w)", c.expression.text)
        for c in found.constraints
    )
    yield TableEffect(
        action.table, _AEL, scan=change.rewrites or reindexes or checked, rewrite=change.rewrites
    )
    for constraint in found.constraints if found is not None else ():  # made anew with the column
        if constraint.references and action.column in constraint.columns:
            yield TableEffect(constraint.references, _AEL)
    for child, key in state.referencing(action.table):
        if action.column in key.referenced_columns:
            yield TableEffect(child, _AEL)


def _add_constraint(table: str, constraint: Constraint, state: State) -> Iterator[TableEffect]:
    lazy = constraint.not_valid or constraint.not_enforced
    if constraint.kind == "foreign key":
        found = state.table(table)
        nothing = state.is_new(table) and not (found is not None and found.filled_from)
        yield TableEffect(table, _SRE, scan=not lazy)
        yield TableEffect(constraint.references, _SRE, scan=not lazy and not nothing)
    elif constraint.using_index:
        nullable = constraint.kind == "primary key" and _nullable_in_index(table, constraint, state)
        yield TableEffect(table, _AEL, scan=nullable)
    elif constraint.kind == "not null" and constraint.columns:
        proven = lazy or state.has_valid_check(table, constraint.columns[0])
        yield TableEffect(table, _AEL, scan=not proven)
    else:
        yield TableEffect(table, _AEL, scan=not lazy)


def _nullable_in_index(table: str, constraint: Constraint, state: State) -> bool:
    found = state.table(table)
    if found is None:
        return True
    index = next((i for i in found.indexes if i.name == constraint.using_index), None)
    if index is None:
        return True
    return any(
        column.nullable and not state.has_valid_check(table, name)
        if (column := state.column(table, name)) is not None
        else True
        for name in index.columns
    )


def _create_index(action: CreateIndex, state: State) -> TableEffect:
    found = state.table(action.table)
    parent_only = action.only and (found is None or found.partitioned)
    there = action.if_not_exists and bool(action.name) and state.has_index(action.name)
    mode = _SUE if action.concurrently else "SHARE"
    return TableEffect(action.table, mode, scan=not (parent_only or there))


def _attach(action: AttachPartition, state: State) -> Iterator[TableEffect]:
    """The child is compared with the bounds and gets the parent's indexes; a default one is read."""
    yield TableEffect(action.table, _SUE)
    parent = state.table(action.table)
    indexes = parent is not None and bool(
        parent.indexes or any(c.kind in ("primary key", "unique") for c in parent.constraints)
    )
    checked = _bounds_checked(action, state)
    yield TableEffect(action.partition, _AEL, scan=indexes or not checked)
    if action.bounds:
        yield from _default_of(action.table, state)


def _default_of(table: str, state: State) -> Iterator[TableEffect]:
    for partition in state.partitions_of(table):
        if partition.partition_default:
            yield TableEffect(partition.name, _AEL, scan=True)


def _bounds_checked(action: AttachPartition, state: State) -> bool:
    """Whether a validated check on the child repeats the bounds."""
    found = state.table(action.partition)
    if found is None or not action.bounds:
        return False
    texts = [
        c.expression.text
        for c in found.constraints
        if c.kind == "check" and not c.not_valid and c.expression is not None
    ]
    return any(all(bound[:10] in text for bound in action.bounds) for text in texts)


def _setting(action: TableSetting, state: State) -> Iterator[TableEffect]:
    if action.setting.startswith(("index ", "sequence ", "owner of")):
        return
    mode = _WEAK_SETTINGS.get(action.setting, _AEL)
    found = state.table(action.table)
    same = (
        found is not None
        and found.complete
        and (action.setting == ("set unlogged" if found.unlogged else "set logged"))
    )
    rewrites = action.setting in _REWRITING and not same
    yield TableEffect(action.table, mode, scan=rewrites, rewrite=rewrites)
    if action.setting == "add identity":
        yield TableEffect(action.table, _AEL)


def _other(action: Action, state: State) -> Iterator[TableEffect]:
    match action:
        case Drop() | Truncate():
            yield from drops(action, state)
        case Harmless(what="comment") if action.table:
            yield TableEffect(action.table, _SUE)
        case Rename(kind="table" | "view" | "materialized view"):
            yield TableEffect(action.old, _AEL)
        case Rename(kind="column" | "constraint" | "trigger" | "policy", table=table) if table:
            yield TableEffect(table, _AEL)
        case Move(kind="table" | "view" | "materialized view"):
            yield TableEffect(action.name, _AEL)
        case CreateTrigger():
            yield TableEffect(action.table, _SRE)
        case CreatePolicy() | AlterPolicy() | CreateRule():
            yield TableEffect(action.table, _AEL)
        case Create(kind="statistics") if action.table:
            yield TableEffect(action.table, _SUE)
        case Maintain():
            yield from _maintain(action, state)
        case AlterDomain(what="add constraint" | "validate constraint" | "set not null"):
            for using in () if action.not_valid else state.domain_tables(action.name):
                yield TableEffect(using, "SHARE", scan=True)
        case Lock():
            for name in action.tables:
                yield TableEffect(name, action.mode)
        case _:
            yield from rows(action, state)


def _all(action: Maintain, state: State) -> Iterator[str]:
    """VACUUM and ANALYZE of no table in particular work through every one."""
    if action.what in ("vacuum full", "vacuum", "analyze"):
        analyzes = action.what == "analyze"
        yield from (t.name for t in state.tables.values() if analyzes or not t.partitioned)


def _maintain(action: Maintain, state: State) -> Iterator[TableEffect]:
    for name in action.names or _all(action, state):
        match action.what:
            case "vacuum full" | "cluster":
                yield TableEffect(name, _AEL, scan=True, rewrite=True)
            case "vacuum" | "analyze":
                yield TableEffect(name, _SUE)
            case "refresh" if action.no_data:
                yield TableEffect(name, _AEL)
            case "refresh":
                mode = "EXCLUSIVE" if action.concurrently else _AEL
                yield TableEffect(name, mode, scan=True, rewrite=not action.concurrently)
                for read in state.views.get(name, ()):
                    yield TableEffect(read, "ACCESS SHARE", scan=True)
            case "reindex table":
                mode = _SUE if action.concurrently else "SHARE"  # ACCESS EXCLUSIVE on the index
                yield TableEffect(name, mode, scan=True)
            case "reindex schema" | "reindex database":
                for table in state.tables.values():
                    inside = (table.name.rpartition(".")[0] or "public") == name
                    if inside or action.what == "reindex database":
                        mode = _SUE if action.concurrently else "SHARE"
                        yield TableEffect(table.name, mode, scan=True)
            case "reindex index":
                for table in state.tables.values():
                    if any(i.name == name for i in table.indexes) or any(
                        c.name == name for c in table.constraints
                    ):
                        mode = _SUE if action.concurrently else "SHARE"
                        yield TableEffect(table.name, mode, scan=True)
            case _:
                pass
