"""`CREATE INDEX` without CONCURRENTLY keeps writes waiting for the whole build."""

from collections.abc import Iterator

from faber_db.model.finding import Kind, Risk
from faber_db.model.statement import CreateIndex
from faber_db.rules import pasteable
from faber_db.rules.base import Hazard, Rule, at
from faber_db.rules.scene import Scene


def find(action: CreateIndex, scene: Scene) -> Iterator[Hazard]:
    effect = scene.effect_on(action.table)
    if not scene.postgresql or effect is None or not effect.scan:
        return
    found = scene.table(action.table)
    if action.concurrently or scene.is_new(action.table) or (found and found.materialized):
        return  # nobody writes to a materialized view
    yield Hazard(
        (action.table,), detail=f"index {action.name or 'on ' + action.table}", table=action.table
    )


RULE = Rule(
    code="create-index",
    kind=Kind.BLOCKING,
    risk=Risk.MEDIUM,
    effect="Writes to the table wait until the index is built.",
    remedy="CREATE INDEX CONCURRENTLY, in a migration of its own that runs outside a transaction. On a partitioned table: CREATE INDEX … ON ONLY the parent, CONCURRENTLY on each partition, then ALTER INDEX … ATTACH PARTITION.",
    source="PostgreSQL manual, CREATE INDEX, Building Indexes Concurrently",
    looks=(at(CreateIndex, find),),
    paste=pasteable.concurrent_index,
)
