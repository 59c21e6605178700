"""`DROP ROLE` and `DROP USER` take an account away."""

from collections.abc import Iterator

from faber_db.model.finding import Kind, Risk
from faber_db.model.statement import Drop
from faber_db.rules.base import Hazard, Rule, at
from faber_db.rules.scene import Scene


def find(action: Drop, scene: Scene) -> Iterator[Hazard]:
    del scene
    if action.kind == "role":
        yield Hazard(action.names, detail=f"role {', '.join(action.names)}")


RULE = Rule(
    code="drop-role",
    kind=Kind.SECURITY,
    risk=Risk.CRITICAL,
    effect="Whoever logs in with the role no longer can; its memberships and rights are gone.",
    remedy="Take the rights away first (REVOKE, ALTER ROLE … NOLOGIN) and drop the role by hand later.",
    source="PostgreSQL manual, DROP ROLE",
    looks=(at(Drop, find),),
)
