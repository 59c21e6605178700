"""`ALGORITHM=` or `LOCK=` demands what the server cannot do for this change."""

from collections.abc import Iterator

from faber_db.model.finding import Kind, Risk
from faber_db.model.online_ddl import REFUSED
from faber_db.model.statement import Action
from faber_db.rules.base import Hazard, Rule, at
from faber_db.rules.online_ddl import demand
from faber_db.rules.scene import Scene


def find(action: Action, scene: Scene) -> Iterator[Hazard]:
    del action
    if not scene.mysql:
        return
    for effect in scene.effects:
        if effect.lock == REFUSED and not scene.is_new(effect.table):
            asked = demand(scene.statement.actions, scene.state)
            words = [f"ALGORITHM={asked.algorithm.upper()}"] if asked.algorithm else []
            words += [f"LOCK={asked.lock.upper()}"] if asked.lock else []
            yield Hazard((effect.table,), detail=f"{' and '.join(words)} on {effect.table}")


RULE = Rule(
    code="online-refused",
    kind=Kind.FAILS,
    risk=Risk.HIGH,
    effect="The server cannot do this change so, and refuses it before any work (1845, 1846).",
    remedy="Take the clause out and let writes wait, or change a copy of the table with gh-ost or pt-online-schema-change.",
    source="MySQL manual, Online DDL Operations; MariaDB manual, InnoDB Online DDL",
    looks=(at(Action, find),),
)
