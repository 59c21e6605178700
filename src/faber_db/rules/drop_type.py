"""`DROP TYPE`, `DROP DOMAIN`, `DROP EXTENSION` with CASCADE drop columns."""

from collections.abc import Iterator

from faber_db.model.finding import Kind, Risk
from faber_db.model.statement import Drop
from faber_db.rules.base import Hazard, Rule, at
from faber_db.rules.scene import Scene

_KINDS = ("type", "domain", "extension", "collation", "language", "access method")


def find(action: Drop, scene: Scene) -> Iterator[Hazard]:
    if action.kind not in _KINDS or not action.cascade:
        return
    for name in action.names:
        users = scene.state.type_users(name)
        if scene.state.known and not users and action.kind in ("type", "domain"):
            continue  # nothing is of that type
        yield Hazard(users or (name,), detail=f"{action.kind} {name}")


RULE = Rule(
    code="drop-type",
    kind=Kind.DATA_LOSS,
    risk=Risk.HIGH,
    effect="Every column of the type is dropped with it, values and all.",
    remedy="Change the columns to another type first, then DROP TYPE without CASCADE.",
    source="PostgreSQL manual, DROP TYPE",
    looks=(at(Drop, find),),
)
