"""`TRUNCATE` empties tables."""

from collections.abc import Iterator

from faber_db.model.finding import Kind, Risk
from faber_db.model.statement import Truncate
from faber_db.rules.base import Hazard, Rule, at
from faber_db.rules.scene import Scene


def find(action: Truncate, scene: Scene) -> Iterator[Hazard]:
    for name in action.tables:
        if not scene.is_empty(name):
            yield Hazard((name,), detail=f"table {name}", table=name)
    if action.cascade:
        for name in action.tables:
            for child, _ in scene.state.referencing(name):
                if child not in action.tables:
                    yield Hazard((child,), detail=f"table {child}, which refers to {name}")


RULE = Rule(
    code="truncate",
    kind=Kind.DATA_LOSS,
    risk=Risk.HIGH,
    effect="Every row is gone; row triggers do not see it.",
    remedy="DELETE what has to go, in batches and with a condition, after a backup.",
    source="PostgreSQL manual, TRUNCATE",
    looks=(at(Truncate, find),),
)
