"""Running code inserts without a column that has just become required."""

from collections.abc import Iterator

from faber_db.model.finding import Kind, Risk
from faber_db.model.statement import AddColumn, RedefineColumn, SetNotNull
from faber_db.rules import pasteable
from faber_db.rules.base import Hazard, Rule, at
from faber_db.rules.scene import Scene


def find(action: AddColumn, scene: Scene) -> Iterator[Hazard]:
    column = action.column
    if column.nullable or column.default or column.identity or column.generated:
        return
    if not scene.is_new(action.table):
        name = f"{action.table}.{column.name}"
        yield Hazard((name,), detail=f"new column {name} has no default")


def find_null(action: SetNotNull, scene: Scene) -> Iterator[Hazard]:
    column = scene.state.column(action.table, action.column)
    if scene.is_new(action.table) or scene.state.has_valid_check(action.table, action.column):
        return
    if column is None or (column.nullable and column.default is None and not column.new):
        name = f"{action.table}.{action.column}"
        yield Hazard((name,), detail=f"{name} becomes NOT NULL without a default")


def find_redefined(action: RedefineColumn, scene: Scene) -> Iterator[Hazard]:
    new, old = action.definition, scene.state.column(action.table, action.column)
    if scene.is_new(action.table) or new.nullable or new.default is not None or new.identity:
        return
    if old is None or old.nullable:
        name = f"{action.table}.{action.column}"
        yield Hazard((name,), detail=f"{name} becomes NOT NULL without a default")


RULE = Rule(
    code="required-column-breaks-inserts",
    kind=Kind.APP_BREAK,
    risk=Risk.HIGH,
    effect="Inserts of running code that leave the column out, or write NULL, fail.",
    remedy="Give the column a default, deploy code that writes it, and make it NOT NULL in a later migration.",
    source="PostgreSQL manual, ALTER TABLE, SET NOT NULL",
    looks=(
        at(AddColumn, find),
        at(SetNotNull, find_null),
        at(RedefineColumn, find_redefined),
    ),
    paste=pasteable.nullable_column,
)
