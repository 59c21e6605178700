"""`DROP TABLE` in SQLite with foreign keys on deletes the rows first, and the children's with them."""

from collections.abc import Iterator

from faber_db.model.finding import Kind, Risk
from faber_db.model.statement import Drop
from faber_db.rules.base import Hazard, Rule, at
from faber_db.rules.scene import Scene


def find(action: Drop, scene: Scene) -> Iterator[Hazard]:
    if not scene.sqlite or action.kind != "table":
        return
    if scene.state.variables.get("foreign_keys", "off") in ("off", "0", "false", "no"):
        return
    for name in action.names:
        if scene.is_new(name):
            continue
        for child, key in scene.state.referencing(name):
            if key.on_delete in ("CASCADE", "SET NULL", "SET DEFAULT"):
                yield Hazard((child,), detail=f"rows of {child} refer to {name}")


RULE = Rule(
    code="rebuild-cascades",
    kind=Kind.DATA_LOSS,
    risk=Risk.HIGH,
    effect="Rows of the tables that refer to it with ON DELETE CASCADE are deleted, or their references are emptied.",
    remedy="PRAGMA foreign_keys=OFF before the transaction begins, and PRAGMA foreign_key_check before it ends.",
    source="SQLite manual, Foreign Key Support, section 5",
    looks=(at(Drop, find),),
)
