"""`BEGIN EXCLUSIVE` shuts readers of a SQLite file out until COMMIT."""

from collections.abc import Iterator

from faber_db.model.finding import Kind, Risk
from faber_db.model.statement import Transaction
from faber_db.rules.base import Hazard, Rule, at
from faber_db.rules.scene import Scene


def find(action: Transaction, scene: Scene) -> Iterator[Hazard]:
    if scene.sqlite and action.what == "begin" and action.mode == "exclusive":
        yield Hazard(("BEGIN EXCLUSIVE",), lock="EXCLUSIVE (reads wait)")


RULE = Rule(
    code="exclusive-transaction",
    kind=Kind.BLOCKING,
    risk=Risk.MEDIUM,
    effect="Without a write-ahead log nobody reads the file while the migration runs.",
    remedy="BEGIN IMMEDIATE: it takes the writer's lock at once and lets readers go on.",
    source="SQLite manual, BEGIN TRANSACTION; File Locking And Concurrency",
    looks=(at(Transaction, find),),
)
