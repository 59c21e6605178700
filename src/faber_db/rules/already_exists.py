"""A statement makes what is there already."""

from collections.abc import Iterator

from faber_db.model.finding import Kind, Risk
from faber_db.model.statement import (
    AddColumn,
    AddConstraint,
    AddEnumValue,
    CreateDomain,
    CreateEnum,
    CreateIndex,
    CreateTable,
    CreateTrigger,
    CreateView,
    Rename,
)
from faber_db.rules.base import Hazard, Rule, at
from faber_db.rules.scene import Scene


def find_table(action: CreateTable, scene: Scene) -> Iterator[Hazard]:
    found = scene.table(action.table)
    there = found is not None and not found.maybe and not found.guessed
    there = there or action.table in scene.state.views
    if there and _is_free(scene) and not action.if_not_exists and not action.temporary:
        yield _taken("table", action.table)


def find_column(action: AddColumn, scene: Scene) -> Iterator[Hazard]:
    column = scene.state.column(action.table, action.column.name)
    if _is_free(scene) and not action.if_not_exists and column is not None:
        yield _taken("column", f"{action.table}.{action.column.name}")


def find_index(action: CreateIndex, scene: Scene) -> Iterator[Hazard]:
    if action.if_not_exists and action.name in scene.state.invalid_indexes:
        yield Hazard(
            (action.name,),
            detail=f"index {action.name} of {action.table}",
            effect="It is there from an attempt that failed, and invalid: IF NOT EXISTS leaves it so, no query uses it, and every write pays for it.",
            remedy=f"DROP INDEX CONCURRENTLY {action.name}; before it, outside a transaction.",
        )
    if _is_free(scene) and action.name and not action.if_not_exists:
        schema, table = action.table.rpartition(".")[0], scene.table(action.table)
        own = table is not None and any(i.name == action.name for i in table.indexes)
        if own if scene.mysql else scene.state.has_index(action.name, schema):
            yield _taken("index", action.name)


def find_constraint(action: AddConstraint, scene: Scene) -> Iterator[Hazard]:
    name = action.constraint.name
    table = scene.table(action.table)
    there = table is not None and any(c.name == name for c in table.constraints)
    if there and name and _is_free(scene):
        yield _taken("constraint", f"{action.table}.{name}")


def find_type(action: CreateEnum | CreateDomain, scene: Scene) -> Iterator[Hazard]:
    state = scene.state
    if _is_free(scene) and (action.name in state.enums or action.name in state.domains):
        yield _taken("type", action.name)


def find_value(action: AddEnumValue, scene: Scene) -> Iterator[Hazard]:
    labels = scene.state.enums.get(action.type, ())
    if _is_free(scene) and not action.if_not_exists and action.value in labels:
        yield _taken("enum value", f"{action.type}.{action.value}")


def find_view(action: CreateView, scene: Scene) -> Iterator[Hazard]:
    state = scene.state
    there = action.name in state.views or (
        (found := scene.table(action.name)) and not found.guessed
    )
    if _is_free(scene) and there and not (action.replace or action.if_not_exists):
        yield _taken("view", action.name)


def find_trigger(action: CreateTrigger, scene: Scene) -> Iterator[Hazard]:
    taken = {name for _, name in scene.state.triggers}
    if scene.sqlite and _is_free(scene) and action.name in taken:
        yield _taken("trigger", action.name)


def find_renamed(action: Rename, scene: Scene) -> Iterator[Hazard]:
    """SQLite takes a name that differs only by case for the name of another table."""
    if scene.sqlite and action.kind == "table" and action.old.lower() == action.new.lower():
        yield _taken("table", action.new)


def _is_free(scene: Scene) -> bool:
    """Whether what is there is known, and the statement runs whatever else there is."""
    guarded = scene.routine or scene.statement.text.lstrip()[:2].lower() == "do"
    known = scene.state.known if scene.sqlite else scene.state.certain
    return known and not guarded


def _taken(kind: str, name: str) -> Hazard:
    return Hazard((name,), detail=f"{kind} {name} exists already")


RULE = Rule(
    code="already-exists",
    kind=Kind.FAILS,
    risk=Risk.HIGH,
    effect="The server refuses the statement and the migration fails.",
    remedy="Leave it out, choose another name, or say IF NOT EXISTS where both states are right.",
    source="PostgreSQL manual, Error Codes (42P07, 42701, 42710); MariaDB manual, Error Codes (1050, 1060, 1061)",
    looks=(
        at(CreateTable, find_table),
        at(AddColumn, find_column),
        at(CreateIndex, find_index),
        at(AddConstraint, find_constraint),
        at(CreateEnum, find_type),
        at(CreateDomain, find_type),
        at(AddEnumValue, find_value),
        at(CreateView, find_view),
        at(CreateTrigger, find_trigger),
        at(Rename, find_renamed),
    ),
)
