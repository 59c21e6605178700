"""A strong lock without work: short, but it waits for running queries and others queue behind it."""

from collections.abc import Iterator

from faber_db.model.finding import Kind, Risk
from faber_db.model.statement import Action, Lock
from faber_db.rules.base import Hazard, Rule, at
from faber_db.rules.scene import Scene


def find(action: Action, scene: Scene) -> Iterator[Hazard]:
    if not scene.postgresql or isinstance(action, Lock):
        return
    for effect in scene.effects:
        if effect.blocks_writes and not effect.works and not scene.is_new(effect.table):
            yield Hazard(
                (effect.table,), detail=f"{effect.lock} on {effect.table}", table=effect.table
            )


RULE = Rule(
    code="brief-lock",
    kind=Kind.BLOCKING,
    risk=Risk.LOW,
    effect="The lock is brief and no row is read; but it waits for running transactions, and every later query queues behind it.",
    remedy="Run it with a lock_timeout of a few seconds and retry (faber-db does both).",
    source="PostgreSQL manual, Explicit Locking",
    looks=(at(Action, find),),
)
