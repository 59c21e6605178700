"""A new trigger runs with every write of code that does not know it."""

from collections.abc import Iterator

from faber_db.model.finding import Kind, Risk
from faber_db.model.statement import CreateTrigger, Delete, Drop, Dynamic, NotUnderstood, Truncate
from faber_db.rules.base import Hazard, Rule, at
from faber_db.rules.scene import Scene


def find(action: CreateTrigger, scene: Scene) -> Iterator[Hazard]:
    if scene.is_new(action.table):
        return
    routine = scene.state.routines.get(action.function.lower())
    body = action.body or (routine.body if routine is not None else ())
    heavy = any(isinstance(a, Delete | Truncate | Drop | Dynamic | NotUnderstood) for a in body)
    detail = f"trigger {action.name} on {action.table}"
    if heavy:
        yield Hazard(
            (action.table,),
            Risk.MEDIUM,
            detail=detail,
            effect="It deletes rows or objects, or runs SQL that cannot be read, with every write.",
        )
    else:
        yield Hazard((action.table,), detail=detail)


RULE = Rule(
    code="new-trigger",
    kind=Kind.APP_BREAK,
    risk=Risk.LOW,
    effect="Every write to the table does more from now on, in the same transaction.",
    remedy="Keep triggers small and without deletes; drop the ones that are no longer wanted in the migration that makes them useless.",
    source="PostgreSQL manual, CREATE TRIGGER; SQLite manual, CREATE TRIGGER",
    looks=(at(CreateTrigger, find),),
)
