"""A DROP COLUMN that SQLite refuses."""

from collections.abc import Iterator

from faber_db.model.finding import Kind, Risk
from faber_db.model.statement import DropColumn
from faber_db.rules.base import Hazard, Rule, at
from faber_db.rules.scene import Scene


def find(action: DropColumn, scene: Scene) -> Iterator[Hazard]:
    found = scene.table(action.table)
    if not scene.sqlite or found is None:
        return
    key = scene.state.key(action.column)
    indexed = any(key in {scene.state.key(c) for c in i.columns} for i in found.indexes)
    constrained = any(key in {scene.state.key(c) for c in k.columns} for k in found.constraints)
    views = scene.state.views_on(action.table, action.column)
    if indexed or constrained or views:
        cause = (
            "indexed" if indexed else "part of a constraint" if constrained else f"in {views[0]}"
        )
        yield Hazard((f"{action.table}.{action.column}",), detail=f"{action.column} is {cause}")


RULE = Rule(
    code="sqlite-drop-column",
    kind=Kind.FAILS,
    risk=Risk.HIGH,
    effect="SQLite refuses to drop a column that is indexed, unique, a key, or used in a view or trigger.",
    remedy="Drop the index or view first and create it anew behind, or rebuild the table.",
    source="SQLite manual, ALTER TABLE DROP COLUMN",
    looks=(at(DropColumn, find),),
)
