"""`ATTACH PARTITION` reads the new partition while reads and writes of it wait."""

from collections.abc import Iterator

from faber_db.model.finding import Kind, Risk
from faber_db.model.statement import AttachPartition
from faber_db.rules.base import Hazard, Rule, at
from faber_db.rules.scene import Scene


def find(action: AttachPartition, scene: Scene) -> Iterator[Hazard]:
    effect = scene.effect_on(action.partition)
    if effect is not None and effect.scan and not scene.is_new(action.partition):
        detail = f"{action.partition} becomes a partition of {action.table}"
        yield Hazard((action.partition,), detail=detail, table=action.partition)


RULE = Rule(
    code="attach-partition",
    kind=Kind.BLOCKING,
    risk=Risk.HIGH,
    effect="An ACCESS EXCLUSIVE lock is held on the partition while every row is compared with the bounds.",
    remedy="Add a check that repeats the bounds to the table first (NOT VALID, then VALIDATE), attach, and drop the check.",
    source="PostgreSQL manual, ALTER TABLE, ATTACH PARTITION",
    looks=(at(AttachPartition, find),),
)
