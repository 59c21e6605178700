"""A qualified `UPDATE` writes some rows: one by its key, or values where there were none."""

from collections.abc import Iterator

from faber_db.model.finding import Kind, Risk
from faber_db.model.statement import Update
from faber_db.rules.base import Hazard, Rule, at
from faber_db.rules.scene import Scene
from faber_db.rules.update_all_rows import overwritten


def find(action: Update, scene: Scene) -> Iterator[Hazard]:
    if not action.qualified or action.never or scene.is_empty(action.table):
        return
    if scene.state.by_key(action) or not overwritten(action, scene):
        yield Hazard((action.table,), detail=f"some rows of {action.table}")


RULE = Rule(
    code="update-rows",
    kind=Kind.BLOCKING,
    risk=Risk.LOW,
    effect="The rows that match are locked until the transaction ends.",
    remedy="Count the matches first; change large numbers in batches by key.",
    source="PostgreSQL manual, UPDATE",
    looks=(at(Update, find),),
)
