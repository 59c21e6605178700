"""A qualified `UPDATE` overwrites values that were there, or that foreign keys carry on."""

from collections.abc import Iterator

from faber_db.model.finding import Kind, Risk
from faber_db.model.statement import Update
from faber_db.rules.base import Hazard, Rule, at
from faber_db.rules.scene import Scene
from faber_db.rules.update_all_rows import meets_all, overwritten


def find(action: Update, scene: Scene) -> Iterator[Hazard]:
    if scene.is_empty(action.table):
        return
    old = overwritten(action, scene)
    if old and action.qualified and not scene.state.by_key(action) and not meets_all(action, scene):
        names = tuple(f"{action.table}.{c}" for c in old)
        yield Hazard(names, detail=f"some rows of {action.table}", table=action.table)


def find_carried_on(action: Update, scene: Scene) -> Iterator[Hazard]:
    for child, key in scene.state.referencing(action.table):
        changed = set(key.referenced_columns) & set(action.columns)
        if changed and key.on_update != "NO ACTION" and not action.never:
            names = tuple(f"{child}.{c}" for c in key.columns)
            detail = f"{', '.join(names)}, ON UPDATE {key.on_update} of {action.table}"
            yield Hazard(names, detail=detail)


RULE = Rule(
    code="update-overwrites",
    kind=Kind.DATA_LOSS,
    risk=Risk.MEDIUM,
    effect="The old values of the rows that match are gone.",
    remedy="Count the matches first, and keep the old values in a column or table of their own.",
    source="PostgreSQL manual, UPDATE; CREATE TABLE, ON UPDATE",
    looks=(
        at(Update, find),
        at(Update, find_carried_on),
    ),
)
