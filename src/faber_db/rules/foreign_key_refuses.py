"""MySQL refuses what a foreign key stands in the way of."""

from collections.abc import Iterator

from faber_db.model.finding import Kind, Risk
from faber_db.model.statement import (
    Constraint,
    CreateIndex,
    Drop,
    DropColumn,
    DropConstraint,
    RedefineColumn,
    Truncate,
)
from faber_db.rules.base import Hazard, Rule, at
from faber_db.rules.redefinition import same_storage
from faber_db.rules.scene import Scene


def find(action: Drop, scene: Scene) -> Iterator[Hazard]:
    if not _checks(scene):
        return
    if action.kind == "table":
        gone = {scene.state.key(name) for name in action.names}
        for name in action.names:
            children = [
                t for t, _ in scene.state.referencing(name) if scene.state.key(t) not in gone
            ]
            yield from _kept(name, children)
    elif action.kind == "index" and action.table:
        for name in action.names:
            if needing := _needs_index(action.table, name, scene):
                yield Hazard((name,), detail=f"{needing} needs index {name}")


def find_truncate(action: Truncate, scene: Scene) -> Iterator[Hazard]:
    for name in action.tables if _checks(scene) else ():
        if not scene.is_new(name):
            yield from _kept(name, [table for table, _ in scene.state.referencing(name)])


def find_column(action: DropColumn, scene: Scene) -> Iterator[Hazard]:
    if _checks(scene):
        for key in _keys_with(action.table, action.column, scene):
            name = f"{action.table}.{action.column}"
            yield Hazard((name,), detail=f"{key} needs {name}")


def find_redefined(action: RedefineColumn, scene: Scene) -> Iterator[Hazard]:
    column = scene.state.column(action.table, action.column)
    if not _checks(scene) or column is None:
        return
    if not same_storage(column.type, action.definition.type):
        for key in _keys_with(action.table, action.column, scene):
            name = f"{action.table}.{action.column}"
            yield Hazard((name,), detail=f"{key} needs {name} as it is")


def _checks(scene: Scene) -> bool:
    return scene.mysql and not scene.state.is_off("foreign_key_checks")


def _kept(name: str, children: list[str]) -> Iterator[Hazard]:
    if children:
        yield Hazard((name,), detail=f"{', '.join(dict.fromkeys(children))} refers to {name}")


def _own(table: str, scene: Scene) -> list[Constraint]:
    """The foreign keys of a table that the statement does not drop."""
    found = scene.table(table)
    dropped = {a.name for a in scene.statement.actions if isinstance(a, DropConstraint)}
    keys = found.constraints if found else []
    return [k for k in keys if k.kind == "foreign key" and k.name not in dropped]


def _keys_with(table: str, column: str, scene: Scene) -> Iterator[str]:
    key = scene.state.key
    for own in _own(table, scene):
        if key(column) in map(key, own.columns):
            yield f"foreign key {own.name or 'of ' + table}"
    for child, other in scene.state.referencing(table):
        if key(column) in map(key, other.referenced_columns or _primary(table, scene)):
            yield f"foreign key {other.name or 'of ' + child}"


def _primary(table: str, scene: Scene) -> tuple[str, ...]:
    found = scene.table(table)
    keys = [c.columns for c in found.constraints if c.kind == "primary key"] if found else []
    return keys[0] if keys else ()


def _needs_index(table: str, index: str, scene: Scene) -> str:
    """The foreign key whose columns no other index begins with; empty: there is none."""
    found = scene.table(table)
    if found is None:
        return ""
    gone = {n for a in scene.statement.actions if isinstance(a, Drop) for n in a.names}
    columns = next((i.columns for i in found.indexes if i.name == index), ())
    new = [a.columns for a in scene.statement.actions if isinstance(a, CreateIndex)]
    others = [i.columns for i in found.indexes if i.name not in {index, *gone}] + new
    others += [c.columns for c in found.constraints if c.kind in ("primary key", "unique")]
    wanted = [(key.name, key.columns) for key in _own(table, scene)]
    wanted += [(key.name, key.referenced_columns) for _, key in scene.state.referencing(table)]
    for name, needed in wanted:
        size = len(needed)
        if needed and columns[:size] == needed and all(o[:size] != needed for o in others):
            return f"foreign key {name or 'of ' + table}"
    return ""


RULE = Rule(
    code="foreign-key-refuses",
    kind=Kind.FAILS,
    risk=Risk.HIGH,
    effect="The server refuses the statement while the foreign key is there (1451, 1701, 1553, 1828, 1832, 1833).",
    remedy="Drop the foreign key first, and create it anew behind the change.",
    source="MySQL manual, FOREIGN KEY Constraints",
    looks=(
        at(Drop, find),
        at(Truncate, find_truncate),
        at(DropColumn, find_column),
        at(RedefineColumn, find_redefined),
    ),
)
