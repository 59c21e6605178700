"""A sequence that starts again gives out values that are taken."""

from collections.abc import Iterator

from faber_db.model.finding import Kind, Risk
from faber_db.model.statement import AlterSequence, TableSetting
from faber_db.rules.base import Hazard, Rule, at
from faber_db.rules.scene import Scene


def find(action: AlterSequence, scene: Scene) -> Iterator[Hazard]:
    if (
        action.restart or action.backwards
    ) and f"sequence {action.name}" not in scene.state.born_others:
        yield Hazard((action.name,), detail=f"sequence {action.name}")


def find_bounded(action: AlterSequence, scene: Scene) -> Iterator[Hazard]:
    if action.bounded and f"sequence {action.name}" not in scene.state.born_others:
        yield Hazard(
            (action.name,),
            Risk.MEDIUM,
            detail=f"bounds of sequence {action.name}",
            effect="At its bound nextval fails (2200H), and with it every insert that takes a value.",
            remedy="Look how far it is: SELECT last_value FROM the sequence.",
        )


def find_setting(action: TableSetting, scene: Scene) -> Iterator[Hazard]:
    if (
        action.setting == "set identity"
        and "restart" in action.value
        and not scene.is_new(action.table)
    ):
        yield Hazard((action.table,), detail=f"identity of {action.table}.{action.column}")


RULE = Rule(
    code="sequence-restarts",
    kind=Kind.APP_BREAK,
    risk=Risk.HIGH,
    effect="The next insert collides with a key that exists (23505).",
    remedy="Restart it behind the highest value: SELECT setval('s', (SELECT max(id) FROM t)).",
    source="PostgreSQL manual, ALTER SEQUENCE",
    looks=(
        at(AlterSequence, find),
        at(AlterSequence, find_bounded),
        at(TableSetting, find_setting),
    ),
)
