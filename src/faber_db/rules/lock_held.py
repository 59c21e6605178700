"""A lock of an earlier statement is held while a later one works."""

from collections.abc import Iterator

from faber_db.model.finding import Kind, Risk
from faber_db.model.statement import Action
from faber_db.rules.base import Hazard, Rule, at
from faber_db.rules.effects import ACCESS_EXCLUSIVE, strength
from faber_db.rules.scene import Scene


def find(action: Action, scene: Scene) -> Iterator[Hazard]:
    if not scene.postgresql or not scene.transaction.held or not scene.statement.transactional:
        return
    working = [e for e in scene.effects if e.works and not scene.is_new(e.table)]
    if not working:
        return
    strong = [h for h in scene.transaction.held.values() if strength(h.mode) >= strength("SHARE")]
    worst = max(strong, key=lambda h: strength(h.mode), default=None)
    own = max((strength(e.lock) for e in working), default=0)
    if worst is None or (
        any(e.table == worst.table for e in working) and own >= strength(worst.mode)
    ):
        return
    risk = Risk.HIGH if worst.mode == ACCESS_EXCLUSIVE else Risk.MEDIUM
    table = max(working, key=lambda e: (e.writes, e.rewrite, e.scan)).table
    yield Hazard(
        (worst.table,),
        risk,
        detail=f"{worst.mode} on {worst.table} since line {worst.line}",
        effect=f"It is held while this statement works through {table}; others wait for all of it.",
        table=table,
        lock=f"{worst.mode} on {worst.table}",
        scan=True,
    )
    del action


RULE = Rule(
    code="lock-held",
    kind=Kind.BLOCKING,
    risk=Risk.HIGH,
    effect="The lock of the earlier statement stays until the transaction ends, so others wait for all of this work too.",
    remedy="Put the statement that takes the lock into a migration (a transaction) of its own, after or before the work.",
    source="PostgreSQL manual, Explicit Locking",
    looks=(at(Action, find),),
)
