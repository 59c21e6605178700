"""`TRUNCATE` empties tables."""

from collections.abc import Iterator

from faber_db.model.finding import Kind, Risk
from faber_db.model.statement import TableSetting, Truncate
from faber_db.rules.base import Hazard, Rule, at
from faber_db.rules.scene import Scene


def find(action: Truncate, scene: Scene) -> Iterator[Hazard]:
    for name in action.tables:
        if not scene.is_empty(name):
            yield Hazard((name,), detail=f"table {name}", table=name)
    if action.cascade:
        reached = sorted(scene.state.reached_by_truncate(action.tables))
        if reached:
            detail = f"{', '.join(reached)}, through foreign keys to {', '.join(action.tables)}"
            yield Hazard(tuple(reached), detail=detail)


def find_discarded(action: TableSetting, scene: Scene) -> Iterator[Hazard]:
    """MySQL: DISCARD TABLESPACE deletes the file that holds the rows."""
    if action.setting == "discard" and not scene.is_empty(action.table):
        yield Hazard(
            (action.table,),
            detail=f"tablespace of {action.table}",
            effect="The file with its rows is deleted, and every query on it fails (1814) until another is imported.",
        )


RULE = Rule(
    code="truncate",
    kind=Kind.DATA_LOSS,
    risk=Risk.HIGH,
    effect="Every row is gone; row triggers do not see it.",
    remedy="DELETE what has to go, in batches and with a condition, after a backup.",
    source="PostgreSQL manual, TRUNCATE",
    looks=(
        at(Truncate, find),
        at(TableSetting, find_discarded),
    ),
)
