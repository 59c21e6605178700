"""CASCADE drops whatever depends on the object, by no name."""

from collections.abc import Iterator

from faber_db.model.finding import Kind, Risk
from faber_db.model.statement import Drop, DropColumn
from faber_db.rules.base import Hazard, Rule, at
from faber_db.rules.scene import Scene

_OTHERS = ("function", "procedure", "routine", "aggregate", "sequence", "view", "materialized view",
           "foreign data wrapper", "server", "operator", "operator class")  # fmt: skip


def find(action: Drop, scene: Scene) -> Iterator[Hazard]:
    if action.cascade and scene.postgresql and action.kind in (*_OTHERS, "table"):
        for name in action.names:
            if action.kind == "table":
                if scene.is_new(name):
                    continue
                gone = scene.state.views_on(name) + tuple(
                    t for t, _ in scene.state.referencing(name)
                )
                if scene.state.known and not gone:
                    continue
                yield Hazard(gone or (name,), detail=f"dependants of table {name}")
            elif f"{action.kind} {name}" not in scene.state.born_others:
                yield Hazard((name,), detail=f"dependants of {action.kind} {name}")


def find_column(action: DropColumn, scene: Scene) -> Iterator[Hazard]:
    if action.cascade and scene.postgresql and not scene.is_new(action.table):
        views = scene.state.views_on(action.table, action.column)
        if views or not scene.state.known:
            name = f"{action.table}.{action.column}"
            yield Hazard(views or (name,), detail=f"dependants of column {name}")


RULE = Rule(
    code="drop-cascade",
    kind=Kind.DATA_LOSS,
    risk=Risk.HIGH,
    effect="Everything that depends on it goes too: views, constraints, defaults, columns.",
    remedy="Drop the dependants by name first, then the object without CASCADE.",
    source="PostgreSQL manual, Dependency Tracking",
    looks=(
        at(Drop, find),
        at(DropColumn, find_column),
    ),
)
