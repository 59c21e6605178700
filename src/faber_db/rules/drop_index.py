"""An index goes; queries that used it get slower."""

from collections.abc import Iterator

from faber_db.model.finding import Kind, Risk
from faber_db.model.statement import Drop
from faber_db.rules.base import Hazard, Rule, at
from faber_db.rules.scene import Scene


def find(action: Drop, scene: Scene) -> Iterator[Hazard]:
    if action.kind == "index":
        new = [t for t in scene.state.tables.values() if t.born]
        born = {i.name for t in new for i in t.indexes}
        born |= {c.name for t in new for c in t.constraints}  # MySQL: a unique key is an index
        names = tuple(n for n in action.names if n not in born)
        if names:
            remedy = _MYSQL if scene.mysql else _SQLITE if scene.sqlite else None
            yield Hazard(names, detail=f"index {', '.join(names)}", remedy=remedy)


_MYSQL = (
    "Hide it first, which is undone at once: ALTER TABLE … ALTER INDEX … INVISIBLE (MySQL) or IGNORED"
    " (MariaDB 10.6); drop it when nothing got slower."
)
_SQLITE = "Ask EXPLAIN QUERY PLAN of the queries that name its columns first."

RULE = Rule(
    code="drop-index",
    kind=Kind.STYLE,
    risk=Risk.LOW,
    effect="Queries that planned with it read the whole table from now on.",
    remedy="Look at pg_stat_user_indexes.idx_scan first; DROP INDEX CONCURRENTLY, outside a transaction.",
    source="PostgreSQL manual, DROP INDEX; MySQL 8.0 manual, Invisible Indexes; MariaDB manual,"
    " Ignored Indexes",
    looks=(at(Drop, find),),
)
