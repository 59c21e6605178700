"""Row security is switched on without a policy."""

from collections.abc import Iterator

from faber_db.model.finding import Kind, Risk
from faber_db.model.statement import AlterPolicy, CreatePolicy, Drop, TableSetting
from faber_db.rules.base import Hazard, Rule, at
from faber_db.rules.scene import Scene

_ON = ("enable row security", "force row security")


def find(action: TableSetting, scene: Scene) -> Iterator[Hazard]:
    if action.setting not in _ON or scene.is_new(action.table):
        return
    key = scene.state.key(action.table)
    follow = [
        a
        for a in scene.actions_later()
        if isinstance(a, CreatePolicy) and a.table == action.table and scene.transaction.open
    ]
    covered = bool(follow) or key in scene.state.policies
    harmless = any(a.open for a in follow) or key in scene.state.open_policies
    detail = f"table {action.table}" + (
        " has policies, which now count" if covered else " has no policy"
    )
    risk = Risk.LOW if harmless else Risk.MEDIUM if covered else None
    effect = "Roles that do not own the table see and write only what a policy lets through."
    yield Hazard((action.table,), risk, detail=detail, effect=effect if covered else None)


def find_narrower(action: AlterPolicy | CreatePolicy, scene: Scene) -> Iterator[Hazard]:
    """A policy that changes, or one more that every row must pass."""
    if scene.is_new(action.table) or action.open:
        return
    key = scene.state.key(action.table)
    if isinstance(action, AlterPolicy) or (action.restrictive and key in scene.state.policies):
        yield Hazard(
            (action.table,),
            Risk.MEDIUM,
            detail=f"policy {action.name} of {action.table}",
            effect="Rows that it no longer lets through are hidden from running code, and may not be written.",
            remedy="Look which rows the new condition leaves out: SELECT count(*) … WHERE NOT (condition).",
        )


def find_drop(action: Drop, scene: Scene) -> Iterator[Hazard]:
    if action.kind == "policy" and not scene.is_new(action.table):
        named = (scene.state.key(action.table), action.names[0])
        if action.if_exists and scene.state.certain and named not in scene.state.policy_names:
            return
        again = any(isinstance(a, CreatePolicy) for a in scene.actions_later())
        detail = f"policy {action.names[0]} of {action.table} goes"
        yield Hazard((action.table,), Risk.LOW if again else Risk.HIGH, detail=detail)


RULE = Rule(
    code="row-security-hides-rows",
    kind=Kind.APP_BREAK,
    risk=Risk.HIGH,
    effect="Roles that do not own the table see no row and write none.",
    remedy="CREATE POLICY for every role that needs one, before or in the same transaction.",
    source="PostgreSQL manual, Row Security Policies",
    looks=(
        at(TableSetting, find),
        at(AlterPolicy, find_narrower),
        at(CreatePolicy, find_narrower),
        at(Drop, find_drop),
    ),
)
