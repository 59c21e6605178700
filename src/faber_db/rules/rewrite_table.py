"""VACUUM FULL, CLUSTER, SET LOGGED, SET TABLESPACE and the like rewrite the table."""

from collections.abc import Iterator

from faber_db.model.finding import Kind, Risk
from faber_db.model.statement import Maintain, TableSetting
from faber_db.rules.base import Hazard, Rule, at
from faber_db.rules.scene import Scene


def find(action: Maintain, scene: Scene) -> Iterator[Hazard]:
    if not scene.postgresql or action.what not in ("vacuum full", "cluster"):
        return
    if not action.names:
        yield Hazard(("every table",), detail=f"{action.what.upper()} of the whole database")
    for name in action.names:
        if not scene.is_new(name):
            yield Hazard((name,), detail=f"{action.what.upper()} {name}", table=name)


def find_setting(action: TableSetting, scene: Scene) -> Iterator[Hazard]:
    effect = scene.effect_on(action.table)
    if (
        scene.postgresql
        and effect is not None
        and effect.rewrite
        and not scene.is_new(action.table)
    ):
        yield Hazard(
            (action.table,), detail=f"{action.setting} of {action.table}", table=action.table
        )


RULE = Rule(
    code="rewrite-table",
    kind=Kind.BLOCKING,
    risk=Risk.HIGH,
    effect="An ACCESS EXCLUSIVE lock is held while the whole table is rewritten.",
    remedy="Leave it to a maintenance window, or use pg_repack.",
    source="PostgreSQL manual, Explicit Locking",
    looks=(
        at(Maintain, find),
        at(TableSetting, find_setting),
    ),
)
