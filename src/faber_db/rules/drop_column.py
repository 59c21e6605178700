"""`DROP COLUMN` loses the values."""

from collections.abc import Iterator

from faber_db.model.finding import Kind, Risk
from faber_db.model.statement import DropColumn
from faber_db.rules import pasteable
from faber_db.rules.base import Hazard, Rule, at
from faber_db.rules.scene import Scene


def find(action: DropColumn, scene: Scene) -> Iterator[Hazard]:
    if scene.is_empty(action.table) or scene.state.is_new_column(action.table, action.column):
        return
    if action.if_exists and scene.lacks_column(action.table, action.column):
        return
    found = scene.state.column(action.table, action.column)
    if found is not None and found.generated:  # computed from other columns
        return
    name = f"{action.table}.{action.column}"
    yield Hazard((name,), detail=f"column {action.column} of {action.table}", table=action.table)


RULE = Rule(
    code="drop-column",
    kind=Kind.DATA_LOSS,
    risk=Risk.HIGH,
    effect="The column's values are gone.",
    remedy="Stop reading and writing it, deploy, and drop it in a later migration. For a new name use RENAME COLUMN; for a new type add a column and backfill it.",
    source="PostgreSQL manual, ALTER TABLE, DROP COLUMN",
    looks=(at(DropColumn, find),),
    paste=pasteable.kept_values,
)
