"""Rights for a named role, role attributes, owners."""

from collections.abc import Iterator

from faber_db.model.finding import Kind, Risk
from faber_db.model.statement import ChangeRole, Grant, TableSetting
from faber_db.rules.base import Hazard, Rule, at
from faber_db.rules.scene import Scene


def find(action: Grant, scene: Scene) -> Iterator[Hazard]:
    del scene
    if not action.revoke:
        who = ", ".join(action.grantees)
        yield Hazard(
            action.objects or action.privileges, detail=f"{', '.join(action.privileges)} for {who}"
        )


def find_owner(action: TableSetting, scene: Scene) -> Iterator[Hazard]:
    if action.setting.startswith("owner") and not scene.is_new(action.table):
        yield Hazard((action.table,), detail=f"{action.table} belongs to {action.value}")


def find_role(action: ChangeRole, scene: Scene) -> Iterator[Hazard]:
    del scene
    if not action.powers:
        yield Hazard((action.name,), detail=f"role {action.name}")


RULE = Rule(
    code="grant-rights",
    kind=Kind.SECURITY,
    risk=Risk.LOW,
    effect="The role can do more, or another role owns the object, from now on.",
    remedy="Grant no more than the role needs, and keep GRANT OPTION out.",
    source="PostgreSQL manual, GRANT",
    looks=(
        at(Grant, find),
        at(TableSetting, find_owner),
        at(ChangeRole, find_role),
    ),
)
