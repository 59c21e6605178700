"""`REINDEX` without CONCURRENTLY: writes wait for the table, and queries that could use the index wait too."""

from collections.abc import Iterator

from faber_db.model.finding import Kind, Risk
from faber_db.model.statement import Maintain
from faber_db.rules.base import Hazard, Rule, at
from faber_db.rules.scene import Scene


def find(action: Maintain, scene: Scene) -> Iterator[Hazard]:
    if not scene.postgresql or not action.what.startswith("reindex") or action.concurrently:
        return
    for name in action.names:
        if not scene.is_new(name):
            tables = [e.table for e in scene.effects] or [name]
            if all(scene.is_new(t) for t in tables):
                continue
            yield Hazard((name,), detail=f"{action.what.upper()} {name}", table=tables[0])


RULE = Rule(
    code="reindex",
    kind=Kind.BLOCKING,
    risk=Risk.HIGH,
    effect="Writes to the table wait, and reads that plan with the index, until it is built anew.",
    remedy="REINDEX … CONCURRENTLY, outside a transaction.",
    source="PostgreSQL manual, REINDEX",
    looks=(at(Maintain, find),),
)
