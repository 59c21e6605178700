"""Row security is switched off."""

from collections.abc import Iterator

from faber_db.model.finding import Kind, Risk
from faber_db.model.statement import SetVariable, TableSetting
from faber_db.rules.base import Hazard, Rule, at
from faber_db.rules.scene import Scene

_UNCHECKED = "They are not checked in this session until it is switched on again; rows without their parent stay."


def find(action: TableSetting, scene: Scene) -> Iterator[Hazard]:
    if action.setting in ("disable row security", "no force row security") and not scene.is_new(
        action.table
    ):
        yield Hazard((action.table,), detail=f"table {action.table}")


def find_variable(action: SetVariable, scene: Scene) -> Iterator[Hazard]:
    del scene
    if action.name == "session_replication_role" and action.value.lower() == "replica":
        yield Hazard((action.name,), detail="triggers and foreign keys are not checked")
    elif action.name == "foreign_key_checks" and action.value in ("0", "off", "OFF"):
        yield Hazard((action.name,), Risk.LOW, detail="foreign keys", effect=_UNCHECKED)


RULE = Rule(
    code="row-security-off",
    kind=Kind.SECURITY,
    risk=Risk.HIGH,
    effect="Every role with rights on the table sees and writes every row.",
    remedy="Change the policies instead of switching them off.",
    source="PostgreSQL manual, Row Security Policies",
    looks=(
        at(TableSetting, find),
        at(SetVariable, find_variable),
    ),
)
