"""A whole table is updated to fill a column that is new."""

from collections.abc import Iterator

from faber_db.model.finding import Kind, Risk
from faber_db.model.statement import Update
from faber_db.rules.base import Hazard, Rule, at
from faber_db.rules.scene import Scene


def find(action: Update, scene: Scene) -> Iterator[Hazard]:
    if action.qualified or not action.columns or scene.is_empty(action.table):
        return
    if all(scene.state.is_new_column(action.table, c) for c in action.columns):
        names = tuple(f"{action.table}.{c}" for c in action.columns)
        yield Hazard(names, detail=f"every row of {action.table}", table=action.table)


RULE = Rule(
    code="update-new-column",
    kind=Kind.BLOCKING,
    risk=Risk.MEDIUM,
    effect="Every row is written in one transaction: row locks until it ends, twice the space, and work for replicas and vacuum.",
    remedy="Backfill in batches by key (WHERE id BETWEEN … AND …), each in a transaction of its own; or give the column a constant default when adding it.",
    source="PostgreSQL manual, UPDATE",
    looks=(at(Update, find),),
)
