"""A qualified `UPDATE` writes some rows."""

from collections.abc import Iterator

from faber_db.model.finding import Kind, Risk
from faber_db.model.statement import Update
from faber_db.rules.base import Hazard, Rule, at
from faber_db.rules.scene import Scene


def find(action: Update, scene: Scene) -> Iterator[Hazard]:
    if action.qualified and not scene.is_empty(action.table):
        yield Hazard((action.table,), detail=f"some rows of {action.table}")


RULE = Rule(
    code="update-rows",
    kind=Kind.BLOCKING,
    risk=Risk.LOW,
    effect="The rows that match are locked until the transaction ends, and their old values are gone.",
    remedy="Count the matches first; change large numbers in batches by key.",
    source="PostgreSQL manual, UPDATE",
    looks=(at(Update, find),),
)
