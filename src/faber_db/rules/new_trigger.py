"""A new trigger runs with every write of code that does not know it."""

from collections.abc import Iterator

from faber_db.model.finding import Kind, Risk
from faber_db.model.statement import (
    Action,
    Calls,
    CreateRoutine,
    CreateTrigger,
    Delete,
    Drop,
    Dynamic,
    Insert,
    NotUnderstood,
    Raise,
    Truncate,
    Update,
)
from faber_db.rules.base import Hazard, Rule, at
from faber_db.rules.scene import Scene


def find(action: CreateTrigger, scene: Scene) -> Iterator[Hazard]:
    if scene.is_new(action.table):
        return
    routine = scene.state.routines.get(action.function.lower())
    body = action.body or (routine.body if routine is not None else ())
    raises = (isinstance(a, Calls) and "raise" in a.functions for a in body)  # SQLite's RAISE()
    if any(raises) or any(isinstance(a, Raise) for a in body):
        yield Hazard(
            (action.table,),
            Risk.HIGH,
            detail=f"trigger {action.name} on {action.table}",
            effect="It can raise an error, so that writes of running code are refused.",
        )
        return
    if routine is not None and routine.skips_rows and action.each_row and action.timing != "after":
        yield Hazard(
            (action.table,),
            Risk.HIGH,
            detail=f"trigger {action.name} on {action.table}",
            effect="It can return NULL, so that rows which running code writes are left out silently.",
        )
        return
    written = sorted({a.table for a in body if isinstance(a, Insert | Update | Delete)})
    closed = [
        t for t in written if scene.is_new(t) and scene.state.lacks_grants(t, scene.actions_later())
    ]
    if closed and not (routine is not None and routine.security_definer):
        yield Hazard(
            (action.table,),
            Risk.HIGH,
            detail=f"trigger {action.name} on {action.table} writes {', '.join(closed)}",
            effect="No role is granted a right on that table, so writes of running code are refused (42501).",
            remedy="GRANT INSERT on it to the writing roles in the same migration, or make the function SECURITY DEFINER.",
        )
        return
    heavy = any(isinstance(a, Delete | Truncate | Drop | Dynamic | NotUnderstood) for a in body)
    detail = f"trigger {action.name} on {action.table}"
    if heavy:
        yield Hazard(
            (action.table,),
            Risk.MEDIUM,
            detail=detail,
            effect="It deletes rows or objects, or runs SQL that cannot be read, with every write.",
        )
    elif unknown := tuple(_unknown(body, scene)):
        yield Hazard(
            (action.table,),
            Risk.HIGH,
            detail=detail,
            effect=f"It names {', '.join(unknown)}, which is not there: every write that fires it fails.",
        )
    else:
        yield Hazard((action.table,), detail=detail)


def find_function(action: CreateRoutine, scene: Scene) -> Iterator[Hazard]:
    """A trigger function that is replaced names a column which a table of its trigger has not."""
    for trigger in scene.state.triggers.values():
        table = scene.table(trigger.table)
        if trigger.function.lower() != action.name.lower() or table is None or not table.complete:
            continue
        missing = [f for f in action.row_fields if scene.state.key(f.lower()) not in table.columns]
        if missing:
            yield Hazard(
                (trigger.table,),
                Risk.HIGH,
                detail=f"function {action.name} uses {', '.join(missing)}",
                effect=f"Table {trigger.table} has no such column, so every write that fires {trigger.name} fails (42703).",
            )


def _unknown(body: tuple[Action, ...], scene: Scene) -> Iterator[str]:
    """SQLite looks at a body only when the trigger fires."""
    for action in body if scene.sqlite else ():
        if isinstance(action, Insert | Update):
            found = scene.table(action.table)
            for column in action.columns if found is not None and found.complete else ():
                if scene.state.column(action.table, column) is None:
                    yield f"{action.table}.{column}"


RULE = Rule(
    code="new-trigger",
    kind=Kind.APP_BREAK,
    risk=Risk.LOW,
    effect="Every write to the table does more from now on, in the same transaction.",
    remedy="Keep triggers small and without deletes; drop the ones that are no longer wanted in the migration that makes them useless.",
    source="PostgreSQL manual, CREATE TRIGGER; SQLite manual, CREATE TRIGGER",
    looks=(
        at(CreateTrigger, find),
        at(CreateRoutine, find_function),
    ),
)
