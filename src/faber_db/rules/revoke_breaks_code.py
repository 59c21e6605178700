"""`REVOKE` takes a right that running code uses."""

from collections.abc import Iterator

from faber_db.model.finding import Kind, Risk
from faber_db.model.statement import Grant
from faber_db.rules.base import Hazard, Rule, at
from faber_db.rules.scene import Scene


def find(action: Grant, scene: Scene) -> Iterator[Hazard]:
    if not action.revoke or action.default or all(scene.is_new(o) for o in action.objects or ("",)):
        return
    if all(g.upper() == "PUBLIC" for g in action.grantees) and all(
        " " in o for o in action.objects
    ):
        risk = Risk.LOW  # what everybody may by default is taken back, as is advised
    else:
        risk = Risk.HIGH
    yield Hazard(
        action.objects or action.privileges,
        risk,
        detail=f"{', '.join(action.privileges)} from {', '.join(action.grantees)}",
    )


RULE = Rule(
    code="revoke-breaks-code",
    kind=Kind.APP_BREAK,
    risk=Risk.HIGH,
    effect="Statements of the role fail that rely on the right (42501).",
    remedy="Deploy code that does without it first.",
    source="PostgreSQL manual, REVOKE",
    looks=(at(Grant, find),),
)
