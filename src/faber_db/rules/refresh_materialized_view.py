"""`REFRESH MATERIALIZED VIEW` without CONCURRENTLY keeps its readers waiting."""

from collections.abc import Iterator

from faber_db.model.finding import Kind, Risk
from faber_db.model.statement import Maintain
from faber_db.rules.base import Hazard, Rule, at
from faber_db.rules.scene import Scene


def find(action: Maintain, scene: Scene) -> Iterator[Hazard]:
    if action.what == "refresh" and not (action.concurrently or action.no_data):
        for name in action.names:
            if not scene.is_new(name):
                yield Hazard((name,), detail=f"materialized view {name}", table=name)


RULE = Rule(
    code="refresh-materialized-view",
    kind=Kind.BLOCKING,
    risk=Risk.HIGH,
    effect="Reads of the view wait until its query has run.",
    remedy="REFRESH MATERIALIZED VIEW CONCURRENTLY; it needs a unique index on the view.",
    source="PostgreSQL manual, REFRESH MATERIALIZED VIEW",
    looks=(at(Maintain, find),),
)
