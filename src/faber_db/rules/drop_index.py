"""An index goes; queries that used it get slower."""

from collections.abc import Iterator

from faber_db.model.finding import Kind, Risk
from faber_db.model.statement import Drop
from faber_db.rules.base import Hazard, Rule, at
from faber_db.rules.scene import Scene


def find(action: Drop, scene: Scene) -> Iterator[Hazard]:
    if action.kind == "index":
        born = {i.name for t in scene.state.tables.values() if t.born for i in t.indexes}
        names = tuple(n for n in action.names if n not in born)
        if names:
            yield Hazard(names, detail=f"index {', '.join(names)}")


RULE = Rule(
    code="drop-index",
    kind=Kind.STYLE,
    risk=Risk.LOW,
    effect="Queries that planned with it read the whole table from now on.",
    remedy="Look at pg_stat_user_indexes.idx_scan first; DROP INDEX CONCURRENTLY, outside a transaction.",
    source="PostgreSQL manual, DROP INDEX",
    looks=(at(Drop, find),),
)
