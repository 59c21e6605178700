"""`ATTACH PARTITION` reads the new partition while reads and writes of it wait."""

from collections.abc import Iterator

from faber_db.model.finding import Kind, Risk
from faber_db.model.statement import AttachPartition, CreateTable
from faber_db.rules.base import Hazard, Rule, at
from faber_db.rules.scene import Scene


def find(action: AttachPartition, scene: Scene) -> Iterator[Hazard]:
    effect = scene.effect_on(action.partition)
    if effect is not None and effect.scan and not scene.is_new(action.partition):
        detail = f"{action.partition} becomes a partition of {action.table}"
        yield Hazard((action.partition,), detail=detail, table=action.partition)
    yield from _default_partitions(action, action.table, scene)


def find_table(action: CreateTable, scene: Scene) -> Iterator[Hazard]:
    if scene.postgresql and action.partition_of:
        yield from _default_partitions(action, action.partition_of, scene)


def _default_partitions(
    action: CreateTable | AttachPartition, parent: str, scene: Scene
) -> Iterator[Hazard]:
    for effect in scene.effects:
        table = scene.table(effect.table)
        if effect.scan and table is not None and table.partition_default:
            if scene.is_new(effect.table) or effect.table == _added(action):
                continue
            yield Hazard(
                (effect.table,),
                detail=f"default partition {effect.table} of {parent}",
                effect="An ACCESS EXCLUSIVE lock is held on it while its rows are searched for some that belong to the new partition.",
                remedy="Add a check to the default partition that keeps the new range out (NOT VALID, then VALIDATE) first.",
                table=effect.table,
            )


def _added(action: CreateTable | AttachPartition) -> str:
    return action.partition if isinstance(action, AttachPartition) else action.table


RULE = Rule(
    code="attach-partition",
    kind=Kind.BLOCKING,
    risk=Risk.HIGH,
    effect="An ACCESS EXCLUSIVE lock is held on the partition while every row is compared with the bounds.",
    remedy="Add a check that repeats the bounds to the table first (NOT VALID, then VALIDATE), attach, and drop the check.",
    source="PostgreSQL manual, ALTER TABLE, ATTACH PARTITION",
    looks=(
        at(AttachPartition, find),
        at(CreateTable, find_table),
    ),
)
