"""`ON CONFLICT DO UPDATE`, `ON DUPLICATE KEY UPDATE` and `REPLACE` overwrite rows that existed."""

from collections.abc import Iterator

from faber_db.model.finding import Kind, Risk
from faber_db.model.statement import Insert
from faber_db.rules.base import Hazard, Rule, at
from faber_db.rules.scene import Scene


def find(action: Insert, scene: Scene) -> Iterator[Hazard]:
    if action.conflict in ("update", "replace") and not scene.is_empty(action.table):
        yield Hazard((action.table,), detail=f"rows of {action.table}", table=action.table)


RULE = Rule(
    code="upsert-overwrites",
    kind=Kind.DATA_LOSS,
    risk=Risk.HIGH,
    effect="A row that is there already is overwritten; REPLACE deletes it first, so that columns which are not named lose their values.",
    remedy="ON CONFLICT DO NOTHING (MySQL: INSERT IGNORE) keeps what is there.",
    source="PostgreSQL manual, INSERT; MySQL manual, REPLACE; SQLite manual, ON CONFLICT",
    looks=(at(Insert, find),),
)
