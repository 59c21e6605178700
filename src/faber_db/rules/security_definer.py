"""A function that runs with its owner's rights and an open search_path."""

from collections.abc import Iterator

from faber_db.model.finding import Kind, Risk
from faber_db.model.statement import AlterRoutine, CreateRoutine
from faber_db.rules.base import Hazard, Rule, at
from faber_db.rules.scene import Scene

_TRUSTED = ("sql", "plpgsql")


def find(action: CreateRoutine, scene: Scene) -> Iterator[Hazard]:
    if not scene.postgresql:
        return
    if action.security_definer and not action.pinned_path:
        yield Hazard((action.name,), detail=f"{action.kind} {action.name}")
    if action.language not in _TRUSTED:
        yield Hazard(
            (action.name,),
            Risk.HIGH,
            detail=f"{action.kind} {action.name} in {action.language}",
            effect="Its body cannot be read here, and an untrusted language reaches out of the database.",
            remedy="Write it in sql or plpgsql.",
        )


def find_altered(action: AlterRoutine, scene: Scene) -> Iterator[Hazard]:
    known = scene.state.routines.get(action.name.lower())
    pinned = action.pinned_path or (known is not None and known.pinned_path)
    if action.security_definer and not pinned:
        yield Hazard((action.name,), detail=f"function {action.name}")


RULE = Rule(
    code="security-definer",
    kind=Kind.SECURITY,
    risk=Risk.MEDIUM,
    effect="Whoever may call it can make it use objects of their own under the owner's rights.",
    remedy="ALTER FUNCTION f() SET search_path = pg_catalog, pg_temp, and REVOKE EXECUTE FROM PUBLIC.",
    source="PostgreSQL manual, CREATE FUNCTION, Writing SECURITY DEFINER Functions Safely",
    looks=(
        at(CreateRoutine, find),
        at(AlterRoutine, find_altered),
    ),
)
