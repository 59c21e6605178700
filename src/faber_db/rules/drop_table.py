"""`DROP TABLE` and dropped partitions lose their rows."""

from collections.abc import Iterator

from faber_db.model.finding import Kind, Risk
from faber_db.model.statement import Drop
from faber_db.rules import pasteable
from faber_db.rules.base import Hazard, Rule, at
from faber_db.rules.scene import Scene


def find(action: Drop, scene: Scene) -> Iterator[Hazard]:
    if action.kind in ("partition", "partition rows"):
        yield Hazard(
            (action.table,), detail=f"partitions {', '.join(action.names)} of {action.table}"
        )
    if action.kind != "table":
        return
    for name in action.names:
        if action.if_exists and scene.state.lacks("table", name):
            continue
        if not scene.is_empty(name) and scene.copied_into(name) is None:
            yield Hazard((name,), detail=f"table {name}", table=name)


RULE = Rule(
    code="drop-table",
    kind=Kind.DATA_LOSS,
    risk=Risk.HIGH,
    effect="Every row of the table is gone.",
    remedy="Stop using it first; later rename it (ALTER TABLE … RENAME TO …_old), keep a dump, and drop it when nothing broke.",
    source="PostgreSQL manual, DROP TABLE; MySQL manual, DROP TABLE",
    looks=(at(Drop, find),),
    paste=pasteable.put_aside,
)
