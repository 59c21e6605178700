"""`DELETE` loses rows."""

from collections.abc import Iterator

from faber_db.model.finding import Kind, Risk
from faber_db.model.statement import AddConstraint, CreateIndex, Delete, TableSetting
from faber_db.rules import pasteable
from faber_db.rules.base import Hazard, Rule, at
from faber_db.rules.scene import Scene


def find(action: Delete, scene: Scene) -> Iterator[Hazard]:
    if scene.is_empty(action.table) or action.never:
        return
    which = "some rows" if action.qualified else "every row"
    yield Hazard((action.table,), detail=f"{which} of {action.table}", table=action.table)
    reached = sorted(scene.state.reached_by_delete(action.table))
    if reached:  # one finding, however many tables there are: it is one cause
        yield Hazard(
            tuple(reached),
            detail=f"rows of {', '.join(reached)}, through their foreign keys to {action.table}",
        )


def find_ignored(action: TableSetting, scene: Scene) -> Iterator[Hazard]:
    """MariaDB's ALTER IGNORE TABLE: of the rows that collide in a new key one is kept."""
    keyed = any(
        (isinstance(a, AddConstraint) and a.constraint.kind in ("unique", "primary key"))
        or (isinstance(a, CreateIndex) and a.unique)
        for a in scene.statement.actions
    )
    if action.setting == "ignore" and keyed and not scene.is_empty(action.table):
        detail = f"rows of {action.table} that collide"
        yield Hazard((action.table,), detail=detail, table=action.table)


RULE = Rule(
    code="delete-rows",
    kind=Kind.DATA_LOSS,
    risk=Risk.HIGH,
    effect="The rows are gone, and what refers to them with ON DELETE CASCADE.",
    remedy="Count first (SELECT count(*) with the same condition), copy the rows to a table of their own, and delete in batches by key.",
    source="PostgreSQL manual, DELETE",
    looks=(
        at(Delete, find),
        at(TableSetting, find_ignored),
    ),
    paste=pasteable.rows_reached,
)
