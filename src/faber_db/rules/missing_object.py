"""A statement names a table, column or constraint that is not there."""

import re
from collections.abc import Iterator

from faber_db.model.finding import Kind, Risk
from faber_db.model.statement import (
    AddColumn,
    AddConstraint,
    ChangeType,
    CreateIndex,
    CreateTrigger,
    Drop,
    DropColumn,
    DropConstraint,
    DropDefault,
    DropNotNull,
    RedefineColumn,
    Rename,
    SetDefault,
    SetNotNull,
    TableAction,
    ValidateConstraint,
)
from faber_db.rules.base import Hazard, Rule, at
from faber_db.rules.scene import Scene
from faber_db.rules.state import TableState

_OTHER = re.compile(r"\s*alter\s+(table\s+if\s+exists|type)\b", re.IGNORECASE)
_NUMBERED = re.compile(r"\d$")  # PostgreSQL counts names up where they are taken


def find_table(action: TableAction, scene: Scene) -> Iterator[Hazard]:
    if not _is_missing(action.table, scene) or _OTHER.match(scene.statement.text):
        return
    yield Hazard((action.table,), detail=f"table {action.table} does not exist")


def find_drop(action: Drop, scene: Scene) -> Iterator[Hazard]:
    if action.kind == "table" and not action.if_exists:
        for name in action.names:
            if _is_missing(name, scene):
                yield Hazard((name,), detail=f"table {name} does not exist")
    table = scene.table(action.table)
    if action.kind == "index" and scene.mysql and not action.if_exists and _is_free(scene):
        for name in action.names if table is not None and table.complete else ():
            if table is not None and name.lower() not in _indexes(table):
                where = f"{action.table}.{name}"
                yield Hazard((where,), detail=f"index {name} of {action.table} does not exist")


def _indexes(table: TableState) -> set[str]:
    """MySQL: unique constraints are indexes, and a foreign key has one of its name or its column's."""
    named = {i.name for i in table.indexes} | {c.name for c in table.constraints}
    return {name.lower() for name in named}


def find_drop_trigger(action: Drop, scene: Scene) -> Iterator[Hazard]:
    table = scene.table(action.table) if action.kind == "trigger" and action.table else None
    if action.if_exists or table is None or table.guessed or not _is_free(scene):
        return
    for name in action.names:
        if (scene.state.key(action.table), name) not in scene.state.triggers:
            yield Hazard((name,), detail=f"trigger {name} of {action.table} does not exist")


def find_label(action: Rename, scene: Scene) -> Iterator[Hazard]:
    labels = scene.state.enums.get(action.table)
    missing = action.kind == "enum value" and labels is not None and action.old not in labels
    if missing and _is_free(scene):
        yield Hazard((action.table,), detail=f"{action.table} has no value {action.old}")


def find_column(
    action: ChangeType | SetNotNull | DropNotNull | SetDefault | DropDefault, scene: Scene
) -> Iterator[Hazard]:
    yield from find_table(action, scene)
    yield from _column(action.table, action.column, scene)


def find_drop_column(action: DropColumn, scene: Scene) -> Iterator[Hazard]:
    yield from find_table(action, scene)
    if not action.if_exists:
        yield from _column(action.table, action.column, scene)


def find_redefined(action: RedefineColumn, scene: Scene) -> Iterator[Hazard]:
    yield from find_table(action, scene)
    if not action.if_exists:
        yield from _column(action.table, action.column, scene)


def find_index(action: CreateIndex, scene: Scene) -> Iterator[Hazard]:
    yield from find_table(action, scene)
    known = set(action.expression.columns) if action.expression is not None else set()
    for column in (*action.columns, *known):
        if re.fullmatch(r"\w+", column) and column not in ("true", "false"):
            yield from _column(action.table, column, scene)


def find_place(action: AddColumn | RedefineColumn, scene: Scene) -> Iterator[Hazard]:
    """MySQL: AFTER a column that is not there."""
    definition = action.column if isinstance(action, AddColumn) else action.definition
    place = definition.position.removeprefix("after ")
    beside = {
        scene.state.key(a.column.name) for a in scene.statement.actions if isinstance(a, AddColumn)
    }
    if place != definition.position and scene.state.key(place) not in beside:
        yield from _column(action.table, place, scene)


