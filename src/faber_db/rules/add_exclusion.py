"""`EXCLUDE` builds its index while reads and writes wait."""

from collections.abc import Iterator

from faber_db.model.finding import Kind, Risk
from faber_db.model.statement import AddConstraint
from faber_db.rules.base import Hazard, Rule, at
from faber_db.rules.scene import Scene


def find(action: AddConstraint, scene: Scene) -> Iterator[Hazard]:
    if action.constraint.kind == "exclude" and not scene.is_new(action.table):
        yield Hazard((action.table,), detail=f"exclusion on {action.table}", table=action.table)


RULE = Rule(
    code="add-exclusion",
    kind=Kind.BLOCKING,
    risk=Risk.HIGH,
    effect="An ACCESS EXCLUSIVE lock is held while the index is built and every row is compared.",
    remedy="No form without waiting is known: do it in a maintenance window, or on a new table.",
    source="PostgreSQL manual, ALTER TABLE, Notes",
    looks=(at(AddConstraint, find),),
)
