"""A trigger or rule no longer fires, or a new one fires."""

from collections.abc import Iterator

from faber_db.model.finding import Kind, Risk
from faber_db.model.statement import CreateTrigger, Drop, TableSetting
from faber_db.rules.base import Hazard, Rule, at
from faber_db.rules.scene import Scene


def find(action: TableSetting, scene: Scene) -> Iterator[Hazard]:
    if action.setting in ("disable trigger", "disable rule") and not scene.is_new(action.table):
        yield Hazard((action.table,), detail=f"{action.setting} {action.column} of {action.table}")


def find_drop(action: Drop, scene: Scene) -> Iterator[Hazard]:
    if action.kind not in ("trigger", "rule") or scene.is_new(action.table):
        return
    if action.if_exists and scene.state.certain and action.table and not _is_there(action, scene):
        return
    again = any(
        isinstance(a, CreateTrigger) and a.name in action.names for a in scene.actions_later()
    )
    if not again:
        names = tuple(action.names)
        yield Hazard((action.table or names[0],), detail=f"{action.kind} {', '.join(names)} goes")


def _is_there(action: Drop, scene: Scene) -> bool:
    known = scene.state.triggers if action.kind == "trigger" else scene.state.rules
    return any((scene.state.key(action.table), name) in known for name in action.names)


RULE = Rule(
    code="trigger-switched-off",
    kind=Kind.APP_BREAK,
    risk=Risk.MEDIUM,
    effect="What the trigger did is not done for rows written from now on; constraint triggers check nothing.",
    remedy="Leave triggers on; where a backfill must avoid one, SET LOCAL session_replication_role in a reviewed migration.",
    source="PostgreSQL manual, ALTER TABLE, DISABLE TRIGGER",
    looks=(
        at(TableSetting, find),
        at(Drop, find_drop),
    ),
)
