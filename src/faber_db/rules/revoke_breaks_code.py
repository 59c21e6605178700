"""`REVOKE` takes a right that running code uses."""

from collections.abc import Iterator

from faber_db.model.finding import Kind, Risk
from faber_db.model.statement import Grant, TableSetting
from faber_db.rules.base import Hazard, Rule, at
from faber_db.rules.scene import Scene


def find(action: Grant, scene: Scene) -> Iterator[Hazard]:
    if not action.revoke or action.default or all(scene.is_new(o) for o in action.objects or ("",)):
        return
    if all(_made_here(o, scene) for o in action.objects or ("",)):
        return
    if all(g.upper() == "PUBLIC" for g in action.grantees) and all(
        " " in o for o in action.objects
    ):
        # what everybody may by default is taken back, as is advised; a function may be in use
        calls = any(o.startswith(("function ", "procedure ", "routine ")) for o in action.objects)
        risk = Risk.MEDIUM if calls else Risk.LOW
    else:
        risk = Risk.HIGH
    yield Hazard(
        action.objects or action.privileges,
        risk,
        detail=f"{', '.join(action.privileges)} from {', '.join(action.grantees)}",
    )


def find_owner(action: TableSetting, scene: Scene) -> Iterator[Hazard]:
    """A view reads with the rights of its owner."""
    if action.setting == "view change owner" and action.table not in scene.state.born_views:
        yield Hazard(
            (action.table,),
            Risk.MEDIUM,
            detail=f"view {action.table} gets the owner {action.value}",
            effect="It reads with the rights of its owner; where the new one lacks them its readers are refused (42501).",
            remedy="GRANT the new owner SELECT on what the view reads first.",
        )


def _made_here(name: str, scene: Scene) -> bool:
    kind, _, rest = name.partition(" ")
    if kind in ("function", "procedure", "routine"):
        return rest.lower() in scene.state.born_routines
    return name in scene.state.born_others or name in scene.state.born_views


RULE = Rule(
    code="revoke-breaks-code",
    kind=Kind.APP_BREAK,
    risk=Risk.HIGH,
    effect="Statements of the role fail that rely on the right (42501).",
    remedy="Deploy code that does without it first.",
    source="PostgreSQL manual, REVOKE",
    looks=(
        at(Grant, find),
        at(TableSetting, find_owner),
    ),
)
