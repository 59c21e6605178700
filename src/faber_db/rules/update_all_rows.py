"""`UPDATE` without a condition overwrites a column that had values."""

import re
from collections.abc import Iterator

from faber_db.model.finding import Kind, Risk
from faber_db.model.statement import Update
from faber_db.rules import pasteable
from faber_db.rules.base import Hazard, Rule, at
from faber_db.rules.scene import Scene


def find(action: Update, scene: Scene) -> Iterator[Hazard]:
    if scene.is_empty(action.table) or (action.qualified and not meets_all(action, scene)):
        return
    old = overwritten(action, scene)
    if old or not action.columns:
        names = tuple(f"{action.table}.{c}" for c in old) or (action.table,)
        yield Hazard(names, detail=f"every row of {action.table}", table=action.table)


def overwritten(action: Update, scene: Scene) -> list[str]:
    """The columns of an UPDATE that may have held another value."""
    if action.never:
        return []
    kept = set(action.fills)
    return [
        c
        for c in action.columns
        if c not in kept and not scene.state.is_new_column(action.table, c)
    ]


def meets_all(action: Update, scene: Scene) -> bool:
    """`WHERE key IS NOT NULL`: a condition that leaves nothing out."""
    text = action.where.text.lower().replace('"', "") if action.where else ""
    text = re.sub(r"^not (\w+) is null$", r"\1 is not null", text)  # as sqlglot writes it
    column, _, rest = text.partition(" is not null")
    found = scene.state.column(action.table, column)
    overwritten = column in {c.lower() for c in action.columns}  # all its values go
    required = column == "id" or (found is not None and not found.nullable)
    return bool(column) and not rest and (required or overwritten)


RULE = Rule(
    code="update-all-rows",
    kind=Kind.DATA_LOSS,
    risk=Risk.HIGH,
    effect="The old values of every row are gone.",
    remedy="Add a WHERE that names the rows to change; keep the old values in a column or table of their own.",
    source="PostgreSQL manual, UPDATE",
    looks=(at(Update, find),),
    paste=pasteable.rows_reached,
)
