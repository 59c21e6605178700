"""A view is made anew: without columns that it had, or without the rights on it."""

from collections.abc import Iterator

from faber_db.model.finding import Kind, Risk
from faber_db.model.statement import CreateView, Drop
from faber_db.rules.base import Hazard, Rule, at
from faber_db.rules.scene import Scene


def find(action: Drop, scene: Scene) -> Iterator[Hazard]:
    if action.kind not in ("view", "materialized view") or not scene.transaction.open:
        return
    for name in action.names:
        later = list(scene.actions_later())
        again = next((a for a in later if isinstance(a, CreateView) and a.name == name), None)
        if again is None or name in scene.state.born_views:
            continue
        old = scene.state.view_columns.get(name, ())
        gone = [c for c in old if c not in again.columns] if again.columns else []
        if gone:
            yield Hazard((name,), detail=f"{name} without {', '.join(gone)}")
        elif scene.state.loses_grants(name, later):
            yield Hazard(
                (name,),
                Risk.MEDIUM,
                detail=f"rights on {name}",
                effect="They go with the view that is dropped; its readers are refused (42501).",
                remedy=f"GRANT them again behind CREATE VIEW {name}, or use CREATE OR REPLACE VIEW.",
            )


RULE = Rule(
    code="view-changes",
    kind=Kind.APP_BREAK,
    risk=Risk.HIGH,
    effect="Running code that reads those columns fails at once.",
    remedy="Keep the old columns until no code reads them, and add new ones at the end.",
    source="PostgreSQL manual, CREATE VIEW",
    looks=(at(Drop, find),),
)
