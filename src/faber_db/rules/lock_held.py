"""A lock of an earlier statement is held while a later one works."""

from collections.abc import Iterator

from faber_db.model.finding import Kind, Risk
from faber_db.model.statement import Action
from faber_db.rules.base import Hazard, Rule, at
from faber_db.rules.effects import ACCESS_EXCLUSIVE, strength
from faber_db.rules.scene import Scene


def find(_action: Action, scene: Scene) -> Iterator[Hazard]:
    if not scene.postgresql or not scene.transaction.held or not scene.statement.transactional:
        return
    working = [e for e in scene.effects if e.works and not scene.is_idle(e.table)]
    if not working:
        return
    own = {e.table: strength(e.lock) for e in working}  # what the statement's own finding says
    held = [
        h
        for h in scene.transaction.held.values()
        if strength(h.mode) >= strength("SHARE") and strength(h.mode) > own.get(h.table, 0)
    ]
    worst = max(held, key=lambda h: strength(h.mode), default=None)
    if worst is None:
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


RULE = Rule(
    code="lock-held",
    kind=Kind.BLOCKING,
    risk=Risk.HIGH,
    effect="The lock of the earlier statement stays until the transaction ends, so others wait for all of this work too.",
    remedy="Put the statement that takes the lock into a migration (a transaction) of its own, after or before the work.",
    source="PostgreSQL manual, Explicit Locking",
    looks=(at(Action, find),),
)
