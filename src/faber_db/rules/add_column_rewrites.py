"""A new column whose value differs from row to row rewrites the table."""

from collections.abc import Iterator

from faber_db.model.finding import Kind, Risk
from faber_db.model.statement import AddColumn
from faber_db.rules import pasteable
from faber_db.rules.base import Hazard, Rule, at
from faber_db.rules.scene import Scene


def find(action: AddColumn, scene: Scene) -> Iterator[Hazard]:
    effect = scene.effect_on(action.table)
    if not scene.postgresql or scene.is_new(action.table) or effect is None or not effect.rewrite:
        return
    column = action.column
    cause = (
        f"identity or serial of {column.name}"
        if column.identity
        else f"stored generated column {column.name}"
        if column.generated
        else f"default {column.default.text if column.default else ''} of {column.name}"
    )
    yield Hazard((f"{action.table}.{column.name}",), detail=cause, table=action.table)


RULE = Rule(
    code="add-column-rewrites",
    kind=Kind.BLOCKING,
    risk=Risk.HIGH,
    effect="An ACCESS EXCLUSIVE lock is held while the whole table is rewritten.",
    remedy="Add the column without it; then ALTER COLUMN … SET DEFAULT for new rows, and backfill the old ones in batches. For a generated column: VIRTUAL from PostgreSQL 18, or a trigger.",
    source="PostgreSQL manual, ALTER TABLE, Notes",
    looks=(at(AddColumn, find),),
    paste=pasteable.column_then_default,
)