def find_constraint(action: AddConstraint, scene: Scene) -> Iterator[Hazard]:
    yield from find_table(action, scene)
    constraint = action.constraint
    if constraint.references and _is_missing(constraint.references, scene):
        name = constraint.references
        yield Hazard((name,), detail=f"table {name} does not exist")
    if constraint.kind in ("foreign key", "unique", "primary key", "not null"):
        for column in constraint.columns:
            yield from _column(action.table, column, scene)
    for column in constraint.referenced_columns:
        yield from _column(constraint.references, column, scene)
    table, name = scene.table(action.table), constraint.using_index
    known = table is not None and table.complete and _is_free(scene)
    if name and table is not None and known and not any(i.name == name for i in table.indexes):
        yield Hazard((name,), detail=f"index {name} of {action.table} does not exist")


def find_named(action: ValidateConstraint | DropConstraint, scene: Scene) -> Iterator[Hazard]:
    yield from find_table(action, scene)
    table = scene.table(action.table)
    optional = isinstance(action, DropConstraint) and action.if_exists
    if optional or not _is_free(scene) or table is None or not table.complete or table.born:
        return
    names = {c.name for c in table.constraints}
    if scene.mysql and not (isinstance(action, DropConstraint) and action.kind == "foreign key"):
        return  # the server's names of other keys do not stand in a schema as text
    old = (
        scene.mysql or scene.below(18) or action.name.endswith(("_fkey", "_check", "_key", "_pkey"))
    )
    guessed = _NUMBERED.search(action.name) or not old  # a NOT NULL has a name from 18
    if action.name not in names and "" not in names and not guessed:
        name = f"{action.table}.{action.name}"
        yield Hazard((name,), detail=f"constraint {action.name} of {action.table} does not exist")


def find_trigger(action: CreateTrigger, scene: Scene) -> Iterator[Hazard]:
    yield from find_table(action, scene)
    name = action.function.lower()
    if not _is_free(scene) or not name or "." in name or scene.state.extensions:
        return
    if name not in scene.state.routines and not name.endswith(_BUILT_IN):
        yield Hazard((action.function,), detail=f"function {action.function} does not exist")


def _column(table: str, column: str, scene: Scene) -> Iterator[Hazard]:
    found = scene.table(table)
    if not _is_free(scene) or found is None or not found.complete or not found.columns:
        return
    if scene.state.key(column) not in found.columns and column not in _SYSTEM:
        name = f"{table}.{column}"
        yield Hazard((name,), detail=f"column {name} does not exist")


_BUILT_IN = ("_trigger", "_trigger_column", "_recheck")  # suppress_redundant_updates_trigger …
_SYSTEM = ("ctid", "xmin", "xmax", "cmin", "cmax", "tableoid")


def _is_free(scene: Scene) -> bool:
    """Whether what is there is known, and the statement runs whatever else there is."""
    guarded = scene.routine or scene.statement.text.lstrip()[:2].lower() == "do"
    return not scene.sqlite and scene.state.certain and not guarded


def _is_missing(name: str, scene: Scene) -> bool:
    if not _is_free(scene) or not name or scene.table(name) is not None:
        return False
    if name in scene.state.views or name in scene.context.ledgers:
        return False
    schema, _, last = name.rpartition(".")
    if schema and schema not in scene.state.schemas:
        return False
    if scene.context.schemas and (schema or "public") not in scene.context.schemas:
        return False
    return all(other.rpartition(".")[2] != last for other in scene.state.tables)


RULE = Rule(
    code="missing-object",
    kind=Kind.FAILS,
    risk=Risk.HIGH,
    effect="The server refuses the statement and the migration fails.",
    remedy="Correct the name, or make the object first; with IF EXISTS where it may be missing.",
    source="PostgreSQL manual, Error Codes (42P01, 42703, 42704); MariaDB manual, Error Codes (1054, 1091, 1146)",
    looks=(
        at(AddColumn, find_table),
        at(AddColumn, find_place),
        at(ChangeType, find_column),
        at(SetNotNull, find_column),
        at(DropNotNull, find_column),
        at(SetDefault, find_column),
        at(DropDefault, find_column),
        at(DropColumn, find_drop_column),
        at(RedefineColumn, find_redefined),
        at(RedefineColumn, find_place),
        at(AddConstraint, find_constraint),
        at(ValidateConstraint, find_named),
        at(DropConstraint, find_named),
        at(CreateIndex, find_index),
        at(CreateTrigger, find_trigger),
        at(Drop, find_drop),
        at(Drop, find_drop_trigger),
        at(Rename, find_label),
    ),
)
