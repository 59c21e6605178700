"""An ALTER that MySQL and MariaDB can only do by copying the table."""

from collections.abc import Iterator

from faber_db.model.finding import Kind, Risk
from faber_db.model.statement import Action, Lock
from faber_db.rules.base import Hazard, Rule, at
from faber_db.rules.scene import Scene


def find(action: Action, scene: Scene) -> Iterator[Hazard]:
    if not scene.mysql or isinstance(action, Lock):
        return
    for effect in scene.effects:
        if effect.works and effect.blocks_writes and not scene.is_new(effect.table):
            risk = Risk.HIGH if effect.blocks_reads else None
            detail = f"table {effect.table}"
            yield Hazard((effect.table,), risk, detail=detail, table=effect.table)


RULE = Rule(
    code="mysql-table-copy",
    kind=Kind.BLOCKING,
    risk=Risk.MEDIUM,
    effect="Writes wait while the whole table is copied or its index is built.",
    remedy="Try ALGORITHM=INSTANT, then ALGORITHM=INPLACE, LOCK=NONE on a copy; where both are refused use gh-ost or pt-online-schema-change.",
    source="MySQL manual, Online DDL Operations",
    looks=(at(Action, find),),
)
