"""Several definitions in one MySQL migration commit one by one."""

from collections.abc import Iterator

from faber_db.model.finding import Kind, Risk
from faber_db.model.statement import Copy, Delete, Insert, TableAction, Update
from faber_db.rules.base import Hazard, Rule, at
from faber_db.rules.scene import Scene


def find(action: TableAction, scene: Scene) -> Iterator[Hazard]:
    if (
        not scene.mysql
        or isinstance(action, Insert | Update | Delete | Copy)
        or not scene.is_first(action)
    ):
        return
    for statement in scene.later:
        for other in statement.actions:
            if isinstance(other, TableAction) and not isinstance(
                other, Insert | Update | Delete | Copy
            ):
                yield Hazard(
                    (action.table,), detail=f"another definition follows in line {statement.line}"
                )
                return


RULE = Rule(
    code="mysql-half-applied",
    kind=Kind.STYLE,
    risk=Risk.LOW,
    effect="If a later one fails, the earlier ones stay: half a migration is applied.",
    remedy="One ALTER TABLE with all its commands, or one definition a migration.",
    source="MySQL manual, Statements That Cause an Implicit Commit",
    looks=(at(TableAction, find),),
)
