"""`DROP OWNED` drops whatever a role owns."""

from collections.abc import Iterator

from faber_db.model.finding import Kind, Risk
from faber_db.model.statement import Drop
from faber_db.rules.base import Hazard, Rule, at
from faber_db.rules.scene import Scene


def find(action: Drop, scene: Scene) -> Iterator[Hazard]:
    del scene
    if action.kind == "owned":
        yield Hazard(action.names, detail=f"everything owned by {', '.join(action.names)}")


RULE = Rule(
    code="drop-owned",
    kind=Kind.DATA_LOSS,
    risk=Risk.CRITICAL,
    effect="Every object that the role owns in this database is dropped, and its rights are taken away.",
    remedy="REASSIGN OWNED BY … TO …, then drop by name what is not wanted.",
    source="PostgreSQL manual, DROP OWNED",
    looks=(at(Drop, find),),
)
