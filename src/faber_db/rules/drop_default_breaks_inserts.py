"""Running code relies on a default or an identity that goes."""

from collections.abc import Iterator

from faber_db.model.finding import Kind, Risk
from faber_db.model.statement import Action, DropDefault, RedefineColumn, SetDefault, TableSetting
from faber_db.rules.base import Hazard, Rule, at
from faber_db.rules.scene import Scene


def find(action: DropDefault, scene: Scene) -> Iterator[Hazard]:
    column = scene.state.column(action.table, action.column)
    if scene.is_new(action.table) or (column is not None and column.new and column.nullable):
        return
    if column is not None and column.default is None and not column.identity:
        return
    if _put_back(action, scene):
        return
    name = f"{action.table}.{action.column}"
    optional = column is not None and column.nullable and not action.identity
    yield Hazard((name,), Risk.LOW if optional else None, detail=f"default of {name}")


def find_identity(action: TableSetting, scene: Scene) -> Iterator[Hazard]:
    if action.setting != "set identity" or "always" not in action.value:
        return
    if not scene.is_new(action.table):
        name = f"{action.table}.{action.column}"
        yield Hazard(
            (name,),
            Risk.MEDIUM,
            detail=f"identity of {name} becomes ALWAYS",
            effect="Inserts that give the column a value are refused (428C9).",
            remedy="Deploy code that leaves the column out first.",
        )


def find_redefined(action: RedefineColumn, scene: Scene) -> Iterator[Hazard]:
    old, new = scene.state.column(action.table, action.column), action.definition
    if old is None or scene.is_new(action.table) or old.new:
        return
    name = f"{action.table}.{action.column}"
    if (old.default is not None and new.default is None) or (old.identity and not new.identity):
        detail = f"MODIFY does not repeat the default of {name}"
        yield Hazard((name,), Risk.MEDIUM if new.nullable else None, detail=detail)


def _put_back(action: DropDefault, scene: Scene) -> bool:
    """Whether the default is set again before others can see the column without it."""
    seen = False
    for other in scene.statement.actions:
        seen = seen or other is action
        if seen and _sets(other, action):
            return True
    return scene.transaction.open and any(_sets(a, action) for a in scene.actions_later())


def _sets(other: Action, action: DropDefault) -> bool:
    return (
        isinstance(other, SetDefault)
        and other.table == action.table
        and other.column == action.column
    )


RULE = Rule(
    code="drop-default-breaks-inserts",
    kind=Kind.APP_BREAK,
    risk=Risk.HIGH,
    effect="Inserts of running code that leave the column out fail, or store NULL.",
    remedy="Deploy code that writes the column first, then drop the default.",
    source="PostgreSQL manual, ALTER TABLE, DROP DEFAULT",
    looks=(
        at(DropDefault, find),
        at(TableSetting, find_identity),
        at(RedefineColumn, find_redefined),
    ),
)
