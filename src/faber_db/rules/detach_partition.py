"""`DETACH PARTITION` takes rows out of the table's sight."""

from collections.abc import Iterator

from faber_db.model.finding import Kind, Risk
from faber_db.model.statement import DetachPartition, TableSetting
from faber_db.rules.base import Hazard, Rule, at
from faber_db.rules.scene import Scene


def find(action: DetachPartition, scene: Scene) -> Iterator[Hazard]:
    if not scene.is_new(action.partition):
        detail = f"{action.partition} leaves {action.table}"
        yield Hazard((action.partition,), detail=detail, table=action.table)


def find_inherit(action: TableSetting, scene: Scene) -> Iterator[Hazard]:
    if action.setting == "no inherit" and not scene.is_new(action.table):
        yield Hazard((action.table,), detail=f"{action.table} leaves its parent")


RULE = Rule(
    code="detach-partition",
    kind=Kind.APP_BREAK,
    risk=Risk.HIGH,
    effect="Running code no longer finds the rows of the partition in the table.",
    remedy="Let code read the detached table first; DETACH PARTITION … CONCURRENTLY keeps the lock weak.",
    source="PostgreSQL manual, ALTER TABLE, DETACH PARTITION",
    looks=(
        at(DetachPartition, find),
        at(TableSetting, find_inherit),
    ),
)
