"""Rights are opened to PUBLIC, to everybody who can log in."""

from collections.abc import Iterator

from faber_db.model.finding import Kind, Risk
from faber_db.model.statement import Grant
from faber_db.rules.base import Hazard, Rule, at
from faber_db.rules.scene import Scene


def find(action: Grant, scene: Scene) -> Iterator[Hazard]:
    del scene
    if not action.revoke and any(
        g.upper() == "PUBLIC" or g.startswith("''@") for g in action.grantees
    ):
        yield Hazard(action.objects or action.privileges, detail=", ".join(action.privileges))


RULE = Rule(
    code="rights-for-public",
    kind=Kind.SECURITY,
    risk=Risk.HIGH,
    effect="Every role of the server gets the right, also those made later.",
    remedy="GRANT to a named role.",
    source="PostgreSQL manual, GRANT",
    looks=(at(Grant, find),),
)
