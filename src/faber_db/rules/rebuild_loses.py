"""A table is rebuilt by create, copy, drop and rename, and the copy leaves something out."""

from collections.abc import Iterator

from faber_db.model.finding import Kind, Risk
from faber_db.model.statement import Drop
from faber_db.rules.base import Hazard, Rule, at
from faber_db.rules.scene import Scene
from faber_db.rules.state import TableState


def find(action: Drop, scene: Scene) -> Iterator[Hazard]:
    if action.kind != "table":
        return
    for name in action.names:
        copied = scene.copied_into(name)
        if copied is None or scene.is_new(name):
            continue
        new, insert = copied
        if insert.filtered:
            yield Hazard((name,), detail=f"the copy of {name} leaves rows out")
        taken = {scene.state.key(v) for v in insert.values}
        old, copy = scene.table(name), scene.table(new)
        if "*" in taken or (old is not None and old.complete and set(old.columns) <= taken):
            continue
        if old is None or not old.complete:
            if "" in taken or (copy is not None and not set(copy.columns) <= taken | _filled(copy)):
                yield Hazard(
                    (name,), detail=f"columns of {name} are not known, so none may be missing"
                )
            continue
        for column in sorted(set(old.columns) - taken):
            yield Hazard((f"{name}.{column}",), detail=f"column {column} of {name} is not copied")


def _filled(table: TableState) -> set[str]:
    """Columns that get a value by themselves."""
    return {
        k for k, c in table.columns.items() if c.default or c.identity or c.generated or c.nullable
    }


RULE = Rule(
    code="rebuild-loses",
    kind=Kind.DATA_LOSS,
    risk=Risk.HIGH,
    effect="What the copy leaves out is gone with the old table.",
    remedy="Copy every column and every row: INSERT INTO new_table (all columns) SELECT all columns FROM old_table, without WHERE.",
    source="SQLite manual, ALTER TABLE, Making Other Kinds Of Table Schema Changes",
    looks=(at(Drop, find),),
)
