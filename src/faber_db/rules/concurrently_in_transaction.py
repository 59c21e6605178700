"""A statement that refuses to run in a transaction stands in one."""

from collections.abc import Iterator

from faber_db.model.finding import Kind, Risk
from faber_db.model.statement import Action
from faber_db.rules.base import Hazard, Rule, at
from faber_db.rules.scene import Scene


def find(action: Action, scene: Scene) -> Iterator[Hazard]:
    if scene.statement.batch:  # what runs it otherwise runs it whole
        return
    if scene.statement.transactional or not scene.transaction.open or not scene.is_first(action):
        return
    words = " ".join(scene.statement.text.split()[:3])
    yield Hazard((words,), detail=words)


RULE = Rule(
    code="concurrently-in-transaction",
    kind=Kind.FAILS,
    risk=Risk.HIGH,
    effect="PostgreSQL refuses it there (error 25001, for a COMMIT in a block 2D000) and the migration fails.",
    remedy="Put it into a migration of its own that runs outside a transaction.",
    source="PostgreSQL manual, CREATE INDEX; REINDEX; VACUUM; ALTER SYSTEM; DO",
    looks=(at(Action, find),),
)
