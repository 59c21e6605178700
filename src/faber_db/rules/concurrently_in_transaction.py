"""A statement that refuses to run in a transaction stands in one."""

import re
from collections.abc import Iterator

from faber_db.model.finding import Kind, Risk
from faber_db.model.statement import Action, CreateIndex, DetachPartition, Drop, Maintain
from faber_db.rules.base import Hazard, Rule, at
from faber_db.rules.scene import Scene

_DO = re.compile(r"\s*do\b", re.IGNORECASE)


def find(action: Action, scene: Scene) -> Iterator[Hazard]:
    if _in_a_block(action, scene):
        words = " ".join(scene.statement.text.split()[:3])
        yield Hazard((words,), detail="it stands in a function or DO block, which is a transaction")
        return
    if scene.statement.batch:  # what runs it otherwise runs it whole
        return
    if scene.statement.transactional or not scene.transaction.open or not scene.is_first(action):
        return
    words = " ".join(scene.statement.text.split()[:3])
    yield Hazard((words,), detail=words)


def _in_a_block(action: Action, scene: Scene) -> bool:
    """Whether a body calls what refuses one, however the runner runs the script."""
    inside = scene.routine or _DO.match(scene.statement.text)
    if not scene.postgresql or not inside:
        return False
    if isinstance(action, Maintain):
        refuses = action.concurrently and action.what.startswith("reindex")
        return refuses or action.what.startswith("vacuum")
    return isinstance(action, CreateIndex | DetachPartition | Drop) and action.concurrently


RULE = Rule(
    code="concurrently-in-transaction",
    kind=Kind.FAILS,
    risk=Risk.HIGH,
    effect="PostgreSQL refuses it there (error 25001, for a COMMIT in a block 2D000) and the migration fails.",
    remedy="Put it into a migration of its own that runs outside a transaction, not in a DO block.",
    source="PostgreSQL manual, CREATE INDEX; REINDEX; VACUUM; ALTER SYSTEM; DO",
    looks=(at(Action, find),),
)
