"""`DROP SCHEMA` takes everything in it."""

from collections.abc import Iterator

from faber_db.model.finding import Kind, Risk
from faber_db.model.statement import Drop
from faber_db.rules.base import Hazard, Rule, at
from faber_db.rules.scene import Scene


def find(action: Drop, scene: Scene) -> Iterator[Hazard]:
    if action.kind == "schema":
        for name in action.names:
            if f"schema {name}" not in scene.state.born_others:
                yield Hazard((name,), detail=f"schema {name}")


RULE = Rule(
    code="drop-schema",
    kind=Kind.DATA_LOSS,
    risk=Risk.CRITICAL,
    effect="The schema goes, with CASCADE every table and row in it.",
    remedy="Drop the objects one by one, by name, in migrations of their own.",
    source="PostgreSQL manual, DROP SCHEMA",
    looks=(at(Drop, find),),
)
