"""`DROP DATABASE` (MySQL: also `DROP SCHEMA`) takes everything."""

from collections.abc import Iterator

from faber_db.model.finding import Kind, Risk
from faber_db.model.statement import Action, Drop
from faber_db.rules.base import Hazard, Rule, at
from faber_db.rules.scene import Scene


def find(action: Drop, scene: Scene) -> Iterator[Hazard]:
    del scene
    if action.kind in ("database", "tablespace"):
        yield Hazard(action.names, detail=f"{action.kind} {', '.join(action.names)}")


def find_reached(action: Action, scene: Scene) -> Iterator[Hazard]:
    """In the body of a routine, trigger or event, which runs later."""
    if not any(a.kind == "database" for a in scene.statement.actions_of(Drop)):
        for one in scene.reached(action, "drop"):
            yield Hazard((one.name,), detail=f"database {one.name}")


RULE = Rule(
    code="drop-database",
    kind=Kind.DATA_LOSS,
    risk=Risk.CRITICAL,
    effect="The whole database is gone, without a way back but a backup.",
    remedy="A migration never needs it. A person does it by hand.",
    source="PostgreSQL manual, DROP DATABASE; MySQL manual, DROP DATABASE",
    looks=(
        at(Drop, find),
        at(Action, find_reached),
    ),
)
