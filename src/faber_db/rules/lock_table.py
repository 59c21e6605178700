"""`LOCK TABLE` keeps others waiting until the transaction ends."""

from collections.abc import Iterator

from faber_db.model.finding import Kind, Risk
from faber_db.model.statement import Lock
from faber_db.rules.base import Hazard, Rule, at
from faber_db.rules.scene import Scene


def find(action: Lock, scene: Scene) -> Iterator[Hazard]:
    reads = action.mode == "ACCESS EXCLUSIVE"
    weak = action.mode in ("ACCESS SHARE", "ROW SHARE", "ROW EXCLUSIVE", "SHARE UPDATE EXCLUSIVE")
    for name in action.tables:
        if not weak and not scene.is_new(name):
            risk = Risk.HIGH if reads else Risk.MEDIUM
            yield Hazard((name,), risk, detail=f"{action.mode} on {name}", table=name)


RULE = Rule(
    code="lock-table",
    kind=Kind.BLOCKING,
    risk=Risk.HIGH,
    effect="Others wait for as long as the transaction lasts.",
    remedy="Leave it out: each statement takes the lock that it needs.",
    source="PostgreSQL manual, LOCK",
    looks=(at(Lock, find),),
)
