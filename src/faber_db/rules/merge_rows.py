"""`MERGE` updates or deletes rows that existed."""

from collections.abc import Iterator

from faber_db.model.finding import Kind, Risk
from faber_db.model.statement import Merge
from faber_db.rules.base import Hazard, Rule, at
from faber_db.rules.scene import Scene


def find(action: Merge, scene: Scene) -> Iterator[Hazard]:
    if not scene.is_empty(action.table) and {"update", "delete"} & set(action.changes):
        yield Hazard((action.table,), detail=f"matching rows of {action.table}", table=action.table)


RULE = Rule(
    code="merge-rows",
    kind=Kind.DATA_LOSS,
    risk=Risk.HIGH,
    effect="Rows that match are overwritten or deleted.",
    remedy="Count the matches first; keep the old values; or MERGE … WHEN NOT MATCHED only.",
    source="PostgreSQL manual, MERGE",
    looks=(at(Merge, find),),
)
