"""Columns that are added, changed and dropped in steps."""

# ruff: noqa: S608 - texts to be pasted by people; nothing here is run

from faber_db.model.statement import (
    Action,
    AddColumn,
    ChangeType,
    DropColumn,
)
from faber_db.rules.pasteable.names import Names, checked_not_null, in_batches, lines
from faber_db.rules.scene import Scene
from faber_db.sql.types import shown_type


def column_then_default(action: Action, scene: Scene) -> str:
    """The column without its value, the value for new rows, and the old rows in batches."""
    if not isinstance(action, AddColumn) or not scene.postgresql:
        return ""
    name, column = Names(scene.dialect), action.column
    table, own = name(action.table), name(column.name)
    plain = f"ALTER TABLE {table} ADD COLUMN {own} {shown_type(column.type, scene.dialect)};"
    first: tuple[str, ...]
    if column.identity:
        sequence = name.made(action.table, column.name, "seq")
        value = f"nextval('{sequence}')"
        first = (plain, f"CREATE SEQUENCE {sequence} OWNED BY {table}.{own};")
    elif column.default is not None and column.default.text:
        value, first = column.default.text, (plain,)
    else:
        return ""
    return lines(
        *first,
        f"ALTER TABLE {table} ALTER COLUMN {own} SET DEFAULT {value};",
        *in_batches(action.table, f"{own} = {value}", f"{own} IS NULL", scene),
        *(() if column.nullable else checked_not_null(action.table, column.name, name)),
    )


def nullable_column(action: Action, scene: Scene) -> str:
    """A required column, in the order in which nothing fails."""
    if not isinstance(action, AddColumn) or scene.sqlite:
        return ""
    name, column = Names(scene.dialect), action.column
    table, own = name(action.table), name(column.name)
    kind = shown_type(column.type, scene.dialect)
    last: tuple[str, ...] = (f"ALTER TABLE {table} MODIFY {own} {kind} NOT NULL;",)
    if scene.postgresql:
        last = checked_not_null(action.table, column.name, name)
    return lines(
        f"ALTER TABLE {table} ADD COLUMN {own} {kind};",
        "-- deploy code that writes it, and fill the old rows in batches; then:",
        *last,
    )


def new_column_of_type(action: Action, scene: Scene) -> str:
    """A second column of the new type, filled beside the old one."""
    if not isinstance(action, ChangeType) or not scene.postgresql:
        return ""
    name = Names(scene.dialect)
    table, own = name(action.table), name(action.column)
    fresh = name.made(action.table[:0], f"{action.column}_new").lstrip("_")
    kind = shown_type(action.type, scene.dialect)
    value = action.using.text if action.using else f"{own}::{kind}"
    return lines(
        f"ALTER TABLE {table} ADD COLUMN {fresh} {kind};",
        "-- deploy code that writes both columns;",
        *in_batches(action.table, f"{fresh} = {value}", f"{fresh} IS NULL", scene),
        "-- when code reads the new one only, in a later migration:",
        f"ALTER TABLE {table} DROP COLUMN {own};",
    )


def count_of_changes(action: Action, scene: Scene) -> str:
    """A look at how many values a cast changes."""
    if not isinstance(action, ChangeType) or not scene.postgresql:
        return ""
    column = scene.state.column(action.table, action.column)
    if column is None:
        return ""
    name = Names(scene.dialect)
    own, new = name(action.column), shown_type(action.type, scene.dialect)
    value = f"({action.using.text})::{new}" if action.using else f"{own}::{new}"
    old = shown_type(column.type, scene.dialect)
    return lines(
        "-- how many values change:",
        f"SELECT count(*) FROM {name(action.table)} WHERE ({value})::{old} IS DISTINCT FROM {own};",
        "-- if any does, fill a column of the new type instead, and drop the old one later",
    )


def kept_values(action: Action, scene: Scene) -> str:
    """The values in a table of their own before the column goes."""
    if not isinstance(action, DropColumn):
        return ""
    name, found = Names(scene.dialect), scene.table(action.table)
    keys = (
        next((c.columns for c in found.constraints if c.kind == "primary key"), ()) if found else ()
    )
    table, own = name(action.table), name(action.column)
    kept = name.made(action.table, action.column, "kept")
    columns = ", ".join(name(k) for k in (*keys, action.column))
    if not keys:
        return ""
    return lines(
        "-- stop reading and writing it, deploy, and drop it in a later migration; keep the values:",
        f"CREATE TABLE {kept} AS SELECT {columns} FROM {table} WHERE {own} IS NOT NULL;",
        f"ALTER TABLE {table} DROP COLUMN {own};",
    )
